"""The critical-difference picture: methods on an axis of mean rank, bars over those not told apart.

After Demšar (2006), figure 1: the best rank is on the left, and from each method's rank a line
leads down and aside to its name. A bar joins methods whose mean ranks differ by less than the
critical difference, which is drawn above the axis. Places are in pixels, y growing downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from benchmarks.quality.difference import ALPHA, alike, critical_difference
from gradum.show.pictures.picture import FIRST, INK, Picture, data

NAMES, AXIS = 170, 320  # across: the room for names on either side, and the axis between
WIDTH = NAMES + AXIS + NAMES
DIFFERENCE, LEVEL = 20, 56  # down to the critical difference, and to the axis
BAR, LINE = 9, 18  # from bar to bar, and from name to name

Mark = dict[str, Any]


def critical_differences(methods: Sequence[str], mean_ranks: Sequence[float], sets: int) -> Picture:
    """Draw two or more methods, in the order of their mean ranks over two or more sets."""
    count, least = len(methods), critical_difference(len(methods), sets)
    half = (count + 1) // 2

    def across(rank: float) -> float:
        return NAMES + AXIS * (rank - 1) / (count - 1)

    lines = [_line(across(1), LEVEL, across(count), LEVEL)]
    numbers = [_word(across(1 + least / 2), DIFFERENCE - 9, f"critical difference {least:.2f}")]
    for end in (1, 1 + least):
        lines.append(_line(across(end), DIFFERENCE - 3, across(end), DIFFERENCE + 3))
    lines.append(_line(across(1), DIFFERENCE, across(1 + least), DIFFERENCE))
    for rank in range(1, count + 1):
        lines.append(_line(across(rank), LEVEL - 5, across(rank), LEVEL))
        numbers.append(_word(across(rank), LEVEL - 13, str(rank)))

    bars, y = [], LEVEL
    for first, last in alike(mean_ranks, least):
        y += BAR
        bars.append(_line(across(mean_ranks[first]) - 4, y, across(mean_ranks[last]) + 4, y))

    names: dict[str, list[Mark]] = {"right": [], "left": []}  # aligned so, left and right of all
    for place, (name, rank) in enumerate(zip(methods, mean_ranks, strict=True)):
        align, edge = ("right", NAMES - 12) if place < half else ("left", NAMES + AXIS + 12)
        level = y + LINE * (1 + min(place, count - 1 - place))
        lines.append(_line(across(rank), LEVEL, across(rank), level))
        lines.append(_line(across(rank), level, edge, level))
        names[align].append(_word(edge, level, f"{name} {rank:.2f}"))

    height = y + LINE * (half + 1)
    chart = alt.layer(
        _lines(lines, height, color=INK, strokeWidth=1),
        _lines(bars, height, color=FIRST, strokeWidth=4, strokeCap="round"),
        _words(numbers, height, align="center"),
        _words(names["right"], height, align="right", dx=-4),
        _words(names["left"], height, align="left", dx=4),
    )
    rows = [(name, f"{rank:.2f}") for name, rank in zip(methods, mean_ranks, strict=True)]
    return Picture(
        "critical-difference",
        "Mean ranks",
        chart.properties(width=WIDTH, height=height),
        f"Mean ranks over {sets} sets: {'; '.join(map(' '.join, rows))}. "
        f"Ranks that are {least:.2f} apart differ.",
        f"Lower ranks are better; bars join methods not told apart (Nemenyi, α = {ALPHA:g}).",
        ("method", "mean rank"),
        rows,
    )


def _line(x: float, y: float, x2: float, y2: float) -> Mark:
    return {"x": x, "y": y, "x2": x2, "y2": y2}


def _word(x: float, y: float, word: str) -> Mark:
    return {"x": x, "y": y, "word": word}


def _lines(lines: list[Mark], height: float, **style: Any) -> alt.Chart:
    return alt.Chart(data(lines)).mark_rule(**style).encode(**_places(height), x2="x2", y2="y2")


def _words(words: list[Mark], height: float, **style: Any) -> alt.Chart:
    chart = alt.Chart(data(words)).mark_text(baseline="middle", **style)
    return chart.encode(**_places(height), text="word:N")


def _places(height: float) -> dict[str, Any]:
    across = alt.Scale(domain=[0, WIDTH], nice=False)
    down = alt.Scale(domain=[height, 0], nice=False)
    return {
        "x": alt.X("x:Q", scale=across, axis=None),
        "y": alt.Y("y:Q", scale=down, axis=None),
    }
