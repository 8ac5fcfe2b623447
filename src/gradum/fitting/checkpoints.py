"""What a run asks of its checkpoints: what was done before, and to keep what is done now.

All else of a run (reading, schema, parts, encoder, judgement) is a function of the spec and the
rows, and is simply done again. A clock may decide when something is kept, never what is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any, Protocol

from gradum.fitting.rung import Rung
from gradum.solvers.events import ChunkDone, EpochDone, Event
from gradum.solvers.snapshot import Snapshot
from gradum.solvers.solution import Solution


class Checkpoints(Protocol):
    """Keeps the rungs of a run's fits; ``place`` names a rung of a fit, such as ``fold-2-mlp``."""

    def rung(self, place: str) -> Rung | None:
        """Return the rung that was fitted there before."""
        ...

    def snapshot(self, place: str) -> Snapshot | None:
        """Return the training that was cut short there."""
        ...

    def keep_rung(self, place: str, rung: Rung) -> None:
        """Keep a rung that is fitted to the end."""
        ...

    def offer(
        self, place: str, take: Callable[[], Snapshot], *, improved: bool, last: bool
    ) -> None:
        """Take a snapshot of the training under way and keep it, or leave it.

        ``improved``: an epoch was the best so far since the last offer. ``last``: the training
        is about to be interrupted.
        """
        ...


class NoCheckpoints:
    """Knows nothing of before, and keeps nothing."""

    def rung(self, place: str) -> None:
        """Return None."""

    def snapshot(self, place: str) -> None:
        """Return None."""

    def keep_rung(self, place: str, rung: Rung) -> None:
        """Do nothing."""

    def offer(
        self, place: str, take: Callable[[], Snapshot], *, improved: bool, last: bool
    ) -> None:
        """Do nothing."""


NO_CHECKPOINTS = NoCheckpoints()


def once(
    fit: Generator[Any, None, Rung],
    place: str,
    checkpoints: Checkpoints,
    stop: Callable[[], bool],
) -> Generator[Any, None, Rung]:
    """Return the rung that was fitted before; else fit it, and keep it unless it was stopped."""
    rung = checkpoints.rung(place)
    if rung is None:
        rung = yield from fit
        if not stop():
            checkpoints.keep_rung(place, rung)
    return rung


def with_snapshots(
    events: Generator[Event, None, Solution],
    place: str,
    checkpoints: Checkpoints,
    stop: Callable[[], bool],
) -> Generator[Event, None, Solution]:
    """Hand a training's events on, and offer a snapshot after every chunk."""
    best, improved = math.inf, False
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            return ended.value
        match event:
            case EpochDone(validation_loss=float(loss)) if loss < best:
                best, improved = loss, True
            case ChunkDone(snapshot=take) if take is not None:
                checkpoints.offer(place, take, improved=improved, last=stop())
                improved = False
            case _:
                pass
        yield event
