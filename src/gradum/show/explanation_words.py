"""Explanations in words, as the terminal and the report say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradum.margins import falling
from gradum.messages import listed, say, say_plural
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95, Interval
from gradum.show.answer_words import answer_text
from gradum.show.visible import visible
from gradum.study.explanation.explain import Contribution, RowExplanation
from gradum.study.explanation.overall import ColumnOverall, LevelContribution
from gradum.tables.wording import shortened

MOST_REASONS = 3
MOST_LEVELS = 3
MOSTLY = 0.6  # of what moves the answer the way that it went
BALANCED = 0.2  # of all that columns add, below which what moves an answer cancels out
ROUNDING = 1e-6  # of an answer, which is no reason


def heading(row: RowExplanation, target: str, background: int) -> str:
    """Say what a row's answer is, and what it is on average over the background rows."""
    places: dict[str, Any] = {
        "row": row.row,
        "output": answer_text(row.scale, row.output),
        "base": answer_text(row.scale, row.base),
    }
    if row.scale == "target":
        return visible(
            say_plural(
                "Row {row}: {target} {output}; over {count:,} background row {base}.",
                "Row {row}: {target} {output}; over {count:,} background rows {base} on average.",
                background,
                target=target,
                **places,
            )
        )
    label = repr(shortened(row.answer))
    if row.scale == "probability":
        return visible(
            say_plural(
                "Row {row}: the probability of {label} is {output}; over {count:,} background row "
                "{base}.",
                "Row {row}: the probability of {label} is {output}; over {count:,} background rows "
                "{base} on average.",
                background,
                label=label,
                **places,
            )
        )
    return visible(
        say_plural(
            "Row {row}: the log-odds of {label} are {output}; over {count:,} background row "
            "{base}.",
            "Row {row}: the log-odds of {label} are {output}; over {count:,} background rows "
            "{base} on average.",
            background,
            label=label,
            **places,
        )
    )


def shares(row: RowExplanation, most: int) -> list[tuple[Contribution, float]]:
    """Return the largest contributions, each as a share of the largest with its sign.

    Where all are rounding of the answer, all shares are next to 0.
    """
    size = ROUNDING * max(abs(row.output), abs(row.base))
    largest = max((abs(part.contribution) for part in row.contributions), default=0.0)
    longest = max(largest, size, np.finfo(float).tiny)
    return [(part, part.contribution / longest) for part in row.contributions[:most]]


def the_others(row: RowExplanation, most: int) -> str:
    """Say what all but the largest contributions are together; nothing if there are no others."""
    others = row.contributions[most:]
    if not others:
        return ""
    rest = figure(sum(part.contribution for part in others), digits=3, sign=True)
    return say_plural(
        "and {count:,} more column, {rest}.",
        "and {count:,} more columns, {rest} together.",
        len(others),
        rest=rest,
    )


def because(row: RowExplanation) -> str:
    """Name the columns that did most of what moved the answer the way that it went.

    Where most of what they add cancels out, both sides are named; nothing where nothing moved it.
    """
    moved = row.output - row.base
    whole = sum(abs(part.contribution) for part in row.contributions)
    if whole <= ROUNDING * max(abs(row.base), abs(row.output)):
        return ""
    if abs(moved) < BALANCED * whole:
        raised, lowered = _reasons(row, 1.0), _reasons(row, -1.0)
        if raised and lowered:
            return visible(
                say(
                    "Raised mostly because {raised}; lowered mostly because {lowered}.",
                    raised=raised,
                    lowered=lowered,
                )
            )
    reasons = _reasons(row, moved)
    return visible(say("Mostly because {reasons}.", reasons=reasons)) if reasons else ""


def _reasons(row: RowExplanation, way: float) -> str:
    """Name the few columns that add most of all that goes one way; nothing if none has a value."""
    along = [part for part in row.contributions if part.contribution * way > 0]
    whole, done, reasons = sum(abs(part.contribution) for part in along), 0.0, []
    for part in [part for part in along if part.value][:MOST_REASONS]:
        if done >= MOSTLY * whole:
            break
        done += abs(part.contribution)
        reasons.append(say("{column} is {value}", column=part.column, value=part.value))
    return listed(reasons, "and")


def with_error(value: float, error: float | None) -> str:
    """Write a value with the half-width of its 95% interval, if that is known."""
    written = figure(value, digits=3, sign=True)
    if error is None:
        return written
    return f"{written} ± {figure(NORMAL_95 * error, digits=2)}"


def direction_words(column: ColumnOverall) -> str:
    """Say which way a column moves the answer; nothing where that is not known."""
    if column.direction is not None:
        return {
            "rises": say("up as its value rises"),
            "falls": say("down as its value rises"),
            "neither": say("no steady direction"),
        }[column.direction.tendency]
    return listed(_level_words(column.levels))


def _level_words(levels: Sequence[LevelContribution]) -> list[str]:
    """Say what the levels bring whose interval is beyond 0, the farthest first."""
    clear = [level for level in levels if _beyond_0(level.contribution)]
    farthest = falling(np.array([abs(level.contribution.value) for level in clear]))
    return [
        say(
            "{level} {contribution}",
            level=level.level,
            contribution=figure(level.contribution.value, digits=2, sign=True),
        )
        for level in (clear[i] for i in farthest[:MOST_LEVELS])
    ]


def _beyond_0(interval: Interval) -> bool:
    return interval.low > 0 or interval.high < 0
