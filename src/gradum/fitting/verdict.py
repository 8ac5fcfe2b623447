"""The verdict: the rung to use, the rung that is enough, and the differences between rungs."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.fitting.spec import TITLES
from gradum.margins import EQUAL, first_least
from gradum.scores.figures import figure, with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS

SHOWN_RIVALS = 3
"""How many rivals a sentence speaks of."""


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
        The verdict in words: which rung to use and why, then every comparison.
    """

    metric: str
    used: str
    enough: str
    comparisons: tuple[Comparison, ...]
    sentences: tuple[str, ...]


class Standing(msgspec.Struct, frozen=True):
    """A rival of the ladder: an estimator of another library, judged on the same rows.

    Parameters
    ----------
    name : str
        What it is called.
    scores : dict
        Metric -> value with its 95% bootstrap interval, on the judging rows.
    against : str
        The rung in use, which it is held against.
    difference : Interval
        The metric of the verdict, rival - rung, paired.
    finding : str
        What the difference shows.
    """

    name: str
    scores: dict[str, Interval]
    against: str
    difference: Interval
    finding: str


def standing(
    name: str, scores: dict[str, Interval], against: str, difference: Interval, metric: str
) -> Standing:
    """Say how a rival stands against a rung, by the paired difference rival - rung."""
    sign = METRICS[metric].sign
    nothing = EQUAL * abs(scores[metric].value)
    finding = _finding(name, TITLES[against], difference, sign, nothing)
    return Standing(name, scores, against, difference, finding)


def rivals_in_words(metric: str, standings: tuple[Standing, ...]) -> str:
    """Say in one sentence how rivals stand, the first `SHOWN_RIVALS` of them; empty without any.

    A rival that is better is not used, and the sentence says so.
    """
    if not standings:
        return ""
    shown = [
        f"{each.finding if place else _first_upper(each.finding)} ({METRICS[metric].words} differs "
        f"by {with_interval(each.difference, sign=True)})"
        for place, each in enumerate(standings[:SHOWN_RIVALS])
    ]
    more = len(standings) - len(shown)
    shown += [f"{more:,} more in the table"] if more else []
    better = any(each.finding == _better(each.name, TITLES[each.against]) for each in standings)
    used = TITLES[standings[0].against]
    kept = f"; a rival is only judged, and the run uses its own {used}" if better else ""
    return f"{'; '.join(shown)}{kept}."


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
    sign = METRICS[metric].sign
    rungs = list(scores)
    # Rungs that predict the same differ by rounding alone; what that is, the simplest one says.
    size = abs(scores[rungs[0]].value)
    nothing = EQUAL * size
    values = np.array([sign * scores[rung].value for rung in rungs])
    used = rungs[int(first_least(values, scale=size))]
    enough = next(r for r in rungs if _within_one_error(r, used, differences, sign, nothing))
    comparisons = tuple(
        Comparison(
            rung,
            against,
            interval,
            _finding(TITLES[rung], TITLES[against], interval, sign, nothing),
        )
        for (rung, against), interval in differences.items()
    )
    chosen = choice(metric, scores, used, enough, comparisons)
    opening = (chosen,) if chosen else ()
    return Verdict(metric, used, enough, comparisons, (*opening, *_pairwise(metric, comparisons)))


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


def _finding(one: str, other: str, interval: Interval, sign: float, nothing: float) -> str:
    """Say what an interval shows; never "better" where it covers zero, or where there is none."""
    low, high = sorted((sign * interval.low, sign * interval.high))
    if high < -nothing:
        return _better(one, other)
    if low > nothing:
        return f"{one} is worse than {other}"
    return f"no difference shown between {one} and {other}"


def _better(one: str, other: str) -> str:
    return f"{one} is better than {other}"


def choice(
    metric: str,
    scores: dict[str, Interval],
    used: str,
    enough: str,
    comparisons: tuple[Comparison, ...],
) -> str:
    """Say which rung to use and why; empty where there is only one.

    Parameters
    ----------
    metric : str
        What the rungs are compared by.
    scores : dict
        Each rung's score, simplest rung first.
    used, enough : str
        The best rung, and the simplest within one standard error of it.
    comparisons : tuple of Comparison
        Every rung against each simpler one.
    """
    title, rungs = METRICS[metric].words, list(scores)
    if len(rungs) < 2:
        return ""
    if used == "baseline":
        return f"Use no model: by {title} none beats guessing, the baseline."
    if enough != used:
        return _does_as_well(title, used, enough, comparisons)
    best = f"Use {_model(used)}: "
    unsure = [each.against for each in comparisons if each.rung == used and _shows_nothing(each)]
    if unsure:
        rivals = " and ".join(map(_model, unsure[:2])) + (" and others" if unsure[2:] else "")
        return (
            f"{best}it leads in {title} ({figure(scores[used].value)}), and no simpler one comes "
            f"within one standard error; its lead over {rivals} may yet be chance, at 95%."
        )
    simpler = rungs.index(used)
    others = "guessing" if simpler == 1 else "each simpler one"
    more = ", and no larger model does better" if simpler < len(rungs) - 1 else ""
    return (
        f"{best}by {title} ({figure(scores[used].value)}) it is ahead of {others}, beyond "
        f"chance{more}."
    )


def _does_as_well(title: str, used: str, enough: str, comparisons: tuple[Comparison, ...]) -> str:
    """Say that a rung simpler than the best is enough, and by how little the best leads it."""
    if enough == "baseline":
        opening = "No column is shown to help: guessing, the baseline, does as well"
    else:
        opening = f"{_first_upper(_model(enough))} does as well"
    leads = [each.difference for each in comparisons if (each.rung, each.against) == (used, enough)]
    by = "".join(
        f" by {figure(abs(lead.value), digits=2)}, within one standard error "
        f"({figure(lead.standard_error, digits=2)})"
        for lead in leads
    )
    return (
        f"{opening}; {_model(used)} leads it in {title}{by}, and predicts unless you say --rung "
        "enough."
    )


def _shows_nothing(comparison: Comparison) -> bool:
    return comparison.finding.startswith("no difference shown")


def _model(rung: str) -> str:
    """Name a rung as a reader does who knows no ladder: "the linear model", but "guessing"."""
    return "guessing" if rung == "baseline" else f"the {TITLES[rung]} model"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pairwise(metric: str, comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    return tuple(
        f"{_first_upper(item.finding)}: {METRICS[metric].words} differs by "
        f"{with_interval(item.difference, sign=True)}."
        for item in comparisons
    )
