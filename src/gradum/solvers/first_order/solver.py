"""The protocol of first-order solvers, and what most of them have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

import jax
import optax

from gradum.core import Params, Problem
from gradum.solvers.data import Data
from gradum.solvers.schedules import Schedule

T = TypeVar("T", bound=type)


class FirstOrder(Protocol):
    """What the driver asks of a first-order solver."""

    @property
    def full_batch(self) -> bool:
        """Whether a step always sees every row."""
        ...

    @property
    def searches(self) -> bool:
        """Whether a line search finds each step's length; if it finds none, training has ended."""
        ...

    @property
    def learning_rate(self) -> Any:
        """Length of a step; None where the solver finds it, or the name of a rule."""
        ...

    @property
    def schedule(self) -> str | Schedule:
        """How the learning rate moves over the run; left to the driver."""
        ...

    def settled(self, problem: Problem, data: Data) -> FirstOrder:
        """Return the solver with every number known; called once, before the first step."""
        ...

    def starting(self, params: Params) -> Params:
        """Return where to begin, given the parameters that a network draws."""
        ...

    def transformation(self) -> optax.GradientTransformation:
        """Return the assembly that turns gradients into steps; its state begins at zeros."""
        ...

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the parameters to hand back, from the last ones and the optimiser's state."""
        ...


class Method:
    """A solver that needs no rows to be settled, and whose last parameters are its answer."""

    @property
    def full_batch(self) -> bool:
        """False: a step may see a few rows only."""
        return False

    @property
    def searches(self) -> bool:
        """False: the step's length is the learning rate's."""
        return False

    def settled(self, problem: Problem, data: Data) -> Any:
        """Return the solver itself."""
        return self

    def starting(self, params: Params) -> Params:
        """Return the parameters themselves."""
        return params

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the parameters themselves."""
        return params


class Searching(Method):
    """A method on all rows that finds the length of each step by a line search."""

    @property
    def full_batch(self) -> bool:
        """True."""
        return True

    @property
    def searches(self) -> bool:
        """True."""
        return True

    @property
    def learning_rate(self) -> None:
        """None."""
        return None

    @property
    def schedule(self) -> str:
        """Constant: the search alone decides."""
        return "constant"


class Composed:
    """A solver around another, which is as the other is in all but its transformation."""

    solver: FirstOrder

    @property
    def full_batch(self) -> bool:
        """The solver's."""
        return self.solver.full_batch

    @property
    def searches(self) -> bool:
        """The solver's."""
        return self.solver.searches

    @property
    def learning_rate(self) -> Any:
        """The solver's."""
        return self.solver.learning_rate

    @property
    def schedule(self) -> str | Schedule:
        """The solver's."""
        return self.solver.schedule

    def settled(self, problem: Problem, data: Data) -> Any:
        """Settle the solver."""
        return replace(self, solver=self.solver.settled(problem, data))  # type: ignore[type-var]

    def starting(self, params: Params) -> Params:
        """Return the solver's."""
        return self.solver.starting(params)


def pytree(*, values: tuple[str, ...], structure: tuple[str, ...] = ()) -> Callable[[T], T]:
    """Register a solver as a JAX pytree of its numbers; the schedule stays on the host."""
    return partial(
        jax.tree_util.register_dataclass,
        data_fields=list(values),
        meta_fields=list(structure),
        drop_fields=["schedule"],
    )
