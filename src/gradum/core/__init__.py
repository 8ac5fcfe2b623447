"""The mathematics: models, losses, penalties, and the objective that they make up.

It can be driven by hand::

    problem = Problem(Network(inputs=1), SquaredError())
    params = problem.network.init(np.random.default_rng(0))
    slope = jax.grad(objective)(params, problem, {"dense": x}, y)
    params = jax.tree.map(lambda p, g: p - 0.1 * g, params, slope)
"""

from __future__ import annotations

from gradum.core.losses import LOSSES, LogLoss, Loss, SquaredError
from gradum.core.models import ACTIVATIONS, Activation, Embedding, Inputs, Network, Params
from gradum.core.objective import Problem, objective
from gradum.core.penalties import L2, PENALTIES, Penalty

__all__ = [
    "ACTIVATIONS",
    "L2",
    "LOSSES",
    "PENALTIES",
    "Activation",
    "Embedding",
    "Inputs",
    "LogLoss",
    "Loss",
    "Network",
    "Params",
    "Penalty",
    "Problem",
    "SquaredError",
    "objective",
]
