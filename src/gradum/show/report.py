"""The report: one self-contained HTML page with charts that loads nothing from the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from altair.utils.schemapi import debug_mode

from gradum.messages import listed, marked, say
from gradum.run.fitted import Fitted
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.reach import reach
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, in_unit, percent, rows_figure
from gradum.show.answers.inference import layout
from gradum.show.document.document import Section
from gradum.show.page.charted_page import charted_page
from gradum.show.page.page import file
from gradum.show.page.what_if import WhatIf
from gradum.show.pictures import (
    confusion,
    forecast,
    growth,
    importance,
    net_benefit,
    ranking,
    reliability,
    residuals,
    segments,
    threshold,
)
from gradum.show.pictures.coefficients import coefficient_dots
from gradum.show.pictures.contributions import contribution_bars, contribution_swarm
from gradum.show.pictures.coverage import coverage_pictures
from gradum.show.pictures.effects import effect_picture
from gradum.show.pictures.ladder import ladder
from gradum.show.pictures.learning import learning
from gradum.show.pictures.picture import Picture
from gradum.show.repeat import command, only_python, python, teacher
from gradum.show.words.concerns import MOST as MOST_CONCERNS
from gradum.show.words.concerns import concerns
from gradum.show.words.explained_rows import explained_rows
from gradum.show.words.file_names import Source
from gradum.show.words.judged_series import series_table
from gradum.show.words.score_rows import score_rows
from gradum.study.explanation.effects import Effects
from gradum.study.findings.findings import Findings
from gradum.waiting import told

MOST_COLUMNS = 200
MOST_PREVALENCES = 12
DRAWN = (
    ("errors", forecast),
    ("errors", residuals),
    ("errors", confusion),
    ("errors", ranking),
    ("errors", reliability),
    ("errors", threshold),
    ("errors", net_benefit),
    ("uses", importance),
    ("segments", segments),
    ("training", growth),
)
"""For each finding, the section in which it is drawn, and its file of pictures."""


@dataclass(frozen=True)
class Known:
    """What a report is made of; findings, curves of columns and a form where there are any."""

    fitted: Fitted
    findings: Findings | None
    effects: Effects | None = None
    what_if: WhatIf | None = None

    def found(self, name: str) -> Any:
        """Return a finding; None if there is none of that name."""
        return None if self.findings is None else self.findings.found(name)

    def drawn(self, name: str) -> tuple[Picture, ...]:
        """Draw the findings of a section."""
        if self.findings is None:
            return ()
        drawn = [
            each.pictures_of(self.findings, self.fitted)
            for section, each in DRAWN
            if section == name
        ]
        return tuple(chain.from_iterable(drawn))

    @property
    def foremost(self) -> Picture | None:
        """The one picture of the first screen: what was predicted, and what was true."""
        if self.fitted.judgement is None:
            return None
        named = {picture.name: picture for picture in self.drawn("errors")}
        first = [named[name] for name in FOREMOST if name in named]
        return first[0] if first else ladder(self.fitted.judgement)


@dataclass(frozen=True)
class ReportPart:
    """A folded part of the page, which answers a question that its reader asks."""

    name: str
    """Its anchor and its template."""
    question: str
    """Its title."""
    pictures: Callable[[Known], Iterable[Picture] | None]
    """Draws what is known; None if nothing is known, and the part is left out."""
    answer: Callable[[Known], str] = lambda known: ""
    """Says in a line what is found inside; empty if that takes more than a line."""


FOREMOST = ("fan", "actual", "confusion")


@debug_mode(False)  # Altair would check every part of every chart, in a quarter of the time
def report_html(
    fitted: Fitted,
    findings: Findings | None = None,
    *,
    effects: Effects | None = None,
    what_if: WhatIf | None = None,
    source: Source = Source(),  # noqa: B008 - frozen
    cache: Path | None = None,
) -> str:
    """Render the results of a run.

    Parameters
    ----------
    fitted : Fitted
        The model and its judgement.
    findings : Findings, optional
        What the judged rows show; without it, the sections about it are left out.
    effects : Effects, optional
        Effects of the columns whose curves the section of explanations shows.
    what_if : WhatIf, optional
        A form for one row.
    source : Source
        The names of the run's files.
    cache : path, optional
        A folder that keeps the charts' script for the next report.
    """
    assert fitted.schema.target is not None
    return charted_page(
        "report.html",
        sections_of(fitted, findings, effects, what_if),
        cache,
        heading=say(
            "{target} from {source}", target=fitted.schema.target.name, source=fitted.schema.source
        ),
        fitted=fitted,
        findings=findings,
        judgement=fitted.judgement,
        schema=fitted.schema,
        target=fitted.schema.target,
        most_concerns=MOST_CONCERNS,
        **_first_screen(fitted),
        **_columns(fitted, findings),
        explained_rows=explained_rows(findings, fitted.schema.target.name),
        prevalences=_prevalences(fitted.judgement),
        several=_several(findings),
        regression_table=_regression_table(findings),
        series_table=series_table(findings, fitted.schema.target_unit),
        source=source,
        command=command(fitted.spec, source.data, test=source.test) if source.data else "",
        python=python(fitted.spec, source.data, test=source.test),
        only_python=only_python(fitted.spec),
        teacher=teacher(fitted),
        what_if=what_if,
        what_if_style=file("what_if.css"),
    )


def sections_of(
    fitted: Fitted,
    findings: Findings | None,
    effects: Effects | None = None,
    what_if: WhatIf | None = None,
) -> list[Section]:
    """Return the result, and the page's parts in order; parts that know nothing are left out."""
    known = Known(fitted, findings, effects, what_if)
    sections = [Section("verdict", say("Result"), pictures=_some(known.foremost))]
    for part in told(PARTS, say("report: charts"), len(PARTS)):
        pictures = part.pictures(known)
        if pictures is not None:
            title, answer = say(part.question), part.answer(known)
            sections.append(Section(part.name, title, pictures=tuple(pictures), answer=answer))
    return sections


def _errors(known: Known) -> Iterable[Picture] | None:
    if known.findings is None:
        return None
    first = known.foremost
    return [each for each in known.drawn("errors") if first is None or each.name != first.name]


def _segments(known: Known) -> Iterable[Picture] | None:
    return known.drawn("segments") if known.found("segments") else None


def _coverage(known: Known) -> Iterable[Picture] | None:
    if known.found("coverage") is None:
        return None
    assert known.fitted.schema.target is not None
    return coverage_pictures(known.found("coverage"), known.fitted.schema.target.name)


def _uses(known: Known) -> Iterable[Picture] | None:
    if known.findings is None:
        return None
    return (*known.drawn("uses"), *_some(coefficient_dots(known.findings.coefficients)))


def _explanations(known: Known) -> Iterable[Picture] | None:
    if known.findings is None or known.findings.explanation is None:
        return None
    overall = known.findings.explanation.overall
    return (
        contribution_bars(overall),
        *_some(contribution_swarm(overall)),
        *_curves(known.findings, known.effects),
    )


def _curves(findings: Findings, effects: Effects | None) -> list[Picture]:
    """Draw the curves of the class that the directions refer to, or of the number."""
    assert findings.explanation is not None
    if effects is None:
        return []
    named = findings.explanation.overall.answer
    labels = [str(label) for label in effects.answers]
    answer = labels.index(named) if named in labels else len(labels) // 2
    return [effect_picture(effects, effect, answer) for effect in effects.effects]


def _regression(known: Known) -> Iterable[Picture] | None:
    return None if known.found("regression") is None else ()


def _scores(known: Known) -> Iterable[Picture] | None:
    judgement = known.fitted.judgement
    if judgement is None:
        return None
    first, drawn = known.foremost, ladder(judgement)
    return () if first is not None and first.name == drawn.name else (drawn,)


def _training(known: Known) -> Iterable[Picture]:
    return (*learning(known.fitted), *known.drawn("training"))


def _what_if(known: Known) -> Iterable[Picture] | None:
    return None if known.what_if is None else ()


def _always(known: Known) -> Iterable[Picture]:
    return ()


def _how_judged(known: Known) -> str:
    return "" if known.fitted.judgement is None else known.fitted.judgement.how


def _worst_row(known: Known) -> str:
    if not known.found("worst"):
        found = known.found("reliability")
        return found.sentence if found else ""
    worst, unit = known.found("worst")[0], known.fitted.schema.target_unit
    values = {
        "prediction": in_unit(worst.prediction, unit),
        "target": in_unit(worst.target, unit),
    }
    if worst.name:
        return say(
            "It is most wrong at {where}: predicted {prediction}, actual {target}.",
            where=worst.name,
            **values,
        )
    return say(
        "It is most wrong in row {row:,}: predicted {prediction}, actual {target}.",
        row=worst.row,
        **values,
    )


def _weakest_group(known: Known) -> str:
    found = known.found("segments")
    if not found.tried:
        return say("No column divides the rows into groups that are large enough.")
    if not found.weakest:
        return say(
            "None of {tried:,} segments tried is shown to be weaker than the rest.",
            tried=found.tried,
        )
    first = found.weakest[0]
    return say("Worst where {column} is {values}.", column=first.column, values=first.values)


def _most_important(known: Known) -> str:
    found = known.found("importance")
    names = [column.column for column in found.columns[:3]] if found else []
    return say("Most of all {columns}.", columns=listed(names, "and")) if names else ""


def _what_moves_it(known: Known) -> str:
    """Name the columns that move the answers most; explanations are known here."""
    assert known.findings is not None
    assert known.findings.explanation is not None
    names = [column.column for column in known.findings.explanation.overall.columns[:3]]
    if not names:
        return ""
    return say("Its answers move most with {columns}.", columns=listed(names, "and"))


def _what_is_tabled(known: Known) -> str:
    return known.found("regression").sentence


def _how_covered(known: Known) -> str:
    found = known.found("coverage")
    return say(
        "Of {rows:,} intervals or sets that should hold the truth in {nominal} of the rows, "
        "{share} do.",
        rows=found.rows,
        nominal=percent(found.nominal),
        share=percent(found.covered / found.rows),
    )


def _which_models(known: Known) -> str:
    judgement = known.fitted.judgement
    assert judgement is not None
    return listed([say(KINDS[name].title) for name in judgement.scores], "and")


def _how_to_try(known: Known) -> str:
    return say("Change a value of a row, and see what the model answers.")


def _how_repeated(known: Known) -> str:
    seed = known.fitted.spec.seed
    return say("By one command, with the seed {seed}.", seed=seed)


def _how_many_columns(known: Known) -> str:
    schema = known.fitted.schema
    return say(
        "{rows:,} rows, {columns} columns, {features} of them features",
        rows=schema.rows,
        columns=len(schema.columns),
        features=len(schema.features),
    )


PARTS = (
    ReportPart("errors", marked("Where is it wrong?"), _errors, _worst_row),
    ReportPart("segments", marked("Is it as good in every group?"), _segments, _weakest_group),
    ReportPart("uses", marked("Which columns matter?"), _uses, _most_important),
    ReportPart("explanations", marked("Why does it answer so?"), _explanations, _what_moves_it),
    ReportPart("what-if", marked("What if a row were different?"), _what_if, _how_to_try),
    ReportPart(
        "regression",
        marked("What does each column add? The regression table"),
        _regression,
        _what_is_tabled,
    ),
    ReportPart("coverage", marked("How sure is it of single rows?"), _coverage, _how_covered),
    ReportPart("scores", marked("Which models were compared?"), _scores, _which_models),
    ReportPart("training", marked("How was it made?"), _training, _how_judged),
    ReportPart("data", marked("What was understood of the table?"), _always, _how_many_columns),
    ReportPart("repeat", marked("How is it repeated?"), _always, _how_repeated),
)
"""The folded parts of the page, in the order in which a reader asks."""


def _some(picture: Picture | None) -> tuple[Picture, ...]:
    return () if picture is None else (picture,)


def _regression_table(findings: Findings | None) -> dict[str, Any] | None:
    """Return the words and cells of the regression table, if there is one."""
    found = findings.regression.inference if findings and findings.regression else None
    return None if found is None else layout(found)


def _first_screen(fitted: Fitted) -> dict[str, Any]:
    """Return what the first screen says besides the headline, and what the scores are of."""
    judgement = fitted.judgement
    if judgement is None:
        return {"concerns": [], "sure": "", "scored": []}
    found = concerns(fitted.schema, judgement)
    sure = reach(judgement, fitted.schema)
    return {"concerns": found, "sure": sure, "scored": list(score_rows(judgement))}


def _prevalences(judgement: Judgement | None) -> str:
    """Return the classes, or the first of many, with their shares; empty if there are none."""
    known = {} if judgement is None else judgement.prevalence or {}
    shares = [
        say("{label}: {share}", label=label, share=figure(share))
        for label, share in islice(known.items(), MOST_PREVALENCES)
    ]
    return listed([*shares, "…"] if len(known) > MOST_PREVALENCES else shares)


def _several(findings: Findings | None) -> str:
    """Say what uses each prediction and what their mean, if rows have several predictions."""
    if findings is None or findings.predictions <= findings.rows:
        return ""
    return say(
        "Each row was predicted {times} times. The table of classes, the matrix, curves, "
        "thresholds, gain and typical error count every prediction, as a fraction of its row, as "
        "the scores do; everything else uses the mean of a row's predictions, which errs less.",
        times=rows_figure(findings.predictions / findings.rows),
    )


def _columns(fitted: Fitted, findings: Findings | None) -> dict[str, Any]:
    """Return the columns to show, the target first, and their contents."""
    columns = sorted(fitted.schema.columns, key=lambda column: column.role != "target")
    profiles = {each.name: each for each in findings.columns} if findings is not None else {}
    return {"columns": columns[:MOST_COLUMNS], "profiles": profiles}
