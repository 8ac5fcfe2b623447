"""The events of a run, and their JSON.

Progress bars, JSON lines and callbacks are consumers of this stream; a run neither prints nor logs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gradum.rungs.training_events import Passed, PathStep, Resumed
from gradum.solvers.solution import ChunkDone, EpochDone, Stopped

if TYPE_CHECKING:
    from gradum.run.alarm import Alarm
    from gradum.run.judging.judgement import Judgement
    from gradum.rungs.rung import Rung
    from gradum.tables.schema import Schema


@dataclass(frozen=True)
class RungStarted:
    """A rung begins: fold ``fold`` of ``folds`` (0 of 0 for the model that is kept).

    ``epochs`` is the most it may take, 0 where it has none; ``seconds`` its share of the run's time
    limit, None without one.
    """

    rung: str
    fold: int
    folds: int
    epochs: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class RungFinished:
    """A rung is fitted.

    ``loss`` is what it kept scores on rows that it had not learned from, though these rows chose
    what it kept; None where there are none.
    """

    rung: str
    fold: int
    folds: int
    status: str
    seconds: float
    loss: float | None = None

    @classmethod
    def of(cls, rung: Rung, fold: int = 0, folds: int = 0) -> RungFinished:
        """Tell of a rung."""
        return cls(
            rung.name,
            fold,
            folds,
            rung.status.value,
            rung.seconds,
            rung.certificate.validation_loss,
        )


@dataclass(frozen=True)
class RivalFitted:
    """A rival has learned from a fit's rows, and predicted those that judge it.

    Fold ``fold`` of ``folds``; 0 of 0 where rows are held out once.
    """

    rival: str
    fold: int
    folds: int
    seconds: float


@dataclass(frozen=True)
class Understood:
    """The table has been read: what each column is taken for, and what else was noticed."""

    schema: Schema
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Alarmed:
    """The table, or how it is divided, endangers what the scores will mean."""

    alarms: tuple[Alarm, ...]


@dataclass(frozen=True)
class Expected:
    """What the run will take: seconds, and bytes besides the table; told where it is much."""

    seconds: float
    bytes: int
    sentence: str


@dataclass(frozen=True)
class Judged:
    """The rungs have been compared."""

    judgement: Judgement


@dataclass(frozen=True)
class NotRefitted:
    """The time limit left too little for the refit: the model is the one that was judged."""

    sentence: str


Event = (
    Understood
    | Alarmed
    | Expected
    | RungStarted
    | Resumed
    | PathStep
    | ChunkDone
    | EpochDone
    | Passed
    | Stopped
    | RungFinished
    | RivalFitted
    | Judged
    | NotRefitted
)
"""All that a run tells, the events of its solvers included."""


def as_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it: its name under ``event``, in lower case, and its fields."""
    if isinstance(event, Understood | Alarmed | Judged):  # which hold structs
        values = {name: getattr(event, name) for name in event.__dataclass_fields__}
    else:
        values = msgspec.to_builtins(asdict(event))
    return {"event": _lower(type(event).__name__), **values}


def _lower(name: str) -> str:
    """Write ``RungStarted`` as ``rung_started``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
