"""The objective, which every solver minimises, and one step of gradient descent on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradum.core.losses import Loss
from gradum.core.models import Inputs, Network, Params
from gradum.core.penalties import L2, Penalty
from gradum.errors import SpecError


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "dropout"],
    meta_fields=["network", "loss"],
)
@dataclass(frozen=True)
class Problem:
    """A learning problem: a model, what an error costs, and what large weights cost.

    It is a JAX pytree: the network and the loss are its structure, for which a program is compiled;
    the penalty's strength is a value, which may differ between the program's calls.

    Parameters
    ----------
    network : Network
    loss : Loss
    penalty : Penalty
    dropout : float, optional
        The probability p in [0, 1) that a hidden unit is left out of a step: its output is then 0,
        and those of the others are divided by 1 − p. N. Srivastava et al., Dropout: a simple way to
        prevent neural networks from overfitting, JMLR 15, 2014.

    Raises
    ------
    SpecError
        The dropout is not in [0, 1).
    """

    network: Network
    loss: Loss
    penalty: Penalty = field(default_factory=L2)
    dropout: float | None = None

    def __post_init__(self) -> None:
        # JAX also builds problems from its own values.
        if isinstance(self.dropout, int | float) and not 0 <= self.dropout < 1:
            raise SpecError(
                "dropout is {dropout}.", "Give a share from 0 to below 1.", dropout=self.dropout
            )

    def tied(self, params: Params) -> Params:
        """Return the nearest parameters, or steps of them, that the loss allows (`Loss.tied`)."""
        return tied(params, self.loss)

    def init(self, rng: np.random.Generator, dtype: Any, level: np.ndarray | None) -> Params:
        """Draw the initial parameters; the last layer's bias is ``level`` [k], if that is given."""
        params = self.tied(self.network.init(rng, dtype))
        if level is not None:
            params["layers"][-1]["bias"] = level.astype(dtype)
        return params


def tied(params: Any, loss: Loss) -> Params:
    """Return the nearest parameters of layers, or steps of them, that a loss allows."""
    if not loss.one_score:
        return params
    *inner, last = params["layers"]
    last = last | {"weight": loss.tied(last["weight"])}
    return params | {"layers": [*inner, last]}


def objective(
    params: Params,
    problem: Problem,
    inputs: Inputs,
    target: Any,
    weight: Any = None,
    total: Any = None,
    key: Any = None,
) -> Any:
    """Return the scalar Σ w·loss(logits, y) / Σ w + penalty.

    Parameters
    ----------
    params : dict
        The network's parameters; differentiate with respect to them with ``jax.grad``.
    problem : Problem
        Network, loss and penalty.
    inputs : dict
        ``{"dense": [n, d]}`` and perhaps ``"codes"`` [n, c].
    target : array of shape (n,)
        Numbers for regression, integer codes for classes.
    weight : array of shape (n,), optional
        Weight w of each row; 1 if not given.
    total : scalar, optional
        What the weighted sum is divided by; Σ w if not given. For a batch B of n rows,
        |B|·Σw/n makes the value an unbiased estimate of the whole.
    key : uint32 array of shape (2,), optional
        Which hidden units the problem's dropout leaves out; none without it.

    Raises
    ------
    ShapeError
        The shapes of predictions and target do not match; both are named.
    """
    weight = np.ones(len(target), np.float32) if weight is None else weight
    total = weight.sum() if total is None else total
    drop = None
    if key is not None and problem.dropout is not None:
        drop = partial(_dropped, share=problem.dropout, key=key)
    losses = problem.loss.value(problem.network.apply(params, inputs, drop), target)
    return (weight * losses).sum() / total + problem.penalty.value(params)


def _dropped(units: Any, level: int, *, share: Any, key: Any) -> Any:
    """Leave out a share of the units [n, h] of a hidden layer, and scale up the others."""
    kept = jax.random.bernoulli(jax.random.fold_in(key, level), 1.0 - share, units.shape)
    return jnp.where(kept, units / (1.0 - share), 0.0)


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
        As in `objective`.
    learning_rate : scalar
        α.

    Raises
    ------
    ShapeError
        The shapes of predictions and target do not match; both are named.
    """
    slopes = jax.grad(objective)(params, problem, inputs, target)
    return jax.tree.map(lambda value, slope: value - learning_rate * slope, params, slopes)
