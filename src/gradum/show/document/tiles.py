"""Tiles of a row's picture or sound: the sentence on those that count, and the heat map."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradum.margins import falling
from gradum.messages import listed, say, say_plural, sentences
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95
from gradum.show.document.marked_text import where_in_text
from gradum.show.words.answer_words import answer_text
from gradum.show.words.explanation_words import BALANCED, MOSTLY, ROUNDING, with_error
from gradum.show.words.visible import visible
from gradum.study.explanation.scale import Scale
from gradum.study.explanation.tiles import TileValues
from gradum.tables.grids.png import data_uri, png
from gradum.tables.kinds import Kind

MOST_REGIONS = 3  # that are named, of nine; of three, two; beyond this, it is no part of the grid
WIDEST = 2.0  # times as wide as high, or as high as wide, are grids drawn
DARKEST = 0.85  # the opacity of the tile that adds most


@dataclass(frozen=True)
class Tile:
    """A tile as it is drawn: its place in pixels, its colour and its words."""

    x: float
    y: float
    width: float
    height: float
    up: bool
    opacity: float
    words: str


@dataclass(frozen=True)
class HeatMap:
    """A grid, its tiles in colours, and everything that replaces both where they are not seen."""

    title: str
    picture: str
    """The grid, as an address that holds a PNG file."""
    width: float
    height: float
    """The sides of the drawing."""
    tiles: tuple[Tile, ...]
    description: str
    caption: str
    """What a reader who cannot see it must know, and how to read it."""
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The numbers of every tile, as text."""


def where(found: TileValues, kind: Kind, answer: int, scale: Scale) -> str:
    """Say what the answer is with the grids of other rows, and which parts make the difference."""
    if kind.holds_words:
        return where_in_text(found, answer, scale)
    base, output = (float(end[answer]) for end in (found.shapley.base, found.shapley.output))
    without = say_plural(
        "With {column!r} taken from {count:,} other row, the answer is {base} instead of {output}",
        "With {column!r} taken from {count:,} other rows, the answer is {base} on average instead "
        "of {output}",
        found.background,
        column=found.column,
        output=answer_text(scale, output),
        base=answer_text(scale, base),
    )
    return visible(
        say("{without}; {parts}.", without=without, parts=_parts(found, kind, answer, output, base))
    )


def _parts(found: TileValues, kind: Kind, answer: int, output: float, base: float) -> str:
    """Name the ninths of the grid that make most of the difference, in a clause."""
    sums, clear = _ninths(found, kind, answer)
    moved, whole = output - base, np.abs(sums).sum()
    if whole <= ROUNDING * max(abs(output), abs(base)):
        return say("no part of it makes a difference")
    if abs(moved) < BALANCED * whole:
        raised, lowered = _most(sums), _most(-sums)
        if len(raised + lowered) <= MOST_REGIONS and clear[raised + lowered].all():
            return say(
                "its own is raised most by {raised} and lowered most by {lowered}",
                raised=_named(raised, kind),
                lowered=_named(lowered, kind),
            )
    regions = _most(sums * np.sign(moved))
    if len(regions) > min(MOST_REGIONS, len(sums) - 1):
        return say("the difference comes from all over it")
    if not clear[regions].all():
        return say("which part of it makes the difference cannot be told")
    return say("most of the difference comes from {regions} of it", regions=_named(regions, kind))


def _most(sums: np.ndarray) -> list[int]:
    """Return the fewest ninths that make up most of what is above 0."""
    order = falling(sums)
    reached = np.cumsum(sums[order]) >= MOSTLY * sums.clip(min=0.0).sum()
    return order[: int(np.argmax(reached)) + 1].tolist()


def _named(regions: list[int], kind: Kind) -> str:
    return listed([say(kind.regions[place]) for place in regions], "and")


def _ninths(found: TileValues, kind: Kind, answer: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what each region adds (9 or 3,), as they are drawn, and whether it is clearly not 0.

    A region is a ninth, or of a series a third of its time.

    The standard error of a sum is that of its mean over batches of background rows, in which the
    errors of tiles that vary together are together.
    """
    a, b = found.lattice
    count, high = len(kind.regions), len(kind.regions) // 3
    down, across = (
        ((np.arange(tiles) + 0.5) * parts / tiles).astype(int)
        for tiles, parts in ((a, high), (b, 3))
    )
    down = high - 1 - down if kind.goes_up else down
    region = (down[:, None] * 3 + across).ravel()
    sums = np.bincount(region, found.shapley.values[:, answer], count)
    batches = found.shapley.batches[:, :, answer]
    each = np.stack([np.bincount(region, batch, count) for batch in batches.T])
    if len(each) < 2:
        return sums, np.ones(count, bool)
    error = each.std(axis=0, ddof=1) / np.sqrt(len(each))
    return sums, np.abs(sums) > NORMAL_95 * error


def heat_map(found: TileValues, kind: Kind, answer: int, scale: Scale, name: str) -> HeatMap:
    """Draw what the tiles add to one answer, of this name.

    A tile has a colour if what it adds is more than the half-width of its 95% interval.
    """
    height, width = found.grid.shape[:2]
    stretch = max(1.0, height / width / WIDEST), max(1.0, width / height / WIDEST)
    order = _as_drawn(found, kind)
    values, errors = found.shapley.values[order, answer], found.shapley.error[order, answer]
    largest = max(float(np.abs(values).max()), np.finfo(float).tiny)
    words = [with_error(value, error) for value, error in _known(values, errors)]
    shown = np.abs(values) > NORMAL_95 * np.nan_to_num(errors)
    opacity = np.where(shown, DARKEST * np.abs(values) / largest, 0.0)
    boxes = _boxes(found, kind, stretch)
    tiles = tuple(
        Tile(*box, bool(value > 0), round(float(strength), 3), word)
        for box, value, strength, word in zip(boxes, values, opacity, words, strict=True)
    )
    caption = sentences(
        [
            say("On the left, {column!r} as the model sees it.", column=found.column),
            say(kind.axes) if kind.axes else "",
            say(
                "Orange tiles raise the answer, blue ones lower it; the strongest colour stands "
                "for {largest}. Tiles without a colour are not told apart from 0.",
                largest=figure(largest, digits=2),
            ),
        ]
    )
    return HeatMap(
        name,
        data_uri(png(kind.drawing(found.grid))),
        width * stretch[0],
        height * stretch[1],
        tiles,
        where(found, kind, answer, scale),
        caption,
        *_numbers(found, kind, order, answer),
    )


def _as_drawn(found: TileValues, kind: Kind) -> np.ndarray:
    """Return the tiles in the order in which they are drawn, from the upper left."""
    places = np.arange(found.lattice[0] * found.lattice[1]).reshape(found.lattice)
    return (places[::-1] if kind.goes_up else places).ravel()


def _boxes(
    found: TileValues, kind: Kind, stretch: tuple[float, float]
) -> list[tuple[float, float, float, float]]:
    """Return the left and upper end, width and height of each tile as drawn."""
    across, down = found.columns * stretch[0], found.rows * stretch[1]
    down = (down[-1] - down)[::-1] if kind.goes_up else down
    return [
        (float(left), float(top), float(right - left), float(bottom - top))
        for top, bottom in pairwise(down)
        for left, right in pairwise(across)
    ]


def _known(values: np.ndarray, errors: np.ndarray) -> list[tuple[float, float | None]]:
    pairs = zip(values.tolist(), errors.tolist(), strict=True)
    return [(value, None if np.isnan(error) else error) for value, error in pairs]


def _numbers(
    found: TileValues, kind: Kind, order: np.ndarray, answer: int
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and the rows of a table: φ and occlusion of each tile, with intervals."""
    header = (say("tile"), say("adds"), say("the answer loses without it"))
    share = _known(found.shapley.values[order, answer], found.shapley.error[order, answer])
    lost = _known(found.occlusion[order, answer], found.occlusion_error[order, answer])
    across = found.lattice[1]
    rows = tuple(
        (
            kind.part(place := divmod(at, across), _ends(found, place)),
            with_error(*adds),
            with_error(*loses),
        )
        for at, (adds, loses) in enumerate(zip(share, lost, strict=True))
    )
    return header, rows


def _ends(found: TileValues, place: tuple[int, int]) -> tuple[int, int]:
    """Return the first and last column of pixels, or reading, of a tile, from 0."""
    return int(found.columns[place[1]]), int(found.columns[place[1] + 1]) - 1
