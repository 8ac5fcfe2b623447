"""Populations whose truth is known, and fixed models of them: any number of rows can be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import root_scalar
from scipy.signal import lfilter
from scipy.special import expit

from gradum.core.losses import Loss, resolve
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.rungs.rung import Prediction
from gradum.scores.metrics import score
from gradum.scores.outcome import Task

SIGNAL = 1.5  # standard deviation of the true logits
TOGETHER = 1 / 3  # share of the variance of a signal or an error that a group has in common
GROUP = 10  # rows
FOUND = 0.4  # share of the 'yes' rows that the model finds
KNOWN_FROM = 1_000_000  # rows
LABELS = {
    "regression": (),
    "binary": ("no", "yes"),
    "multiclass": ("none", "mild", "moderate", "severe"),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """n rows: targets, the answers of each fixed model, and the groups."""

    target: np.ndarray
    said: dict[str, Prediction]
    groups: np.ndarray | None = None
    time: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Sample:
        """Keep the rows at some places."""
        said = {name: each.take(rows) for name, each in self.said.items()}
        cut = (None if each is None else each[rows] for each in (self.groups, self.time))
        return Sample(self.target[rows], said, *cut)


@dataclass(frozen=True)
class Population:
    """Where rows come from.

    Parameters
    ----------
    name : str
    task : str
    draw : callable
        Maps (rows, generator) to a `Sample` with the model "model" and, if others are examined too,
        "baseline", and "low" and "high", which have the same score in the population.
    metrics : tuple of str
        The metrics whose intervals are counted.
    loss : Loss, optional
        What the models learned by, if it has a metric of its own.
    """

    name: str
    task: Task
    draw: Callable[[int, np.random.Generator], Sample]
    metrics: tuple[str, ...]
    loss: Loss | None = None

    def of_all(self, sample: Sample) -> Truth:
        """Return the truth of a sample's rows, each of weight 1."""
        ones, labels = np.ones(len(sample.target)), LABELS[self.task]
        return Truth(self.task, sample.target, ones, labels, loss=self.loss)

    def truth(self) -> dict[str, dict[str, float]]:
        """Score each model on enough rows for the score to be the population's."""
        sample = self.draw(KNOWN_FROM, np.random.default_rng(0))
        outcomes = self.of_all(sample).outcomes(Seen(np.arange(KNOWN_FROM), sample.said))
        return {name: score(outcome) for name, outcome in outcomes.items()}


def classes(prevalence: float, *, together: float = 0.0) -> Population:
    """Make two classes by a logistic model, with a given share of 'yes'.

    Groups of ten rows share a part of the signal's variance.

    The judged model knows the logits, but its slope and level are somewhat off. The logits of "low"
    are 0.5 too low, and those of "high" so much too high that both have the same log loss.
    """
    level, raised = _levels(prevalence)

    def draw(rows: int, rng: np.random.Generator) -> Sample:
        signal, groups = _together(rows, together, rng)
        logit = level + SIGNAL * signal
        target = (rng.random(rows) < expit(logit)).astype(np.intp)
        logits = {
            "model": level + 0.8 * SIGNAL * signal + 0.1,
            "baseline": np.full(rows, np.log(prevalence / (1 - prevalence)) + 0.1),
            "low": logit - 0.5,
            "high": logit + raised,
        }
        said = {name: _classes(expit(each)) for name, each in logits.items()}
        return Sample(target, said, groups)

    metrics = ("log_loss", "accuracy", "brier", "auc", "macro_f1", "average_precision")
    name = f"{prevalence:.0%} positives"
    return Population(name, "binary", draw, metrics)


def flagged(prevalence: float, precision: float) -> Population:
    """Make two classes with a given share of 'yes', and a model of given precision.

    The model finds the share `FOUND` of the rows that are 'yes'.
    """
    right = prevalence * FOUND
    wrong = right * (1 - precision) / precision
    shares = (right, prevalence - right, wrong, 1 - prevalence - wrong)

    def draw(rows: int, rng: np.random.Generator) -> Sample:
        kind = rng.choice(4, rows, p=shares)  # true positive, missed, false positive, true negative
        target, called = (kind < 2).astype(np.intp), kind % 2 == 0
        sure = 0.5 + 0.4 * rng.random(rows)
        return Sample(target, {"model": _classes(np.where(called, sure, 1 - sure))})

    metrics = ("precision", "macro_precision", "recall", "f1", "macro_f1")
    name = f"{prevalence:.0%} positives, precision {precision:.2f}"
    return Population(name, "binary", draw, metrics)


def numbers(name: str, errors: Callable[[np.random.Generator, int], np.ndarray]) -> Population:
    """Make a number from a signal and errors.

    "low" and "high" are off by ∓ half the signal's standard deviation.
    """

    def draw(rows: int, rng: np.random.Generator) -> Sample:
        signal, error = rng.normal(size=rows), errors(rng, rows)
        guesses = {
            "model": signal,
            "baseline": np.zeros(rows),
            "low": signal - 0.5,
            "high": signal + 0.5,
        }
        said = {name: Prediction(each, None) for name, each in guesses.items()}
        return Sample(signal + error, said, np.arange(rows) // GROUP, np.arange(rows))

    return Population(name, "regression", draw, ("rmse", "mae", "r2"))


def means(
    name: str, loss: str, law: Callable[[np.random.Generator, np.ndarray], np.ndarray]
) -> Population:
    """Make counts or amounts by a law with a given mean, whose logarithm is a signal.

    The judged model knows the signal, but its slope is somewhat too small.
    """

    def draw(rows: int, rng: np.random.Generator) -> Sample:
        signal = 0.5 * rng.normal(size=rows)
        guesses = {"model": np.exp(0.8 * signal), "baseline": np.full(rows, np.exp(0.125))}
        said = {name: Prediction(each, None) for name, each in guesses.items()}
        return Sample(law(rng, np.exp(signal)), said, np.arange(rows) // GROUP, np.arange(rows))

    metrics = ("deviance", "deviance_explained", "rmse", "mae")
    return Population(name, "regression", draw, metrics, resolve(loss))


def ordered(name: str, thresholds: tuple[float, ...]) -> Population:
    """Make classes in an order: y > k with the log-odds of a signal less the k-th threshold.

    The judged model knows the thresholds and the signal, but its slope is somewhat too small.
    """
    loss = resolve("ordered")

    def shares(score: np.ndarray) -> np.ndarray:
        above = np.subtract.outer(score, thresholds)
        logits = np.cumsum(np.column_stack([np.zeros(len(score)), above]), axis=1)
        return loss.inverse_link(logits)

    def draw(rows: int, rng: np.random.Generator) -> Sample:
        signal = SIGNAL * rng.normal(size=rows)
        target = (rng.logistic(signal)[:, None] > np.array(thresholds)).sum(axis=1)
        said = {"model": shares(0.8 * signal), "baseline": shares(np.zeros(rows))}
        answers = {name: Prediction.of_classes(each) for name, each in said.items()}
        return Sample(target, answers, np.arange(rows) // GROUP, np.arange(rows))

    metrics = ("log_loss", "quadratic_kappa", "mean_rank_error", "accuracy")
    return Population(name, "multiclass", draw, metrics, loss)


def negative_binomial(rng: np.random.Generator, mean: np.ndarray) -> np.ndarray:
    """Draw counts whose variance is twice their mean."""
    return rng.negative_binomial(mean, 0.5).astype(np.float64)


def normal(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Draw independent normal errors."""
    return rng.normal(size=rows)


def student(freedom: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Draw errors of Student's distribution."""
    return lambda rng, rows: rng.standard_t(freedom, rows)


def lognormal(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Draw lognormal errors of mean 0."""
    return rng.lognormal(0.0, 1.0, rows) - np.exp(0.5)


def in_groups(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Draw normal errors; groups of ten share a third of their variance."""
    return _together(rows, TOGETHER, rng)[0]


def autoregressive(coefficient: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Draw autoregressive errors: εₜ = φ εₜ₋₁ + normal, of variance 1."""

    def draw(rng: np.random.Generator, rows: int) -> np.ndarray:
        begun = 500
        found = lfilter([1.0], [1.0, -coefficient], rng.normal(size=rows + begun))[begun:]
        return found * np.sqrt(1.0 - coefficient**2)

    return draw


def _together(rows: int, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw normal numbers that share a part within groups of ten rows, and the groups."""
    groups = np.arange(rows) // GROUP
    common = rng.normal(size=groups[-1] + 1)[groups]
    own = rng.normal(size=rows)
    return np.sqrt(share) * common + np.sqrt(1 - share) * own, groups


def _classes(probability: np.ndarray) -> Prediction:
    return Prediction.of_classes(np.column_stack([1 - probability, probability]))


@cache
def _levels(prevalence: float) -> tuple[float, float]:
    """Return the mean of the true logits, and how far "high" is above them."""
    signal = np.linspace(-8, 8, 8_001)
    density = np.exp(-(signal**2) / 2)
    density /= density.sum()

    def share(level: float) -> float:
        return float(density @ expit(level + SIGNAL * signal)) - prevalence

    level = float(root_scalar(share, bracket=(-20.0, 20.0)).root)
    logit = level + SIGNAL * signal
    chance = expit(logit)

    def loss(shift: float) -> float:
        moved = logit + shift
        cost = chance * np.logaddexp(0, -moved) + (1 - chance) * np.logaddexp(0, moved)
        return float(density @ cost)

    low = loss(-0.5)
    raised = root_scalar(lambda shift: loss(shift) - low, bracket=(0.01, 5.0)).root
    return level, float(raised)
