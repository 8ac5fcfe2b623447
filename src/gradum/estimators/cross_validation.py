"""``alpha="cv"``: the strength of a penalty, chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from gradum.core import Loss, Penalty, Unpenalised
from gradum.errors import SpecError
from gradum.estimators.checked_rows import CheckedRows
from gradum.margins import EQUAL, first_least
from gradum.messages import say
from gradum.rungs.penalty_path.batched_folds import Price
from gradum.rungs.penalty_path.path import Path, choose_penalty
from gradum.solvers.linear_model import LinearModel

RANGE_L1 = 1e-3  # least strength, as a share of the least penalty that leaves all columns out
STRONGEST_L2, RANGE_L2 = 1e2, 1e-8  # relative to the loss's curvature


@dataclass(frozen=True)
class CrossValidated:
    """How to choose ``alpha``.

    Every fold is fitted along one path of penalties; the penalty with the least mean loss on
    held-out rows is chosen, and the model is fitted with it on all rows. A fold of m of the n rows
    is fitted with alpha · n/m, so that it weighs the penalty against as much evidence as the final
    fit.

    Parameters
    ----------
    folds : int
        Parts of the rows, each held out once; stratified by class for a classifier.
    alphas : int or sequence of float
        The strengths to try, or how many. With an L1 term, they go from the least that leaves every
        column out down to 1/1000 of it; without one, over ten decades of the loss's curvature.
    one_standard_error : bool
        Whether to choose the strongest penalty within one standard error of the best instead.

    Raises
    ------
    SpecError
        A number is out of range.
    """

    folds: int = 5
    alphas: int | Sequence[float] = 50
    one_standard_error: bool = False

    def __post_init__(self) -> None:
        if not (isinstance(self.folds, Integral) and self.folds >= 2):
            raise SpecError(
                "folds is {folds!r}.", "Give a whole number from 2 up.", folds=self.folds
            )
        if not self._has_alphas:
            raise SpecError(
                "alphas is {alphas!r}.",
                "Give how many, from 2 up, or numbers above 0.",
                alphas=self.alphas,
            )

    @property
    def _has_alphas(self) -> bool:
        if isinstance(self.alphas, Integral):
            return int(self.alphas) >= 2
        numbers = np.ravel(np.asarray(self.alphas, dtype=object))
        return len(numbers) > 0 and all(
            isinstance(a, Real) and 0 < float(a) < np.inf for a in numbers
        )

    def choose(
        self,
        rows: CheckedRows,
        loss: Loss,
        penalty: Penalty,
        *,
        outputs: int,
        fit_intercept: bool,
        seed: int,
    ) -> Generator[Any, None, tuple[Penalty, Path]]:
        """Return the penalty with the chosen alpha, and the path.

        Raises
        ------
        SpecError
            There are fewer rows, or fewer rows of a class, than folds; or there is no penalty.
        """
        model = LinearModel.of(
            rows.matrix,
            rows.target,
            loss,
            outputs=outputs,
            weight=rows.weight,
            fit_intercept=fit_intercept,
        )
        alphas, price = self.strengths(model, penalty), pricing(model, penalty)
        folds = self._split(rows, classes=loss.link == "logit", seed=seed)
        path = yield from choose_penalty(
            model, folds, (alphas * len(rows)).tolist(), price=price, to_the_end=True
        )
        return with_alpha(penalty, self._chosen(path)), path

    def strengths(self, model: LinearModel, penalty: Penalty) -> np.ndarray:
        """Return the strengths to try, in descending order.

        Raises
        ------
        SpecError
            There is no penalty whose strength could be chosen.
        """
        if isinstance(penalty, Unpenalised):
            raise SpecError("There is no penalty whose alpha could vary.", "Use penalty='l2'.")
        if isinstance(self.alphas, Integral):
            return _grid(model, with_alpha(penalty, 1.0), int(self.alphas))
        return np.sort(np.ravel(np.asarray(self.alphas, np.float64)))[::-1]

    def _split(self, rows: CheckedRows, *, classes: bool, seed: int) -> list[tuple[Any, Any]]:
        fewest = np.bincount(rows.target).min() if classes else len(rows)
        if fewest < self.folds:
            raise SpecError(
                _few(fewest, self.folds, classes=bool(classes)),
                say(
                    "Give a number as alpha, or fewer folds: alpha=gradum.CrossValidated(folds=2)."
                ),
            )
        splitter = StratifiedKFold if classes else KFold
        split = splitter(int(self.folds), shuffle=True, random_state=seed % 2**32)
        return list(split.split(rows.matrix, rows.target))

    def _chosen(self, path: Path) -> float:
        if not self.one_standard_error:
            return path.best
        best = int(first_least(np.array(path.losses)))
        most = path.losses[best] + path.spreads[best] + EQUAL * abs(path.losses[best])
        return next(a for a, loss in zip(path.alphas, path.losses, strict=True) if loss <= most)


def pricing(model: LinearModel, penalty: Penalty) -> Callable[[float], Price]:
    """Return the price that an alpha puts on the columns."""

    def price(alpha: float) -> Price:
        l1, l2 = with_alpha(penalty, alpha).strengths(model.columns.shape[1])
        return Price(l1, l2)

    return price


def with_alpha(penalty: Penalty, alpha: float) -> Penalty:
    """Return the penalty with another strength."""
    return replace(penalty, alpha=alpha)  # type: ignore[type-var]


def _grid(model: LinearModel, unit: Penalty, count: int) -> np.ndarray:
    """Return strengths that decrease evenly on a logarithmic scale."""
    l1, _ = unit.strengths(model.columns.shape[1])
    nothing = model.strengths(0.0, 0.0)
    constant = model.point(model.start(None), nothing)
    if l1.any():
        slope = np.abs(constant.gradient[:-1]).max(axis=1) * model.columns.scale
        most = float((slope[l1 > 0] / l1[l1 > 0]).max())
        return most * np.logspace(0, np.log10(RANGE_L1), count)
    alive = model.columns.alive
    mean = float((model.weight @ model.curvature(constant, nothing).second).max())
    if not model.loss.strictly_convex:
        # It may bend only at its kinks: a slope over the target's spread stands for its curvature.
        away = float(model.weight @ np.abs(model.target - np.median(model.target)))
        mean = model.size / max(away, np.finfo(np.float64).tiny)
    size = mean * float(np.median(model.columns.scale[alive] ** 2)) if alive.any() else 1.0
    return size * STRONGEST_L2 * np.logspace(0, np.log10(RANGE_L2 / STRONGEST_L2), count)


def _few(fewest: int, folds: int, *, classes: bool) -> str:
    if classes:
        return say(
            "There are {rows} rows of the rarest class, fewer than the {folds} folds.",
            rows=fewest,
            folds=folds,
        )
    return say("There are {rows} rows, fewer than the {folds} folds.", rows=fewest, folds=folds)
