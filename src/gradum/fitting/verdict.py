"""The verdict: the rung to use, the rung that is enough, and the differences between rungs."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.fitting.spec import TITLES
from gradum.margins import EQUAL, first_least
from gradum.scores.figures import figure, with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS


class Comparison(msgspec.Struct, frozen=True):
    """A rung against a simpler one on the same rows: the metric's difference, rung - against."""

    rung: str
    against: str
    difference: Interval
    finding: str


class Verdict(msgspec.Struct, frozen=True):
    """The choice among the rungs.

    Parameters
    ----------
    metric : str
        What the rungs are compared by, on rows that none of them was trained or stopped on.
    used : str
        The best-scoring rung, which predicts unless another is asked for.
    enough : str
        The simplest rung within one standard error of the best: the error of the paired
        difference, since both saw the same rows.
    comparisons : tuple of Comparison
        Every rung against each simpler one.
    sentences : tuple of str
        The verdict in words.
    """

    metric: str
    used: str
    enough: str
    comparisons: tuple[Comparison, ...]
    sentences: tuple[str, ...]


def decide(
    metric: str,
    scores: dict[str, Interval],
    differences: dict[tuple[str, str], Interval],
) -> Verdict:
    """Choose among rungs, given simplest first.

    Parameters
    ----------
    metric : str
        The metric's name.
    scores : dict
        Each rung's score, simplest rung first.
    differences : dict
        The paired difference ``(rung, simpler) -> rung - simpler``.
    """
    sign = -1.0 if METRICS[metric].greater_is_better else 1.0
    rungs = list(scores)
    # Rungs that predict the same differ by rounding alone; what that is, the simplest one says.
    size = abs(scores[rungs[0]].value)
    nothing = EQUAL * size
    values = np.array([sign * scores[rung].value for rung in rungs])
    used = rungs[int(first_least(values, scale=size))]
    enough = next(r for r in rungs if _within_one_error(r, used, differences, sign, nothing))
    comparisons = tuple(
        Comparison(rung, against, interval, _finding(rung, against, interval, sign, nothing))
        for (rung, against), interval in differences.items()
    )
    return Verdict(
        metric, used, enough, comparisons, _sentences(metric, scores, used, enough, comparisons)
    )


def _within_one_error(
    rung: str,
    best: str,
    differences: dict[tuple[str, str], Interval],
    sign: float,
    nothing: float,
) -> bool:
    if rung == best:
        return True
    interval = differences.get((best, rung))
    # A rung that is more complex than the best is never "simplest within one error".
    return interval is not None and -sign * interval.value <= interval.standard_error + nothing


def _finding(rung: str, against: str, interval: Interval, sign: float, nothing: float) -> str:
    """Say what an interval shows; never "better" where it covers zero, or where there is none."""
    rung, against = TITLES[rung], TITLES[against]
    low, high = sorted((sign * interval.low, sign * interval.high))
    if high < -nothing:
        return f"{rung} is better than {against}"
    if low > nothing:
        return f"{rung} is worse than {against}"
    return f"no difference shown between {rung} and {against}"


def _sentences(
    metric: str,
    scores: dict[str, Interval],
    used: str,
    enough: str,
    comparisons: tuple[Comparison, ...],
) -> tuple[str, ...]:
    title = METRICS[metric].words
    best = scores[used]
    lines = [f"Best: {TITLES[used]}, {title} {with_interval(best)}."]
    if enough == used:
        lines.append(
            f"Enough: {TITLES[enough]}; no simpler rung comes within one standard error of it."
        )
    else:
        lines.append(
            f"Enough: {TITLES[enough]}, the simplest rung within one standard error of the best "
            f"({title} {figure(scores[enough].value)}). By chance alone their difference moves by "
            "more than that in one sample of three."
        )
    if enough == "baseline":
        lines.append("No column was shown to help: predictions are as good as without any of them.")
    lines.extend(
        f"{item.finding[:1].upper()}{item.finding[1:]}: "
        f"{title} differs by {with_interval(item.difference, sign=True)}."
        for item in comparisons
    )
    return tuple(lines)
