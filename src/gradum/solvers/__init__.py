"""Solvers: how an objective is minimised, and what is known about the answer.

First-order training can be driven by hand::

    events = train(problem, data, solver=Adam(), regime=Regime(max_epochs=20, batch_size=32))
    solution = solve(events)
"""

from __future__ import annotations

from gradum.solvers.driver import solve, train
from gradum.solvers.first_order import (
    FIRST_ORDER,
    LBFGS,
    SGD,
    Adam,
    AdamW,
    Averaged,
    Clipped,
    FirstOrder,
    GradientDescent,
    Monotone,
    Muon,
)
from gradum.solvers.rows_to_learn import Data, Validation
from gradum.solvers.schedules import OneCycle, StepDecay, WarmUp
from gradum.solvers.solution import (
    Certificate,
    ChunkDone,
    EpochDone,
    Event,
    Solution,
    Status,
    Stopped,
)
from gradum.solvers.training_state import Regime, Snapshot

__all__ = [
    "FIRST_ORDER",
    "LBFGS",
    "SGD",
    "Adam",
    "AdamW",
    "Averaged",
    "Certificate",
    "ChunkDone",
    "Clipped",
    "Data",
    "EpochDone",
    "Event",
    "FirstOrder",
    "GradientDescent",
    "Monotone",
    "Muon",
    "OneCycle",
    "Regime",
    "Snapshot",
    "Solution",
    "Status",
    "StepDecay",
    "Stopped",
    "Validation",
    "WarmUp",
    "solve",
    "train",
]
