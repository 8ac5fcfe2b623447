"""Steps, around any solver, that keep the signs of weights that make a network monotone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core import Params, Problem
from gradum.core.models.activations import ACTIVATIONS
from gradum.core.models.monotonicity import of_layers, oriented, projected
from gradum.errors import SpecError
from gradum.solvers.first_order.solver import Composed, FirstOrder, pytree
from gradum.solvers.rows_to_learn import Data


@pytree(values=("solver",), structure=("inputs",))
@dataclass(frozen=True)
class Monotone(Composed):
    """A solver whose steps all end at the nearest weights that suit the directions.

    θ ← P(θ + Δ), for the solver's step Δ and the projection P of `directions`. If a schedule
    shortens a step, it ends between θ and P(θ + Δ), where the signs suit too.

    Parameters
    ----------
    solver : FirstOrder
        A solver without a line search.
    inputs : tuple of int
        The directions of the first inputs, 1, -1 or 0; all others have none.

    Raises
    ------
    SpecError
        The solver has a line search, which leaves the suitable weights; or, once the network is
        known, its activation falls in places.
    """

    solver: FirstOrder
    inputs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # Not always a solver: JAX rebuilds pytrees around arbitrary objects.
        if getattr(self.solver, "searches", False):
            raise SpecError(
                "{solver} searches along a line, which leaves the networks that are monotone.",
                "Choose another solver, such as adam.",
                solver=type(self.solver).__name__,
            )

    def settled(self, problem: Problem, data: Data) -> Any:
        """Settle the solver, for all inputs of a network with rising activations."""
        refuse_falling(problem.network.activation)
        free = problem.network.inputs - len(self.inputs)
        return replace(super().settled(problem, data), inputs=(*self.inputs, *[0] * free))

    def starting(self, params: Params) -> Params:
        """Return the solver's start, with suitable signs."""
        params = self.solver.starting(params)
        layers = [
            layer | {"weight": oriented(layer["weight"], before, after)}
            for layer, before, after in self._between(params["layers"])
        ]
        return params | {"layers": layers}

    def transformation(self) -> optax.GradientTransformation:
        """Return the solver, and the projection after it."""

        def project(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
            goal = jax.tree.map(lambda value, step: value + step, params, updates)
            layers = [
                step | {"weight": projected(layer["weight"], before, after, jnp) - old["weight"]}
                for (layer, before, after), step, old in zip(
                    self._between(goal["layers"]), updates["layers"], params["layers"], strict=True
                )
            ]
            return updates | {"layers": layers}, state

        projection = optax.GradientTransformation(optax.init_empty_state, project)
        return optax.chain(self.solver.transformation(), projection)

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the solver's answer."""
        return self.solver.answer(params, optimizer[0])

    def _between(self, layers: list[Any]) -> list[tuple[Any, np.ndarray, np.ndarray]]:
        """Return each layer with the directions of the numbers before and after it."""
        *hidden, outputs = [layer["weight"].shape[1] for layer in layers]
        first, *others = of_layers(np.array(self.inputs, np.float32), tuple(hidden), outputs)
        first = np.pad(first, (0, len(layers[0]["weight"]) - len(first)))
        sides = pairwise([first, *others])
        return [(layer, *side) for layer, side in zip(layers, sides, strict=True)]


def refuse_falling(activation: str) -> None:
    """Raise SpecError if an activation falls in places, so that signs tell nothing."""
    if not ACTIVATIONS[activation].rising:
        raise SpecError(
            "The activation {activation} falls in places, so no signs make its network monotone.",
            "Choose another, such as relu.",
            activation=activation,
        )
