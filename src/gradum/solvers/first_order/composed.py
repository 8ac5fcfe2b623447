"""Solvers around any other: one averages its parameters, the other bounds its gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core import Params
from gradum.errors import SpecError
from gradum.solvers.first_order.solver import Composed, FirstOrder, pytree


class AverageState(NamedTuple):
    """The weighted sum of past parameters, up to the last step but one."""

    steps: Any
    total: Any  # of the weights
    weighted: Params
    solver: Any


@pytree(values=("solver", "decay"))
@dataclass(frozen=True)
class Averaged(Composed):
    """A solver whose answer is θ̄_T = Σ δ^(T−t)·θ_t / Σ δ^(T−t), over its steps t = 1 … T.

    This is an exponential moving average of the parameters, corrected for the bias of their start
    (Polyak and Juditsky, 1992; Kingma & Ba, ICLR 2015, section 7.2). Like a falling learning rate,
    it smooths away the noise of small batches. The average is validated and returned; the steps
    continue from the parameters themselves.

    Parameters
    ----------
    solver : FirstOrder
        The solver that takes the steps.
    decay : float
        δ, in [0, 1); the average is over about 1/(1 − δ) steps.

    Raises
    ------
    SpecError
        The decay is out of range.
    """

    solver: FirstOrder
    decay: float = 0.999

    def __post_init__(self) -> None:
        if isinstance(self.decay, int | float) and not 0.0 <= self.decay < 1.0:
            raise SpecError(
                "The decay is {decay}.", "Give a number from 0 to below 1.", decay=self.decay
            )

    def transformation(self) -> optax.GradientTransformation:
        """Return the solver's steps, together with the average.

        A schedule may change a step's length afterwards, so an update knows the parameters before
        it, but not those after it. It records the former, and `answer` adds the last ones.
        """
        solver = optax.with_extra_args_support(self.solver.transformation())

        def init(params: Any) -> AverageState:
            total = jnp.zeros((), optax.tree.dtype(params))
            return AverageState(
                jnp.int32(0), total, optax.tree.zeros_like(params), solver.init(params)
            )

        def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
            step, inner = solver.update(updates, state.solver, params, **extra)
            new = jnp.where(state.steps > 0, 1.0 - self.decay, 0.0)  # the start does not count
            total = self.decay * state.total + new
            weighted = jax.tree.map(
                lambda old, now: self.decay * old + new * now, state.weighted, params
            )
            return step, AverageState(state.steps + 1, total, weighted, inner)

        return optax.GradientTransformationExtraArgs(init, update)

    def answer(self, params: Params, optimizer: AverageState) -> Params:
        """Return the average, in NumPy; before the first step, the parameters."""
        last = self.solver.answer(params, optimizer.solver)
        if not np.asarray(optimizer.steps):
            return last
        decay = float(self.decay)  # so that it does not widen float32
        total = decay * np.asarray(optimizer.total) + (1.0 - decay)
        return jax.tree.map(
            lambda old, now: (decay * np.asarray(old) + (1.0 - decay) * np.asarray(now)) / total,
            optimizer.weighted,
            last,
        )


@pytree(values=("solver", "norm"))
@dataclass(frozen=True)
class Clipped(Composed):
    """A solver that sees ∇ · min(1, c/‖∇‖), with the norm over all parameters together.

    A single unusual batch cannot move the parameters far (Pascanu et al., ICML 2013).

    Parameters
    ----------
    solver : FirstOrder
        The solver that turns the clipped gradient into a step.
    norm : float
        c, above 0.

    Raises
    ------
    SpecError
        The norm is not above 0, or the solver bounds its steps itself, by a line search.
    """

    solver: FirstOrder
    norm: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.norm, int | float) and not self.norm > 0:
            raise SpecError(
                "The norm to clip at is {norm}.", "Give a number above 0.", norm=self.norm
            )
        # Not always a solver: JAX rebuilds pytrees around arbitrary objects.
        if getattr(self.solver, "searches", False):
            raise SpecError(
                "Clipped({solver}) clips what a line search bounds already.",
                "Use the solver without Clipped.",
                solver=self.solver,
            )

    def transformation(self) -> optax.GradientTransformation:
        """Return the clipping, followed by the solver."""
        return optax.chain(optax.clip_by_global_norm(self.norm), self.solver.transformation())

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the solver's answer."""
        return self.solver.answer(params, optimizer[1])
