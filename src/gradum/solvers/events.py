"""What a solver tells while it works: immutable events, all that anybody outside sees.

Progress bars, ``--json`` lines, histories and callbacks are consumers of this stream; a
solver neither prints nor logs.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradum.solvers.solution import Status


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
    """

    step: int
    epoch: int
    loss: float


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
    """

    epoch: int
    step: int
    train_loss: float
    validation_loss: float | None
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """The solver has ended, with why and what to do about it."""

    status: Status
    advice: str
    epoch: int
    step: int


Event = ChunkDone | EpochDone | Stopped
