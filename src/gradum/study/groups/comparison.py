"""Groups compared with all other rows on the same resamples, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, stdtrit

from gradum.scores.bootstrap import BLOCK_BYTES
from gradum.scores.interval import Interval, effective_rows, standard_error, wilson
from gradum.study.column_cut import Cut
from gradum.study.evidence import Evidence
from gradum.study.finding_words import NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED
from gradum.study.groups.groups import Group, GroupGap, GroupMeasure, GroupScore
from gradum.study.groups.learning_error import learning_errors
from gradum.study.resampling import (
    ERROR,
    RESAMPLES,
    Subset,
    farthest_by_chance,
    independent,
    p_values,
    redrawn,
)

FEWEST_ROWS = 20
FEWEST_INDEPENDENT = 5
MOST_INDEPENDENT, MOST_ROWS = 5_000, 20_000
"""Rows that are redrawn, if they are independent and if they belong together."""


@dataclass(frozen=True, eq=False)
class ColumnGroup:
    """A group of a column: the rows with one code of a cut."""

    column: Cut
    code: int

    @cached_property
    def mask(self) -> np.ndarray:
        """Which judged rows are in the group (m,)."""
        return self.column.codes == self.code

    @property
    def rows(self) -> int:
        """The number of rows in the group."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True, eq=False)
class GroupComparison:
    """s groups by k measures."""

    evidence: Evidence
    groups: Sequence[ColumnGroup]
    """The s groups."""
    measures: Sequence[GroupMeasure]
    """The k measures."""
    values: np.ndarray
    rest: np.ndarray
    """Of shape (s, k). The measures for each group, and for all other rows."""
    errors: np.ndarray
    apart: np.ndarray
    """Of shape (s, k). Standard errors of the values, and of the differences."""
    counted: np.ndarray
    """Of shape (s, k). How many rows of a group the measure rests on."""
    freedom: np.ndarray
    """Of shape (s,). Degrees of freedom of Student's distribution."""
    comparable: np.ndarray
    """Of shape (s, k). Where group and rest have enough rows."""
    level: float
    """The two-sided level at which normal intervals of all differences hold at once in 95% of
    resamples."""
    chance: np.ndarray
    """Of shape (s, k, 2). How far below and above zero differences of random groups may lie, all at
    once."""
    p_values: np.ndarray
    """Of shape (s, k). P-values of the differences, corrected for all groups of the same column and
    measure."""

    @property
    def scored(self) -> tuple[Group, ...]:
        """Every group with its scores."""
        return tuple(
            Group(
                group.column.column,
                group.column.names[group.code],
                group.rows,
                {each.name: self.score(place, kind) for kind, each in enumerate(self.measures)},
            )
            for place, group in enumerate(self.groups)
        )

    def score(self, place: int, kind: int) -> GroupScore:
        """Assemble the score of a group by a measure."""
        measure, value = self.measures[kind], float(self.values[place, kind])
        if np.isnan(value):
            return GroupScore(None, None, None, UNDEFINED)
        if not self.comparable[place, kind]:
            return GroupScore(value, None, None, TOO_FEW_ROWS)
        interval = Interval(value, *self._ends(place, kind, ERROR), float(self.errors[place, kind]))
        error = float(self.apart[place, kind])
        reach = stdtrit(self.freedom[place], 1.0 - self.level / 2) * error
        below, above = np.maximum(reach, self.chance[place, kind])
        apart = value - float(self.rest[place, kind])
        difference = Interval(apart, float(apart - above), float(apart + below), error)
        finding = NO_DIFFERENCE
        if difference.low > 0:
            finding = measure.above
        elif difference.high < 0:
            finding = measure.below
        return GroupScore(value, interval, difference, finding, float(self.p_values[place, kind]))

    def gap(self, column: str, kind: int) -> GroupGap | None:
        """Return how far apart a rate lies among a column's groups; None with fewer than two."""
        places = [
            place
            for place, group in enumerate(self.groups)
            if group.column.column == column and self.comparable[place, kind]
        ]
        if len(places) < 2:
            return None
        values = self.values[places, kind]
        ends = np.array([self._ends(place, kind, ERROR / len(places)) for place in places])
        return GroupGap(
            column,
            self.measures[kind].name,
            float(np.ptp(values)),
            max(float(ends[:, 0].max() - ends[:, 1].min()), 0.0),
            float(ends[:, 1].max() - ends[:, 0].min()),
        )

    def _ends(self, place: int, kind: int, level: float) -> tuple[float, float]:
        """Return the ends of a value's interval: Wilson's for a share, otherwise Student's."""
        value, error = float(self.values[place, kind]), float(self.errors[place, kind])
        quantile = float(stdtrit(self.freedom[place], 1.0 - level / 2))
        if not self.measures[kind].is_share:
            return value - quantile * error, value + quantile * error
        rows = effective_rows(value, error, float(self.counted[place, kind]))
        return wilson(value, rows, quantile)


def compare_groups(
    evidence: Evidence,
    groups: Sequence[ColumnGroup],
    measures: Sequence[GroupMeasure],
    learned: int | None = None,
) -> GroupComparison:
    """Score groups, and all rows outside each, on the same resamples of the rows.

    Where the model ``learned`` from a known number of rows, and should do so again, errors of
    differences include those of learning (`learning_errors`): draws of differences are moved
    √(1 + L²/SE²) times as far, with L² the sum of both sides' squared errors of learning.
    """
    every, weight = np.arange(len(evidence)), evidence.weight[None, :]
    sides = [side for group in groups for side in (group.mask, ~group.mask)]
    subsets = [Subset.of(evidence, every, side) for side in sides]
    values = _scored(subsets, measures, weight)[..., 0]
    counted = np.array(
        [[measure.rests_on(subset.outcome) for measure in measures] for subset in subsets]
    )
    places = _places(evidence, groups)
    held = np.isin(every, places)
    alone = np.array([independent(evidence, side & held) for side in sides])
    fewest = 0 if evidence.groups is None else FEWEST_INDEPENDENT
    enough = (counted >= FEWEST_ROWS) & (alone >= fewest)[:, None] & ~np.isnan(values)
    sampled = [Subset.of(evidence, places, side[places]) for side in sides]
    blocks = redrawn(evidence, places, "groups")
    drawn = np.concatenate([_scored(sampled, measures, weights) for weights in blocks], axis=2)
    shrunk = _shrunk(evidence, sides, places)
    off = (drawn[..., 1:] - drawn[..., :1]) * shrunk[:, None, None]
    enough &= np.isfinite(off).mean(axis=2) > 1.0 - ERROR

    comparable = enough[::2] & enough[1::2]
    apart = off[::2] - off[1::2]
    errors = np.apply_along_axis(standard_error, 2, apart)
    comparable &= ~np.isnan(errors)
    freedom = np.maximum(np.minimum(alone[::2], alone[1::2]) - 1.0, 1.0)
    permuted = _permuted(evidence, groups, measures, places, comparable, shrunk[::2])
    if learned is not None:
        of_sides = learning_errors(evidence, sides, measures, learned)
        off_by = np.hypot(of_sides[::2], of_sides[1::2])
        share = np.divide(off_by, errors, out=np.zeros_like(errors), where=errors > 0)
        wider = np.hypot(1.0, share)
        errors = errors * wider
        apart, permuted = apart * wider[..., None], permuted * wider[..., None]
    chance = np.zeros((*comparable.shape, 2))
    if comparable.any():
        chance[comparable] = farthest_by_chance(permuted[comparable])
    names = [group.column.column for group in groups]
    return GroupComparison(
        evidence,
        groups,
        measures,
        values[::2],
        values[1::2],
        np.apply_along_axis(standard_error, 2, off[::2]),
        errors,
        counted[::2],
        freedom,
        comparable,
        _level(apart[comparable], errors[comparable]),
        chance,
        p_values(names, comparable, values[::2] - values[1::2], freedom, apart, permuted),
    )


def _scored(
    subsets: Sequence[Subset], measures: Sequence[GroupMeasure], weights: np.ndarray
) -> np.ndarray:
    """Score s subsets by k measures under weights (B, n): (s, k, B)."""
    scores = np.empty((len(subsets), len(measures), len(weights)))
    for subset, lines in zip(subsets, scores, strict=True):
        weighting = subset.weighting(weights)
        for measure, line in zip(measures, lines, strict=True):
            line[:] = measure.function(weighting)
    return scores


def _level(apart: np.ndarray, errors: np.ndarray) -> float:
    """Return the level at which normal intervals of d differences hold at once in 95% of cases.

    It is at least 0.05 / d, at which they always do (Bonferroni).

    Parameters
    ----------
    apart : ndarray of shape (d, B)
        How far the differences in B resamples lie from their actual values.
    errors : ndarray of shape (d,)
        The differences' standard errors.
    """
    if not (errors > 0).any():
        return ERROR
    sizes = np.abs(apart[errors > 0]) / errors[errors > 0, None]
    farthest = np.nan_to_num(sizes).max(axis=0)
    level = float(2.0 * ndtr(-np.quantile(farthest, 1.0 - ERROR, method="higher")))
    return max(level, ERROR / len(errors))


def _permuted(
    evidence: Evidence,
    groups: Sequence[ColumnGroup],
    measures: Sequence[GroupMeasure],
    places: np.ndarray,
    comparable: np.ndarray,
    shrunk: np.ndarray,
) -> np.ndarray:
    """Return the differences of random groups of the same sizes (s, k, B); 0 where not comparable.

    A random group with a share f of all rows that scores v above all rows scores about v / (1 − f)
    above the rest. Rows that belong together are not permuted; then only the resamples account for
    chance.
    """
    drawn = np.zeros((*comparable.shape, RESAMPLES))
    if evidence.dependent or not comparable.any():
        return drawn
    rng, rows, weight = evidence.rng("groups"), len(places), evidence.weight[places]
    whole = Subset.of(evidence, places, np.full(rows, True))
    pooled = _scored([whole], measures, weight[None, :])[0]
    step = max(1, BLOCK_BYTES // (8 * rows))
    chosen = np.flatnonzero(comparable.any(axis=1)).tolist()
    for start in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - start)
        block = np.array([rng.permutation(rows) for _ in range(count)])
        for place in chosen:
            inside = weight * groups[place].mask[places][block]
            off = _scored([whole], measures, inside)[0] - pooled
            share = inside.sum(axis=1) / weight.sum()
            drawn[place, :, start : start + count] = off * shrunk[place] / (1.0 - share)
    return drawn


def _places(evidence: Evidence, groups: Sequence[ColumnGroup]) -> np.ndarray:
    """Choose rows to redraw: all, or so few of each group that they are quickly scored.

    Values are always those of all rows; the redrawn rows only show how far they vary.
    """
    rows, most = len(evidence), MOST_ROWS if evidence.dependent else MOST_INDEPENDENT
    if rows <= most:
        return np.arange(rows)
    order, of_group = evidence.rng("groups rows").permutation(rows), most // len(groups)
    kept = np.zeros(rows, bool)
    for group in groups:
        kept[order[group.mask[order]][:of_group]] = True
    return np.flatnonzero(kept)


def _shrunk(evidence: Evidence, sides: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Return the factor by which scores of a whole side vary less than a sample's (2s,).

    It is √(m/n) if m of n independent rows were taken, and 1 if rows belong together.
    """
    if evidence.dependent:
        return np.ones(len(sides))
    return np.array([np.sqrt(side[places].sum() / max(side.sum(), 1)) for side in sides])
