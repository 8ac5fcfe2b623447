"""The expected score of new rows, before their labels are known.

Judged rows show how targets follow from answers and columns; new rows have answers and columns.
Labels of new rows are drawn many times from the distribution that judged rows show, and each draw
is scored as if it were the truth. The draws differ in the labels and in what judged rows leave
unknown about that distribution. If the distribution itself has changed, rows without labels cannot
show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.special import ndtr

from gradum.errors import TableError
from gradum.margins import falling
from gradum.scores.bootstrap import Resamples, resampled
from gradum.scores.interval import Interval, standard_error
from gradum.scores.metrics import METRICS, row_losses
from gradum.scores.outcome import Outcome, PredictionCost, Task
from gradum.scores.weighting import Weighting
from gradum.study.watch.domain_sample import DomainSample, Learners, density_ratio_weights
from gradum.study.watch.expectation import (
    FEWEST_JUDGED,
    Expectation,
    ExpectedScore,
    expectation_sentences,
)
from gradum.study.watch.target_distribution import ClassDistribution, NumberDistribution

FEWEST_NEW = 20
MOST_ROWS = 10_000
DRAWS = (100, 400)
RANKED_ROWS = 1e7
RESAMPLES = 200

ALONGSIDE: Mapping[Task, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "binary": ("log_loss", "accuracy", "auc", "f1"),
    "multiclass": ("log_loss", "accuracy", "auc", "macro_f1"),
}

MOST_TOLD = 20


def expect(
    judged: DomainSample,
    target: np.ndarray,
    new: DomainSample,
    *,
    task: Task,
    metric: str,
    scores: Mapping[str, Interval],
    learners: Learners,
    rng: np.random.Generator,
    dependent: bool = False,
    cost: PredictionCost | None = None,
) -> Expectation:
    """Estimate the expected scores of new rows.

    Parameters
    ----------
    judged : DomainSample
        m rows that the model had not learned from.
    target : ndarray of shape (m,)
        Targets of the judged rows: numbers, or class codes.
    new : DomainSample
        n rows without labels, with the same columns; or neither sample has columns.
    task : str
    metric : str
        The run's metric.
    scores : mapping of str to Interval
        The run's scores on its judged rows, by metric.
    rng : Generator
    dependent : bool
        Whether rows belong together, in groups or in time.
    cost : PredictionCost, optional
        What predicted numbers cost, where the metric is its mean.

    Raises
    ------
    TableError
        There are fewer than `FEWEST_JUDGED` judged rows, or fewer than `FEWEST_NEW` new rows.
    """
    _refuse_few(len(judged), len(new))
    some, looked_at = _at_most(len(judged), rng), _at_most(len(new), rng)
    judged, target, new = judged.take(some), target[some], new.take(looked_at)
    alike = density_ratio_weights(judged, new, learners.membership, rng)
    if task == "regression":
        law = NumberDistribution.learn(
            judged, target, new, alike=alike, learn=learners.size, rng=rng
        )
    else:
        law = ClassDistribution.learn(
            judged, target, new, alike=alike, learn=learners.mean, rng=rng
        )
    names = tuple(dict.fromkeys((metric, *ALONGSIDE[task])))
    drawn = _scored(law, new, task, names, rng, cost)
    expected = [_score(name, drawn.scores[name], scores[name]) for name in names if name in scores]
    one_row = _error_of_one_row(drawn.last, metric, rng)
    error = standard_error(drawn.scores[metric])
    expectation = Expectation(
        scores=tuple(score for score in expected if score is not None),
        rows=len(new),
        judged_rows=len(judged),
        alike=float(alike.sum()),
        by_columns=new.columns is not None,
        telling_rows=tuple(looked_at[rows_to_label(_answer(new), drawn.spread)].tolist()),
        labels_to_halve=labels_to_halve(error, one_row, len(new)),
    )
    sentences = tuple(expectation_sentences(expectation, dependent=dependent))
    return msgspec.structs.replace(expectation, sentences=sentences)


def _at_most(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of all rows, or of `MOST_ROWS` of them."""
    return np.sort(rng.choice(rows, min(rows, MOST_ROWS), replace=False))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Scores for drawn labels."""

    scores: dict[str, np.ndarray]
    """Each of shape (B,)."""
    spread: np.ndarray
    """Of shape (n,). The standard deviation of each row's loss, times its weight."""
    last: Outcome
    """The outcome with the labels drawn last."""


def _scored(
    law: ClassDistribution | NumberDistribution,
    new: DomainSample,
    task: Task,
    names: tuple[str, ...],
    rng: np.random.Generator,
    cost: PredictionCost | None,
) -> _Drawn:
    probability = new.prediction.probability
    rankings = 1 if probability is None else max(1.0, probability.shape[1] / 2)
    draws = int(np.clip(RANKED_ROWS / (len(new) * rankings), *DRAWS))
    scores: dict[str, list[float]] = {name: [] for name in names}
    total, squares = np.zeros((2, len(new)))
    for _ in range(draws):
        target = law.draw(rng)
        outcome = Outcome(task, target, new.prediction.value, probability, new.weight, cost)
        rows = Weighting(outcome, new.weight[None, :])
        for name in names:
            scores[name].append(float(METRICS[name].function(rows)[0]))
        losses = row_losses(outcome)
        total += losses
        squares += losses**2
    variance = np.maximum(squares / draws - (total / draws) ** 2, 0.0)
    spread = np.sqrt(variance) * new.weight
    return _Drawn({name: np.array(drawn) for name, drawn in scores.items()}, spread, outcome)


def _score(name: str, drawn: np.ndarray, judged: Interval) -> ExpectedScore | None:
    """Build an expected score from its draws (B,); None if some of them leave it undefined."""
    if np.isnan(drawn).any():
        return None
    value, error = float(drawn.mean()), standard_error(drawn)
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    both = np.hypot(error, judged.standard_error)
    worse = METRICS[name].sign * (value - judged.value)
    worse_p = float(ndtr(-worse / both)) if both > 0 else None
    return ExpectedScore(name, value, low, high, error, judged.value, worse_p)


def _error_of_one_row(outcome: Outcome, metric: str, rng: np.random.Generator) -> float:
    """Return √n SE: the standard error of a score of n random rows, scaled to n = 1."""
    resamples = Resamples.draw(len(outcome), count=RESAMPLES, rng=rng)
    drawn = resampled([outcome], resamples, [metric])[metric][0]
    return float(standard_error(drawn) * np.sqrt(len(outcome)))


def _answer(rows: DomainSample) -> np.ndarray:
    """Return the answer for each row (n,): a number, or the probability of the likeliest class."""
    probability = rows.prediction.probability
    if probability is None:
        return rows.prediction.value
    return probability[:, 1] if probability.shape[1] == 2 else probability.max(axis=1)


def _refuse_few(judged: int, new: int) -> None:
    if judged < FEWEST_JUDGED:
        raise TableError(
            "No score can be estimated for rows without labels: the model was judged on "
            "{rows:,} rows, but at least {fewest} are needed.",
            "Fit with more rows.",
            rows=judged,
            fewest=FEWEST_JUDGED,
        )
    if new < FEWEST_NEW:
        raise TableError(
            "No score can be estimated for {rows:,} rows without labels: at least {fewest} "
            "are needed.",
            "Give more rows.",
            rows=new,
            fewest=FEWEST_NEW,
        )


def rows_to_label(order: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Choose up to 20 of n rows whose labels would most reduce the error of the score.

    Parameters
    ----------
    order : ndarray of shape (n,)
        The answers, by which similar rows are neighbours.
    spread : ndarray of shape (n,)
        The standard deviation of a row's loss times its weight. Labelling rows in proportion to it
        estimates a mean loss best (J. Neyman, JRSS 97, 1934).

    Returns
    -------
    ndarray of shape (k,)
        Positions. The rows in that order are cut into 20 parts of equal total spread, and the row
        with the greatest spread is taken from each, so that the rows are not all alike.
    """
    if not spread.sum() > 0:
        return np.zeros(0, np.intp)
    ordered = np.argsort(order, kind="stable")
    passed = np.cumsum(spread[ordered])
    stretch = np.minimum((passed - spread[ordered] / 2) / passed[-1] * MOST_TOLD, MOST_TOLD - 1)
    best: dict[int, int] = {}
    for place, number in zip(ordered.tolist(), stretch.astype(int).tolist(), strict=True):
        if number not in best or spread[place] > spread[best[number]]:
            best[number] = place
    chosen = np.array([place for place in best.values() if spread[place] > 0], np.intp)
    return chosen[falling(spread[chosen])]


def labels_to_halve(standard_error: float, of_one_row: float, rows: int) -> int:
    """Return how many labels of randomly drawn rows halve a standard error.

    The error of a score of k of n rows, as an estimate of the score of all, is τ √(1/k − 1/n),
    where τ is the error of one row. So k = 1 / (SE² / 4τ² + 1/n), but at most n.
    """
    if not (standard_error > 0 and of_one_row > 0):
        return rows
    return int(min(np.ceil(1 / ((standard_error / of_one_row) ** 2 / 4 + 1 / rows)), rows))
