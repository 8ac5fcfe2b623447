"""Coverage of the judged rows group by group, and which groups are shown to be covered less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.special import stdtr

from gradum.messages import marked
from gradum.scores.interval import NORMAL_95, Interval, effective_rows, wilson
from gradum.study.column_cut import Cut, cut
from gradum.study.evidence import Evidence
from gradum.study.finding_words import TOO_FEW_ROWS
from gradum.study.resampling import redrawn
from gradum.study.shortfall import exact_share, holm, shortfall_of_judged

LEVEL = 0.05
FEWEST_ROWS = 10

SHORT = marked("covered less")
NOT_SHORT = marked("no shortfall shown")


class GroupCoverage(msgspec.Struct, frozen=True):
    """The judged rows with one level, or one range of values, of a column."""

    column: str
    values: str
    """As in a `Segment`; for classes, the target and its class."""
    rows: int
    covered: int
    """How many rows there are, and how many of them are covered."""
    share: Interval
    """covered / rows; its 95% interval is exact where rows are independent."""
    p_value: float | None
    """The probability of so few covered rows, or fewer, if the group were like the others, adjusted
    for all groups together (Holm); None where there is too little to test."""
    finding: str
    """One of "covered less", "no shortfall shown", "too few rows to say"."""


@dataclass(frozen=True, eq=False)
class CoveredRows:
    """Which of m rows are covered."""

    evidence: Evidence
    """The run's evidence, whose resamples show which rows depend on each other."""
    places: np.ndarray
    """Of shape (m,). Positions of the rows in the evidence."""
    covered: np.ndarray
    """Booleans of shape (m,)."""
    strata: np.ndarray
    """Of shape (m,). Which rows share a threshold."""
    nominal: float = 1.0
    """The coverage asked for; a group that has it is not covered too seldom."""


def covered_groups(rows: CoveredRows, slices: Sequence[str]) -> tuple[GroupCoverage, ...]:
    """Test every level of the categorical features, every segment of the slices, and every class.

    Groups of columns share one significance level, and the classes share another: a row's class is
    not known when it is predicted, and sets that are right in 90% of all rows usually hold rare
    classes less often. Groups with the strongest evidence of a shortfall come first.
    """
    test = _by_resampling if rows.evidence.dependent else _by_counting
    groups = [
        *_together(test(rows, _cuts(rows, slices)), rows.nominal),
        *_together(test(rows, _classes(rows)), rows.nominal),
    ]
    groups.sort(key=lambda group: (group.p_value is None, group.p_value or 0.0, group.share.value))
    return tuple(groups)


def _together(found: Iterable[GroupCoverage], nominal: float) -> list[GroupCoverage]:
    """Adjust the p-values of groups that share one significance level."""
    groups = list(found)
    tested = [place for place, group in enumerate(groups) if group.p_value is not None]
    adjusted = holm(np.array([groups[place].p_value for place in tested], float))
    for place, p_value in zip(tested, adjusted.tolist(), strict=True):
        short = p_value <= LEVEL and groups[place].share.value < nominal
        finding = SHORT if short else NOT_SHORT
        groups[place] = msgspec.structs.replace(groups[place], p_value=p_value, finding=finding)
    return groups


def _cuts(rows: CoveredRows, slices: Sequence[str]) -> Iterator[Cut]:
    evidence = rows.evidence
    names = [column.name for column in evidence.schema.features if column.traits.has_levels]
    for name in dict.fromkeys([*names, *slices]):
        column = cut(evidence.frame[name][rows.places], evidence.schema.column(name).kind)
        if len(column.names) > 1:
            yield column


def _classes(rows: CoveredRows) -> Iterator[Cut]:
    evidence = rows.evidence
    if evidence.classes:
        target = evidence.schema.learned_target.name
        yield Cut(target, evidence.classes, evidence.target[rows.places])


def _by_counting(rows: CoveredRows, columns: Iterable[Cut]) -> Iterator[GroupCoverage]:
    """Test the groups of columns by the distribution of counts, for independent rows."""
    for column, values, inside in _groups(columns):
        count, covered = _counts(inside, rows.covered)
        p_value = None
        if count >= FEWEST_ROWS:
            p_value = shortfall_of_judged(rows.covered, inside, rows.strata)
        share = exact_share(covered, count)
        yield GroupCoverage(column, values, count, covered, share, p_value, TOO_FEW_ROWS)


def _by_resampling(rows: CoveredRows, columns: Iterable[Cut]) -> Iterator[GroupCoverage]:
    """Test the groups of columns by the judge's resamples of whole groups or stretches of time.

    t = (share − the rest's) / its standard error has Student's distribution, with one degree of
    freedom fewer than there are independent units. The interval is Wilson's for as many rows as the
    standard error stands for.
    """
    scheme = rows.evidence.resamples("coverage", rows.places).scheme
    weights = np.concatenate(list(redrawn(rows.evidence, rows.places, "coverage")))
    within = weights * rows.covered  # a product with a mask sums the covered rows
    everything, all_covered = weights.sum(axis=1), within.sum(axis=1)
    for column, values, inside in _groups(columns):
        count, covered = _counts(inside, rows.covered)
        mask = inside.astype(float)
        weight, hits = weights @ mask, within @ mask
        with np.errstate(invalid="ignore", divide="ignore"):
            share, rest = hits / weight, (all_covered - hits) / (everything - weight)
        things = min(scheme.independent(inside), scheme.independent(~inside))
        difference = share - rest
        error = _spread(difference)
        p_value = None
        if things >= FEWEST_ROWS and error > 0:
            p_value = float(stdtr(things - 1, difference[0] / error))
        interval = _wilson(covered / count, _spread(share), scheme.independent(inside))
        yield GroupCoverage(column, values, count, covered, interval, p_value, TOO_FEW_ROWS)


def _groups(columns: Iterable[Cut]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the column, the name and the row mask of each group that has rows."""
    for column in columns:
        for code, values in enumerate(column.names):
            inside = column.codes == code
            if inside.any():
                yield column.column, values, inside


def _counts(inside: np.ndarray, covered: np.ndarray) -> tuple[int, int]:
    return int(np.count_nonzero(inside)), int(np.count_nonzero(inside & covered))


def _spread(shares: np.ndarray) -> float:
    """Return the standard deviation of those resampled shares (1 + B,) that are defined."""
    drawn = shares[1:][np.isfinite(shares[1:])]
    return float(drawn.std(ddof=1)) if len(drawn) > 1 else 0.0


def _wilson(share: float, error: float, most: float) -> Interval:
    rows = max(effective_rows(share, error, most), 1.0)
    return Interval(share, *wilson(share, rows, NORMAL_95), error)
