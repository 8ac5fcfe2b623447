"""Scores by the groups of a column, and which differ from the other rows: all at once, or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
from scipy.special import ndtr, stdtrit

from gradum.errors import SpecError
from gradum.messages import listed, say, say_plural
from gradum.scores.bootstrap import BLOCK_BYTES
from gradum.scores.interval import NO_SPREAD, Interval, standard_error, wilson
from gradum.study.binning import Cut, cut
from gradum.study.evidence import Evidence
from gradum.study.finding_words import NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED
from gradum.study.group_measures import Measure, measures_of
from gradum.study.resampling import RESAMPLES, redrawn
from gradum.study.scored_parts import ERROR, Part, farthest_by_chance, independent
from gradum.tables.wording import SHOWN_NAMES, and_more, nearest

FEWEST_ROWS = 20
FEWEST_INDEPENDENT = 5
MOST_GROUPS = 200
MOST_INDEPENDENT, MOST_ROWS = 5_000, 20_000
"""Rows that are redrawn, where they are independent and where they belong together."""


class GroupScore(msgspec.Struct, frozen=True):
    """A measure in one group.

    Parameters
    ----------
    value : float or None
        None where the rows of the group leave it undefined, such as the AUC of a single class.
    interval : Interval or None
        95%, of this group alone; None where it has too few rows.
    difference : Interval or None
        The value less that of all other rows. With 95% certainty the intervals of all groups and
        measures hold at once.
    finding : str
        "weaker than the rest", "stronger than the rest"; of a rate "higher than the rest",
        "lower than the rest"; "no difference shown", "too few rows to say", "undefined".
    """

    value: float | None
    interval: Interval | None
    difference: Interval | None
    finding: str


class Group(msgspec.Struct, frozen=True):
    """The judged rows with one value, or one range of values, of a column.

    Parameters
    ----------
    column, values : str
    rows : int
    scores : dict of str to GroupScore
        By measure.
    """

    column: str
    values: str
    rows: int
    scores: dict[str, GroupScore]


class Gap(msgspec.Struct, frozen=True):
    """How far the rates of a column's groups lie apart: the highest less the lowest.

    Parameters
    ----------
    column, measure : str
    value : float
        Of the groups with enough rows.
    low, high : float
        95%, from intervals of all of these groups that hold at once.
    """

    column: str
    measure: str
    value: float
    low: float
    high: float


class Groups(msgspec.Struct, frozen=True):
    """Scores by group.

    Parameters
    ----------
    measures : tuple of str
        The metric first; of two classes the rates as well.
    rows : int
        Judged.
    selected : str or None
        The second of two classes.
    groups : tuple of Group
        Column by column.
    gaps : tuple of Gap
        Of rates and other shares, in columns with at least two groups of enough rows.
    sentences : tuple of str
        What was found, and what the intervals mean.
    """

    measures: tuple[str, ...]
    rows: int
    selected: str | None
    groups: tuple[Group, ...]
    gaps: tuple[Gap, ...]
    sentences: tuple[str, ...]

    @property
    def flagged(self) -> tuple[tuple[Group, str], ...]:
        """The groups that differ from the rest, each with a measure by which it does."""
        unsaid = (NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED)
        return tuple(
            (group, measure)
            for group in self.groups
            for measure, score in group.scores.items()
            if score.finding not in unsaid
        )


def scores_by_group(evidence: Evidence, columns: Sequence[str], metric: str) -> Groups:
    """Score the judged rows by the groups of columns, and compare each group with all other rows.

    A column of categories has a group for each level, one of numbers or dates four ranges of as
    many rows, or a group for each of a few values. A difference is shown where its interval leaves
    out zero. The intervals are Student's, in bootstrapped standard errors, at the level at which
    resamples of all groups and measures hold at once in 95% (max-t: J. Romano and M. Wolf, Exact
    and approximate stepdown methods for multiple hypothesis testing, 2005; for groups of a model's
    rows: J. Cherian and E. Candès, Statistical inference for fairness auditing, 2024). Of
    independent rows they also reach as far as differences of random groups of the same sizes do,
    all at once, in 95% of permutations: a few rows with most of the loss make a bootstrapped error
    too small. Groups of fewer than 20 rows are listed, and not compared.

    Raises
    ------
    SpecError
        A column is the target, is not there, or has fewer than 2 or more than 200 groups.
    """
    measures = measures_of(evidence.task, metric)
    asked = [
        _Asked(column, code)
        for column in (_cut(evidence, name) for name in dict.fromkeys(columns))
        for code in range(len(column.names))
    ]
    compared = _compare(evidence, asked, measures)
    groups = tuple(
        Group(
            each.column.column,
            each.column.names[each.code],
            each.rows,
            {measure.name: compared.score(place, kind) for kind, measure in enumerate(measures)},
        )
        for place, each in enumerate(asked)
    )
    gaps = tuple(
        gap
        for name in dict.fromkeys(columns)
        for kind, measure in enumerate(measures)
        if measure.is_share and (gap := compared.gap(name, kind)) is not None
    )
    selected = evidence.classes[1] if evidence.task == "binary" else None
    names = tuple(measure.name for measure in measures)
    found = Groups(names, len(evidence), selected, groups, gaps, ())
    return msgspec.structs.replace(found, sentences=_sentences(found, measures))


@dataclass(frozen=True, eq=False)
class _Asked:
    """One group of a column."""

    column: Cut
    code: int

    @cached_property
    def mask(self) -> np.ndarray:
        return self.column.codes == self.code

    @property
    def rows(self) -> int:
        return int(np.count_nonzero(self.mask))


def _cut(evidence: Evidence, name: str) -> Cut:
    """Cut a column that was asked for by name."""
    schema, columns = evidence.schema, evidence.frame.columns
    assert schema.target is not None
    target = schema.target.name
    if name == target:
        raise SpecError(
            say("Column {column!r} is the target, which forms no groups.", column=name),
            say("Group by another column."),
        )
    if name not in columns:
        others = [column for column in columns if column != target]
        raise SpecError(say("There is no column {column!r}.", column=name), nearest(name, others))
    kind, values = schema.column(name).kind, evidence.frame[name]
    column = cut(values, kind, MOST_GROUPS)
    if len(np.unique(column.codes)) < 2:
        raise SpecError(
            say("Column {column!r} has the same value in all rows.", column=name),
            say("Group by another column."),
        )
    if len(column.names) > MOST_GROUPS:
        raise SpecError(
            say(
                "Column {column!r} has {levels:,} levels, more than {most} groups.",
                column=name,
                levels=values.n_unique(),
                most=MOST_GROUPS,
            ),
            say("Group by a column of fewer, or put levels together."),
        )
    return column


@dataclass(frozen=True, eq=False)
class _Compared:
    """s groups by k measures.

    Parameters
    ----------
    evidence : Evidence
    asked : sequence of _Asked
        The s groups.
    measures : sequence of Measure
        The k measures.
    values, rest : ndarray of shape (s, k)
        Of each group, and of all other rows.
    errors, apart : ndarray of shape (s, k)
        Standard errors of the values, and of the differences.
    counted : ndarray of shape (s, k)
        How many rows of a group the measure speaks of.
    freedom : ndarray of shape (s,)
        Of Student's distribution.
    comparable : ndarray of shape (s, k)
        Where group and rest have enough rows.
    level : float
        Two-sided, at which normal intervals of all differences hold at once in 95% of resamples.
    chance : ndarray of shape (s, k, 2)
        How far below and above zero differences of random groups lie, all at once.
    """

    evidence: Evidence
    asked: Sequence[_Asked]
    measures: Sequence[Measure]
    values: np.ndarray
    rest: np.ndarray
    errors: np.ndarray
    apart: np.ndarray
    counted: np.ndarray
    freedom: np.ndarray
    comparable: np.ndarray
    level: float
    chance: np.ndarray

    def score(self, place: int, kind: int) -> GroupScore:
        """Put together what is known of a group by a measure."""
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
        return GroupScore(value, interval, difference, finding)

    def gap(self, column: str, kind: int) -> Gap | None:
        """Return how far a rate's groups of one column lie apart; None of fewer than two."""
        places = [
            place
            for place, each in enumerate(self.asked)
            if each.column.column == column and self.comparable[place, kind]
        ]
        if len(places) < 2:
            return None
        values = self.values[places, kind]
        ends = np.array([self._ends(place, kind, ERROR / len(places)) for place in places])
        return Gap(
            column,
            self.measures[kind].name,
            float(np.ptp(values)),
            max(float(ends[:, 0].max() - ends[:, 1].min()), 0.0),
            float(ends[:, 1].max() - ends[:, 0].min()),
        )

    def _ends(self, place: int, kind: int, level: float) -> tuple[float, float]:
        """Return the ends of a value's interval: Wilson's of a share, else Student's."""
        value, error = float(self.values[place, kind]), float(self.errors[place, kind])
        quantile = float(stdtrit(self.freedom[place], 1.0 - level / 2))
        if not self.measures[kind].is_share:
            return value - quantile * error, value + quantile * error
        rows = float(self.counted[place, kind])
        if error > NO_SPREAD:
            rows = min(value * (1.0 - value) / error**2, rows)
        return wilson(value, rows, quantile)


def _compare(evidence: Evidence, asked: Sequence[_Asked], measures: Sequence[Measure]) -> _Compared:
    """Score groups, and all rows outside of each, on the same resamples of the rows."""
    every, weight = np.arange(len(evidence)), evidence.weight[None, :]
    sides = [side for each in asked for side in (each.mask, ~each.mask)]
    parts = [Part.of(evidence, every, side) for side in sides]
    values = _scored(parts, measures, weight)[..., 0]
    counted = np.array([[m.rests_on(part.outcome) for m in measures] for part in parts])
    places = _places(evidence, asked)
    held = np.isin(every, places)
    alone = np.array([independent(evidence, side & held) for side in sides])
    fewest = 0 if evidence.groups is None else FEWEST_INDEPENDENT
    enough = (counted >= FEWEST_ROWS) & (alone >= fewest)[:, None] & ~np.isnan(values)
    sampled = [Part.of(evidence, places, side[places]) for side in sides]
    blocks = redrawn(evidence, places, "groups")
    drawn = np.concatenate([_scored(sampled, measures, weights) for weights in blocks], axis=2)
    shrunk = _shrunk(evidence, sides, places)
    off = (drawn[..., 1:] - drawn[..., :1]) * shrunk[:, None, None]
    enough &= np.isfinite(off).mean(axis=2) > 1.0 - ERROR

    comparable = enough[::2] & enough[1::2]
    apart = off[::2] - off[1::2]
    errors = np.apply_along_axis(standard_error, 2, apart)
    comparable &= ~np.isnan(errors)
    return _Compared(
        evidence,
        asked,
        measures,
        values[::2],
        values[1::2],
        np.apply_along_axis(standard_error, 2, off[::2]),
        errors,
        counted[::2],
        np.maximum(np.minimum(alone[::2], alone[1::2]) - 1.0, 1.0),
        comparable,
        _level(apart[comparable], errors[comparable]),
        _by_chance(evidence, asked, measures, places, comparable, shrunk[::2]),
    )


def _scored(parts: Sequence[Part], measures: Sequence[Measure], weights: np.ndarray) -> np.ndarray:
    """Score parts by k measures under weights (B, n): (parts, k, B)."""
    scores = np.empty((len(parts), len(measures), len(weights)))
    for part, lines in zip(parts, scores, strict=True):
        weighting = part.weighting(weights)
        for measure, line in zip(measures, lines, strict=True):
            line[:] = measure.function(weighting)
    return scores


def _level(apart: np.ndarray, errors: np.ndarray) -> float:
    """Return the level at which normal intervals of d differences hold at once in 95%.

    At least 0.05 / d, at which they do in any case (Bonferroni).

    Parameters
    ----------
    apart : ndarray of shape (d, B)
        How far the differences lie from their own values in B resamples.
    errors : ndarray of shape (d,)
        Their standard errors.
    """
    if not (errors > 0).any():
        return ERROR
    sizes = np.abs(apart[errors > 0]) / errors[errors > 0, None]
    farthest = np.nan_to_num(sizes).max(axis=0)
    level = float(2.0 * ndtr(-np.quantile(farthest, 1.0 - ERROR, method="higher")))
    return max(level, ERROR / len(errors))


def _by_chance(
    evidence: Evidence,
    asked: Sequence[_Asked],
    measures: Sequence[Measure],
    places: np.ndarray,
    comparable: np.ndarray,
    shrunk: np.ndarray,
) -> np.ndarray:
    """Return how far differences of random groups of the same sizes lie from zero: (s, k, 2).

    A random group with the share f of all rows that scores v above all of them scores about
    v / (1 − f) above the rest. Rows that belong together are not permuted, and chance is then left
    to the resamples.
    """
    chance = np.zeros((*comparable.shape, 2))
    if _is_dependent(evidence) or not comparable.any():
        return chance
    rng, rows, weight = evidence.rng("groups"), len(places), evidence.weight[places]
    whole = Part.of(evidence, places, np.full(rows, True))
    pooled = _scored([whole], measures, weight[None, :])[0]
    drawn = np.zeros((*comparable.shape, RESAMPLES))
    step = max(1, BLOCK_BYTES // (8 * rows))
    chosen = np.flatnonzero(comparable.any(axis=1)).tolist()
    for start in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - start)
        block = np.array([rng.permutation(rows) for _ in range(count)])
        for place in chosen:
            inside = weight * asked[place].mask[places][block]
            off = _scored([whole], measures, inside)[0] - pooled
            share = inside.sum(axis=1) / weight.sum()
            drawn[place, :, start : start + count] = off * shrunk[place] / (1.0 - share)
    chance[comparable] = farthest_by_chance(drawn[comparable])
    return chance


def _places(evidence: Evidence, asked: Sequence[_Asked]) -> np.ndarray:
    """Choose rows to redraw: all, or up to so many of each group that they are quickly scored.

    Of more rows the values are those of all, and what is redrawn tells how far they vary.
    """
    rows, most = len(evidence), MOST_ROWS if _is_dependent(evidence) else MOST_INDEPENDENT
    if rows <= most:
        return np.arange(rows)
    order, of_group = evidence.rng("groups rows").permutation(rows), most // len(asked)
    kept = np.zeros(rows, bool)
    for each in asked:
        kept[order[each.mask[order]][:of_group]] = True
    return np.flatnonzero(kept)


def _shrunk(evidence: Evidence, sides: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Return by what factor scores of all rows of a side vary less than those of a sample (2s,).

    √(m/n), where m of n independent rows were taken; 1 where rows belong together.
    """
    if _is_dependent(evidence):
        return np.ones(len(sides))
    return np.array([np.sqrt(side[places].sum() / max(side.sum(), 1)) for side in sides])


def _is_dependent(evidence: Evidence) -> bool:
    return evidence.groups is not None or evidence.time is not None


def _sentences(found: Groups, measures: Sequence[Measure]) -> tuple[str, ...]:
    """Say which groups differ, what the intervals mean, and which groups are too small."""
    titles = {measure.name: measure.title for measure in measures}
    alike: dict[tuple[str, str, str], list[str]] = {}
    for group, name in found.flagged:
        finding = group.scores[name].finding
        alike.setdefault((group.column, name, finding), []).append(repr(group.values))
    said = [
        say(
            "{measure} by {column}, {finding}: {groups}.",
            measure=say(titles[name]),
            column=column,
            finding=say(finding),
            groups=and_more(listed(names[:SHOWN_NAMES]), len(names) - SHOWN_NAMES),
        )
        for (column, name, finding), names in alike.items()
    ]
    if not said:
        said.append(say("No group is shown to differ from the rest."))
    if found.selected is not None:
        said.append(
            say(
                "Rates are of {label!r}: selected are the rows predicted as it.",
                label=found.selected,
            )
        )
    said.append(
        say(
            "Differences are those from all other rows; their intervals hold at once with 95% "
            "certainty, so that if no group differs, any is said to with a probability of at most "
            "5%."
        )
    )
    metric = found.measures[0]
    few = [g for g in found.groups if g.scores[metric].finding == TOO_FEW_ROWS and g.rows > 1]
    single = [g for g in found.groups if g.rows == 1]
    if few:
        named = [f"{group.values!r} ({group.rows})" for group in few]
        said.append(
            say_plural(
                "{count} group has too few rows to say whether it differs: {groups}.",
                "{count} groups have too few rows to say whether they differ: {groups}.",
                len(few),
                groups=and_more(listed(named[:SHOWN_NAMES]), len(few) - SHOWN_NAMES),
            )
        )
    if single:
        names = [repr(group.values) for group in single]
        said.append(
            say_plural(
                "{count} group is a single row: {groups}.",
                "{count} groups are single rows: {groups}.",
                len(single),
                groups=and_more(listed(names[:SHOWN_NAMES]), len(single) - SHOWN_NAMES),
            )
        )
    return tuple(said)
