"""Sentences on a stress test, shared by text and page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from gradum.messages import listed, marked, say, say_plural
from gradum.questions.counterfactual.words import exact_text
from gradum.questions.stress.budget import BudgetKind
from gradum.questions.stress.result import (
    Attack,
    CorruptionEffect,
    Corruptions,
    KeptShare,
    RowAttack,
    Stress,
)
from gradum.scores.figures import figure, percent, percent_with_interval, with_interval
from gradum.scores.metrics import METRICS
from gradum.show.document.document import TextTable
from gradum.tables.kinds import KINDS
from gradum.tables.wording import SHOWN_NAMES, quoted, shortened

SIZES: dict[BudgetKind, str] = {
    "iqr": marked("{epsilon} times the interquartile range"),
    "quantile": marked("{percent} of the ranks"),
    "amounts": marked("{epsilon} times the given amounts"),
}
WHOLE: dict[BudgetKind, str] = {
    "iqr": marked("the interquartile range"),
    "quantile": marked("all ranks"),
    "amounts": marked("the given amounts"),
}
AXES: dict[BudgetKind, str] = {
    "iqr": marked("each column moves by up to so many interquartile ranges"),
    "quantile": marked("each column moves by up to such a share of the ranks"),
    "amounts": marked("each column moves by up to so many of its given amounts"),
}
ACCIDENTS = {
    "missing": marked("missing by chance"),
    "swapped": marked("exchanged with each other"),
    **{each.name: each.in_words for kind in KINDS.values() for each in kind.accidents},
}


def size_text(kind: BudgetKind, epsilon: float) -> str:
    """Write ε with its unit."""
    if epsilon == 1:
        return say(WHOLE[kind])
    return say(SIZES[kind], epsilon=figure(epsilon, digits=3), percent=percent(epsilon, decimals=1))


def headline(found: Stress, source: str) -> str:
    """Say how many answers a small move changes, or that the model always answers alike."""
    attack = found.attack
    if attack.only_answer is not None:
        return constant_sentence(attack)
    return say_plural(
        "{changed:,} of {count:,} answer for {target!r} in {source} changes when columns move by "
        "up to {limit}.",
        "{changed:,} of {count:,} answers for {target!r} in {source} change when columns move by "
        "up to {limit}.",
        len(attack.rows),
        changed=attack.changed_within(attack.small),
        target=shortened(found.target),
        source=source,
        limit=size_text(attack.budget, attack.small),
    )


def constant_sentence(attack: Attack) -> str:
    """Say that the model always answers alike."""
    return say(
        "It always answers {answer}: in all {count:,} rows, whatever was tried. Answers that "
        "never change are no evidence in favour of the model.",
        answer=exact_text(attack.only_answer),
        count=len(attack.rows),
    )


def state(attack: Attack) -> Literal["changed", "proved", "undecided"]:
    """Say whether a small move changes an answer, all are proved to stay, or neither is known.

    Of a model that always answers alike, nothing is learned.
    """
    if attack.changed_within(attack.small):
        return "changed"
    proved = all((row.certified_radius or 0.0) >= attack.small for row in attack.rows)
    return "proved" if proved and attack.only_answer is None else "undecided"


def attack_sentences(attack: Attack) -> Iterator[str]:
    """Say what the attack may do, what counts as a change, and how small a change is enough."""
    count = len(attack.rows)
    if attack.only_answer is not None:
        yield constant_sentence(attack)
    if attack.median is not None:
        yield say_plural(
            "The answer changes when columns move by up to {size}.",
            "Half of the answers change when columns move by up to {size}.",
            count,
            size=size_text(attack.budget, attack.median),
        )
    elif attack.changed:
        yield say("The attack changed less than half of the answers.")
    if attack.small < attack.full and attack.changed:
        yield kept_sentence(attack)
    if attack.median_certified is not None:
        yield say_plural(
            "The answer is proved to stay the same while columns move by up to {size}.",
            "Half of the answers are proved to stay the same while columns move by up to {size}.",
            count,
            size=size_text(attack.budget, attack.median_certified),
        )
    elif attack.is_certified:
        yield say_plural(
            "It is not proved that the answer stays the same when columns move.",
            "Less than half of the answers are proved to stay the same when columns move.",
            count,
        )
    if attack.columns:
        yield say_plural(
            "This column may move: {columns}.",
            "All of these columns may move at once: {columns}.",
            len(attack.columns),
            columns=quoted(attack.columns, SHOWN_NAMES),
        )
    if attack.levels:
        yield say_plural(
            "In addition, up to {count} level may change.",
            "In addition, up to {count} levels may change.",
            attack.levels,
        )
    if attack.least_move is not None:
        yield say(
            "An answer counts as changed if it moves by at least {size}.",
            size=figure(attack.least_move),
        )


def kept_sentence(attack: Attack) -> str:
    """Say how many answers stay if columns move within the full budget."""
    return say(
        "If columns may move by {size}, at most {share} of the answers stay the same.",
        size=size_text(attack.budget, attack.full),
        share=percent(attack.curve[-1].attacked.value),
    )


def curve_table(attack: Attack) -> TextTable:
    """Lay out the points of the curve."""
    header = (say("columns move by up to"), say("answers that stay, at most"))
    proved = (say("proved to stay, at least"),) if attack.is_certified else ()
    return TextTable((*header, *proved), [_point(attack, kept) for kept in attack.curve])


def _point(attack: Attack, kept: KeptShare) -> tuple[str, ...]:
    cells = (size_text(attack.budget, kept.epsilon), percent_with_interval(kept.attacked))
    return cells if kept.certified is None else (*cells, percent(kept.certified))


def parts_table(attack: Attack) -> TextTable:
    """Lay out in how many of the smallest changes each column takes part."""
    total = attack.changed
    rows = [(part.column, f"{part.rows:,} / {total:,}") for part in attack.parts]
    return TextTable((say("column"), say("changes that need it")), rows)


def rows_table(attack: Attack, rows: Iterable[RowAttack]) -> TextTable:
    """Lay out the smallest changes of rows."""
    header = (say("row"), say("answer"), say("becomes"), say("change"), say("within"))
    proved = (say("proved to stay within"),) if attack.is_certified else ()
    names = (*header, *proved)
    return TextTable(names, [_change(attack, row) for row in rows], len(names))


def _change(attack: Attack, row: RowAttack) -> tuple[str, ...]:
    cells = (
        str(row.row),
        exact_text(row.answer),
        "–" if row.radius is None else exact_text(row.changed_answer),
        listed(
            [
                say(
                    "{column}: {before} to {after}",
                    column=shortened(change.column),
                    before=exact_text(change.before),
                    after=exact_text(change.after),
                )
                for change in row.changes
            ]
        ),
        "–" if row.radius is None else size_text(attack.budget, row.radius),
    )
    if not attack.is_certified:
        return cells
    certified = row.certified_radius
    return (*cells, "–" if certified is None else size_text(attack.budget, certified))


def corruption_sentences(found: Corruptions) -> Iterator[str]:
    """Say what was corrupted, and how many corruptions do harm unnoticed."""
    if not found.effects:
        yield say("These rows hold nothing that an accident could change.")
        return
    yield say_plural(
        "Each accident was tried by itself, in {corrupted:,} of {count:,} row.",
        "Each accident was tried by itself, in {corrupted:,} of {count:,} rows.",
        found.rows,
        corrupted=max(effect.rows for effect in found.effects),
    )
    if found.metric is None:
        yield say(
            "The table has no target, so the results show how answers move, not how the score does."
        )
        return
    yield say("Each interval by itself holds with 95% certainty.")
    yield _worse(found, METRICS[found.metric].words)


def _worse(found: Corruptions, metric: str) -> str:
    """Say how many accidents are shown to do harm, and how many of them unnoticed."""
    worse = [effect for effect in found.effects if effect.worse]
    if not worse:
        return say("No corruption is shown to make the {metric} worse.", metric=metric)
    if all(effect.noticed is None for effect in worse):  # too few rows for a watch
        return say_plural(
            "{count} corruption is shown to make the {metric} worse.",
            "{count} corruptions are shown to make the {metric} worse.",
            len(worse),
            metric=metric,
        )
    return say_plural(
        "{count} corruption is shown to make the {metric} worse; a watch would raise no alarm "
        "for {unnoticed}.",
        "{count} corruptions are shown to make the {metric} worse; a watch would raise no alarm "
        "for {unnoticed} of them.",
        len(worse),
        metric=metric,
        unnoticed=sum(effect.noticed is False for effect in worse),
    )


def corruption_tables(found: Corruptions, *, classes: bool, title: str = "") -> list[TextTable]:
    """Lay out the effects that are shown to do harm, and, folded, the others; only what there is.

    Without the target, an effect counts as one where it moves an answer.
    """
    moved = say("answers changed") if classes else say("answers move by")
    scores = () if found.metric is None else (METRICS[found.metric].words,)
    header = (say("column"), say("corruption"), *scores, moved, say("noticed"))
    harmful, harmless = [], []
    for each in found.effects:
        does_harm = each.worse if each.score is not None else each.moved > 0
        (harmful if does_harm else harmless).append(_effect(each, classes=classes))
    folded = say_plural(
        "{count:,} corruption without harm shown",
        "{count:,} corruptions without harm shown",
        len(harmless),
    )
    tables = [TextTable(header, harmful, 2, title), TextTable(header, harmless, 2, folded=folded)]
    return [table for table in tables if table.rows]


def _effect(effect: CorruptionEffect, *, classes: bool) -> tuple[str, ...]:
    score = () if effect.score is None else (with_interval(effect.score, sign=True),)
    moved = percent(effect.moved, decimals=1) if classes else figure(effect.moved, digits=3)
    noticed = {True: say("yes"), False: say("no"), None: "–"}[effect.noticed]
    return (", ".join(effect.columns), say(ACCIDENTS[effect.kind]), *score, moved, noticed)
