"""The same rows, predicted under two splits: a random one, and one by time or by group.

Both kinds of predictions come from the same models, whose trees hold out a part of the rows that
they learn from. If rows are independent given their columns, both have similar errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import stdtr

from gradum.core.losses import Loss
from gradum.margins import EQUAL
from gradum.run.alarms.quick_model import QuickColumns, answers
from gradum.run.dataset import Dataset
from gradum.run.judging.judge_rungs import Truth
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples, paired_difference
from gradum.scores.interval import Interval
from gradum.scores.outcome import Outcome

MOST_CLASSES = 12
FARTHEST = 5.0  # interquartile ranges from the median beyond which a target is clipped
LEAST_MEAN = 0.05  # of the target's mean: a positive mean is never predicted to be less
LEAST_PROBABILITY = 0.1  # of a class's share; a least-squares fit of indicators falls below 0
FOLDS, BUNDLES = 3, 32
FEWEST_BUNDLES = 6
RESAMPLES = 200
ROWS_A_BUNDLE = 8


@dataclass(frozen=True)
class QuickRows:
    """Some rows of a table in the form in which a quick model takes them."""

    columns: QuickColumns
    target: np.ndarray
    """Of shape (n, k). A number in standard units, or one indicator per common class."""
    truth: Truth
    """The table's targets, weights, classes and loss."""
    places: np.ndarray
    """Of shape (n,). The place of each row in the table."""
    centre: float = 0.0
    scale: float = 1.0
    """What a number in standard units is multiplied by, and what is then added to it."""
    common: tuple[int, ...] = ()
    """The codes of the common classes, which are predicted; empty for a number."""

    @classmethod
    def of(cls, dataset: Dataset, rows: np.ndarray) -> QuickRows:
        """Encode the rows at some places; the tails of a number are clipped."""
        columns = QuickColumns.of(dataset.frame[rows], dataset.schema)
        truth = dataset.target[rows]
        if not dataset.classes:
            low, middle, high = np.quantile(truth, (0.25, 0.5, 0.75))
            reach = FARTHEST * (high - low) or np.ptp(truth) or 1.0
            kept = np.clip(truth, middle - reach, middle + reach)
            centre, scale = float(kept.mean()), float(kept.std() or 1.0)
            scaled = (kept - centre) / scale
            return cls(columns, scaled[:, None], dataset.truth, rows, centre, scale)
        counts = np.bincount(truth, minlength=len(dataset.classes))
        common = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
        target = (truth[:, None] == common).astype(np.float64)
        return cls(columns, target, dataset.truth, rows, common=tuple(common.tolist()))

    def take(self, chosen: np.ndarray) -> QuickRows:
        """Return some of the rows, in the same units."""
        return replace(
            self,
            columns=self.columns.take(chosen),
            target=self.target[chosen],
            places=self.places[chosen],
        )

    @property
    def _moving(self) -> Loss | None:
        """The loss of numbers that was asked for, if a constant added to a mean can suit it."""
        loss = self.truth.loss
        return None if loss is None or self.common or loss.link != "identity" else loss

    def suited(self, said: np.ndarray, learned: np.ndarray) -> np.ndarray:
        """Move predicted means (n, k) by the constant that costs least in the rows learned from.

        For the loss of a quantile this is a quantile of their errors.
        """
        if self._moving is None:
            return said
        errors = (self.target - said)[learned, 0]
        return said + self._moving.constant(errors, self.truth.weight[self.places[learned]])

    def losses(self, said: np.ndarray) -> np.ndarray:
        """Return each row's loss (n,): what was asked for, else the squared error.

        For classes this is the Brier score; for a positive mean, the squared error as well.
        """
        if self._moving is not None:
            return self._moving.cost(said[:, 0], self.target[:, 0])
        return ((self.target - said) ** 2).sum(axis=1)

    def outcome(self, said: np.ndarray, judged: np.ndarray) -> Outcome:
        """Return predictions (n, k) of the judged rows as the run has them, next to the truth."""
        places, said = self.places[judged], said[judged]
        if not self.common:
            value = said[:, 0] * self.scale + self.centre
            if self.truth.loss is not None and self.truth.loss.link == "log":
                value = np.maximum(value, LEAST_MEAN * self.centre)
            return self.truth.outcome(places, Prediction(value, None))
        counts = np.bincount(self.truth.target[self.places], minlength=len(self.truth.classes))
        probability = np.tile(LEAST_PROBABILITY * (counts + 1) / counts.sum(), (len(places), 1))
        common = np.array(self.common)
        probability[:, common] = np.maximum(probability[:, common], said)
        probability /= probability.sum(axis=1, keepdims=True)
        return self.truth.outcome(places, Prediction.of_classes(probability))


@dataclass(frozen=True)
class _Answers:
    """The predictions for rows (n, k), and the loss of each row (n,), a mean over models."""

    said: np.ndarray
    loss: np.ndarray


@dataclass(frozen=True)
class BothSplits:
    """The predictions for the same rows under both splits."""

    rows: QuickRows
    scored: np.ndarray
    """Of shape (n,). Which of the rows are reported on."""
    at_random: _Answers
    divided: _Answers
    bundle: np.ndarray
    """Of shape (n,). The bundle of each row; rows of different bundles share no group, or no
    stretch of time."""

    @cached_property
    def ratio(self) -> tuple[float, float]:
        """The ratio of the losses, as a geometric mean over bundles, and its p-value against 1.

        The p-value is that of Student's t of the logarithms, on which a few large errors have
        little effect.
        """
        divided, at_random = (
            np.bincount(self.bundle, answers.loss) for answers in (self.divided, self.at_random)
        )
        whole = (divided > 0) & (at_random > 0)
        logs = np.log(divided[whole] / at_random[whole])
        if len(logs) < FEWEST_BUNDLES:
            return 1.0, 1.0
        error = max(logs.std(ddof=1) / np.sqrt(len(logs)), EQUAL)
        return float(np.exp(logs.mean())), float(stdtr(len(logs) - 1, -logs.mean() / error))

    @cached_property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """The predictions of the rows that are reported on, under either split."""
        return (
            self.rows.outcome(self.at_random.said, self.scored),
            self.rows.outcome(self.divided.said, self.scored),
        )

    def difference(self, metric: str, rng: np.random.Generator) -> Interval:
        """Return the metric by the other split less that at random, with its 95% interval.

        Both are of the same rows, whose bundles are drawn again together.
        """
        bundle = self.bundle[self.scored]
        resamples = Resamples.draw(len(bundle), groups=bundle, count=RESAMPLES, rng=rng)
        at_random, divided = self.outcomes
        return paired_difference(divided, at_random, metric, resamples)


def by_group(rows: QuickRows, name: str, code: np.ndarray, rng: np.random.Generator) -> BothSplits:
    """Predict whole groups by models that learned from two thirds of the groups.

    ``code`` (n,) numbers the groups from 0, by the column called ``name``.
    """
    count = int(code.max()) + 1
    fold = (rng.permutation(count) % FOLDS)[code]
    bundle = (rng.permutation(count) % min(BUNDLES, count))[code]
    learned = [fold != place for place in range(FOLDS)]
    asked = [fold == place for place in range(FOLDS)]
    return _answered(rows, name, learned, asked, bundle, rng, group=code)


def by_time(
    rows: QuickRows, name: str, time: np.ndarray, rng: np.random.Generator
) -> BothSplits | None:
    """Predict each quarter of the time by a model of the two quarters before, or after.

    The rows after the middle, which are later than the rows learned from, are reported on. None if
    a quarter has too few rows. ``time`` (n,) holds the values of the column called ``name``.
    """
    quarter = _stretches(time, 4)
    if np.bincount(quarter, minlength=4).min() < FEWEST_BUNDLES * ROWS_A_BUNDLE // 4:
        return None
    learned = [(quarter == first) | (quarter == first + 1) for first in range(3)]
    asked = [quarter == 2, (quarter == 0) | (quarter == 3), quarter == 1]
    bundle = _stretches(time, min(BUNDLES, len(time) // ROWS_A_BUNDLE))
    late = quarter >= 2
    return _answered(rows, name, learned, asked, bundle, rng, scored=late)


def _answered(
    rows: QuickRows,
    name: str,
    learned: Sequence[np.ndarray],
    asked: Sequence[np.ndarray],
    bundle: np.ndarray,
    rng: np.random.Generator,
    *,
    scored: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> BothSplits:
    """Predict rows by models that learned from other rows, and by models whose trees held them out.

    This is done with the column, with its trend alone, and without it; for either kind of
    prediction, the variant with the lowest loss counts. If several models predict a row, the mean
    of their losses counts: the mean of their predictions would be better than those of one model.
    """
    found: list[tuple[_Answers, _Answers]] = []
    for place, columns in enumerate(rows.columns.with_less_of(name)):
        said, losses = np.zeros((2, *rows.target.shape)), np.zeros((2, len(bundle)))
        times = np.zeros((2, len(bundle)))
        for known, new in zip(learned, asked, strict=True):
            answer = rows.suited(
                answers(columns, rows.target, known, rng, name, None if place else group), known
            )
            loss = rows.losses(answer)
            for kind, chosen in enumerate((known, new)):
                said[kind, chosen] = answer[chosen]
                losses[kind, chosen] += loss[chosen]
                times[kind, chosen] += 1
        losses /= times
        found.append((_Answers(said[0], losses[0]), _Answers(said[1], losses[1])))
    at_random, divided = (
        min(kind, key=lambda answered: answered.loss.sum()) for kind in zip(*found, strict=True)
    )
    scored = np.ones(len(bundle), bool) if scored is None else scored
    return BothSplits(rows, scored, at_random, divided, bundle)


def _stretches(time: np.ndarray, count: int) -> np.ndarray:
    """Return each row's stretch, numbered from 0 in time; rows of one moment share a stretch."""
    _, first = np.unique(time, return_inverse=True)
    before = np.cumsum(np.bincount(first)) - np.bincount(first)
    stretch = before * count // max(len(time), 1)
    _, number = np.unique(stretch, return_inverse=True)
    return number[first]
