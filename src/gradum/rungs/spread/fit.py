"""The fit of a spread to the residuals of rows that a rung has not learned from.

Each side's spread is the mean size of the residuals on that side, given the row. It is found by a
gamma regression with a logarithmic link (P. McCullagh and J. Nelder, Generalized Linear Models,
1989, chapter 8), whose loss |r| / s + log s assumes nothing of the residuals but this mean. Its
columns are hinges of the prediction or, if this describes held-out rows better, of the dense inputs
too. The L2 penalty is chosen on a path that begins where the spread is almost the same for all
rows.

Last, each side is multiplied by the factor that makes it a quantile: one residual in twenty lies
beyond it. So a side on which residuals reach far is wide, even if there are few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.core.losses import LOSSES
from gradum.core.penalties import L2
from gradum.margins import falls
from gradum.rungs.folding import Walk, walks_of
from gradum.rungs.penalty_path.path import choose_penalty
from gradum.rungs.spread.spread import Side, Spread, SpreadCurve
from gradum.solvers.convex import minimise
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import Newton

BEYOND = 0.05  # of the residuals, on each side
PIECES, PIECES_OF_PREDICTION = 4, 12  # of a curve, between quantiles of its feature
STRENGTHS = (1e3, 1e2, 1e1, 1e0)
FOLDS = 3
FEWEST = 40  # residuals on a side; with fewer, the spread is the same for all rows
ROWS_A_HINGE, MOST_HINGES = 8, 200  # inputs with more hinges are left out
LEAST_SIZE = 1e-3  # of the mean residual: one exact prediction does not prove that others are exact
LEAST_SHARE = 0.1  # of the wider side: the narrower side is at least this


@dataclass(frozen=True, eq=False)
class HeldOutResiduals:
    """What is known of n rows that a rung has not learned from."""

    features: np.ndarray
    """Of shape (n, 1 + d). The predictions, on the scale that the rung learns, and the dense
    inputs."""
    residual: np.ndarray
    """Of shape (n,). Target minus prediction on that scale."""
    weight: np.ndarray
    """Of shape (n,)."""
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    """Of shape (n,). What the folds keep together, or in order."""

    def take(self, rows: np.ndarray) -> HeldOutResiduals:
        """Return the given rows."""
        return HeldOutResiduals(
            self.features[rows],
            self.residual[rows],
            self.weight[rows],
            None if self.groups is None else self.groups[rows],
            None if self.time is None else self.time[rows],
        )

    def walks(self, rng: np.random.Generator) -> list[Walk]:
        """Hold out each of a few folds; empty if not even two can be made."""
        return walks_of(FOLDS, len(self.residual), groups=self.groups, time=self.time, rng=rng)


def constant_spread(residual: np.ndarray, weight: np.ndarray) -> Spread:
    """Return the spread that is the same for all rows, from residuals and weights (n,)."""
    one = Side.constant(1.0)
    features = np.zeros((len(residual), 1))
    return _of_quantiles(Spread(one, one), HeldOutResiduals(features, residual, weight))


def fit_spread(rows: HeldOutResiduals, rng: np.random.Generator) -> Spread:
    """Fit both sides; ``rng`` draws the folds that choose the penalties."""
    size = np.abs(rows.residual)
    least = LEAST_SIZE * size.mean()
    sides = (
        _fit_side(rows.take(place), size[place] + least, rng)
        for place in (np.flatnonzero(rows.residual < 0), np.flatnonzero(rows.residual > 0))
    )
    return _of_quantiles(Spread(*sides), rows)


def _fit_side(rows: HeldOutResiduals, size: np.ndarray, rng: np.random.Generator) -> Side:
    """Fit one side to its rows, given the sizes of their residuals (n,)."""
    walks = rows.walks(rng) if len(size) >= FEWEST else []
    side, least = Side.constant(1.0), np.inf
    if not walks:
        return side
    prediction = [bend for bend in [_Bend.of(rows.features, 0)] if bend.hinges]
    inputs = _inputs(rows.features, size, len(size) // ROWS_A_HINGE - PIECES_OF_PREDICTION)
    choices = [prediction, [*prediction, *inputs]] if inputs else [prediction]
    for bends in filter(None, choices):
        candidate, loss = _regress(rows, size, bends, walks)
        if falls(loss, least):
            side, least = candidate, loss
    return side


@dataclass(frozen=True, eq=False)
class _Bend:
    """A feature and the points at which its curve bends; a hinge begins at all but the last."""

    feature: int
    at: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, feature: int) -> _Bend:
        pieces = PIECES if feature else PIECES_OF_PREDICTION
        values = features[:, feature].astype(np.float64)
        return cls(feature, np.unique(np.quantile(values, np.linspace(0, 1, pieces + 1))))

    @property
    def hinges(self) -> int:
        return len(self.at) - 1

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return max(v − at, 0) for values (n,), which are constant beyond the last point."""
        return np.maximum(np.minimum(values, self.at[-1])[:, None] - self.at[:-1], 0.0)

    def curve(self, slopes: np.ndarray) -> SpreadCurve:
        rise = self.columns(self.at) @ slopes
        return SpreadCurve(self.feature, tuple(self.at.tolist()), tuple(rise.tolist()))


def _inputs(features: np.ndarray, size: np.ndarray, most: int) -> list[_Bend]:
    """Return the inputs that vary, with no more than ``most`` hinges in all.

    Inputs that are least correlated with the logarithm of the size are left out.
    """
    bends = [_Bend.of(features, feature) for feature in range(1, features.shape[1])]
    bends = [bend for bend in bends if bend.hinges]
    most = min(most, MOST_HINGES)
    if sum(bend.hinges for bend in bends) <= most:
        return bends
    values = features[:, [bend.feature for bend in bends]].astype(np.float64)
    values -= values.mean(axis=0)
    values /= np.maximum(np.linalg.norm(values, axis=0), np.finfo(float).tiny)
    logarithm = np.log(size)
    telling = np.abs((logarithm - logarithm.mean()) @ values)
    order = np.argsort(-telling, kind="stable")
    within = np.cumsum([bends[place].hinges for place in order]) <= most
    return [bends[place] for place in np.sort(order[within])]


def _regress(
    rows: HeldOutResiduals, size: np.ndarray, bends: Sequence[_Bend], walks: Sequence[Walk]
) -> tuple[Side, float]:
    """Return the side fitted with these bends, and its loss on held-out rows."""
    columns = np.column_stack([bend.columns(rows.features[:, bend.feature]) for bend in bends])
    loss = LOSSES["gamma"]
    model = LinearModel.of(columns, size, loss, weight=rows.weight)
    path = solve(choose_penalty(model, walks, STRENGTHS))
    fit = minimise(
        columns, size, loss, L2(path.best), solver=Newton(), weight=rows.weight, start=path.start
    )
    layer = solve(fit).params["layers"][0]
    slopes, level = layer["weight"][:, 0], float(layer["bias"][0])
    logarithm = level + columns @ slopes
    ends = np.cumsum([bend.hinges for bend in bends])[:-1]
    curves = tuple(
        bend.curve(part) for bend, part in zip(bends, np.split(slopes, ends), strict=True)
    )
    side = Side(level, float(logarithm.min()), float(logarithm.max()), curves)
    return side, min(path.losses)


def _of_quantiles(spread: Spread, rows: HeldOutResiduals) -> Spread:
    """Multiply each side by the factor that leaves a share `BEYOND` of all residuals beyond it."""
    sides = spread.below(rows.features), spread.above(rows.features)
    scaled = rows.residual / np.where(rows.residual < 0, *sides)
    low, high = np.quantile(
        scaled, [BEYOND, 1 - BEYOND], weights=rows.weight, method="inverted_cdf"
    ).tolist()
    below = max(-low, LEAST_SHARE * high)
    above = max(high, -LEAST_SHARE * low)
    if not (below > 0 and above > 0):  # hardly any residual differs from 0
        below = above = float(np.abs(scaled).mean()) or 1.0
    return Spread(spread.below.times(below), spread.above.times(above))
