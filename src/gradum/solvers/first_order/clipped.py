"""A bound on the gradient, around any solver with a learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import optax

from gradum.core import Params
from gradum.errors import SpecError
from gradum.messages import say
from gradum.solvers.first_order.solver import Composed, FirstOrder, pytree


@pytree(values=("solver", "norm"))
@dataclass(frozen=True)
class Clipped(Composed):
    """A solver that sees ∇ · min(1, c/‖∇‖), the norm taken over all parameters at once.

    One odd batch cannot throw the parameters far (Pascanu et al., ICML 2013).

    Parameters
    ----------
    solver : FirstOrder
        What turns the clipped gradient into a step.
    norm : float
        c, above 0.

    Raises
    ------
    SpecError
        The norm is not above 0, or the solver bounds its steps by itself, in a line search.
    """

    solver: FirstOrder
    norm: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.norm, int | float) and not self.norm > 0:
            raise SpecError(
                say("The norm to clip at is {norm}.", norm=self.norm), say("Give a number above 0.")
            )
        # Not always a solver: JAX rebuilds pytrees around whatever it likes.
        if getattr(self.solver, "searches", False):
            raise SpecError(
                say(
                    "Clipped({solver}) clips what a line search bounds already.", solver=self.solver
                ),
                say("Use the solver without Clipped."),
            )

    def transformation(self) -> optax.GradientTransformation:
        """Return the clipping, and the solver after it."""
        return optax.chain(optax.clip_by_global_norm(self.norm), self.solver.transformation())

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the solver's."""
        return self.solver.answer(params, optimizer[1])
