"""Drift: in a split by time, the target's level in the judged rows differs from training."""

from __future__ import annotations

import numpy as np

from gradum.messages import say
from gradum.run.alarm import Alarm
from gradum.run.dataset import Dataset
from gradum.run.plan import Plan
from gradum.scores.figures import figure, figures_apart
from gradum.tables.split import UNUSED, Part

STRETCHES = 5
LEAST_T = 3.5
LEAST_DEVIATIONS = 0.2
LEAST_POINTS, LEAST_RELATIVE = 0.05, 0.25


def drift(dataset: Dataset, plan: Plan) -> tuple[Alarm, ...]:
    """Compare the target in the judged rows, of several folds the last one's, with training.

    The difference must be large, also in comparison with how the level wanders anyway: the judged
    rows are cut in time into five stretches, the others into stretches of the same length, and the
    means of the stretches give a two-sample t statistic. A stretch outlasts most of the dependence
    between neighbours, which single rows, or the short blocks of the bootstrap, do not.
    """
    if dataset.time is None:
        return ()
    parts = plan.folds[-1] if plan.folds else plan.kept
    judged = _in_time(dataset, parts == Part.TEST)
    known = _in_time(dataset, (parts != Part.TEST) & (parts != UNUSED))
    if min(len(judged), len(known)) < STRETCHES:
        return ()
    name = dataset.schema.learned_target.name
    find = _moved_class if dataset.classes else _moved_mean
    level, sentence = find(dataset, judged, known)
    if not sentence or _t(level, dataset.weight, judged, known) < LEAST_T:
        return ()
    brief = say("{target!r} has moved since the rows that were learned from", target=name)
    return (Alarm("drift", sentence, (name,), brief),)


def _moved_mean(dataset: Dataset, judged: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the target, and the sentence on its mean if that has moved far."""
    level = dataset.target
    new, old = (np.average(level[rows], weights=dataset.weight[rows]) for rows in (judged, known))
    deviation = level[known].std()
    if abs(new - old) <= LEAST_DEVIATIONS * deviation:
        return level, ""
    new, old = figures_apart(float(new), float(old))
    return level, say(
        "{target!r} is {new} on average in the judged rows, {old} (with a deviation of "
        "{deviation}) in the rows trained on: what was learned may not last; add a column that "
        "explains the change, or train on recent rows only.",
        target=dataset.schema.learned_target.name,
        new=new,
        old=old,
        deviation=figure(float(deviation)),
    )


def _moved_class(dataset: Dataset, judged: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, str]:
    """Return which rows are of the class whose share has moved most, and the sentence on it."""
    new, old = _shares(dataset, judged), _shares(dataset, known)
    change = np.abs(new - old)
    code = int(np.argmax(change - np.maximum(LEAST_POINTS, LEAST_RELATIVE * old)))
    level = (dataset.target == code).astype(np.float64)
    if change[code] <= max(LEAST_POINTS, LEAST_RELATIVE * old[code]):
        return level, ""
    return level, say(
        "{target!r} is {label!r} in {new} of the judged rows, {old} in the rows trained on: what "
        "was learned may not last; add a column that explains the change, or train on recent rows "
        "only.",
        target=dataset.schema.learned_target.name,
        label=dataset.classes[code],
        new=_percent(new[code]),
        old=_percent(old[code]),
    )


def _in_time(dataset: Dataset, chosen: np.ndarray) -> np.ndarray:
    assert dataset.time is not None
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(dataset.time[rows], kind="stable")]


def _shares(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    weights, classes = dataset.weight[rows], len(dataset.classes)
    return np.bincount(dataset.target[rows], weights=weights, minlength=classes) / weights.sum()


def _t(level: np.ndarray, weight: np.ndarray, judged: np.ndarray, known: np.ndarray) -> float:
    """Return |difference of means| / its error, from stretches of equal length."""
    length = min(len(judged), len(known)) // STRETCHES
    one, other = (_means(level[rows], weight[rows], length) for rows in (judged, known))
    freedom = len(one) + len(other) - 2
    variance = ((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum()
    error = np.sqrt(variance / freedom * (1 / len(one) + 1 / len(other)))
    difference = abs(one.mean() - other.mean())
    return float(difference / error) if error > 0 else float(np.inf)


def _means(level: np.ndarray, weight: np.ndarray, length: int) -> np.ndarray:
    """Return the weighted means of stretches of a given length, using the latest rows."""
    first = len(level) % length
    level, weight = level[first:].reshape(-1, length), weight[first:].reshape(-1, length)
    return (level * weight).sum(axis=1) / weight.sum(axis=1)


def _percent(share: float) -> str:
    return f"{figure(100 * share)}%"
