"""Stochastic gradient descent, with momentum or without."""

from __future__ import annotations

from dataclasses import dataclass

import optax

from gradum.solvers.first_order.solver import Method, pytree
from gradum.solvers.schedules import Schedule


@pytree(values=("learning_rate", "momentum"), structure=("nesterov",))
@dataclass(frozen=True)
class SGD(Method):
    """Stochastic gradient descent, v ← μ·v + ∇, θ ← θ − η·v.

    Parameters
    ----------
    learning_rate : float
        η.
    momentum : float
        μ, from 0 (plain) to below 1; steps grow up to η/(1 − μ).
    nesterov : bool
        Step along ∇ + μ·v instead, that is, look ahead (Nesterov, 1983; Sutskever et al., ICML
        2013).
    schedule : str or callable
        How η changes over the run.
    """

    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return the trace of past gradients, times −η."""
        return optax.chain(
            optax.trace(decay=self.momentum, nesterov=self.nesterov),
            optax.scale(-self.learning_rate),
        )
