"""First-order solvers: the named methods, each a frozen assembly of optax parts.

Every solver is a JAX pytree whose numbers are values and not structure, so that one compiled
program serves every learning rate. A solver's state starts at zeros, and
``transformation().update(gradient, state, params)`` turns a gradient into a step.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

from gradum.errors import SpecError
from gradum.messages import listed
from gradum.solvers.first_order.adam import Adam, AdamW
from gradum.solvers.first_order.composed import Averaged, Clipped
from gradum.solvers.first_order.gradient_descent import GradientDescent
from gradum.solvers.first_order.kept_signs import Monotone
from gradum.solvers.first_order.lbfgs import LBFGS
from gradum.solvers.first_order.muon import Muon
from gradum.solvers.first_order.sgd import SGD
from gradum.solvers.first_order.solver import Composed, FirstOrder

LONGEST = 1e30  # a step length that float32 can hold, with room for a schedule's factors
FIRST_ORDER: dict[str, FirstOrder] = {
    "gd": GradientDescent(),
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adam": Adam(),
    "adamw": AdamW(),
    "muon": Muon(),
    "lbfgs": LBFGS(),
}


def resolve(solver: str | FirstOrder, learning_rate: Any = None) -> FirstOrder:
    """Return the solver of that name, or the solver itself, with the learning rate if given.

    A solver within `Clipped` or `Averaged` gets the learning rate.

    Raises
    ------
    SpecError
        No first-order solver has that name, the learning rate is not positive, or the solver takes
        no learning rate.
    """
    if isinstance(solver, str):
        if solver not in FIRST_ORDER:
            raise SpecError(
                "There is no first-order solver {solver!r}.",
                "Choose one of {names}.",
                solver=solver,
                names=listed(list(FIRST_ORDER)),
            )
        solver = FIRST_ORDER[solver]
    if learning_rate is None:
        return solver
    if isinstance(solver, Composed):
        inner = resolve(solver.solver, learning_rate)
        return replace(solver, solver=inner)  # type: ignore[type-var]
    if solver.learning_rate is None:
        raise SpecError(
            "{name} finds the length of its steps and takes no learning_rate.",
            "Leave it out, or choose a solver that takes one, such as 'gd'.",
            name=type(solver).__name__,
        )
    by_rule = isinstance(learning_rate, str) and isinstance(solver, GradientDescent)
    number = isinstance(learning_rate, Real) and not isinstance(learning_rate, bool)
    if not by_rule and not (number and 0 < learning_rate <= LONGEST):  # type: ignore[operator]
        raise SpecError(
            "The learning_rate is {learning_rate}.",
            "Give a number above 0.",
            learning_rate=learning_rate,
        )
    return replace(solver, learning_rate=learning_rate)  # type: ignore[type-var]


__all__ = [
    "FIRST_ORDER",
    "LBFGS",
    "SGD",
    "Adam",
    "AdamW",
    "Averaged",
    "Clipped",
    "FirstOrder",
    "GradientDescent",
    "Monotone",
    "Muon",
    "resolve",
]
