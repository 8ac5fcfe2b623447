"""The finding: how many judged rows are covered, in all and by group, and by how wide intervals."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gradum.messages import say, say_plural, sentences
from gradum.run.run import Run
from gradum.scores.figures import percent, percent_with_interval
from gradum.study.bins import equal_count_bins
from gradum.study.coverage.groups import SHORT, CoveredRows, GroupCoverage, covered_groups
from gradum.study.coverage.judged import JudgedIntervals, judged_intervals
from gradum.study.evidence import Evidence

COVERAGE = 0.9


class WidthAt(msgspec.Struct, frozen=True):
    """The intervals of a tenth of the judged rows, by what is predicted of them.

    Parameters
    ----------
    predicted : float
        The median prediction.
    low, median, high : float
        A tenth of the widths is below ``low``, and a tenth above ``high``.
    covered : float
        The share of these rows that is covered.
    """

    predicted: float
    low: float
    median: float
    high: float
    covered: float


class Widths(msgspec.Struct, frozen=True):
    """How wide the intervals of the judged rows are, in units of the target."""

    mean: float
    median: float
    by_prediction: tuple[WidthAt, ...]


class SetSize(msgspec.Struct, frozen=True):
    """How many rows have sets of so many classes."""

    classes: int
    rows: int
    share: float


class Coverage(msgspec.Struct, frozen=True):
    """How intervals or sets for 90% do on the judged rows.

    Parameters
    ----------
    guarantee : str
        Its name: "split", "cross", "adaptive" or "none".
    nominal : float
        The coverage asked for.
    rows, covered : int
        The judged rows looked at, and how many of them are covered.
    groups : tuple of GroupCoverage
        Those that speak most of a shortfall first; those of too few rows last.
    tested : int
        How many groups were held against one level together.
    widths : Widths or None
        Of intervals; None where they have no end.
    sizes : tuple of SetSize
        Of sets.
    overall : str
        How many rows are covered, and what that says.
    sentence : str
        Which group is covered least, where one is shown to be covered less.
    """

    guarantee: str
    nominal: float
    rows: int
    covered: int
    groups: tuple[GroupCoverage, ...]
    tested: int
    widths: Widths | None
    sizes: tuple[SetSize, ...]
    overall: str
    sentence: str


def coverage(run: Run, evidence: Evidence, slices: Sequence[str] = ()) -> Coverage | None:
    """Count the judged rows within their intervals or sets; None where there are none.

    Groups are the levels of every categorical feature, the segments of the ``slices`` and the
    classes.
    """
    judged = judged_intervals(run, COVERAGE)
    if judged is None:
        return None
    known = np.isin(judged.rows, evidence.rows)  # the evidence may be a sample
    judged = judged.take(known)
    places = np.searchsorted(evidence.rows, judged.rows)
    groups = covered_groups(CoveredRows(evidence, places, judged.covered, judged.strata), slices)
    tested = sum(group.p_value is not None for group in groups)
    return Coverage(
        guarantee=judged.guarantee,
        nominal=COVERAGE,
        rows=len(judged.rows),
        covered=int(np.count_nonzero(judged.covered)),
        groups=groups,
        tested=tested,
        widths=_widths(judged),
        sizes=_sizes(judged),
        overall=_overall(judged),
        sentence=_sentence(groups, tested),
    )


def _widths(judged: JudgedIntervals) -> Widths | None:
    if judged.width is None or not np.isfinite(judged.width).all():
        return None
    codes = equal_count_bins(judged.predicted)
    tenths = []
    for code in range(codes.max() + 1):
        inside = codes == code
        low, median, high = np.quantile(judged.width[inside], [0.1, 0.5, 0.9]).tolist()
        predicted = float(np.median(judged.predicted[inside]))
        tenths.append(WidthAt(predicted, low, median, high, float(judged.covered[inside].mean())))
    return Widths(float(judged.width.mean()), float(np.median(judged.width)), tuple(tenths))


def _sizes(judged: JudgedIntervals) -> tuple[SetSize, ...]:
    if judged.size is None:
        return ()
    counts = np.bincount(judged.size).tolist()
    rows = len(judged.size)
    return tuple(SetSize(size, count, count / rows) for size, count in enumerate(counts) if count)


def _overall(judged: JudgedIntervals) -> str:
    values = {
        "rows": len(judged.rows),
        "covered": int(np.count_nonzero(judged.covered)),
        "share": percent(float(judged.covered.mean()), decimals=1),
        "nominal": percent(COVERAGE),
    }
    if judged.guarantee == "adaptive":
        return say(
            "The later {rows:,} judged rows were answered in the order of time, each from the "
            "outcomes of earlier ones: {covered:,} of them ({share}) are covered, where {nominal} "
            "were asked for.",
            **values,
        )
    if judged.size is not None:
        return say(
            "Each of {rows:,} judged rows was given a set of classes made of the scores of the "
            "others: {covered:,} ({share}) hold the true class, where {nominal} were asked for. "
            "The likeliest class is always in, so that it may be more; that it is not less is a "
            "matter of counting. By group it is not.",
            **values,
        )
    return say(
        "Each of {rows:,} judged rows was given an interval made of the scores of the others: "
        "{covered:,} ({share}) are covered, where {nominal} were asked for. That both agree is a "
        "matter of counting; that they agree in every group is not.",
        **values,
    )


def _sentence(groups: Sequence[GroupCoverage], tested: int) -> str:
    short = [group for group in groups if group.finding == SHORT]
    if not tested:
        return say("There is no group with rows enough to be judged by itself.")
    if not short:
        return say_plural(
            "{count:,} group was tested, and is not shown to be covered less than the other rows.",
            "{count:,} groups were tested; none is shown to be covered less than the other rows.",
            tested,
        )
    worst = min(short, key=lambda group: group.share.value)
    where = say(
        "Where {column} is {values}, only {share} of {rows:,} rows are covered: do not rely on "
        "{nominal} there.",
        column=worst.column,
        values=worst.values,
        share=percent_with_interval(worst.share),
        rows=worst.rows,
        nominal=percent(COVERAGE),
    )
    among = say_plural(
        "It is the one group of {tested:,} that is shown to be covered less.",
        "It is the worst of {count:,} groups that are shown to be covered less, of {tested:,}.",
        len(short),
        tested=tested,
    )
    return sentences([where, among])


def without_few_rows(found: Coverage) -> Coverage:
    """Return the same without the groups that have too few rows to be tested."""
    tested = tuple(group for group in found.groups if group.p_value is not None)
    return msgspec.structs.replace(found, groups=tested)
