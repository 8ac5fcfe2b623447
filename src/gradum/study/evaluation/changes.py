"""Scores on new rows next to those on the run's held-out rows, and how the target has moved."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
from scipy.special import ndtr, ndtri

from gradum.messages import listed, say, say_plural
from gradum.randomness import stream
from gradum.run.alarms.target_drift import LEAST_DEVIATIONS, LEAST_POINTS, LEAST_RELATIVE
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.run.judging.judgement import Judgement
from gradum.rungs.names import BASELINE
from gradum.scores.bootstrap import scheme_basis
from gradum.scores.figures import figure, percent, with_interval
from gradum.scores.interval import LEVEL, NORMAL_95, Interval, student
from gradum.scores.metrics import METRICS
from gradum.study.finding_words import BETTER, NO_DIFFERENCE, WORSE


class Change(msgspec.Struct, frozen=True):
    """One score on new rows and in the run."""

    metric: str
    new: Interval
    own: Interval
    """On the new rows, and on the rows that the run held out."""
    difference: Interval
    """new − own, for two independent samples. The intervals of all compared scores hold jointly in
    95% of cases."""
    finding: str
    """One of "worse", "better" or "no difference shown"."""

    @property
    def worse_p(self) -> float | None:
        """The probability of a score at least this much worse if there were no difference, or None.

        Φ(−1.96 d / h), where the 95% interval of the difference d, for this score alone, reaches h
        towards zero; None if unknown.
        """
        difference = independent_difference(self.new, self.own)
        if not difference.known:
            return None
        sign, value = METRICS[self.metric].sign, difference.value
        worse = sign * value
        reach = value - difference.low if sign > 0 else difference.high - value
        if not reach > 0:
            return 0.0 if worse > 0 else 1.0
        return float(ndtr(-NORMAL_95 * worse / reach))


def changes(
    new: dict[str, Interval], held_out: dict[str, Interval], metric: str
) -> tuple[Change, ...]:
    """Compare every metric that both have: those that got worse first, then those that got better.

    Of many scores of the same rows, some seem worse by chance. The verdict's ``metric`` has half of
    the 5% in which an interval may fail, and all others share the other half (Bonferroni). So all
    findings together are right in at least 95% of cases.
    """
    order = (WORSE, BETTER, NO_DIFFERENCE)
    names = [name for name in METRICS if name in new and name in held_out]
    others = max(len(names) - 1, 1)
    chance = (1.0 - LEVEL) / 2
    compared = [
        _change(name, new[name], held_out[name], chance if name == metric else chance / others)
        for name in names
    ]
    return tuple(sorted(compared, key=lambda change: order.index(change.finding)))


def _change(metric: str, new: Interval, held_out: Interval, chance: float) -> Change:
    wider = float(ndtri(1.0 - chance / 2)) / NORMAL_95
    difference = _widened(independent_difference(new, held_out), wider)
    sign = METRICS[metric].sign
    low, high = sorted((sign * difference.low, sign * difference.high))
    finding = WORSE if low > 0 else BETTER if high < 0 else NO_DIFFERENCE
    return Change(metric, new, held_out, difference, finding)


def _widened(interval: Interval, times: float) -> Interval:
    """Widen an interval by a factor: each end lies that many times as far from the value."""
    value = interval.value
    low, high = (value + times * (end - value) for end in (interval.low, interval.high))
    return replace(interval, low=low, high=high)


def independent_difference(one: Interval, other: Interval) -> Interval:
    """Return one − other for independent samples, from the distances of their own bounds.

    d − √((a − a₋)² + (b₊ − b)²) .. d + √((a₊ − a)² + (b − b₋)²), so that skewed intervals make a
    skewed one, and Student's quantiles for few rows are kept; the standard error is the root of the
    sum of squares. The bounds are NaN where either has none. Source: G. Zou and A. Donner,
    Construction of confidence limits about effect measures, 2008.
    """
    value = one.value - other.value
    below = np.hypot(one.value - one.low, other.high - other.value)
    above = np.hypot(one.high - one.value, other.value - other.low)
    error = np.hypot(one.standard_error, other.standard_error)
    return Interval(value, float(value - below), float(value + above), float(error))


def change_sentences(
    compared: tuple[Change, ...], metric: str, rows: tuple[int, int]
) -> tuple[str, ...]:
    """Say whether the verdict's metric got worse, and which other metrics did.

    Parameters
    ----------
    metric : str
        The verdict's metric.
    rows : tuple of int
        The numbers of new rows and of rows that the run held out.
    """
    if not compared:
        return (
            say("The run has no scores of its own to compare with: it was interrupted before."),
        )
    others = [change for change in compared if change.finding == WORSE and change.metric != metric]
    names = listed([METRICS[change.metric].words for change in others[:3]])
    (first,) = [change for change in compared if change.metric == metric] or [compared[0]]
    title = METRICS[first.metric].words
    if first.finding == WORSE:
        values = {
            "metric": title,
            "new": figure(first.new.value),
            "new_rows": say_plural("{count:,} new row", "{count:,} new rows", rows[0]),
            "own": figure(first.own.value),
            "rows": rows[1],
            "difference": with_interval(first.difference, sign=True),
        }
        return (
            say(
                "Worse than in the run: {metric} {new} on {new_rows}, {own} on the {rows:,} rows "
                "that the run held out, a difference of {difference}; also by {others}.",
                **values,
                others=names,
            )
            if others
            else say(
                "Worse than in the run: {metric} {new} on {new_rows}, {own} on the {rows:,} rows "
                "that the run held out, a difference of {difference}.",
                **values,
            ),
        )
    if others:
        return (
            say(
                "By {metric} not shown to be worse than on the {rows:,} rows that the run held "
                "out; by {others} it is, {number} of {scores} scores compared.",
                metric=title,
                rows=rows[1],
                others=names,
                number=len(others),
                scores=len(compared),
            ),
        )
    if not any(change.difference.known for change in compared):
        return (
            say(
                "These rows, or the run's own, are too few for an interval, so they do not show "
                "whether the model does worse than in the run."
            ),
        )
    return (
        say(
            "Not shown to be worse, by any score, than on the {rows:,} rows that the run held out.",
            rows=rows[1],
        ),
    )


def level_moved(
    truth: Truth,
    seen: Seen,
    judgement: Judgement,
    trained_mean: float | None,
    target: str,
    seed: int,
) -> str:
    """Say where the target's level (its mean, or a class's share) has moved; otherwise nothing.

    It must have moved by more than the drift alarm asks for (`run.alarms.drift`), and its 95%
    interval must exclude the run's level. The new rows are resampled by group, time or row; the
    run's own level is as uncertain as that of equally many independent rows.

    Parameters
    ----------
    truth, seen
        The new rows.
    judgement : Judgement
        The run's judgement.
    trained_mean : float or None
        The mean of a numeric target in the rows learned from, where it is known.
    target : str
        The target's name.
    """
    if truth.task == "regression":
        return _moved_mean(truth, seen, judgement, trained_mean, target, seed)
    return _moved_class(truth, seen, judgement, target, seed)


def _moved_mean(
    truth: Truth, seen: Seen, judgement: Judgement, old: float | None, target: str, seed: int
) -> str:
    baseline = judgement.scores.get(BASELINE, {}).get("test", {}).get("rmse")
    if old is None or baseline is None:
        return ""
    rows = max(judgement.rows.get("train", judgement.rows["test"]), 1)
    level = truth.target[seen.rows].astype(np.float64)
    difference = _difference(truth, seen, level, old, baseline.value / np.sqrt(rows), seed)
    if abs(difference.value) <= LEAST_DEVIATIONS * baseline.value or not (
        difference.low > 0 or difference.high < 0
    ):
        return ""
    return say(
        "The target's level moved: {target!r} is {new} on average in these rows and was {old} in "
        "those learned from, a difference of {difference}.",
        target=target,
        new=figure(old + difference.value),
        old=figure(old),
        difference=with_interval(difference, sign=True),
    )


def _moved_class(truth: Truth, seen: Seen, judgement: Judgement, target: str, seed: int) -> str:
    labels = tuple(map(str, truth.classes))
    if not judgement.prevalence.keys() >= set(labels):
        return ""
    old = np.array([judgement.prevalence[label] for label in labels])
    codes, weight = truth.target[seen.rows], truth.weight[seen.rows]
    new = np.bincount(codes, weight, len(labels)) / weight.sum()
    beyond = np.abs(new - old) - np.maximum(LEAST_POINTS, LEAST_RELATIVE * old)
    code = int(beyond.argmax())
    if beyond[code] <= 0:
        return ""
    error = float(np.sqrt(old[code] * (1 - old[code]) / max(judgement.rows["test"], 1)))
    is_class = (codes == code).astype(np.float64)
    difference = _difference(truth, seen, is_class, float(old[code]), error, seed)
    if not (difference.low > 0 or difference.high < 0):
        return ""
    return say(
        "The target's level moved: {target!r} is {label!r} in {new} of these rows and was in {old} "
        "of those that the run held out.",
        target=target,
        label=labels[code],
        new=percent(new[code]),
        old=percent(old[code]),
    )


def _difference(
    truth: Truth, seen: Seen, level: np.ndarray, old: float, error: float, seed: int
) -> Interval:
    """Return the weighted mean of a level (n,) on the new rows less the old mean with its error."""
    weight = truth.weight[seen.rows]
    # Like numbers, the classes' shares vary from one resample to the next.
    plain = replace(truth, task="regression", classes=(), drawn_by_class=0, loss=None)
    resamples = plain.resamples(Seen(seen.rows, {}), stream(seed, "level"))
    new = float(np.average(level, weights=weight))
    draws = np.concatenate([(counts * weight) @ level / (counts @ weight) for counts in resamples])
    basis = scheme_basis([np.ones(len(level), bool)], resamples.scheme)
    mean = student(new, draws, basis)
    known = Interval(old, old - 1.96 * error, old + 1.96 * error, error)
    return independent_difference(mean, known)
