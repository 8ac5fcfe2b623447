"""A run in words and tables, for a terminal or as plain text."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.messages import listed, marked, say
from gradum.scores.figures import figure, percent_with_interval, rows_figure, with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.show.words.score_rows import compared_title, score_rows
from gradum.show.words.terminal import Terminal
from gradum.show.words.visible import visible
from gradum.show.words.words import column_kind
from gradum.study.finding_words import FIRST_IS_BETTER, NO_DIFFERENCE, SECOND_IS_BETTER
from gradum.tables.schema.schema import Column, Schema, Target

if TYPE_CHECKING:
    from gradum.run.alarm import Alarm
    from gradum.run.fitted import Fitted
    from gradum.run.judging.judgement import Judgement
    from gradum.study.evaluation.evaluate import Evaluation
    from gradum.study.evaluation.run_comparison import RunComparison

MOST_COLUMNS = 40
FEWEST_ALIKE, NAMED_ALIKE = 10, 3
MOST_CLASSES = 20
FEW_SCORES = (
    *("quadratic_kappa", "accuracy", "auc"),
    *("deviance_explained", "pinball_explained", "mae", "r2"),
)
PARTS = {
    "train": marked("on {rows:,} train rows"),
    "validation": marked("on {rows:,} validation rows"),
    "test": marked("on {rows:,} test rows"),
}
NARROW = 80
SUMMARY = 100  # characters across
WIDE = 130  # characters that four rungs need, each score with its interval


def plain(*parts: RenderableType, width: int = 110) -> str:
    """Render as text without colours."""
    console = Terminal(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def schema_parts(schema: Schema, notes: tuple[str, ...]) -> list[RenderableType]:
    """Say how each column of the table was understood."""
    heading = say(
        "{source}: {rows:,} rows, {columns} columns, {features} of them features",
        source=schema.source,
        rows=schema.rows,
        columns=len(schema.columns),
        features=len(schema.features),
    )
    parts: list[RenderableType] = [Text(heading, style="bold")]
    if schema.target is not None:
        parts.append(_target_line(schema.target))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(say("column"), overflow="fold", ratio=2)
    table.add_column(say("kind"), no_wrap=True)
    table.add_column(say("what was understood"), ratio=5)
    groups = _alike([column for column in schema.columns if column.role != "target"])
    for columns in groups[:MOST_COLUMNS]:
        name, reason = _in_one_line(columns)
        # already escaped, so that the columns are wide enough
        table.add_row(Text(visible(name)), _kind(columns[0]), Text(visible(reason)))
    parts.append(table)
    if rest := sum(map(len, groups[MOST_COLUMNS:])):
        more = say("… and {count} more columns; all of them are in schema.json.", count=rest)
        parts.append(Text(more, "dim"))
    parts.extend(note_parts(notes))
    return parts


def _alike(columns: Iterable[Column]) -> list[list[Column]]:
    """Group columns whose names differ in a number alone, or that are left out for one reason.

    A column with something to check stands alone, and so do columns of which there are few.
    """
    groups: dict[tuple[object, ...], list[Column]] = {}
    for column in columns:
        stem = column.reason if column.role == "unused" else re.sub(r"\d+", "0", column.name)
        alone = column.name if column.doubts else None
        key = column.kind, column.role, column.missing > 0, stem, alone
        groups.setdefault(key, []).append(column)
    few = FEWEST_ALIKE
    return [
        part
        for group in groups.values()
        for part in ([group] if len(group) >= few else [[column] for column in group])
    ]


def _in_one_line(columns: list[Column]) -> tuple[str, str]:
    """Return the name and the reason of a column, or of many that are alike."""
    first = columns[0]
    if len(columns) == 1:
        return first.name, first.reason
    names = listed([column.name for column in columns[:NAMED_ALIKE]])
    return (
        say("{names}, …", names=names),
        say(
            "{count:,} columns alike. The first: {reason}", count=len(columns), reason=first.reason
        ),
    )


def note_parts(notes: Iterable[str]) -> list[Text]:
    """Say each note on a line of its own."""
    return [Text(say("note: {note}", note=note), style="yellow") for note in notes]


def _target_line(target: Target) -> Text:
    return Text.assemble((say("target "), "dim"), (target.name, "bold"), say(": "), target.reason)


def _kind(column: Column) -> Text:
    if column.role == "unused":
        return Text(say("{kind}, not used", kind=column_kind(column.kind)), style="dim")
    if column.role == "feature":
        return Text(column_kind(column.kind))
    return Text(listed([column_kind(column.kind), say(column.role)]))


def verdict_parts(
    judgement: Judgement,
    shown: Collection[str] = (),
    *,
    schema: Schema | None = None,
    predicts: str | None = None,
) -> list[RenderableType]:
    """Say what to check in the table, the verdict in the reader's words, and one table of scores.

    Without the table's ``schema``, alarms are given in full instead. Notes and alarms in ``shown``
    have been said before. The rung in use is the verdict's, unless a run chose the one that
    ``predicts`` before, on other rows.
    """
    if schema is None:
        parts = list[RenderableType](
            alarm_parts(alarm for alarm in judgement.alarms if alarm.sentence not in shown)
        )
    else:
        parts = concern_parts(judgement, schema)
    if judgement.interrupted:
        parts.append(Text(say("Interrupted: judged on what was done by then."), style="yellow"))
    parts.append("")
    parts.extend(
        Text(sentence, style="" if place else "bold")
        for place, sentence in enumerate(judgement.headline)
    )
    if schema is not None:
        from gradum.run.judging.reach import reach

        parts.append(Text(reach(judgement, schema)))
    table = Padding(_few_scores(judgement, predicts or judgement.verdict.used), (1, 0, 0, 0))
    notes = note_parts(note for note in judgement.notes if note not in shown)
    return [*parts, table, Text(judgement.how, style="dim"), *notes]


def concern_parts(judgement: Judgement, schema: Schema) -> list[RenderableType]:
    """List what to check in the table, at most `MOST` lines; nothing if there is nothing."""
    from gradum.show.words.concerns import MOST, concerns

    found = concerns(schema, judgement)
    if not found:
        return []
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for concern in found[:MOST]:
        line = Text(visible(concern.sentence))
        if concern.option:
            line.append(f" → {concern.lead} ")
            line.append(visible(concern.option), "bold")
        table.add_row(Text("•", "red" if concern.matter == "alarm" else "yellow"), line)
    parts: list[RenderableType] = ["", Text(say("Check in your table"), "bold"), table]
    if len(found) > MOST:
        more = say("… and {count} more, in the report", count=len(found) - MOST)
        parts.append(Text(more, "dim"))
    return parts


def full_parts(judgement: Judgement) -> list[RenderableType]:
    """Show the verdict, every score with its interval, and every comparison."""
    parts: list[RenderableType] = [*alarm_parts(judgement.alarms)]
    parts += [Text(sentence) for sentence in judgement.headline]
    parts += [ladder_tables(judgement), Text(judgement.how, style="dim")]
    parts.extend(
        Text(sentence)
        for sentence in (*judgement.verdict.sentences, judgement.fit_check)
        if sentence and sentence not in judgement.headline
    )
    parts.extend(note_parts(judgement.notes))
    if judgement.interrupted:
        parts.append(Text(say("Interrupted: judged on what was done by then."), style="yellow"))
    return parts


def alarm_parts(alarms: Iterable[Alarm]) -> list[Text]:
    """Say each alarm on a line of its own."""
    return [
        Text.assemble((say("alarm, {kind}: ", kind=say(alarm.kind)), "bold red"), alarm.sentence)
        for alarm in alarms
    ]


def _few_scores(judgement: Judgement, used: str) -> Table:
    """Lay out one row per rung or rival, with as many scores as fit in `NARROW` characters."""
    roles = [_role(rung, judgement, used) for rung in judgement.scores]
    roles += [say("{name}, rival", name=visible(rival.name)) for rival in judgement.rivals]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    columns, taken = [], max(map(cell_len, roles)) + 2
    for row in score_rows(judgement, dict.fromkeys([judgement.verdict.metric, *FEW_SCORES])):
        written = percent_with_interval if row.metric == "accuracy" else with_interval
        cells = ["–" if score is None else written(score) for score in row.scores]
        taken += max(map(cell_len, [*cells, row.title])) + 2
        if columns and taken - 2 > NARROW:
            break
        columns.append(cells)
        table.add_column(row.title, no_wrap=True)
    place_of_used = list(judgement.scores).index(used)
    for place, (role, *cells) in enumerate(zip(roles, *columns, strict=True)):
        style = "" if place == place_of_used else "dim"
        table.add_row(Text(role, style), *cells, style=style)
    return table


def _role(rung: str, judgement: Judgement, used: str) -> str:
    """Name a rung, and its role in the verdict."""
    verdict, title = judgement.verdict, _title(rung)
    if len(judgement.scores) > 1 and rung == used:
        return say("{title}, in use", title=title)
    if rung == verdict.used:
        return say("{title}, best here", title=title) if used != verdict.used else title
    is_enough = rung == verdict.enough != verdict.used
    return say("{title}, as good", title=title) if is_enough else title


def ladder_tables(judgement: Judgement) -> RenderableType:
    """One table of all test scores with intervals, and one of the verdict's metric by part."""
    tables = [_test_scores(judgement), "", _by_part(judgement)]
    if judgement.rivals:
        tables += ["", _rival_scores(judgement)]
    return Padding(Group(*tables), (1, 0))


def _test_scores(judgement: Judgement) -> Table:
    """Lay out one row per metric and one column per rung."""
    corner = say("{rows:,} test rows", rows=judgement.rows["test"])
    table = _table(corner, judgement.scores, judgement)
    for metric in next(iter(judgement.scores.values()))["test"]:
        cells = [with_interval(parts["test"][metric]) for parts in judgement.scores.values()]
        style = "bold" if metric == judgement.verdict.metric else ""
        table.add_row(Text(say(METRICS[metric].title), style), *cells)
    return table


def _by_part(judgement: Judgement) -> Table:
    """Lay out one row per part and one column per rung, for the verdict's metric."""
    metric = judgement.verdict.metric
    table = _table(compared_title(judgement, metric), judgement.scores, judgement)
    for part in PARTS:
        if part in judgement.rows:
            cells = [_cell(parts.get(part, {}).get(metric)) for parts in judgement.scores.values()]
            table.add_row(say(PARTS[part], rows=judgement.rows[part]), *cells)
    return table


def _rival_scores(judgement: Judgement) -> Table:
    """Lay out one row per metric and one column per rival, and the verdict's difference."""
    verdict, rivals = judgement.verdict, judgement.rivals
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column(say("rivals"), no_wrap=True)
    for rival in rivals:
        table.add_column(Text(visible(rival.name)))
    for metric in judgement.scores[verdict.used]["test"]:
        cells = [with_interval(rival.scores[metric]) for rival in rivals]
        table.add_row(Text(compared_title(judgement, metric)), *cells)
    differences = [with_interval(rival.difference, sign=True) for rival in rivals]
    minus_ours = say(
        "{metric} − {rung}'s", metric=say(METRICS[verdict.metric].title), rung=_title(verdict.used)
    )
    table.add_row(minus_ours, *differences)
    return table


def _table(corner: str, rungs: Iterable[str], judgement: Judgement) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column(corner, no_wrap=True)
    for rung in rungs:
        used = rung == judgement.verdict.used
        table.add_column(_title(rung), style="" if used else "dim")
    return table


def _cell(interval: Interval | None) -> str:
    return "–" if interval is None else figure(interval.value)


def class_parts(judgement: Judgement) -> list[RenderableType]:
    """Lay out precision, recall and F1 of each class for the rung in use; nothing for numbers."""
    shown = judgement.by_class[:MOST_CLASSES]
    if not shown:
        return []
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(say("class"), overflow="fold")
    for heading in (say("rows"), say("predicted"), say("precision"), say("recall"), "F1"):
        table.add_column(heading, no_wrap=True, justify="right")
    for class_ in shown:
        shares = map(percent_with_interval, (class_.precision, class_.recall, class_.f1))
        counts = map(rows_figure, (class_.support, class_.predicted))
        table.add_row(Text(visible(class_.label)), *counts, *shares)
    more = len(judgement.by_class) - len(shown)
    parts: list[RenderableType] = [Padding(table, (1, 0, 0, 0))]
    if more:
        rest = say("… and {count} more classes; --json has all of them.", count=more)
        parts.append(Text(rest, "dim"))
    return parts


def change_parts(evaluation: Evaluation) -> list[RenderableType]:
    """Say what to know first about new rows, and lay out their scores next to the run's own."""
    parts: list[RenderableType] = [
        Text(sentence, "bold")
        for sentence in evaluation.sentences
        if sentence not in evaluation.judgement.headline
    ]
    if evaluation.changes:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("", say("new rows"), say("in the run"), say("difference"), ""):
            table.add_column(heading, no_wrap=True)
        for change in evaluation.changes:
            shown = change.finding != NO_DIFFERENCE
            table.add_row(
                Text(compared_title(evaluation.judgement, change.metric)),
                figure(change.new.value),
                figure(change.own.value),
                with_interval(change.difference, sign=True),
                Text(say(change.finding) if shown else "–", "bold" if shown else "dim"),
            )
        parts.append(Padding(table, (1, 0, 0, 0)))
        together = say(
            "In 95 of 100 cases all {count} intervals of differences hold together.",
            count=len(evaluation.changes),
        )
        parts.append(Text(together, "dim"))
    return parts


def comparison_parts(compared: RunComparison, names: tuple[str, str]) -> list[RenderableType]:
    """Show two runs side by side, metric by metric."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("", say("first"), say("second"), say("first − second"), ""):
        table.add_column(heading, no_wrap=True)
    for scores in compared.differences:
        shown = scores.finding in (FIRST_IS_BETTER, SECOND_IS_BETTER)
        table.add_row(
            Text(say(METRICS[scores.metric].title)),
            figure(scores.first),
            figure(scores.second),
            with_interval(scores.difference, sign=True),
            Text(say(scores.finding), "bold" if shown else "dim"),
        )
    for rival in compared.rivals:
        for metric in (scores.metric for scores in compared.differences):
            if metric in rival.first and metric in rival.second:
                of_both = figure(rival.first[metric].value), figure(rival.second[metric].value)
                title = say(
                    "{metric} of {rival}",
                    metric=say(METRICS[metric].title),
                    rival=visible(rival.name),
                )
                table.add_row(Text(title), *of_both, "", Text(say("a rival"), "dim"))
    one, other = (say(rung) for rung in compared.rungs)
    parts: list[RenderableType] = [
        *([Text(compared.caution, "bold red")] if compared.caution else []),
        Text(say("first: {name}, {rung}", name=names[0], rung=one)),
        Text(say("second: {name}, {rung}", name=names[1], rung=other)),
    ]
    rows = say(
        "On the {rows:,} rows that both runs judged, each by the mean of its predictions.",
        rows=compared.rows,
    )
    parts.append(Text(rows, "dim"))
    parts.extend(note_parts(compared.notes))
    first, second = compared.only
    if first:
        only = say("{count:,} rows that only the first run judged are left out.", count=first)
        parts.extend(note_parts([only]))
    if second:
        only = say("{count:,} rows that only the second run judged are left out.", count=second)
        parts.extend(note_parts([only]))
    parts.append(Padding(table, (1, 0)))
    if compared.as_good is not None:
        parts.append(Text(compared.as_good.sentence, "bold"))
        parts.extend(Text(line, "dim") for line in [compared.as_good.advice] if line)
    return parts


def fitted_parts(fitted: Fitted) -> list[RenderableType]:
    """Show the judgement, or say that there is none."""
    known = fitted.provenance.mean_return
    if known is not None:
        return [Text(policy_sentence(known))]
    if fitted.judgement is None:
        return [Text(say("Interrupted before any model could be judged."), style="yellow")]
    return full_parts(fitted.judgement)


def policy_sentence(mean_return: Interval) -> str:
    """Say of a policy how it was judged."""
    return say(
        "A policy that was learned by playing; its mean return over fresh episodes is {value}.",
        value=with_interval(mean_return),
    )


def judgement_text(fitted: Fitted) -> str:
    """Return the ladder and the verdict as plain text."""
    return plain(*fitted_parts(fitted), width=WIDE)


def _title(rung: str) -> str:
    from gradum.rungs.registry import KINDS  # with JAX, which a schema does not need

    return say(KINDS[rung].title)
