"""The decision threshold of least cost, given what each kind of mistake costs.

C. Elkan, The foundations of cost-sensitive learning, 2001.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.errors import SpecError
from gradum.margins import first_least
from gradum.messages import marked, say, sentences
from gradum.run.spec.spec import Cost
from gradum.scores.figures import figure
from gradum.scores.interval import Interval, interval
from gradum.study.evidence import Evidence
from gradum.study.finding_words import said
from gradum.study.findings.threshold_sweep import NO_ROW, Sweep, thinned
from gradum.study.resampling import around, places_to_redraw, redrawn
from gradum.tables.wording import number


class Threshold(msgspec.Struct, frozen=True):
    """Predict ``positive`` where its probability is at least the threshold."""

    positive: str
    negative: str
    """The second and the first class."""
    false_positive_cost: float
    false_negative_cost: float
    """The cost of predicting ``positive`` where ``negative`` is true, and of the reverse."""
    threshold: Interval
    """The threshold of least cost on the judged rows, with its bootstrap interval."""
    cost: Interval
    """Mean cost per row at that threshold, measured on rows that did not choose it
    (cross-fitted)."""
    cost_at_half: Interval
    """The same for the labels that `predict` gives, which are ``positive`` from ``usual`` on."""
    saved: Interval
    """cost_at_half − cost, paired."""
    theoretical: float
    """FP / (FP + FN): the best threshold if the probabilities are calibrated."""
    counts: dict[str, int]
    """The "true positives", "false positives", "true negatives", "false negatives" at the
    threshold."""
    curve: tuple[tuple[float, float], ...]
    """Threshold, mean cost per row, by rising threshold; at most 200 points."""
    sentence: str
    """What to do, in plain words."""
    usual: float = 0.5
    """The threshold that `predict` uses: 0.5 or, where classes were balanced, the share of
    ``positive`` among the rows learned from."""


MOST_POINTS = 200
FOLDS = 5
STEPS_REDRAWN = 2000


def threshold(evidence: Evidence, cost: Cost) -> Threshold:
    """Find the threshold of least mean cost on the judged rows of a binary task.

    All distinct probabilities of the second class are tried, and a threshold above 1, which never
    predicts it; among equals, the highest is taken. The mean cost per row is Σ w c / Σ w, with c
    the cost of a row's mistake, or 0 if the row is predicted correctly.

    To estimate the expected cost, the rows are divided into `FOLDS`, which keep groups and times
    whole, and each fold is predicted at the threshold that costs least on the others. The intervals
    come from resamples of groups, of time or of rows, in which the shares of the classes vary. Each
    resample has a threshold of its own (out of at most `STEPS_REDRAWN`), but its costs are those
    that the rows have in their folds.

    Raises
    ------
    SpecError
        There are not two classes.
    """
    if evidence.task != "binary":
        why = (
            say(
                "A cost of mistakes needs two classes; the target has {classes}.",
                classes=len(evidence.classes),
            )
            if evidence.classes
            else say("A cost of mistakes needs two classes; the target is a number.")
        )
        raise SpecError(why, say("Leave the cost out."))
    score, positive = evidence.prediction.shares[:, 1], evidence.target == 1
    theoretical = cost.false_positive / (cost.false_positive + cost.false_negative)
    sweep = Sweep.of(score, positive)
    total_costs = _total_costs(sweep, evidence.weight[None, :], cost)[0]
    best = int(first_least(total_costs))
    chosen = float(sweep.thresholds[best])
    in_folds = score >= _chosen_by_others(evidence, sweep, cost, theoretical)
    at_half = evidence.prediction.value == 1
    mistake = np.where(positive, cost.false_negative, cost.false_positive)
    row_costs = np.where(np.stack([in_folds, at_half]) == positive, 0.0, mistake)
    cheapest, costs, costs_at_half, saved = _intervals(evidence, chosen, row_costs, cost)
    negative_label, positive_label = evidence.classes
    return Threshold(
        positive=positive_label,
        negative=negative_label,
        false_positive_cost=cost.false_positive,
        false_negative_cost=cost.false_negative,
        threshold=cheapest,
        cost=costs,
        cost_at_half=costs_at_half,
        saved=saved,
        theoretical=theoretical,
        counts=_counts(score >= chosen, positive),
        curve=_curve(sweep.thresholds, total_costs / evidence.weight.sum(), best),
        sentence=_sentence(
            _action(positive_label, chosen, score),
            positive_label,
            negative_label,
            cost,
            costs,
            costs_at_half,
            saved,
            figure(evidence.threshold),
        ),
        usual=evidence.threshold,
    )


def _total_costs(sweep: Sweep, weights: np.ndarray, cost: Cost) -> np.ndarray:
    """Sum the costs of mistakes under weights (b, n) at each threshold of the sweep: (b, T)."""
    true, false = sweep.passed(weights)
    return cost.false_positive * false + cost.false_negative * (true[:, -1:] - true)


def _chosen_by_others(
    evidence: Evidence, sweep: Sweep, cost: Cost, theoretical: float
) -> np.ndarray:
    """Return, for each row, the threshold that costs least on the folds without it (n,).

    It is the theoretical one if all rows belong together, in a single fold.
    """
    together = evidence.time if evidence.groups is None else evidence.groups
    if together is None:
        together = np.arange(len(evidence))
    units, unit = np.unique(together, return_inverse=True)
    fold_of_unit = evidence.rng("threshold folds").permutation(len(units)) % FOLDS
    fold = fold_of_unit[unit]
    weights = evidence.weight * (fold != np.arange(fold.max() + 1)[:, None])
    least = first_least(_total_costs(sweep, weights, cost))
    return np.where(weights.any(axis=1), sweep.thresholds[least], theoretical)[fold]


def _intervals(
    evidence: Evidence, chosen: float, row_costs: np.ndarray, cost: Cost
) -> tuple[Interval, Interval, Interval, Interval]:
    """Return the threshold, the mean of each line of costs (2, n), and what the first saves."""
    places = places_to_redraw(evidence, "threshold")
    sampled = evidence.prediction.shares[places, 1], evidence.target[places] == 1
    sweep = Sweep.of(*sampled, STEPS_REDRAWN)
    thresholds, means = [], []
    for weights in redrawn(evidence, places, "threshold"):
        thresholds.append(sweep.thresholds[first_least(_total_costs(sweep, weights, cost))])
        sums = np.einsum("bn,cn->cb", weights, row_costs[:, places])
        means.append(sums / weights.sum(axis=1))
    drawn_costs, drawn_at_half = np.concatenate(means, axis=1)
    cheapest = interval(chosen, np.concatenate(thresholds)[1:])
    # A sample, or steps, may just miss the threshold that all rows chose.
    cheapest = Interval(
        chosen, min(cheapest.low, chosen), max(cheapest.high, chosen), cheapest.standard_error
    )
    in_folds, at_half = np.average(row_costs, axis=1, weights=evidence.weight).tolist()
    return (
        cheapest,
        around(in_folds, drawn_costs),
        around(at_half, drawn_at_half),
        around(at_half - in_folds, drawn_at_half - drawn_costs),
    )


def _counts(predicted: np.ndarray, positive: np.ndarray) -> dict[str, int]:
    return {
        marked("true positives"): int(np.sum(predicted & positive)),
        marked("false positives"): int(np.sum(predicted & ~positive)),
        marked("true negatives"): int(np.sum(~predicted & ~positive)),
        marked("false negatives"): int(np.sum(~predicted & positive)),
    }


def _curve(thresholds: np.ndarray, costs: np.ndarray, best: int) -> tuple[tuple[float, float], ...]:
    """Thin out the curve, but keep its lowest point."""
    kept = np.union1d(thinned(thresholds, costs / costs.max(), MOST_POINTS - 1), best)[::-1]
    return tuple(zip(thresholds[kept].tolist(), costs[kept].tolist(), strict=True))


def _action(label: str, chosen: float, score: np.ndarray) -> str:
    if chosen == NO_ROW:
        return say("Never predict {label!r}", label=label)
    if chosen <= score.min():
        return say("Always predict {label!r}", label=label)
    probability = figure(chosen)
    return say(
        "Predict {label!r} from probability {probability} on", label=label, probability=probability
    )


def _sentence(
    action: str,
    positive: str,
    negative: str,
    cost: Cost,
    costs: Interval,
    at_half: Interval,
    saved: Interval,
    usual: str,
) -> str:
    prices = say(
        "A wrong {positive!r} costs {false_positive}, a wrong {negative!r} {false_negative}.",
        positive=positive,
        false_positive=number(cost.false_positive),
        negative=negative,
        false_negative=number(cost.false_negative),
    )
    if saved.low > 0:
        cheaper = say(
            "{action}: a row then costs {cost} on average instead of {usual_cost} at {usual}.",
            action=action,
            cost=said(costs),
            usual_cost=figure(at_half.value),
            usual=usual,
        )
        return sentences([cheaper, prices])
    none = say(
        "No threshold is shown to cost less than {usual}, at which a row costs {usual_cost} on "
        "average.",
        usual=usual,
        usual_cost=said(at_half),
    )
    action = f"{action[0].lower()}{action[1:]}"
    cheapest = say(
        "The cheapest found would be: {action}; it saves {saved}.",
        action=action,
        saved=said(saved, sign=True),
    )
    return sentences([none, cheapest, prices])
