"""One step of gradient descent, as a formula rather than as a solver."""

from __future__ import annotations

from typing import Any

import jax

from gradum.core.models import Inputs, Params
from gradum.core.objective import Problem, objective


def gradient_step(
    params: Params, problem: Problem, inputs: Inputs, target: Any, learning_rate: Any
) -> Params:
    """Return θ − α · ∂objective/∂θ of every parameter θ, from all rows at once.

    ``jax.jit(gradient_step)`` compiles it once for every learning rate.

    Parameters
    ----------
    params : dict
        The network's parameters θ.
    problem : Problem
        Network, loss and penalty.
    inputs, target
        As those of `objective`.
    learning_rate : scalar
        α.

    Raises
    ------
    ShapeError
        Predictions and target do not pair off; both shapes are named.
    """
    slopes = jax.grad(objective)(params, problem, inputs, target)
    return jax.tree.map(lambda value, slope: value - learning_rate * slope, params, slopes)
