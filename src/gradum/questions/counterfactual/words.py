"""Sentences about counterfactuals: what would change an answer at what cost, or why none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradum.messages import listed, marked, say, say_plural, sentences
from gradum.questions.counterfactual.costs import Measure
from gradum.questions.counterfactual.result import (
    ColumnChange,
    Counterfactual,
    CounterfactualRows,
    RowCounterfactuals,
)
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, percent
from gradum.tables.columns import unvaried
from gradum.tables.wording import number, quoted_text, shortened

DIGITS = 8  # for a number that is not whole: more digits than a move has


def heading(fitted: Fitted, row: RowCounterfactuals) -> str:
    """State the answer for a row."""
    return say(
        "Row {row}: the answer for {target} is {output}.",
        row=row.row,
        target=repr(fitted.spec.target),
        output=output_text(row.output),
    )


def sentence(found: Counterfactual) -> str:
    """Say what would change the answer."""
    changes = [
        say(
            "{column} were {after} rather than {before}",
            column=change.column,
            after=exact_text(change.after),
            before=exact_text(change.before),
        )
        for change in found.changes
    ]
    return say(
        "The answer would be {output} if {changes}.",
        output=output_text(found.output),
        changes=_all_of(changes),
    )


def _all_of(changes: list[str]) -> str:
    """Join clauses, which some languages join by another word than names."""
    if len(changes) < 2:
        return changes[0] if changes else ""
    return say("{changes} and {change}", changes=listed(changes[:-1]), change=changes[-1])


def cost_sentences(found: Counterfactual, axes: Any) -> str:
    """Say what the changes cost, and how far they move the answer."""
    moved = sum(change.cost for change in found.changes if change.column in axes)
    levels = sum(change.column not in axes for change in found.changes)
    cost, moves = figure(found.cost, digits=3), figure(moved, digits=3)
    if not levels:
        price = say("The cost is {cost}.", cost=cost)
    elif levels == len(found.changes):
        price = say_plural(
            "The cost is {cost}, for {count} change to another level.",
            "The cost is {cost}, for {count} changes to other levels.",
            levels,
            cost=cost,
        )
    else:
        price = say_plural(
            "The cost is {cost}: {moves} for moves, the rest for {count} change to another level.",
            "The cost is {cost}: {moves} for moves, the rest for {count} changes to other levels.",
            levels,
            cost=cost,
            moves=moves,
        )
    if found.probability is None or found.probability_before is None:
        return price
    goes = say(
        "The probability of {output} goes from {before} to {after}.",
        output=output_text(found.output),
        before=percent(found.probability_before, decimals=1),
        after=percent(found.probability, decimals=1),
    )
    return sentences([goes, price])


def why_none(fitted: Fitted, found: CounterfactualRows, row: RowCounterfactuals) -> str:
    """Say that nothing was found, and what would be needed."""
    rung = fitted.rung(found.rung)
    if rung.input_layer is None:
        return say(
            "The {rung} model looks at no column: nothing changes its answer.", rung=rung.name
        )
    scale = rung.target_scale
    if rung.clamp and scale is not None and not scale.low <= float(found.wanted) <= scale.high:
        return say(
            "No answer of this model lies beyond the targets that it learned from, {low} to "
            "{high}.",
            low=figure(scale.low),
            high=figure(scale.high),
        )
    if row.without_limits is not None:
        return sentences(
            [
                say_plural(
                    "No change within the limits was found. It would take a change of {columns}, "
                    "whose limit would have to be lifted.",
                    "No change within the limits was found. It would take changes of {columns}, "
                    "whose limits would have to be lifted.",
                    len(row.beyond_limits),
                    columns=listed([repr(name) for name in row.beyond_limits], "and"),
                ),
                sentence(row.without_limits),
            ]
        )
    if found.limits.any:
        return say("No change was found, either within the limits or beyond them.")
    return say("No change of the columns was found that gives the answer asked for.")


def notes(fitted: Fitted, found: CounterfactualRows) -> Iterator[str]:
    """Say how costs are measured, and what was left unchanged."""
    if found.axes:
        yield say_plural(
            "A cost of 1 is a move by one median absolute deviation (over {count:,} background "
            "row), or a change to another level.",
            "A cost of 1 is a move by one median absolute deviation (over {count:,} background "
            "rows), or a change to another level.",
            found.background,
        )
    for column in dict.fromkeys(_changed(found)):
        if column in found.axes and (unit := found.axes[column].unit).measure in OTHER_UNITS:
            yield say(OTHER_UNITS[unit.measure], column=column, size=figure(unit.size))
    yield from unvaried(fitted.schema.features)
    texts = [column.name for column in fitted.schema.features if column.traits.holds_words]
    if texts:
        yield say_plural(
            "The text {columns} is never changed.",
            "The texts {columns} are never changed.",
            len(texts),
            columns=listed([repr(name) for name in texts], "and"),
        )
    for row in found.rows:
        if row.missing:
            yield say(
                "Row {row} has no value in {columns}; what is missing stays so.",
                row=row.row,
                columns=listed([repr(name) for name in row.missing], "and"),
            )
        if not row.complete:
            yield say(
                "Row {row}: not every change of two columns was tried, as there are too many.",
                row=row.row,
            )


OTHER_UNITS: dict[Measure, str] = {
    "mean": marked(
        "More than half of the background rows have the same {column!r}: a cost of 1 is its mean "
        "absolute deviation, {size}."
    ),
    "range": marked(
        "All background rows have the same {column!r}: a cost of 1 is its range, {size}."
    ),
    "one": marked("All rows learned from have the same {column!r}: a move by 1 costs 1."),
}


def _changed(found: CounterfactualRows) -> Iterator[str]:
    for row in found.rows:
        shown = row.counterfactuals or tuple(filter(None, [row.without_limits]))
        yield from (change.column for counterfactual in shown for change in counterfactual.changes)


def change_texts(change: ColumnChange) -> tuple[str, str, str, str]:
    """Return a change's column, both values and cost as text."""
    before, after = exact_text(change.before), exact_text(change.after)
    return change.column, before, after, figure(change.cost, digits=3)


def output_text(output: Any) -> str:
    """Write an answer: a number, or a class, in quotes if it is a text."""
    if isinstance(output, bool | int):
        return str(output)
    return figure(output) if isinstance(output, float) else repr(shortened(output))


def exact_text(value: Any) -> str:
    """Write a value in a form that can be typed in."""
    if isinstance(value, float) and value != int(value):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, float):
        return number(value)
    return quoted_text(value)
