"""The events of a run, and their JSON.

Progress bars, JSON lines and callbacks consume this stream; a run itself neither prints nor logs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from gradum.messages import as_text, sentences
from gradum.rungs.training_events import PartitionDone, PartitionLate, Passed, PathStep, Resumed
from gradum.solvers.solution import ChunkDone, EpochDone, Stopped

if TYPE_CHECKING:
    from gradum.run.alarm import Alarm
    from gradum.run.judging.judgement import Judgement
    from gradum.rungs.rung import Rung
    from gradum.tables.schema.schema import Schema


@dataclass(frozen=True)
class RungStarted:
    """A rung begins: fold ``fold`` of ``folds`` (0 of 0 for the model that is kept).

    ``epochs`` is the most that it may take, 0 if it has no epochs; ``seconds`` is its share of the
    run's time limit, None without a limit.
    """

    rung: str
    fold: int
    folds: int
    epochs: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class RungFinished:
    """A rung is fitted.

    ``loss`` is the loss of the kept parameters on rows that the rung had not learned from, although
    these rows chose the parameters; None if there are no such rows.
    """

    rung: str
    fold: int
    folds: int
    status: str
    seconds: float
    loss: float | None = None

    @classmethod
    def of(cls, rung: Rung, fold: int = 0, folds: int = 0) -> RungFinished:
        """Return the event for a rung."""
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
    """A rival has learned from a fit's rows, and predicted the rows that judge it.

    Fold ``fold`` of ``folds``; 0 of 0 if rows are held out once.
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
    """Something about the table, or how it is divided, makes the scores less meaningful."""

    alarms: tuple[Alarm, ...]


@dataclass(frozen=True)
class Expected:
    """What the run will take: seconds, and bytes of memory besides the table, or of disk in blocks.

    ``much`` says whether that is worth telling.
    """

    seconds: float
    bytes: int
    sentence: str
    much: bool = True

    def saying(self, more: str) -> Expected:
        """Return the same, with another sentence behind."""
        return replace(self, sentence=sentences([self.sentence, more]))


@dataclass(frozen=True)
class Judged:
    """The rungs have been compared."""

    judgement: Judgement


@dataclass(frozen=True)
class NotRefitted:
    """The time limit left too little for the refit: the judged model is kept."""

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
    | PartitionDone
    | PartitionLate
    | Stopped
    | RungFinished
    | RivalFitted
    | Judged
    | NotRefitted
)
"""All events of a run, including those of its solvers."""


def as_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON: its name in lower case under ``event``, and its fields."""
    if isinstance(event, Understood | Alarmed | Judged):  # which hold structs
        values = {name: getattr(event, name) for name in event.__dataclass_fields__}
    else:
        values = msgspec.to_builtins(asdict(event), enc_hook=as_text)
    return {"event": _lower(type(event).__name__), **values}


def _lower(name: str) -> str:
    """Write ``RungStarted`` as ``rung_started``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
