"""Samples of two domains, judged rows and new rows, and the models that tell them apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Prediction

LEAST_PROBABILITY = 1e-6

Scores = Callable[[np.ndarray], np.ndarray]
"""From values (n, d) to a number for each row (n,)."""

Learner = Callable[[np.ndarray, np.ndarray, np.ndarray], Scores]
"""Learns from values (n, d), in which NaN is missing, from targets (n,) and from weights (n,)."""

MOST_COLUMNS = 200
"""The most encoded columns that can tell rows apart; if there are more, this many are drawn."""

FOLDS = 5

FLATTENING = 0.5
MOST_LOG_RATIO = 6.0


@dataclass(frozen=True)
class Learners:
    """Learners that use the columns of rows."""

    membership: Learner
    """For targets 0 and 1: the log-odds of 1."""
    mean: Learner
    """For any targets: their mean."""
    size: Learner
    """For targets of at least 0: their mean, which is above 0."""


@dataclass(frozen=True, eq=False)
class DomainSample:
    """A sample of n rows, with a model's predictions."""

    prediction: Prediction
    weight: np.ndarray
    """Of shape (n,). Above 0."""
    columns: np.ndarray | None = None
    """Of shape (n, d). The other columns of the rows, as numbers; None if only the answers are at
    hand."""

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def values(self) -> np.ndarray:
        """The answers and the columns side by side (n, c + d)."""
        answers = self.log_probability[:, 1:]
        if self.prediction.probability is None:
            answers = self.prediction.value[:, None]
        return answers if self.columns is None else np.column_stack([answers, self.columns])

    @property
    def log_probability(self) -> np.ndarray:
        """Ln p of each class (n, K), with p at least 1e-6; for numbers, an empty array (n, 0)."""
        probability = self.prediction.probability
        if probability is None:
            return np.zeros((len(self), 0))
        log_p = np.log(np.clip(probability, LEAST_PROBABILITY, None))
        # The log-odds of the second of two classes say as much as both logarithms.
        return log_p - log_p[:, :1] if log_p.shape[1] == 2 else log_p

    @property
    def without_columns(self) -> DomainSample:
        """The same rows with only their answers."""
        return DomainSample(self.prediction, self.weight)

    def take(self, rows: np.ndarray) -> DomainSample:
        """Return the rows at some positions."""
        columns = None if self.columns is None else self.columns[rows]
        return DomainSample(self.prediction.take(rows), self.weight[rows], columns)


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """Scores by fits on all folds but one."""

    out_of_fold: np.ndarray
    """Of shape (m,). For each row learned from, the score by the fit that left it out."""
    of_new: np.ndarray
    """Of shape (5, n). For other rows, the scores by each fit."""

    @classmethod
    def by(
        cls,
        learn: Learner,
        values: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray,
        new: np.ndarray,
        rng: np.random.Generator,
    ) -> CrossFitted:
        """Fit 5 times, each time without a fifth of the m rows (m, d), drawn by chance."""
        fold = rng.permutation(np.arange(len(values)) % FOLDS)
        out_of_fold, of_new = np.empty(len(values)), np.empty((FOLDS, len(new)))
        for left_out in range(FOLDS):
            others, held = fold != left_out, fold == left_out
            scores = learn(values[others], target[others], weight[others])
            out_of_fold[held] = scores(values[held])
            of_new[left_out] = scores(new) if len(new) else 0.0
        return cls(out_of_fold, of_new)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw scores of other rows (n,) around the mean of the fits.

        The variance is the jackknife's, (K − 1)/K Σ (f_k − f̄)², and rows vary together.
        """
        centre = self.of_new.mean(axis=0)
        factors = rng.normal(size=FOLDS) * np.sqrt((FOLDS - 1) / FOLDS)
        return centre + factors @ (self.of_new - centre)


def density_ratio_weights(
    judged: DomainSample, new: DomainSample, learn: Learner, rng: np.random.Generator
) -> np.ndarray:
    """Weight judged rows (m,) by their similarity to new rows; their sum is the effective number.

    A cross-fitted classifier that tells new rows from judged rows gives the ratio of their
    densities: r = e^s m/n at its log-odds s. A row counts w r^½, where w is its own weight. The
    root lies between no correction, which has the least variance, and r, which has the least bias
    (H. Shimodaira, Improving predictive inference under covariate shift by weighting the
    log-likelihood function, Journal of Statistical Planning and Inference 90, 2000); it did best on
    tables that no published figure rests on. The weights sum to (Σ w)² / Σ w², the number of equal
    weights with the same information.
    """
    values = np.concatenate([judged.values, new.values])
    is_new = np.repeat([0.0, 1.0], [len(judged), len(new)])
    weight = np.concatenate([judged.weight, new.weight])
    log_odds = CrossFitted.by(learn, values, is_new, weight, values[:0], rng)
    log_ratio = np.clip(log_odds.out_of_fold[: len(judged)], -MOST_LOG_RATIO, MOST_LOG_RATIO)
    return effective(judged.weight * np.exp(FLATTENING * log_ratio))


def effective(weight: np.ndarray) -> np.ndarray:
    """Scale weights to the sum (Σ w)² / Σ w²."""
    return weight * weight.sum() / (weight**2).sum()


def answered_rows(
    fitted: Fitted, frame: pl.DataFrame, prediction: Prediction, weight: np.ndarray | None = None
) -> DomainSample:
    """Join typed rows (n) with the answers for them; only the lengths of texts count.

    With several quantiles, the middle one is the prediction.
    """
    columns = fitted.encoder.transform(frame).full()
    if columns.shape[1] > MOST_COLUMNS:
        rng = stream(fitted.spec.seed, "study", "watch", "expected columns")
        columns = columns[:, np.sort(rng.choice(columns.shape[1], MOST_COLUMNS, replace=False))]
    if prediction.value.ndim == 2:
        prediction = Prediction(prediction.middle, None)
    return DomainSample(prediction, np.ones(len(frame)) if weight is None else weight, columns)
