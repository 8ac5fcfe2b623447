"""A path of penalties for a linear model, judged on rows that each fit has not seen."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradum.core.models.network import Params
from gradum.margins import first_least
from gradum.rungs.penalty_path.batched_folds import Fold, Folds, Price, folds_of
from gradum.rungs.penalty_path.dual_folds import DualFolds, are_dual
from gradum.rungs.penalty_path.normal_equations import NormalEquations, centred, gram, restored
from gradum.rungs.penalty_path.softmax_folds import SoftmaxFolds, are_turned
from gradum.rungs.training_events import PathStep
from gradum.solvers.convex import descend
from gradum.solvers.driver import solve
from gradum.solvers.interior_point import InteriorPoint
from gradum.solvers.linear_model import LinearModel, Strengths
from gradum.solvers.newton import Newton, may_be_formed
from gradum.solvers.one_score import OneScore
from gradum.solvers.proximal import Proximal
from gradum.solvers.solution import EpochDone
from gradum.solvers.threads import threads_for

RISES_BEFORE_STOP = 2
# Penalties are compared by their held-out loss, in which the last digits do not show.
COMPARED = 1e-4


@dataclass(frozen=True)
class Path:
    """The penalties tried and their mean held-out losses, strongest penalty first.

    A single penalty is not judged and has no loss. ``of_folds`` are the solutions of every fold
    under the best penalty. ``spreads`` are the standard errors of the means, over the folds; 0 for
    a single fold. ``cut`` says whether the walk was stopped before its end.
    """

    alphas: tuple[float, ...]
    losses: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()
    cut: bool = False
    of_folds: tuple[Params, ...] = ()

    @property
    def best(self) -> float:
        """The penalty with the lowest held-out loss; of equal ones, the stronger."""
        return self.alphas[int(first_least(np.array(self.losses or (0.0,))))]

    @property
    def start(self) -> Params | None:
        """The mean of the folds' solutions, which is closer to that on all rows than any of them.

        Each row is left out of one, and what this changes is nearly undone in the mean.
        """
        layers = [params["layers"][0] for params in self.of_folds]
        if not layers:
            return None
        return {"layers": [{key: np.mean([each[key] for each in layers], 0) for key in layers[0]}]}


def choose_penalty(
    model: LinearModel,
    folds: Sequence[Fold],
    strengths: Sequence[float],
    *,
    hear: Callable[[EpochDone], object] = lambda _: None,
    price: Callable[[float], Price] = lambda alpha: Price(l2=alpha),
    to_the_end: bool = False,
) -> Generator[PathStep, Any, Path]:
    """Walk the path from the strongest penalty down until the held-out loss has risen twice.

    ``alpha = strength / n`` with each fit's own n, so that a strength means the same prior belief
    in all fits. Each fold's solution is the starting point of its next one.

    Parameters
    ----------
    model : LinearModel
        All rows.
    folds : sequence of pairs
        Rows to learn from and rows to be judged on.
    strengths : sequence of float
        Falling.
    hear : callable
        Called with the events of fits that are made fold by fold; returns True to end them.
    price : callable
        The price of the columns for an alpha; an L2 penalty if not given.
    to_the_end : bool
        Whether to walk the whole path.
    """
    if len(strengths) == 1:  # nothing to choose
        return Path((strengths[0] / len(model),))
    with threads_for(*model.columns.shape):
        walk = _walk(model, folds, price(1.0)) or OneByOne(model, folds, hear)
    shares = np.array([model.weight[held].sum() for _, held in folds])
    alphas, losses, spreads, of_folds = [], [], [], ()
    for step, strength in enumerate(strengths, 1):
        prices = [price(strength / len(train)) for train, _ in folds]
        with threads_for(*model.columns.shape):
            held_out = np.array(walk.fit(prices))
        alphas.append(strength / len(model))
        losses.append(float(np.average(held_out, weights=shares)))
        spreads.append(_standard_error(held_out))
        asked_to_end = yield PathStep("linear", step, len(strengths), alphas[-1], losses[-1])
        rises = step - 1 - int(first_least(np.array(losses)))
        if not rises:
            of_folds = tuple(walk.params(fold) for fold in range(len(folds)))
        risen = rises >= RISES_BEFORE_STOP
        done = step == len(strengths) or (risen and not to_the_end)
        if asked_to_end or done:
            break
    cut = bool(asked_to_end) and not done
    return Path(tuple(alphas), tuple(losses), tuple(spreads), cut, of_folds)


def _walk(model: LinearModel, folds: Sequence[Fold], unit: Price) -> Folds | None:
    """Return what fits all folds together fastest; None if one by one is faster."""
    if are_dual(model, unit):
        return DualFolds(model, folds, unit)
    if are_turned(model, folds, unit):
        return SoftmaxFolds(model, folds, unit)
    selects = unit.selects or model.signs is not None
    return folds_of(model, folds, selects=selects)


@dataclass(frozen=True)
class PenaltyPath:
    """The coefficients of a model as its penalty falls."""

    alphas: np.ndarray
    """Of shape (m,). Strengths, falling."""
    weights: np.ndarray
    """Of shape (m, D, k). The coefficients under each alpha."""
    biases: np.ndarray
    """Of shape (m, k). The intercepts; 0 for models without one."""
    objectives: np.ndarray
    duality_gaps: np.ndarray
    """Of shape (m,). The objective, and a bound on how far it is above its minimum; NaN where there
    is no bound."""


def penalty_path(
    model: LinearModel, alphas: np.ndarray, price: Callable[[float], Price]
) -> PenaltyPath:
    """Fit a model under every alpha, each time from the solution for the alpha before.

    Squared error needs one pass over the rows for all alphas, other losses a few passes for each.
    """
    alphas, unit = np.sort(np.asarray(alphas, np.float64))[::-1], price(1.0)
    if model.loss.quadratic and may_be_formed(model):
        return _squared_path(model, alphas, unit)
    solutions, params = [], None
    for alpha in alphas.tolist():
        strength = Price(alpha * np.asarray(unit.l1), alpha * np.asarray(unit.l2))
        solver = _exact(model, strength)
        solutions.append(
            solve(descend(model, solver, l1=strength.l1, l2=strength.l2, start=params))
        )
        params = solutions[-1].params
    proofs = [solution.certificate for solution in solutions]
    return _gathered(
        alphas,
        [solution.params for solution in solutions],
        np.array([proof.objective for proof in proofs]),
        np.array([proof.duality_gap for proof in proofs], np.float64),
    )


def _squared_path(model: LinearModel, alphas: np.ndarray, unit: Price) -> PenaltyPath:
    about_0, level = centred(model)
    equations = NormalEquations(about_0, gram(about_0, slice(0, len(model))))
    first = model.strengths(unit.l1, unit.l2)
    values = np.zeros((len(alphas), model.columns.shape[1] + 1))
    for step, alpha in enumerate(alphas.tolist()):
        strengths = Strengths(alpha * first.l1, alpha * first.l2, first.signs)
        values[step] = equations.solve(strengths, values[max(step - 1, 0)])
    by_alpha = alphas[:, None]
    judged = equations.judge(values, by_alpha * first.l1[:, 0], by_alpha * first.l2[:, 0])
    return _gathered(alphas, [restored(about_0, weights, level) for weights in values], *judged)


def _gathered(
    alphas: np.ndarray, solutions: Sequence[Params], objectives: np.ndarray, gaps: np.ndarray
) -> PenaltyPath:
    layers = [params["layers"][0] for params in solutions]
    weights = np.stack([layer["weight"] for layer in layers])
    nothing = np.zeros(weights.shape[2])
    biases = np.stack([layer.get("bias", nothing) for layer in layers])
    return PenaltyPath(alphas, weights, biases, objectives, gaps)


class OneByOne(Folds):
    """Fits that share nothing: they are made fold after fold."""

    def __init__(
        self, model: LinearModel, folds: Sequence[Fold], hear: Callable[[EpochDone], object]
    ) -> None:
        self._pairs = [(model.take(train), model.take(held)) for train, held in folds]
        self._params: list[Params | None] = [None] * len(folds)
        self._hear = hear

    def fit(self, prices: Sequence[Price]) -> list[float]:
        """Fit each fold under its price, from where it stands; return the held-out mean losses."""
        losses = []
        for fold, ((train, held), price) in enumerate(zip(self._pairs, prices, strict=True)):
            solver, start = _compared(train, price), self._params[fold]
            steps = descend(train, solver, l1=price.l1, l2=price.l2, start=start)
            solution = solve(steps, self._hear)
            self._params[fold] = solution.params
            logits = held.logits(held.start(solution.params))
            losses.append(float(held.weight @ held.loss.value(logits, held.target)))
        return losses

    def params(self, fold: int) -> Params:
        """Return a fold's parameters."""
        params = self._params[fold]
        assert params is not None
        return params


def _exact(model: LinearModel, price: Price) -> Newton | Proximal | InteriorPoint | OneScore:
    """Return the solver for a penalty."""
    if model.loss.one_score:
        return OneScore()
    if not model.loss.smooth:
        return InteriorPoint()
    selects = price.selects or model.signs is not None
    formed = may_be_formed(model) and not model.is_softmax and model.loss.strictly_convex
    return Newton() if formed or not selects else Proximal()


def _compared(model: LinearModel, price: Price) -> Newton | Proximal | InteriorPoint | OneScore:
    """Return the solver, only as exact as a comparison needs."""
    solver = _exact(model, price)
    if isinstance(solver, InteriorPoint):
        return replace(solver, tol=COMPARED**2)
    return replace(solver, tol=COMPARED, bounds_gap=False)


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
