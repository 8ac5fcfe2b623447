"""Twins: judged rows that nearly repeat a row that was trained on, so that memory scores well.

Rows are compared by distance. A twin is far nearer than the next row, while that next row is as far
away as rows of this table usually are: where the table is dense, columns with few values bring rows
together, and then other rows are near as well.

In d dimensions, the nearest of many rows is less than t times as far as the second nearest with
probability tᵈ (E. Facco et al., Estimating the intrinsic dimension of datasets by a minimal
neighborhood information, 2017). Farther neighbours give d, and the allowed probability gives t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.alarm import Alarm
from gradum.run.alarms.nearness import axes, disagreement, nearest, numbers, row_name, stretch
from gradum.run.dataset import Dataset
from gradum.run.plan import Plan
from gradum.scores.figures import figure
from gradum.tables.columns import Column
from gradum.tables.split import UNUSED, Part, straddling_duplicates

MOST_ROWS, MOST_JUDGED = 10_000, 1_000
NEIGHBOURS = 20
NEARER, CHANCE = 0.1, 0.005
VISIBLE = 0.1  # of a column's standard deviation
# The chance that a row placed into a cell at random has a twin, but no row in C cells around it, is
# below 1 / (e C). The cells are those of a box with the next row at its corner: 3³ for three
# columns.
ROOM = 27
FEWEST_TWINS, LEAST_SHARE = 5, 0.06


@dataclass(frozen=True)
class Twins:
    """Judged rows with a twin: positions of these rows, of their twins, and of the next row beyond.

    ``share`` is the share of these rows among the judged rows that are as far from others as usual.
    """

    rows: np.ndarray
    twins: np.ndarray
    beyond: np.ndarray
    share: float


def near_duplicates(dataset: Dataset, plan: Plan, *, seed: int) -> tuple[Alarm, ...]:
    """Return an alarm if many judged rows nearly repeat another row, and their targets agree.

    One share is given for all of them. The near ones are counted among rows that are as far from
    others as usual, so their share may be less than the share of exact repeats.
    """
    pairs = twins(dataset, plan, seed=seed)
    if len(np.unique(pairs.rows)) < FEWEST_TWINS or pairs.share < LEAST_SHARE:
        return ()
    apart, usual = (
        disagreement(dataset, pairs.rows, others) for others in (pairs.twins, pairs.beyond)
    )
    if apart > usual / 2:
        return ()
    parts = plan.folds or [plan.kept]
    equal = sum(straddling_duplicates(dataset.frame, part) for part in parts)
    judged = sum(int(np.count_nonzero(part == Part.TEST)) for part in parts)
    exactly = equal / judged
    rows = {"one": row_name(dataset, pairs.rows[0]), "other": row_name(dataset, pairs.twins[0])}
    if exactly >= pairs.share:
        sentence = say(
            "{share} of the judged rows repeat a row trained on, or nearly so, such as {one} and "
            "{other}. A model that only remembers then gets too good a score; --drop-duplicates "
            "keeps one of equal rows.",
            share=_percent(exactly),
            **rows,
        )
    elif equal:
        sentence = say(
            "About {share} of the judged rows nearly repeat a row trained on, such as {one} and "
            "{other} ({exactly} repeat it in every column). A model that only remembers then "
            "gets too good a score; --drop-duplicates keeps one of equal rows, and a column that "
            "names what the others belong to can be given by --group.",
            share=_percent(pairs.share),
            exactly=_percent(exactly),
            **rows,
        )
    else:
        sentence = say(
            "About {share} of the judged rows nearly repeat a row trained on, such as {one} and "
            "{other}. A model that only remembers then gets too good a score. No column says which "
            "rows belong together; if you can add one that does, give it by --group.",
            share=_percent(pairs.share),
            **rows,
        )
    brief = say("Judged rows repeat rows that were learned from, so scores are too good")
    option = "--drop-duplicates" if equal else ""
    return (Alarm("near duplicates", sentence, (), brief, option),)


def _percent(share: float) -> str:
    return f"{figure(100 * share, digits=2)}%"


def twins(dataset: Dataset, plan: Plan, *, seed: int) -> Twins:
    """Look for twins among a sample of the judged rows of every fold."""
    rng = stream(seed, "alarms", "near duplicates")
    frame, columns = dataset.frame, dataset.schema.features
    chosen = stretch(frame, columns, MOST_ROWS, rng)
    place = _coordinates(frame[chosen], columns)
    folds = plan.folds or [plan.kept]
    most = max(1, MOST_JUDGED // len(folds))
    searched = [_nearest(place, parts[chosen], most, rng) for parts in folds]
    rows, near, distance = (np.concatenate(arrays) for arrays in zip(*searched, strict=True))
    if not len(rows):
        return Twins(rows, rows, rows, 0.0)
    gapped, after = _last_gap(distance)
    beyond = np.take_along_axis(distance, after[:, None], axis=1)[:, 0]
    far = beyond >= np.median(beyond)
    rows, twin = chosen[rows], chosen[near[:, 0]]
    others = chosen[np.take_along_axis(near, after[:, None], axis=1)[:, 0]]
    kept = np.flatnonzero(gapped & far)
    alike = np.sum(_steps(frame, columns, rows[kept], twin[kept]) > 0, axis=0) <= 1
    cells = np.prod(2.0 * _steps(frame, columns, rows[kept], others[kept]) + 1, axis=0)
    kept = kept[alike & (cells >= ROOM)]
    return Twins(rows[kept], twin[kept], others[kept], len(kept) / np.count_nonzero(far))


def _last_gap(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a gap among their neighbours, and the place after the last gap.

    A row may have several twins. For a row without any, the nearest neighbour, at place 0, is
    beyond.
    """
    ratio = np.ones((len(distance), NEIGHBOURS - 1))
    np.divide(distance[:, :-1], distance[:, 1:], out=ratio, where=distance[:, 1:] > 0)
    gap = ratio < _much_nearer(distance)
    gapped = np.any(gap, axis=1, keepdims=True)[:, 0]
    return gapped, np.where(gapped, gap.shape[1] - gap[:, ::-1].argmax(axis=1), 0)


def _much_nearer(distance: np.ndarray) -> float:
    """Return the ratio of distances below which, by chance, no more rows are than allowed.

    The k-th nearest of many rows is at a distance proportional to k^(1/d): the tenth and the
    twentieth, which twins rarely reach, give d.
    """
    tenth, last = distance[:, NEIGHBOURS // 2 - 1], distance[:, NEIGHBOURS - 1]
    spread = np.median(np.log(last[tenth > 0] / tenth[tenth > 0])) if tenth.any() else 0.0
    return min(NEARER, CHANCE ** float(spread / np.log(2)))


def _coordinates(frame: pl.DataFrame, columns: tuple[Column, ...]) -> np.ndarray:
    return np.stack([axis for c in columns for axis in axes(frame[c.name], c.kind)], axis=1)


def _nearest(
    place: np.ndarray, parts: np.ndarray, most: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return judged rows (q,), their nearest rows of the other parts (q, k), and how far (q, k)."""
    judged = np.flatnonzero(parts == Part.TEST)
    known = np.flatnonzero((parts != Part.TEST) & (parts != UNUSED))
    if len(known) <= NEIGHBOURS:
        judged = judged[:0]
    if len(judged) > most:
        judged = np.sort(rng.choice(judged, most, replace=False))
    if not len(judged):
        return judged, np.empty((0, NEIGHBOURS), np.intp), np.empty((0, NEIGHBOURS))
    near, distance = nearest(place[judged], place[known], NEIGHBOURS)
    return judged, known[near], distance


def _steps(
    frame: pl.DataFrame, columns: tuple[Column, ...], rows: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Count the visible steps between rows and others in each column: (columns, rows).

    A step is a tenth of a column's standard deviation, or the mean gap between its values if this
    is more. Different levels are one step apart; different texts, and pictures that are not alike,
    are `ROOM` steps apart.
    """
    steps = np.zeros((len(columns), len(rows)), np.intp)
    for line, column in zip(steps, columns, strict=True):
        values = frame[column.name]
        one, other = values[rows], values[others]
        kind = column.traits
        if kind.is_grid and (places := kind.places(pl.concat([one, other]))) is not None:
            apart = np.linalg.norm(places[: len(one)] - places[len(one) :], axis=1)
            line[:] = np.where(apart < VISIBLE, 0, ROOM)
            continue
        if not kind.is_ordered:
            line[one.ne_missing(other).to_numpy()] = 1 if kind.has_levels else ROOM
            continue
        present = numbers(values.drop_nulls())
        if not len(present):
            continue
        gap = np.ptp(present) / max(values.drop_nulls().n_unique() - 1, 1)
        apart = np.abs(numbers(one) - numbers(other)) / (max(VISIBLE * present.std(), gap) or 1.0)
        line[:] = np.where(
            np.isnan(apart), one.is_null() != other.is_null(), np.minimum(apart, ROOM)
        )
    return steps
