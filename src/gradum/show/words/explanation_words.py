"""Explanations in words, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradum.margins import falling
from gradum.messages import listed, say, say_plural
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95, Interval
from gradum.show.words.answer_words import answer_text
from gradum.show.words.visible import visible
from gradum.study.explanation.explain import Contribution, RowExplanation
from gradum.study.explanation.overall import ColumnOverall, LevelContribution
from gradum.tables.wording import shortened

MOST_REASONS = 3
MOST_LEVELS = 3
MOSTLY = 0.6  # of the contributions in the answer's direction
BALANCED = 0.2  # of all contributions; below this, those to an answer cancel out
ROUNDING = 1e-6  # of an answer, which does not count as a reason


def heading(row: RowExplanation, target: str, background: int) -> str:
    """State a row's answer, and the average answer over the background rows."""
    places: dict[str, Any] = {
        "row": row.row,
        "output": answer_text(row.scale, row.output),
        "base": answer_text(row.scale, row.base),
    }
    if row.scale == "target":
        return visible(
            say_plural(
                "Row {row}: {target} {output}; the {count:,} background row has {base}.",
                "Row {row}: {target} {output}; the mean over {count:,} background rows is {base}.",
                background,
                target=target,
                **places,
            )
        )
    label = repr(shortened(row.answer))
    if row.scale == "probability":
        return visible(
            say_plural(
                "Row {row}: the probability of {label} is {output}; the {count:,} background row "
                "has {base}.",
                "Row {row}: the probability of {label} is {output}; the mean over {count:,} "
                "background rows is {base}.",
                background,
                label=label,
                **places,
            )
        )
    return visible(
        say_plural(
            "Row {row}: the log-odds of {label} are {output}; the {count:,} background row has "
            "{base}.",
            "Row {row}: the log-odds of {label} are {output}; the mean over {count:,} background "
            "rows is {base}.",
            background,
            label=label,
            **places,
        )
    )


def shares(row: RowExplanation, most: int) -> list[tuple[Contribution, float]]:
    """Return the largest contributions, each as a signed share of the largest.

    If all are only rounding of the answer, all shares are near 0.
    """
    size = ROUNDING * max(abs(row.output), abs(row.base))
    largest = max((abs(part.contribution) for part in row.contributions), default=0.0)
    longest = max(largest, size, np.finfo(float).tiny)
    return [(part, part.contribution / longest) for part in row.contributions[:most]]


def the_others(row: RowExplanation, most: int) -> str:
    """State the sum of all but the largest contributions; say nothing if there are no others."""
    others = row.contributions[most:]
    if not others:
        return ""
    rest = figure(sum(part.contribution for part in others), sign=True)
    return say_plural(
        "and {count:,} more column, {rest}.",
        "and {count:,} more columns, {rest} together.",
        len(others),
        rest=rest,
    )


def because(row: RowExplanation) -> str:
    """Name the columns that contributed most in the answer's direction.

    If most contributions cancel out, name both sides; if nothing moved the answer, say nothing.
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
    """Name the few columns that contribute most in one direction; nothing if none has a value."""
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
    written = figure(value, sign=True)
    if error is None:
        return written
    return f"{written} ± {figure(NORMAL_95 * error, digits=2)}"


def direction_words(column: ColumnOverall) -> str:
    """Say which way a column moves the answer; nothing if that is not known."""
    if column.direction is not None:
        return {
            "rises": say("up as its value rises"),
            "falls": say("down as its value rises"),
            "neither": say("no steady direction"),
        }[column.direction.tendency]
    return listed(_level_words(column.levels))


def _level_words(levels: Sequence[LevelContribution]) -> list[str]:
    """State the contributions of levels whose interval excludes 0, the farthest first."""
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
