"""The checkpoints of a run: they return the work of an earlier run, and keep that of this one.

All else of a run (reading, schema, parts, encoder, judgement) is a function of the spec and the
rows, and is simply done again. A clock may decide when something is kept, never what is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from gradum.rungs.rung import Rung
from gradum.solvers.solution import ChunkDone, EpochDone, Event
from gradum.solvers.training_state import Snapshot


class Checkpoints(Protocol):
    """Keeps the rungs of a run's fits; ``place`` names a rung of a fit, such as ``fold-2-mlp``."""

    def rung(self, place: str) -> Rung | None:
        """Return the rung that was fitted earlier under this name."""
        ...

    def snapshot(self, place: str) -> Snapshot | None:
        """Return the snapshot of the training that was cut short under this name."""
        ...

    def sums(self, place: str, number: int) -> dict[str, np.ndarray] | None:
        """Return what a pass over a large table added up in the fit that was cut short."""
        ...

    def keep_rung(self, place: str, rung: Rung) -> None:
        """Keep a rung that is fitted to the end."""
        ...

    def keep_sums(self, place: str, number: int, sums: dict[str, np.ndarray]) -> None:
        """Keep what a pass added up, by its number from 1."""
        ...

    def offer(
        self, place: str, take: Callable[[], Snapshot], *, improved: bool, last: bool
    ) -> None:
        """Take and keep a snapshot of the training under way, or decline to.

        ``improved`` says whether an epoch since the last offer was the best so far, ``last``
        whether the training is about to be interrupted.
        """
        ...


class NoCheckpoints:
    """Knows of no earlier work, and keeps nothing."""

    def rung(self, place: str) -> None:
        """Return None."""

    def snapshot(self, place: str) -> None:
        """Return None."""

    def sums(self, place: str, number: int) -> None:
        """Return None."""

    def keep_rung(self, place: str, rung: Rung) -> None:
        """Do nothing."""

    def keep_sums(self, place: str, number: int, sums: dict[str, np.ndarray]) -> None:
        """Do nothing."""

    def offer(
        self, place: str, take: Callable[[], Snapshot], *, improved: bool, last: bool
    ) -> None:
        """Do nothing."""


NO_CHECKPOINTS = NoCheckpoints()


class Snapshots:
    """Offers a training's snapshots to the checkpoints, after every chunk.

    Parameters
    ----------
    place : str
        The training's name among them.
    stop : callable
        Whether the training is about to be stopped.
    """

    def __init__(self, checkpoints: Checkpoints, place: str, stop: Callable[[], bool]) -> None:
        self._checkpoints, self._place, self._stop = checkpoints, place, stop
        self._best, self._improved = math.inf, False

    def note(self, event: Event) -> None:
        """Take an event into account."""
        match event:
            case EpochDone(validation_loss=float(loss)) if loss < self._best:
                self._best, self._improved = loss, True
            case ChunkDone(snapshot=take) if take is not None:
                improved, self._improved = self._improved, False
                self._checkpoints.offer(self._place, take, improved=improved, last=self._stop())
            case _:
                pass
