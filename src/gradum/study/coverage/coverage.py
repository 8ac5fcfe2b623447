"""Coverage of the judged rows, overall and by group; each row is covered by the others' scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from gradum.margins import EQUAL, first_least
from gradum.messages import say, say_plural, sentences
from gradum.run.fitted import Fitted
from gradum.run.intervals.conformal.adaptive import Tracker
from gradum.run.intervals.conformal.guarantee import JudgedScores, Name
from gradum.run.intervals.conformal.score_list import ScoreList, wanted_mass
from gradum.run.intervals.conformal.sets import with_predicted
from gradum.run.intervals.following import scale_of
from gradum.run.intervals.judged_scores import scored_rows
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.judge import Judge, first_repeat
from gradum.run.run import Run
from gradum.rungs.rung import Rung
from gradum.scores.figures import figure, percent, percent_with_interval
from gradum.study.coverage.covered_groups import SHORT, CoveredRows, GroupCoverage, covered_groups
from gradum.study.evidence import Evidence
from gradum.study.prediction_bins import equal_count_bins
from gradum.tables.encode import Unencoded

COVERAGE = 0.9


class WidthAt(msgspec.Struct, frozen=True):
    """The intervals of a tenth of the judged rows, grouped by their predictions."""

    predicted: float
    """The median prediction."""
    low: float
    median: float
    high: float
    """A tenth of the widths is below ``low``, and a tenth above ``high``."""
    covered: float
    """The share of these rows that is covered."""


class Widths(msgspec.Struct, frozen=True):
    """Widths of the intervals of the judged rows, in units of the target."""

    mean: float
    median: float
    by_prediction: tuple[WidthAt, ...]


class SetSize(msgspec.Struct, frozen=True):
    """How many rows have sets of a given number of classes."""

    classes: int
    rows: int
    share: float


class Coverage(msgspec.Struct, frozen=True):
    """Coverage of the judged rows by intervals or sets for 90%."""

    guarantee: str
    """Its name: "split", "cross", "adaptive" or "none"."""
    nominal: float
    """The coverage asked for."""
    rows: int
    covered: int
    """The number of judged rows that were looked at, and how many of them are covered."""
    groups: tuple[GroupCoverage, ...]
    """The groups with the strongest evidence of a shortfall first; those with too few rows last."""
    tested: int
    """How many groups share one significance level."""
    widths: Widths | None
    """For intervals; None where they are unbounded."""
    sizes: tuple[SetSize, ...]
    """For sets."""
    overall: str
    """How many rows are covered, and what this shows."""
    sentence: str
    """Which group is covered least, if any group is shown to be covered less."""
    by_class: bool = False
    """Whether the sets are made for each class by itself."""


def coverage(run: Run, evidence: Evidence, slices: Sequence[str] = ()) -> Coverage | None:
    """Count the judged rows within their intervals or sets; None if there are no intervals or sets.

    Groups are the levels of every categorical feature, the segments of the ``slices`` and the
    classes.
    """
    judged = judged_intervals(run, COVERAGE)
    if judged is None:
        return None
    known = np.isin(judged.rows, evidence.rows)  # the evidence may be a sample
    judged = judged.take(known)
    places = np.searchsorted(evidence.rows, judged.rows)
    rows = CoveredRows(evidence, places, judged.covered, judged.strata, COVERAGE)
    groups = covered_groups(rows, slices)
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
        overall=sentences([_overall(judged), *_price(judged, evidence)]),
        sentence=_sentence(groups, tested),
        by_class=judged.together is not None,
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
            "Each of {rows:,} judged rows got a set of classes made from the scores of the "
            "others: {covered:,} sets ({share}) hold the true class; {nominal} was asked for. "
            "The likeliest class is always in the set, so the share may be higher. Overall this "
            "holds by construction; check the groups.",
            **values,
        )
    return say(
        "Each of {rows:,} judged rows got an interval made from the scores of the others: "
        "{covered:,} intervals ({share}) hold the true value; {nominal} was asked for. Overall "
        "this holds by construction; check the groups.",
        **values,
    )


def _price(judged: JudgedIntervals, evidence: Evidence) -> Iterator[str]:
    """Say what it costs to cover each class by itself, and what it gains."""
    if judged.together is None or judged.size is None:
        return
    size, covered = judged.together
    truth = evidence.truth.target[judged.rows]
    shares = np.bincount(truth, covered) / np.bincount(truth)
    least = int(first_least(shares))
    yield say(
        "As the classes are unequal, sets are made for each class by itself. They hold {size} "
        "classes on average; sets for all rows together would hold {together}, but the true class "
        "in only {share} of the rows of {label!r}.",
        size=figure(float(judged.size.mean())),
        together=figure(float(size.mean())),
        share=percent(float(shares[least])),
        label=evidence.classes[least],
    )


def _sentence(groups: Sequence[GroupCoverage], tested: int) -> str:
    short = [group for group in groups if group.finding == SHORT]
    if not tested:
        return say("No group has enough rows to be judged by itself.")
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
        "It is the only one of {tested:,} groups that is shown to be covered less.",
        "It is the worst of the {count:,} groups that are shown to be covered less; {tested:,} "
        "were tested.",
        len(short),
        tested=tested,
    )
    return sentences([where, among])


def without_few_rows(found: Coverage) -> Coverage:
    """Return this coverage without the groups that have too few rows to be tested."""
    tested = tuple(group for group in found.groups if group.p_value is not None)
    return msgspec.structs.replace(found, groups=tested)


@dataclass(frozen=True, eq=False)
class JudgedIntervals:
    """The intervals or sets of n judged rows."""

    guarantee: Name
    """The name of the guarantee for new rows."""
    rows: np.ndarray
    """Of shape (n,). Positions of the rows among all rows of the run, rising."""
    covered: np.ndarray
    """Booleans of shape (n,). Whether the target is within the interval or set."""
    strata: np.ndarray
    """Of shape (n,). Which rows share a threshold."""
    predicted: np.ndarray
    """Of shape (n,). The middle of each interval, or the index of the likeliest class."""
    width: np.ndarray | None = None
    """Of shape (n,). Widths of the intervals in units of the target, perhaps infinite; None for
    classes."""
    size: np.ndarray | None = None
    """Of shape (n,). How many classes each set holds; None for numbers."""
    together: tuple[np.ndarray, np.ndarray] | None = None
    """Each of shape (n,). Where sets are made for each class by itself: the sizes that sets for all
    rows together would have, and whether these would cover the row."""

    def take(self, places: np.ndarray) -> JudgedIntervals:
        """Return those at the given positions, or where a mask holds."""
        return JudgedIntervals(
            self.guarantee,
            self.rows[places],
            self.covered[places],
            self.strata[places],
            self.predicted[places],
            None if self.width is None else self.width[places],
            None if self.size is None else self.size[places],
            None if self.together is None else (self.together[0][places], self.together[1][places]),
        )


def judged_intervals(run: Run, coverage: float) -> JudgedIntervals | None:
    """Return the intervals or sets of the judged rows whose scores are kept, or None if none are.

    A row is covered if its score is within the threshold that the other scores would give a new
    row; the scores of several judges count as those of one judge. In the order of time, a row is
    held against earlier rows; the first rows only give the others a start and have no interval.
    Widths and sizes follow from the threshold of all scores and the judge that has not learned from
    the row.
    """
    guarantee, rung = run.fitted.guarantee, run.fitted.rung()
    if guarantee is None or rung.name not in guarantee.scores.by_rung:
        return None
    scores, judges = guarantee.scores, first_repeat(run.judges)
    rows, fold = scored_rows(run.fitted.spec.seed, run.dataset, judges)
    strata = np.zeros(len(rows), np.intp) if scores.level is None else scores.level
    if run.fitted.schema.forecast is None:
        covered, threshold, answered = _held(scores, rung, strata, coverage)
        ends = np.column_stack([-threshold, threshold])
    else:
        covered, ends, answered = _held_ahead(run.fitted, coverage)
    found = (
        _of_classes(run, judges, rows, fold, ends[:, 1])
        if run.dataset.classes
        else _of_numbers(run, judges, rows, fold, ends)
    )
    together = None
    if "size" in found:  # the likeliest class is always in the set
        right = found["predicted"] == run.dataset.target[rows]
        covered |= right
        if ConformalPredictor.of(run.fitted, judges, coverage).by_class:
            assert scores.label is not None
            strata, together = scores.label, (found["size"], covered)
            covered, threshold, _ = _held(scores, rung, strata, coverage)
            _, first = np.unique(strata, return_index=True)
            of_classes = np.tile(threshold[first], (len(rows), 1))
            found = _of_classes(run, judges, rows, fold, of_classes)
            covered |= right
    order = np.argsort(rows, kind="stable")
    whole = JudgedIntervals(guarantee.terms.name, rows, covered, strata, **found, together=together)
    return whole.take(order[answered[order]])


def _held(
    scores: JudgedScores, rung: Rung, strata: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which rows are covered, the thresholds of their strata, and which have one: (n,)."""
    covered, threshold = np.zeros(len(strata), bool), np.zeros(len(strata))
    answered = strata >= 0
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        if scores.moment is None:
            covered[places], threshold[places] = _held_against_others(
                scores, rung.name, strata == stratum, coverage
            )
        else:
            covered[places], threshold[places], answered[places] = _held_against_earlier(
                scores, rung, places, coverage
            )
    return covered, threshold, answered


def _held_ahead(fitted: Fitted, coverage: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same of a forecast, with the ends of bands (n, 2) as errors, not thresholds.

    The later half of origins has bands.
    """
    bands = ConformalPredictor.of(fitted, (), coverage).bands
    judged = bands.judged
    origins = np.unique(judged.origin)
    later = judged.origin > origins[(len(origins) - 1) // 2]
    covered, ends = np.zeros(len(judged), bool), np.zeros((len(judged), 2))
    earlier = replace(bands, judged=judged.take(~later))
    ends[later] = earlier.follow(judged.take(later), coverage)
    low, high = ends[later].T
    covered[later] = (low <= judged.error[later]) & (judged.error[later] <= high)
    return covered, ends, later


def _held_against_others(
    scores: JudgedScores, rung: str, among: np.ndarray, coverage: float
) -> tuple[np.ndarray, float]:
    """Return which rows of a mask the others cover, and the threshold of all of them."""
    weight, newcomer = scores.weights(among)
    score = np.abs(scores.by_rung[rung][among])
    ranked = ScoreList.of(score, weight)
    # A row is covered if less mass than this lies below its score, its own mass left out.
    wanted = coverage * (ranked.total - weight + newcomer) * (1 - EQUAL)
    covered = ranked.mass[np.sort(score).searchsorted(score, "left")] < wanted
    whole = wanted_mass(coverage, ranked.total, newcomer)
    enough = whole <= ranked.total
    return covered, ranked.quantile(whole / ranked.total) if enough else np.inf


def _held_against_earlier(
    scores: JudgedScores, rung: Rung, places: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which rows earlier rows cover, the thresholds, and which rows have one: (n,) each."""
    assert scores.moment is not None
    scale, moment = scale_of(rung), scores.moment[places]
    tracked = scale.onto(scores.by_rung[rung.name][places])
    tracker, later = Tracker.begun(tracked, moment, 1.0 - coverage)
    thresholds = np.full(len(places), tracker.threshold)
    if later.any():
        thresholds[later] = tracker.follow(tracked[later], moment[later]).thresholds
    return tracked <= thresholds, scale.back(thresholds), later


def _by_judge(
    run: Run, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray
) -> Iterator[tuple[np.ndarray, Rung, Unencoded]]:
    """Yield the positions of each judge's rows, its rung, and the rows in its encoding."""
    for number, judge in enumerate(judges):
        places = np.flatnonzero(fold == number)
        design = Unencoded(judge.encoder, run.dataset.frame, rows[places])
        yield places, judge.rungs[run.fitted.used], design


def _of_numbers(
    run: Run, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray, ends: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the middles and widths (n,) of intervals, given their ends (n, 2) as errors."""
    predicted, width = np.empty(len(rows)), np.empty(len(rows))
    bounded = np.isfinite(ends).all(axis=-1, keepdims=True)
    middle = np.where(bounded, ends, 0.0).mean(1)
    for places, rung, design in _by_judge(run, judges, rows, fold):
        exposure = run.dataset.exposure
        exposure = None if exposure is None else exposure[rows[places]]
        located, scale = rung.locate(design).of_exposure(exposure), rung.target_scale
        assert scale is not None
        low, high = (scale.quantile(located.at(side)) for side in ends[places].T)
        with np.errstate(invalid="ignore"):
            width[places] = high - low
        predicted[places] = scale.quantile(located.at(middle[places]))
    return {"predicted": predicted, "width": width}


def _of_classes(
    run: Run, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray, threshold: np.ndarray
) -> dict[str, np.ndarray]:
    predicted, size = np.empty(len(rows), np.intp), np.empty(len(rows), np.intp)
    for places, rung, design in _by_judge(run, judges, rows, fold):
        prediction = rung.predict(design)
        chosen = 1 - prediction.shares <= threshold[places].reshape(len(places), -1)
        predicted[places] = prediction.value
        size[places] = with_predicted(chosen, prediction.value).sum(axis=1)
    return {"predicted": predicted, "size": size}
