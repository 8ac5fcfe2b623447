"""The optimum of a linear model, found by a solver for inference, and columns that prevent one.

If all rows with one value of a 0/1 column have the same class, the column separates them and has an
infinite coefficient: as it grows, the likelihood of those rows tends to 1, and that of the other
rows to its maximum without them. So the column is left out together with those rows, and the other
estimates are those of the limit. If only some of more than two classes are absent from the rows
with one value, these rows still show how often the other classes occur: then only the column is
left out.

Albert and Anderson, Biometrika 71 (1984).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.core.losses import Loss
from gradum.margins import EPSILON, TIMES
from gradum.solvers.byte_columns import Dense
from gradum.solvers.convex import descend
from gradum.solvers.driver import solve
from gradum.solvers.exact import LARGEST_ACCURATE, LeastSquares
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import Newton
from gradum.solvers.separation import separating_columns
from gradum.solvers.solution import Solution, Status
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.covariance import FactoredCovariance
from gradum.study.inference.family import FittedModel, Weights, likelihood_of

MOST_REFINED = 1e7  # n D² up to which an inverse in twice the precision takes only a moment
MOST_SEARCHED = 1e6  # entries times outputs up to which separating columns are sought

ROWS_AT_ONCE = 8192  # rows of the columns that are examined together


@dataclass(frozen=True, eq=False)
class Refined:
    """The parts of the classical errors of least squares, exact to the last digits."""

    squares: float
    """Σ w r²."""
    inverse: np.ndarray
    """Of shape (p, p). (Tᵀ W T)⁻¹ for the columns as given, with the intercept last."""

    def spread(self, dispersion: float) -> FactoredCovariance:
        """Return the classical covariance."""
        return FactoredCovariance(np.eye(len(self.inverse)), dispersion * self.inverse)


@dataclass(frozen=True, eq=False)
class Optimum:
    """The fit, its coefficients (p, k) with the intercept last, and how the solver ended.

    ``separating`` holds the columns that together separate a class, where they could be found;
    ``refined`` is set for least squares without a penalty that is not too large.
    """

    fitted: FittedModel
    estimate: np.ndarray
    status: Status
    separating: tuple[int, ...] = ()
    refined: Refined | None = None

    @property
    def against_first(self) -> np.ndarray:
        """The coefficients (p, 1), or their differences (p, K − 1) from the first of K classes."""
        several = self.estimate.shape[1] > 1
        return self.estimate[:, 1:] - self.estimate[:, :1] if several else self.estimate

    @property
    def slope(self) -> float:
        """The largest entry of the gradient by the coefficients of standardised columns.

        Its unit is the mean size of a row's gradient in the model that looks at no column.
        """
        fitted = self.fitted
        loss, standard, weight = fitted.loss, fitted.standard, fitted.weight
        scale = np.append(standard.scale, 1.0)[: len(self.estimate), None]
        scores = fitted.scores(clustered=True)
        gradient = sum(block.T @ scores[part] for part, block in standard.blocks())
        gradient += fitted.penalty[:, None] * scale * self.estimate
        null = fitted.null_logits
        size = (
            likelihood_of(loss).unit * (weight @ np.abs(loss.gradient(null, fitted.target))).max()
        )
        return float(np.abs(gradient).max(initial=0.0) / size) if size > 0 else 0.0


def fit(
    standard: Standard,
    target: np.ndarray,
    weight: np.ndarray,
    kind: Weights,
    loss: Loss,
    outputs: int,
    alpha: float,
    offset: np.ndarray,
) -> Optimum:
    """Minimise Σ w loss / Σ w + alpha ½ ‖b‖², on the columns that ``standard`` measured."""
    columns, intercept = standard.columns, standard.fit_intercept
    separating: tuple[int, ...] = ()
    refined = None
    if loss.quadratic:
        problem = LeastSquares(columns, target - offset, weight, fit_intercept=intercept)
        solution = problem.solve(alpha)
        refined = None if alpha else _refined(problem, solution)
    else:
        model = LinearModel.of(
            columns,
            target,
            loss,
            outputs=outputs,
            weight=weight,
            fit_intercept=intercept,
            offset=offset,
        )
        solution = solve(descend(model, Newton(), l2=alpha))
        small = columns.size * outputs <= MOST_SEARCHED
        if solution.status == Status.SEPARATED and loss.link == "logit" and small:
            separating = separating_columns(model) or ()
    layer = solution.params["layers"][0]
    logits = columns @ layer["weight"] + layer.get("bias", 0.0) + offset[:, None]
    estimate = layer["weight"]
    if intercept:
        estimate = np.vstack([estimate, layer["bias"]])
    fitted = FittedModel(standard, target, weight, kind, loss, logits, alpha, offset)
    return Optimum(fitted, estimate, solution.status, separating, refined)


def _refined(problem: LeastSquares, solution: Solution) -> Refined | None:
    rows, width = problem.columns.shape
    if rows * width > LARGEST_ACCURATE or rows * width**2 > MOST_REFINED:
        return None
    total = float(rows if problem.weight is None else problem.weight.sum())
    objective = solution.certificate.objective
    assert objective is not None
    try:
        return Refined(total * objective, problem.unscaled_covariance() / total)
    except np.linalg.LinAlgError:
        return None


@dataclass(frozen=True)
class Perfect:
    """Columns left out together with the rows, all of one class, in which they equal ``value``."""

    columns: tuple[int, ...]
    value: int
    class_: int
    rows: int


@dataclass(frozen=True, eq=False)
class Screened:
    """The rows and columns that remain without infinite coefficients."""

    rows: np.ndarray
    """Of shape (n,). Whether a row remains."""
    perfect: tuple[Perfect, ...]
    alone: tuple[int, ...]
    """Columns that are left out without their rows."""

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns left out."""
        return (
            tuple(column for predictor in self.perfect for column in predictor.columns) + self.alone
        )


def screen(columns: Dense, target: np.ndarray, classes: int, *, fit_intercept: bool) -> Screened:
    """Find 0/1 columns that predict a class, until none is left.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
    target : ndarray of shape (n,)
        Class codes.
    classes : int
        K.
    fit_intercept : bool
        Without an intercept, the value 0 predicts nothing.
    """
    are_flags = [_is_flag(part).all(axis=0) for part in _parts(columns)]
    binary = np.flatnonzero(np.all(are_flags, axis=0))
    flags = np.concatenate([np.rint(part[:, binary]).astype(np.int8) for part in _parts(columns)])
    indicators = (target[:, None] == np.arange(classes)).astype(np.float64)
    nothing = np.zeros((classes, len(binary)))
    left = np.ones(len(target), bool)
    perfect: list[Perfect] = []
    while True:  # every round removes a column
        counted = zip(_parts(indicators), _parts(flags), strict=True)
        ones = sum((part.T @ flag.astype(np.float64) for part, flag in counted), nothing)
        present = np.stack([indicators.sum(axis=0)[:, None] - ones > 0, ones > 0])  # (2, K, flags)
        occur = present.sum(axis=1)
        varies = (occur > 0).all(axis=0)
        eligible = np.array([[fit_intercept], [True]]) & varies
        pairs = np.argwhere((occur == 1) & eligible)
        if not len(pairs):
            alone = binary[(eligible & (occur < classes)).any(axis=0)]
            return Screened(left, tuple(perfect), tuple(alone.tolist()))
        class_ = present[pairs[:, 0], :, pairs[:, 1]].argmax(axis=1)
        for value, code in sorted(set(zip(pairs[:, 0].tolist(), class_.tolist(), strict=True))):
            chosen = pairs[(pairs[:, 0] == value) & (class_ == code), 1]
            rows = left & (flags[:, chosen] == value).any(axis=1)
            perfect.append(Perfect(tuple(binary[chosen].tolist()), value, code, int(rows.sum())))
            left &= ~rows
        indicators[~left] = 0.0


def thresholds(columns: Dense, target: np.ndarray, classes: int) -> list[tuple[int, int, int]]:
    """Return the columns in which a threshold separates a class from all others.

    Ties at the threshold are allowed, and values that differ only in their last digits are tied.
    Each result is a column, a class, and 1 if the class is above the threshold or −1 if below.
    """
    lows = np.full((classes, columns.shape[1]), np.inf)
    highs = -lows
    for part, codes in zip(_parts(columns), _parts(target), strict=True):
        for code in range(classes):
            of_class = np.asarray(part[codes == code])
            lows[code] = np.minimum(lows[code], of_class.min(axis=0, initial=np.inf))
            highs[code] = np.maximum(highs[code], of_class.max(axis=0, initial=-np.inf))
    last = TIMES * EPSILON * np.maximum(np.abs(lows), np.abs(highs)).max(axis=0)
    splits = []
    for code in range(classes) if classes > 2 else (1,):
        low, high = np.delete(lows, code, axis=0).min(axis=0), np.delete(highs, code, 0).max(axis=0)
        above = (lows[code] >= high - last) & (highs[code] > low + last)
        below = (highs[code] <= low + last) & (lows[code] < high - last)
        splits += [(int(column), code, 1) for column in np.flatnonzero(above)]
        splits += [(int(column), code, -1) for column in np.flatnonzero(below)]
    return splits


def _is_flag(values: np.ndarray) -> np.ndarray:
    """Return which values are 0 or 1 up to their last digits."""
    nearest = np.rint(values)
    near = np.abs(values - nearest) <= TIMES * EPSILON
    return near & ((nearest == 0) | (nearest == 1))


def _parts(rows: Any) -> list[Any]:
    """Return views of the rows, some at a time."""
    return [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]
