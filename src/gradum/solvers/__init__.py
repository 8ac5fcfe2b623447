"""Solvers: how an objective is brought down, and what is known of the answer.

First-order training can be driven by hand::

    events = train(problem, data, solver=Adam(), regime=Regime(max_epochs=20, batch_size=32))
    solution = solve(events)
"""

from __future__ import annotations

from gradum.solvers.data import Data, Validation
from gradum.solvers.driver import solve, train
from gradum.solvers.events import ChunkDone, EpochDone, Event, Stopped
from gradum.solvers.first_order import FIRST_ORDER, SGD, Adam, AdamW, FirstOrder, GradientDescent
from gradum.solvers.solution import Certificate, Solution
from gradum.solvers.status import Status
from gradum.solvers.stopping import Regime

__all__ = [
    "FIRST_ORDER",
    "SGD",
    "Adam",
    "AdamW",
    "Certificate",
    "ChunkDone",
    "Data",
    "EpochDone",
    "Event",
    "FirstOrder",
    "GradientDescent",
    "Regime",
    "Solution",
    "Status",
    "Stopped",
    "Validation",
    "solve",
    "train",
]
