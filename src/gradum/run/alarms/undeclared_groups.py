"""Groups that nobody declared: judged rows of a subject that also has rows that were trained on.

The rows of a subject are near each other in the columns that describe it, and then comes a cliff:
the next row is another subject's. Without groups there is no cliff. If rows are spread evenly in d
dimensions, the distances r of the k-th and the next nearest row satisfy

    k d ln(r_{k+1} / r_k) ~ Exp(1)

(E. Facco et al., Estimating the intrinsic dimension of datasets by a minimal neighborhood
information, 2017). Values are replaced by their ranks, with equal values in random order, so that
rows are spread evenly in columns with few values as well, and no coarseness looks like a cliff. A
smooth signal makes the targets of near rows similar, but it makes neither a cliff nor a jump of the
target beyond it.

Columns that vary within subjects hide the cliff. So only those columns are used that are similar in
rows found to be near by other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.alarm import Alarm
from gradum.run.alarms.nearness import GROUPED, nearest, numbers, row_name, stretch
from gradum.run.dataset import Dataset
from gradum.run.plan import Plan
from gradum.scores.figures import figure
from gradum.tables.columns import Column
from gradum.tables.split import UNUSED, Part

MOST_ROWS, MOST_JUDGED = 20_000, 300
JUDGED_FOR_COLUMNS = 100  # enough to tell which columns are similar
NEIGHBOURS = 20
FEWEST_LEVELS = 10.0  # equally common ones: sex or region say little about the subject of a row
SUBSETS, MOST_COLUMNS = 6, 40
ALIKE = 0.25
CLIFF = 6.0  # one of 19 ratios exceeds this with a probability of 5%
LEAST_SHARE, LEAST_CLOSED, FEWEST_GROUPS = 0.15, 0.5, 8
LEAST_T, MOST_APART = 4.0, 0.8
SAME = 0.95


@dataclass(frozen=True)
class Clusters:
    """Judged rows before a cliff that the farthest mate, the last row before it, sees as well."""

    rows: np.ndarray
    """Of shape (c,)."""
    near: np.ndarray
    """Of shape (c, k). The nearest rows trained on, in order of distance."""
    mates: np.ndarray
    """Of shape (c,). How many of these rows come before the cliff."""
    share: float
    """c, divided by the number of judged rows that were looked at."""
    closed: float
    """c, divided by the number of those judged rows before a cliff, whether their mates see it or
    not."""


def undeclared_groups(dataset: Dataset, plan: Plan, *, seed: int) -> tuple[Alarm, ...]:
    """Return an alarm that rows come in groups, if many judged rows do and groups share a target.

    Two cases are not examined: rows split by time, whose subjects are meant to recur, and a sample
    of a table that is read in blocks, because sampling parts groups.
    """
    if dataset.time is not None or dataset.drawn_from is not None:
        return ()
    groups = clusters(dataset, plan, seed=seed)
    if groups is None or groups.share < LEAST_SHARE or groups.closed < LEAST_CLOSED:
        return ()
    if not _target_is_alike(dataset, groups):
        return ()
    name = _naming_column(dataset, groups)
    values = {
        "share": figure(100 * groups.share, digits=2),
        "one": row_name(dataset, groups.rows[0]),
        "other": row_name(dataset, groups.near[0, 0]),
        "target": dataset.schema.learned_target.name,
    }
    if name:
        sentence = say(
            "About {share}% of the judged rows belong to small groups of rows far nearer to each "
            "other than to any other row, such as {one} and {other}, and {target!r} is alike "
            "within them: scores flatter a model that is to predict for new groups; give --group "
            "{column!r}, which keeps such rows together.",
            column=name,
            **values,
        )
    else:
        sentence = say(
            "About {share}% of the judged rows belong to small groups of rows far nearer to each "
            "other than to any other row, such as {one} and {other}, and {target!r} is alike "
            "within them: scores flatter a model that is to predict for new groups; give --group "
            "a column that keeps such rows together.",
            **values,
        )
    option = f"--group {name!r}" if name else ""
    return (Alarm("undeclared groups", sentence, (name,) if name else (), say(GROUPED), option),)


def clusters(dataset: Dataset, plan: Plan, *, seed: int) -> Clusters | None:
    """Look for cliffs around a sample of the judged rows of every fold; None if no columns agree.

    A row is before a cliff if the largest of its k d ln(r_{k+1} / r_k) is above `CLIFF`.
    """
    rng = stream(seed, "alarms", "undeclared groups")
    features = dataset.schema.features
    chosen = stretch(dataset.frame, features, MOST_ROWS, rng)
    place = _places(dataset.frame[chosen], features, rng)
    folds = plan.folds or [plan.kept]
    sides = [_sides(parts[chosen], max(1, MOST_JUDGED // len(folds)), rng) for parts in folds]
    sides = [(judged, known) for judged, known in sides if len(known) > NEIGHBOURS and len(judged)]
    if not sides:
        return None
    for _ in range(2):  # the second time without columns that hide which rows are near
        if place.shape[1] < 2:
            return None
        place = place[:, _alike(place, sides, rng) > ALIKE]
    if place.shape[1] < 2:
        return None
    clusters_of = [_behind_cliffs(place, *side) for side in sides]
    rows, near, mates, mutual = (
        np.concatenate(arrays) for arrays in zip(*clusters_of, strict=True)
    )
    looked_at = sum(len(judged) for judged, _ in sides)
    share = np.count_nonzero(mutual) / looked_at
    closed = float(mutual.mean()) if len(mutual) else 0.0
    return Clusters(chosen[rows][mutual], chosen[near][mutual], mates[mutual], share, closed)


def _behind_cliffs(
    place: np.ndarray, judged: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return judged rows (c,) before a cliff, near rows (c, k), mates (c,), and if mutual (c,)."""
    near, distance = nearest(place[judged], place[known], NEIGHBOURS)
    height, mates = _cliffs(distance)
    over = height > CLIFF
    rows, near, mates = judged[over], near[over], mates[over]
    farthest = known[near[np.arange(len(rows)), mates - 1]]
    around, distance = nearest(place[farthest], place[known], NEIGHBOURS)
    before = np.arange(NEIGHBOURS) < mates[:, None]
    same = (near[:, :, None] == around[:, None, :]) & before[:, :, None] & before[:, None, :]
    to_row = np.sqrt(((place[farthest] - place[rows]).astype(np.float64) ** 2).sum(axis=1))
    nearer = to_row < distance[np.arange(len(rows)), mates]
    return rows, known[near], mates, (same.sum(axis=(1, 2)) == mates) & nearer


def _places(frame: pl.DataFrame, columns: Sequence[Column], rng: np.random.Generator) -> np.ndarray:
    """Return ranks / n (n, p) of the columns with many levels, equal values in random order."""
    places = [np.empty((len(frame), 0), np.float32)]
    for column in columns:
        values = frame[column.name]
        if not column.traits.is_ordered:
            levels = values.hash(int(rng.integers(2**63))).to_numpy()
        else:
            levels = numbers(values)
        _, code, rows = np.unique(levels, return_inverse=True, return_counts=True)
        if len(frame) ** 2 < FEWEST_LEVELS * np.sum(rows.astype(np.float64) ** 2):
            continue
        place = np.empty((len(frame), 1), np.float32)
        place[np.lexsort((rng.random(len(frame)), code)), 0] = np.arange(len(frame)) / len(frame)
        places.append(place)
    return np.concatenate(places, axis=1)


def _sides(parts: np.ndarray, most: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return some of the judged rows, in random order, and all rows that were learned from."""
    judged = rng.permutation(np.flatnonzero(parts == Part.TEST))[:most]
    return judged, np.flatnonzero((parts != Part.TEST) & (parts != UNUSED))


def _alike(
    place: np.ndarray, sides: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator
) -> np.ndarray:
    """Return how similar each of p columns is in rows that are nearest by other columns: (p,).

    1 means equal values, and about 0 unrelated columns; two random places are 1/3 apart on average.
    The other columns are random halves and single columns; the largest similarity counts.
    """
    count = place.shape[1]
    halves = [
        rng.permutation(count)[: min(max(count // 2, 1), MOST_COLUMNS)] for _ in range(SUBSETS)
    ]
    singles = list(rng.permutation(count)[:MOST_COLUMNS, None])
    alike = np.zeros(count)
    for subset in [*halves, *singles]:
        apart = [
            np.abs(place[judged] - place[known[_first(place[:, subset], judged, known)]])
            for judged, known in ((j[: JUDGED_FOR_COLUMNS // len(sides) + 1], k) for j, k in sides)
        ]
        by_subset = 1.0 - 3.0 * np.concatenate(apart).mean(axis=0)
        by_subset[subset] = 0.0
        alike = np.maximum(alike, by_subset)
    return alike


def _first(place: np.ndarray, judged: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return which of the known rows is nearest to each judged one."""
    a, b = place[judged], place[known]
    if place.shape[1] > 1:
        return np.argmin((b**2).sum(axis=1) - 2 * a @ b.T, axis=1)
    order = np.argsort(b[:, 0])
    above = np.clip(np.searchsorted(b[order, 0], a[:, 0]), 1, len(b) - 1)
    below = a[:, 0] - b[order[above - 1], 0] < b[order[above], 0] - a[:, 0]
    return order[np.where(below, above - 1, above)]


def _cliffs(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the height of each row's highest cliff, and how many rows come before it.

    The median of Exp(1), which is ln 2, gives d.
    """
    distance = np.maximum(distance, np.finfo(np.float32).eps)
    ratio = np.log(distance[:, 1:] / distance[:, :-1]) * np.arange(1, distance.shape[1])
    usual = float(np.median(ratio))
    height = ratio * (np.log(2) / usual if usual > 0 else 0.0)
    highest = height.argmax(axis=1)
    return height[np.arange(len(height)), highest], highest + 1


def _target_is_alike(dataset: Dataset, groups: Clusters) -> bool:
    """Whether mates disagree less than rows beyond the cliff, by Student's t over groups.

    The rows before the cliff are compared with as many rows beyond it, but at least three.
    """
    target, place = dataset.target, np.arange(groups.near.shape[1])
    one, other = target[groups.rows][:, None], target[groups.near]
    apart = (one != other) if dataset.classes else np.abs(one - other)
    before = place < groups.mates[:, None]
    after = ~before & (place < (groups.mates + np.maximum(groups.mates, 3))[:, None])
    within, beyond = ((apart * side).sum(axis=1) / side.sum(axis=1) for side in (before, after))
    if within.mean() > MOST_APART * beyond.mean():
        return False
    lowest = np.minimum(groups.rows, np.where(before, groups.near, len(target)).min(axis=1))
    _, group, rows = np.unique(lowest, return_inverse=True, return_counts=True)
    if len(rows) < FEWEST_GROUPS:
        return False
    gain = np.bincount(group, beyond - within) / rows
    return bool(gain.mean() > LEAST_T * gain.std(ddof=1) / np.sqrt(len(gain)))


def _naming_column(dataset: Dataset, groups: Clusters) -> str:
    """Return a column that is equal before the cliff and differs beyond; names before numbers."""
    rows = np.arange(len(groups.rows))
    mate, beyond = groups.near[:, 0], groups.near[rows, groups.mates]
    naming = []
    for column in dataset.schema.features:
        values = dataset.frame[column.name]
        values_here = values[groups.rows]
        equal, other = (values_here.eq_missing(values[places]).mean() for places in (mate, beyond))
        if equal >= SAME and other <= 1 - SAME:  # type: ignore[operator]
            naming.append(column)
    naming.sort(key=lambda column: not column.traits.names_groups)
    return naming[0].name if naming else ""
