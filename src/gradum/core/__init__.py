"""The mathematics: models, losses, penalties, and the objective that they make up.

It can be driven by hand::

    problem = Problem(Network(inputs=1), SquaredError())
    params = problem.network.init(np.random.default_rng(0))
    params = gradient_step(params, problem, {"dense": x}, y, learning_rate=0.1)
"""

from __future__ import annotations

from gradum.core.losses import (
    LOSSES,
    AbsoluteError,
    Gamma,
    Huber,
    LogLoss,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
    Tweedie,
)
from gradum.core.models import ACTIVATIONS, Activation, Embedding, Inputs, Network, Params
from gradum.core.objective import Problem, gradient_step, objective
from gradum.core.penalties import L1, L2, PENALTIES, ElasticNet, Penalty, Unpenalised

__all__ = [
    "ACTIVATIONS",
    "L1",
    "L2",
    "LOSSES",
    "PENALTIES",
    "AbsoluteError",
    "Activation",
    "ElasticNet",
    "Embedding",
    "Gamma",
    "Huber",
    "Inputs",
    "LogLoss",
    "Loss",
    "Network",
    "Params",
    "Penalty",
    "Poisson",
    "Problem",
    "Quantile",
    "SquaredError",
    "Tweedie",
    "Unpenalised",
    "gradient_step",
    "objective",
]
