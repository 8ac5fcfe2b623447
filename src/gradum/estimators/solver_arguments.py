"""Solvers, penalties and numbers as arguments of the estimators, and a solver's events."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Mapping
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state

from gradum.core import PENALTIES, Loss, Params, Penalty, Problem
from gradum.core.losses import resolve
from gradum.core.models.input_blocks import of_matrix
from gradum.errors import SpecError
from gradum.estimators.checked_rows import CheckedRows
from gradum.messages import listed, say, sentences
from gradum.rungs.number_ranges import LARGEST, MOST
from gradum.solvers import first_order
from gradum.solvers.convex import Convex, minimise
from gradum.solvers.driver import train
from gradum.solvers.solution import Solution, Status
from gradum.solvers.threads import turn
from gradum.solvers.training_state import Regime

Events = Generator[Any, None, Solution]
TROUBLE = (Status.DIVERGED, Status.SEPARATED, Status.STALLED)
WHOLE, NUMBER = (int, np.integer), (int, float, np.integer, np.floating)
PATIENCE = 10  # epochs without progress after which a stochastic solver of a linear model stops
FEW_EPOCHS = 100  # users who ask for fewer know that these are few
LAST_EPOCHS, FALL = 10, 0.01  # a loss that falls by this share in this many epochs has not settled


Solver = Convex | first_order.FirstOrder

Self = TypeVar("Self", bound="Estimator")


def resolve_solver(
    solver: Any, learning_rate: Any, convex: Mapping[str, Solver], why: str = ""
) -> Solver:
    """Return the solver that a name stands for, or the given solver itself.

    Parameters
    ----------
    solver : str or solver
        A key of ``convex``, the name of a first-order method, or an instance of either kind.
    learning_rate : float or None
        Replaces a first-order method's own learning rate.
    convex : mapping
        The model's solvers besides the first-order ones.
    why : str
        The known reason, if any, why the solver is none of them.

    Raises
    ------
    SpecError
        The solver is unknown, or was given a learning rate but takes none.
    """
    known: dict[str, Solver] = {**first_order.FIRST_ORDER, **convex}
    chosen = known.get(solver) if isinstance(solver, str) else solver
    if isinstance(chosen, Convex):
        fitting = type(chosen) in map(type, convex.values())
    else:
        fitting = hasattr(chosen, "transformation")
    if chosen is None or not fitting:
        raise SpecError(
            sentences((say("This model has no solver {solver!r}.", solver=solver), why)),
            say(
                "Choose one of {solvers}, or an instance such as gradum.Adam().",
                solvers=listed(list(known)),
            ),
        )
    if isinstance(chosen, Convex):
        if learning_rate is not None:
            raise SpecError(
                "learning_rate={learning_rate} has no meaning for the solver {solver!r}.",
                "Leave it out, or choose a first-order solver such as solver='gd'.",
                learning_rate=learning_rate,
                solver=solver,
            )
        return chosen
    if learning_rate is not None and not isinstance(learning_rate, (*NUMBER, str)):
        raise SpecError(
            "learning_rate is {learning_rate!r}.",
            "Give a number; a schedule is the solver's own: gradum.Adam(schedule='cosine').",
            learning_rate=learning_rate,
        )
    return first_order.resolve(chosen, learning_rate)


def resolve_penalty(penalty: Any, alpha: Any, l1_ratio: float = 0.5) -> Penalty:
    """Return the penalty that a name and its numbers stand for, or the given penalty itself.

    Raises
    ------
    SpecError
        No penalty has that name, or a number is out of range.
    """
    if penalty is None or isinstance(penalty, str):
        name = penalty or "none"
        if name not in PENALTIES:
            raise SpecError(
                "There is no penalty {penalty!r}.",
                "Choose one of {penalties}.",
                penalty=penalty,
                penalties=listed(list(PENALTIES)),
            )
        options = {} if name == "none" else {"alpha": alpha}
        if name == "elastic_net":
            options["l1_ratio"] = l1_ratio
        return resolve_penalty(PENALTIES[name](**options), alpha)
    if not hasattr(penalty, "strengths"):
        raise SpecError(
            "penalty is {penalty!r}.", "Give a name or one such as gradum.L1(0.1).", penalty=penalty
        )
    ranges = (("alpha", LARGEST), ("l1_ratio", 1.0))
    for name, most in ranges:
        value = getattr(penalty, name, 0.0)
        if not (isinstance(value, NUMBER) and 0 <= value <= most):
            raise SpecError(
                "{name} is {value!r}.",
                "Give a number from {least:g} to {most:g}.",
                name=name,
                value=value,
                least=0.0,
                most=most,
            )
    return penalty


def linear_events(
    problem: Problem,
    rows: CheckedRows,
    solver: Solver,
    regime: Regime,
    *,
    seed: int,
    start: Params | None,
) -> Events:
    """Solve for a linear model by any solver."""
    network = problem.network
    if isinstance(solver, Convex):
        return (
            yield from minimise(
                rows.matrix,
                rows.target,
                problem.loss,
                problem.penalty,
                solver=solver,
                outputs=network.outputs,
                weight=rows.weight,
                fit_intercept=network.intercept,
                start=start,
            )
        )
    return (
        yield from train(problem, rows.data, solver=solver, regime=regime, seed=seed, start=start)
    )


def linear_regime(estimator: Any, solver: Solver, rows: int, *, watched: bool) -> Regime:
    """Return how long a first-order solver works on a linear model.

    If every step sees every row, it works until the gradient vanishes; otherwise until the loss
    stops falling. With ``watched``, every epoch ends a chunk.
    """
    size, most = batch_rows(estimator.batch_size, rows), estimator.max_iter
    if size == rows or getattr(solver, "full_batch", False):
        return Regime(most, rows, gradient_tol=estimator.tol, each_epoch=watched)
    return Regime(most, size, PATIENCE, tol=estimator.tol, each_epoch=watched)


def batch_rows(batch_size: Any, rows: int) -> int:
    """Return the rows per step: min(200, n) for ``"auto"``, and never more than n.

    Raises
    ------
    SpecError
        It is neither ``"auto"`` nor a whole number above 0.
    """
    if isinstance(batch_size, str) and batch_size == "auto":
        return min(200, rows)
    if isinstance(batch_size, WHOLE) and not isinstance(batch_size, bool) and batch_size > 0:
        return min(int(batch_size), rows)
    raise SpecError(
        "batch_size is {batch_size!r}.",
        "Give 'auto' or a whole number from 1 up.",
        batch_size=batch_size,
    )


@turn()
def objective_value(problem: Problem, solution: Solution, rows: CheckedRows) -> float:
    """Return Σ w·loss / Σ w + penalty at the solution."""
    if solution.certificate.objective is not None:
        return solution.certificate.objective
    params = solution.params
    with np.errstate(over="ignore"):  # a diverged fit has an infinite objective
        logits = problem.network.forward(params, of_matrix(rows.matrix))
        losses = problem.loss.value(np.asarray(logits, np.float64), rows.target)
        return float(np.average(losses, weights=rows.weight) + problem.penalty.value(params))


def seed_of(random_state: Any) -> int:
    """Return the seed for scikit-learn's ``random_state``: a whole number is its own seed."""
    if isinstance(random_state, WHOLE) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def check_numbers(estimator: Any, least: Mapping[str, float]) -> None:
    """Refuse parameters that are not numbers of at least their least value.

    Parameters must be whole numbers if their least value is written as one.

    Raises
    ------
    SpecError
        The message names the parameter, its value and what it must be.
    """
    for name, bound in least.items():
        value, whole = getattr(estimator, name), isinstance(bound, int)
        kind, most = (WHOLE, MOST) if whole else (NUMBER, LARGEST)
        if not isinstance(value, kind) or isinstance(value, bool) or not bound <= value <= most:
            raise SpecError(
                say("{name} is {value!r}.", name=name, value=value),
                say("Give a whole number from {least:,} to {most:,}.", least=bound, most=most)
                if whole
                else say("Give a number from {least:g} to {most:g}.", least=bound, most=most),
            )


def still_falls(solution: Solution) -> bool:
    """Whether the training loss fell by over 1% in the last ten epochs of a hundred or more.

    It is true only if each epoch was one step on all rows: mini-batch losses fluctuate by as much.
    """
    if len(solution.history) < FEW_EPOCHS or solution.steps > solution.iterations:
        return False
    before, after = (solution.history[epoch].train_loss for epoch in (-1 - LAST_EPOCHS, -1))
    return before - after > FALL * abs(before)


def warn_of_trouble(solution: Solution, *, optimum_expected: bool) -> None:
    """Warn of what a caller who never looks at ``status_`` must know.

    Warns
    -----
    ConvergenceWarning
        The fit broke down, or an optimum was asked for and not reached.
    """
    unfinished = optimum_expected and solution.status is Status.STEP_LIMIT
    if unfinished or solution.status in TROUBLE:
        warnings.warn(solution.advice, ConvergenceWarning, stacklevel=5)


def number_loss(loss: Any) -> Loss:
    """Return the loss with this name, or the given loss itself.

    Raises
    ------
    SpecError
        It is a loss for classes.
    """
    resolved = resolve(loss)
    if resolved.link == "logit":
        raise SpecError(
            "{loss} is a loss of classes.", "Use a classifier for it.", loss=resolved.name
        )
    return resolved


class Estimator(CallbackSupportMixin, BaseEstimator):
    """A scikit-learn estimator that takes sparse columns and callbacks, and keeps its solution."""

    def _settle(
        self: Self,
        problem: Problem,
        rows: CheckedRows,
        solution: Solution,
        *,
        optimum_expected: bool,
    ) -> Self:
        """Keep what is known about the solution, and warn the caller if necessary."""
        warn_of_trouble(solution, optimum_expected=optimum_expected)
        self.status_, self.certificate_ = solution.status, solution.certificate
        self.n_iter_, self.history_ = max(solution.iterations, 1), solution.history
        self.loss_ = objective_value(problem, solution, rows)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags: Any = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
