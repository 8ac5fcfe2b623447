"""The events of a solver: immutable, and all that anybody outside sees of it.

Progress bars, ``--json`` lines, histories and callbacks are consumers of this stream; a
solver neither prints nor logs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from gradum.core import Params
from gradum.solvers.status import Status

if TYPE_CHECKING:
    from gradum.solvers.snapshot import Snapshot


@dataclass(frozen=True)
class ChunkDone:
    """Some steps of an epoch are done.

    Parameters
    ----------
    step : int
        Steps (updates of the parameters) taken so far in this fit.
    epoch : int
        The epoch under way, from 1.
    loss : float
        Mean objective over the chunk's steps.
    snapshot : callable or None
        Takes a `Snapshot` of the training as it stands, until the next event; no part of the
        value, and None where this chunk was the last for another reason than the step limit.
    """

    snapshot: ClassVar[Callable[[], Snapshot] | None] = None

    step: int
    epoch: int
    loss: float

    def at(self, snapshot: Callable[[], Snapshot]) -> ChunkDone:
        """Return the event with the snapshot at hand."""
        event = replace(self)
        object.__setattr__(event, "snapshot", snapshot)
        return event


@dataclass(frozen=True)
class EpochDone:
    """Every row has been seen once more; an entry of a solution's history.

    Parameters
    ----------
    epoch : int
        Epochs done, from 1; iterations, for solvers that have no epochs.
    step : int
        Steps taken so far.
    train_loss : float
        Mean objective over the epoch's steps, each measured before its update.
    validation_loss : float or None
        Loss of the validation rows after the epoch, or the monitor's value.
    seconds : float
        Since the fit began, compilation included.
    params : callable or None
        Brings the parameters at the end of the chunk to the host, until the next event; no
        part of the value, and None in a history.
    """

    params: ClassVar[Callable[[], Params] | None] = None

    epoch: int
    step: int
    train_loss: float
    validation_loss: float | None
    seconds: float

    def at(self, params: Callable[[], Params]) -> EpochDone:
        """Return the event with the parameters at hand."""
        event = replace(self)
        object.__setattr__(event, "params", params)
        return event


@dataclass(frozen=True)
class Stopped:
    """The solver has ended, with why and what to do about it."""

    status: Status
    advice: str
    epoch: int
    step: int


Event = ChunkDone | EpochDone | Stopped
