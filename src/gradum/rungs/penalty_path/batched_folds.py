"""Fits on many folds at once: one program, with the folds as a batch axis.

Fold f learns from some rows and is judged on others. Every pass over the columns serves all folds:
their coefficients stand side by side in one matrix. So does every Hessian: rows that belong to the
same folds form a group, the Hessian of each group is summed up once, and the Hessian of a fold is
the sum over the groups that it learns from. K folds cost one Hessian and not K.

- ``SquaredFolds``: the Hessian of squared error does not change, and a fit and its judgement need
  nothing but Gram matrices with the target. No row is looked at twice.
- ``NewtonFolds``: any other smooth loss. The Hessian is taken at the folds' mean logits, which are
  close to the logits of each fold, and it serves until it no longer does. What a fold's own steps
  have shown of the curvature is added to it, as in L-BFGS.

Shapes: n rows, D columns, k outputs, K folds; values are [D + 1, k] for each fold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gradum.core.models import Params
from gradum.rungs.penalty_path.normal_equations import NormalEquations, centred, gram, restored
from gradum.solvers.certify import least_subgradient
from gradum.solvers.curvature import Curvature, Factored
from gradum.solvers.lbfgs_memory import REMEMBERED, Memory
from gradum.solvers.linear_model import LinearModel, Point, Strengths
from gradum.solvers.newton import is_direct, selecting_step

Fold = tuple[np.ndarray, np.ndarray]  # rows to learn from, rows to be judged on
Pair = tuple[np.ndarray, np.ndarray]  # a step, and the change along it

TOL = 1e-5  # of the mean slope: penalties are compared by losses, in which this does not show
MOST_STEPS = 30
SHRINKS, HALVES = 0.1, 0.5
COEFFICIENTS_A_STEP = 40  # with so many, a fold's Hessian costs as much as one more step of it
DIGITS = 20  # to the base 3, on top of as many rows as there may be
SHORTEST_STEP = 1e-4
LARGEST_OWN = 500  # up to so many coefficients, every fold has its own factor
ROWS_A_COEFFICIENT = 5  # with fewer rows, folds differ too much for one Hessian to serve them
LARGEST_SIDE = 2e8  # numbers in the logits of all folds together


@dataclass(frozen=True)
class Price:
    """A penalty: the strengths for the columns, each a number or [D]."""

    l1: Any = 0.0
    l2: Any = 0.0

    @property
    def selects(self) -> bool:
        """Whether it sets coefficients to 0."""
        return bool(np.any(self.l1))

    @property
    def is_ridge(self) -> bool:
        """Whether it is that of squares alone, and on every column."""
        return not self.selects and bool(np.all(np.asarray(self.l2) > 0))


class Folds(Protocol):
    """Fits on several folds that follow a path of penalties together."""

    def fit(self, prices: Sequence[Price]) -> list[float]:
        """Fit each fold under its price, from where it stands; return the held-out mean losses."""
        ...

    def params(self, fold: int) -> Params:
        """Return a fold's parameters."""
        ...


def folds_of(model: LinearModel, folds: Sequence[Fold], *, selects: bool) -> Folds | None:
    """Return the folds as one program; None if fitting them one by one is faster.

    ``selects`` says whether the prices will have an L1 term.
    """
    tied = model.loss.one_score
    if tied or not model.loss.smooth or not is_direct(model) or (model.is_softmax and selects):
        return None
    if model.loss.quadratic:
        return SquaredFolds(model, folds)
    few = len(model) < ROWS_A_COEFFICIENT * model.coefficients
    if few or len(model) * model.outputs * len(folds) > LARGEST_SIDE:
        return None
    return NewtonFolds(model, folds)


@dataclass(frozen=True)
class _Groups:
    """Rows in an order in which those that belong to the same folds are neighbours.

    ``weight`` and ``held`` [n, K] are each row's weights in the folds that learn from it and in the
    folds that are judged on it; each fold's weights sum to 1. ``learns`` and ``judges`` [groups, K]
    say which folds use which group, and ``totals`` [2, K] hold the total weights of their rows.
    """

    model: LinearModel
    parts: tuple[slice, ...]
    learns: np.ndarray
    judges: np.ndarray
    totals: np.ndarray
    weight: np.ndarray
    held: np.ndarray

    @classmethod
    def of(cls, model: LinearModel, folds: Sequence[Fold]) -> _Groups:
        role = np.zeros((len(model), len(folds)), np.int8)
        for fold, (train, held) in enumerate(folds):
            role[train, fold], role[held, fold] = 1, 2
        kinds, parts, order = _together(role)
        model, role = model.take(order), role[order]
        # Stored column by column, so that a fold's weights, logits and slopes are contiguous.
        weight = np.asfortranarray(model.weight[:, None] * (role == 1))
        held = np.asfortranarray(model.weight[:, None] * (role == 2))
        totals = np.stack([weight.sum(axis=0), held.sum(axis=0)])
        weight /= totals[0]
        held /= totals[1]
        return cls(model, parts, kinds == 1, kinds == 2, totals, weight, held)

    def learned(self, matrices: Sequence[np.ndarray], fold: int) -> np.ndarray:
        """Return the mean over the rows that a fold learns from, given each group's sum."""
        return _sum(matrices, self.learns[:, fold]) / self.totals[0, fold]

    def judged(self, matrices: Sequence[np.ndarray], fold: int) -> np.ndarray:
        """Return the mean over the rows that a fold is judged on, given each group's sum."""
        return _sum(matrices, self.judges[:, fold]) / self.totals[1, fold]


class SquaredFolds:
    """Least squares on every fold, from one Gram matrix per group."""

    def __init__(self, model: LinearModel, folds: Sequence[Fold]) -> None:
        self.model, self._level = centred(model)
        groups = _Groups.of(self.model, folds)
        grams = [gram(groups.model, part) for part in groups.parts]
        self._learned = [
            NormalEquations(self.model, groups.learned(grams, fold)) for fold in range(len(folds))
        ]
        self._judged = [groups.judged(grams, fold) for fold in range(len(folds))]
        self.values = np.zeros((len(folds), model.columns.shape[1] + 1))

    def fit(self, prices: Sequence[Price]) -> list[float]:
        """Solve every fold's normal equations; return the held-out mean squared errors."""
        losses = []
        for fold, price in enumerate(prices):
            strengths = self.model.strengths(price.l1, price.l2)
            self.values[fold] = self._learned[fold].solve(strengths, self.values[fold])
            error = np.append(self.values[fold], -1.0)
            losses.append(float(error @ self._judged[fold] @ error))
        return losses

    def params(self, fold: int) -> Params:
        """Return a fold's parameters."""
        return restored(self.model, self.values[fold], self._level)


class NewtonFolds:
    """Newton's method on every fold at once, for a smooth loss."""

    def __init__(self, model: LinearModel, folds: Sequence[Fold]) -> None:
        self._groups = _Groups.of(model, folds)
        self.model = self._groups.model
        shape = (model.columns.shape[1] + 1, len(folds), model.outputs)
        self.values = np.zeros(shape)
        self.values += self.model.start(None)[:, None, :]
        self._logits = self._products(self.values)
        self._slopes = self._data_slopes(self._logits)
        self._held_rows = [np.flatnonzero(held) for held in self._groups.held.T]
        self._hessians: list[np.ndarray] | None = None
        # Every fold's last steps, and how the derivative of the data term changed along them.
        self._learned: list[deque[Pair]] = [deque(maxlen=REMEMBERED) for _ in folds]
        self._shares_factor = model.coefficients > LARGEST_OWN
        self._patience = model.coefficients // (COEFFICIENTS_A_STEP * len(folds))
        self._age = 0

    def fit(self, prices: Sequence[Price]) -> list[float]:
        """Bring every fold to its optimum; return the held-out mean losses."""
        strengths = [self.model.strengths(price.l1, price.l2) for price in prices]
        before = np.full(len(prices), np.inf)
        factors: list[Factored] | None = None
        for _ in range(MOST_STEPS):
            gradients = self._gradients(strengths)
            size = np.array(
                [
                    _largest_slope(gradients[:, fold], self.values[:, fold], price)
                    for fold, price in enumerate(strengths)
                ]
            )
            moving = size > TOL * self.model.size
            if not moving.any():
                break
            self._age += bool((size > SHRINKS * before)[moving].any())
            before = size
            if self._hessians is None or self._age > self._patience:
                shared = self._shares_factor and not strengths[0].selects
                self._hessians, self._age, factors = self._group_hessians(shared=shared), 0, None
                for pairs in self._learned:
                    pairs.clear()
            if factors is None:
                factors = self._factors(strengths)
            steps = np.zeros_like(self.values)
            for fold in np.flatnonzero(moving).tolist():
                steps[:, fold] = self._step(
                    fold, factors[fold], gradients[:, fold], strengths[fold]
                )
            if not self._move(steps, gradients, size, strengths):
                if self._age == 0:
                    break
                self._age = self._patience + 1
        return [self._held_out(fold) for fold in range(len(prices))]

    def params(self, fold: int) -> Params:
        """Return a fold's parameters."""
        return self.model.params(self.values[:, fold])

    def _products(self, values: np.ndarray) -> np.ndarray:
        """Return the logits [n, K·k]."""
        return np.asfortranarray(self.model.logits(values.reshape(len(values), -1)))

    def _of(self, fold: int, every: np.ndarray | None = None) -> np.ndarray:
        """Return a fold's columns [n, k] of the logits, or of another array of their shape."""
        first = fold * self.model.outputs
        return (self._logits if every is None else every)[:, first : first + self.model.outputs]

    def _gradients(self, strengths: Sequence[Strengths]) -> np.ndarray:
        """Return the gradients of everything but the L1 terms, [D + 1, K, k]."""
        gradients = self._slopes.copy()
        for fold, price in enumerate(strengths):
            gradients[:, fold] += price.l2 * self.values[:, fold]
        return gradients

    def _data_slopes(self, logits: np.ndarray) -> np.ndarray:
        """Return the derivative of each fold's data term, [D + 1, K, k]."""
        model, weight = self.model, self._groups.weight
        slopes = np.empty_like(logits)
        for fold in range(self.values.shape[1]):
            slope = model.loss.gradient(self._of(fold, logits), model.target)
            np.multiply(weight[:, fold, None], slope, out=self._of(fold, slopes))
        gradients = np.zeros_like(self.values)
        gradients[:-1] = model.columns.transpose_product(slopes).reshape(gradients[:-1].shape)
        if model.fit_intercept:
            gradients[-1] = slopes.sum(axis=0).reshape(gradients[-1].shape)
        return gradients

    def _group_hessians(self, *, shared: bool) -> list[np.ndarray]:
        """Return each group's Hessian of the data term, at the folds' mean logits.

        ``shared`` asks for the Hessian of all rows instead: with many coefficients, K factors would
        cost more than the additional steps that one shared factor makes necessary.
        """
        model, unpriced = self.model, self.model.strengths(0.0, 0.0)
        folds = self.values.shape[1]
        mean = self._of(0).copy()
        for fold in range(1, folds):
            mean += self._of(fold)
        mean /= folds
        nothing = np.zeros_like(self.values[:, 0])
        nowhere = Point(nothing, mean, np.nan, nothing)  # only its logits matter
        whole = model.curvature(nowhere, unpriced)
        return [
            Curvature(
                columns=model.columns.take(part),
                penalty=np.zeros_like(whole.penalty),
                weight=model.weight[part],
                second=whole.second[part],
                probability=None if whole.probability is None else whole.probability[part],
                fit_intercept=True,
            ).matrix(np.float32)
            for part in ([slice(None)] if shared else self._groups.parts)
        ]

    def _factors(self, strengths: Sequence[Strengths]) -> list[Factored]:
        """Return each fold's factor, or the one factor that all folds share."""
        assert self._hessians is not None
        if len(self._hessians) < len(self._groups.parts):
            return [self._factored(self._hessians[0], strengths[0])] * len(strengths)
        return [
            self._factored(self._groups.learned(self._hessians, fold), price)
            for fold, price in enumerate(strengths)
        ]

    def _factored(self, data_term: np.ndarray, strengths: Strengths) -> Factored:
        model, outputs = self.model, self.model.outputs
        hessian = data_term.copy()
        diagonal = np.einsum("ii->i", hessian)
        diagonal += np.repeat(strengths.l2[:, 0], outputs)
        diagonal[:-outputs] += np.repeat(~model.columns.alive, outputs)
        if not model.fit_intercept:
            hessian[-outputs:] = hessian[:, -outputs:] = 0.0
            diagonal[-outputs:] = 1.0
        return Factored.of(hessian, outputs, softmax=model.is_softmax)

    def _step(
        self, fold: int, factored: Factored, gradient: np.ndarray, strengths: Strengths
    ) -> np.ndarray:
        if strengths.selects:
            return selecting_step(self.model, factored, self.values[:, fold], gradient, strengths)
        memory = Memory()
        for step, change in self._learned[fold]:
            memory.learn(step, change + strengths.l2 * step)
        step = memory.step(gradient, factored.step)
        return step - step.mean(axis=1, keepdims=True) if self.model.is_softmax else step

    def _move(
        self,
        steps: np.ndarray,
        gradients: np.ndarray,
        size: np.ndarray,
        strengths: Sequence[Strengths],
    ) -> bool:
        """Take each fold's step, or as much of it as helps; return whether any fold moved.

        A step that halves the slope is taken without computing the objective, which is convex.
        """
        directions, moved = self._products(steps), False
        values, logits = self.values + steps, self._logits + directions
        slopes = self._data_slopes(logits)
        shortened = False
        for fold, price in enumerate(strengths):
            if not steps[:, fold].any():
                continue
            there = values[:, fold]
            after = _largest_slope(slopes[:, fold] + price.l2 * there, there, price)
            if after <= HALVES * size[fold]:
                if self._patience:  # else a new Hessian will know the curvature better
                    change = slopes[:, fold] - self._slopes[:, fold]
                    self._learned[fold].append((steps[:, fold].copy(), change))
                self.values[:, fold], self._slopes[:, fold] = there, slopes[:, fold]
                self._of(fold)[:] = self._of(fold, logits)
                moved = True
            elif self._shorten(fold, steps[:, fold], directions, gradients[:, fold], price):
                moved = shortened = True
        if shortened:
            self._slopes = self._data_slopes(self._logits)
        return moved

    def _shorten(
        self,
        fold: int,
        step: np.ndarray,
        directions: np.ndarray,
        gradient: np.ndarray,
        strengths: Strengths,
    ) -> bool:
        """Halve a fold's step until its objective falls; return whether it ever did."""
        here, direction = self.values[:, fold].copy(), self._of(fold, directions)
        promise = float(np.sum(step * gradient))
        promise += float(np.sum(strengths.l1 * (np.abs(here + step) - np.abs(here))))
        before = self._loss(fold, self._of(fold)) + strengths.value(here)
        rounding, length = 8 * np.finfo(np.float64).eps * abs(before), 1.0
        while length > SHORTEST_STEP:
            values = here + length * step
            logits = self._of(fold) + length * direction
            after = self._loss(fold, logits) + strengths.value(values)
            if after <= before + 1e-4 * length * promise + rounding:
                self.values[:, fold], self._of(fold)[:] = values, logits
                return True
            length /= 2
        return False

    def _loss(self, fold: int, logits: np.ndarray) -> float:
        """Return the mean loss of the rows that a fold learns from."""
        losses = self.model.loss.value(logits, self.model.target)
        return float(self._groups.weight[:, fold] @ losses)

    def _held_out(self, fold: int) -> float:
        rows = self._held_rows[fold]
        losses = self.model.loss.value(self._of(fold)[rows], self.model.target[rows])
        return float(self._groups.held[rows, fold] @ losses)


def _together(role: np.ndarray) -> tuple[np.ndarray, tuple[slice, ...], np.ndarray]:
    """Return the distinct rows of roles [n, K], the place of each group, and the rows' order."""
    _, first, kind = np.unique(_as_numbers(role), return_index=True, return_inverse=True)
    ends = np.cumsum(np.bincount(kind))
    parts = tuple(slice(a, b) for a, b in zip(np.append(0, ends[:-1]), ends, strict=True))
    return role[first], parts, np.argsort(kind, kind="stable")


def _as_numbers(role: np.ndarray) -> np.ndarray:
    """Return a number [n] for each row of roles 0, 1 and 2, different for different rows."""
    number = np.zeros(len(role), np.int64)
    for fold in range(role.shape[1]):
        if fold % DIGITS == DIGITS - 1:  # numbered anew, because 64 bits are full
            number = np.unique(number, return_inverse=True)[1]
        number = 3 * number + role[:, fold]
    return number


def _largest_slope(gradient: np.ndarray, values: np.ndarray, strengths: Strengths) -> float:
    """Return the largest entry of the smallest subgradient."""
    l1, signs = strengths.l1[:, 0], strengths.signs[:, 0]
    slope = least_subgradient(gradient, values, l1, np.zeros_like(l1), signs)
    return float(np.abs(slope).max())


def _sum(matrices: Sequence[np.ndarray], used: np.ndarray) -> np.ndarray:
    chosen = [matrix for matrix, wanted in zip(matrices, used, strict=True) if wanted]
    return sum(chosen[1:], start=chosen[0])
