"""The objective: what every solver brings down."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import numpy as np

from gradum.core.losses import Loss
from gradum.core.models import Inputs, Network, Params
from gradum.core.penalties import L2, Penalty


@partial(jax.tree_util.register_dataclass, data_fields=["penalty"], meta_fields=["network", "loss"])
@dataclass(frozen=True)
class Problem:
    """What is to be learned: a model, what an error costs, and what large weights cost.

    A JAX pytree: the network and the loss are its structure, which a compiled program is
    made for; the penalty's strength is a value, with which it may be called again.
    """

    network: Network
    loss: Loss
    penalty: Penalty = field(default_factory=L2)


def objective(
    params: Params,
    problem: Problem,
    inputs: Inputs,
    target: Any,
    weight: Any = None,
    total: Any = None,
) -> Any:
    """Return Σ w·loss(logits, y) / Σ w + penalty, a scalar.

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

    Raises
    ------
    ShapeError
        Predictions and target do not pair off; both shapes are named.
    """
    weight = np.ones(len(target), np.float32) if weight is None else weight
    total = weight.sum() if total is None else total
    losses = problem.loss.value(problem.network.apply(params, inputs), target)
    return (weight * losses).sum() / total + problem.penalty.value(params)
