"""``python -m benchmarks sequence [STREAMS]``: how often a test at every row raises false alarms.

Streams of errors with a known rate are drawn, and the test of `gradum watch --stream` looks after
each row. In at most 5% of the streams whose rate is no higher than the bound, given or taken from
judged rows, may it ever raise an alarm, and in at most 5% may its confidence sequence ever miss the
rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradum.run.reference.judged_errors import JudgedErrors
from gradum.study.watch.error_rate_test import bounds, log_evidence, reaches
from gradum.study.watch.sequential_test import ALPHA, ErrorBound

LOOKS = 20_000
RATES = (0.02, 0.1, 0.3)
JUDGED = 500
RISES = ((0.1, 0.15), (0.02, 0.04), (0.3, 0.4))
KNOWN = (2_000, 20_000)
"""Numbers of judged rows whose errors set the bound when a rise should be detected."""

LOOKS_AT_BOUNDS = np.unique(np.geomspace(1, LOOKS, 200).astype(int))


def main(streams: str = "2000") -> None:
    """Print false alarms, missed rates, and the rows needed to detect increased rates."""
    count = int(streams)
    for rate in RATES:
        given = [bool(first_alarm(errors, rate, ALPHA)) for errors in drawn(rate, count, seed=1)]
        judged = list(against_judged(rate, count))
        missed = [misses(errors, rate) for errors in drawn(rate, count, seed=3)]
        print(
            f"rate {rate:.0%}, {count:,} streams of {LOOKS:,} looks: false alarms "
            f"{np.mean(given):.1%} of a given bound, {np.mean(judged):.1%} of one from {JUDGED} "
            f"judged rows; the confidence sequence missed the rate in {np.mean(missed):.1%}"
        )
    for before, after in RISES:
        for judged in (None, *KNOWN):
            seen = [row or np.inf for row in waits(before, after, judged, count // 4)]
            low, middle, high = np.quantile(seen, [0.1, 0.5, 0.9], method="inverted_cdf")
            bound = "a given bound" if judged is None else f"one from {judged:,} judged rows"
            print(
                f"{before:.0%} to {after:.0%}, {bound}: seen after {middle:,.0f} rows in the "
                f"median, {low:,.0f} to {high:,.0f} in 80% of streams"
            )


def drawn(rate: float, count: int, *, seed: int) -> Iterator[np.ndarray]:
    """Yield streams: the number of errors after each row."""
    rng = np.random.default_rng([seed, round(1000 * rate)])
    for _ in range(count):
        yield np.cumsum(rng.random(LOOKS) < rate)


def first_alarm(errors: np.ndarray, rate: float, alpha: float) -> int:
    """Return after how many rows the first alarm comes, 0 if there is none."""
    reached = reaches(log_evidence(np.arange(1, len(errors) + 1), errors, rate), alpha)
    return int(reached.argmax()) + 1 if reached.any() else 0


def against_judged(rate: float, count: int) -> Iterator[bool]:
    """Yield whether there is an alarm if the bound is taken from judged rows."""
    rng = np.random.default_rng([2, round(1000 * rate)])
    for errors in drawn(rate, count, seed=2):
        judged = JudgedErrors(JUDGED, int(rng.binomial(JUDGED, rate)), JUDGED)
        bound = ErrorBound.of_judged(judged)
        yield bool(first_alarm(errors, bound.at_most, bound.level))


def waits(before: float, after: float, judged: int | None, count: int) -> Iterator[int]:
    """Yield after how many rows an increased rate is detected, 0 if it is not."""
    rng = np.random.default_rng([5, round(1000 * before), judged or 0])
    for errors in drawn(after, count, seed=4):
        bound = ErrorBound.given(before, None)
        if judged is not None:
            known = JudgedErrors(judged, int(rng.binomial(judged, before)), judged)
            bound = ErrorBound.of_judged(known)
        yield first_alarm(errors, bound.at_most, bound.level)


def misses(errors: np.ndarray, rate: float) -> bool:
    """Whether the confidence sequence ever excludes the rate, at 200 looks."""
    low, high = bounds(LOOKS_AT_BOUNDS, errors[LOOKS_AT_BOUNDS - 1], ALPHA)
    return bool(((rate < low) | (rate > high)).any())
