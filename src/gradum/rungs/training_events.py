"""Events of the training of a rung; `gradum.run.events.events` has all events of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resumed:
    """A training that was cut short continues after ``epoch`` epochs of at most ``epochs``."""

    rung: str
    epoch: int
    epochs: int


@dataclass(frozen=True)
class PathStep:
    """A rung has tried one of the penalties on its path."""

    rung: str
    step: int
    steps: int
    alpha: float
    loss: float


@dataclass(frozen=True)
class Passed:
    """A rung has passed once more over all rows of a table that does not fit in memory.

    ``seconds`` have passed since its first pass began.
    """

    rung: str
    passes: int
    rows: int
    objective: float
    seconds: float


@dataclass(frozen=True)
class PartitionDone:
    """A pass over a large table has done one more of its partitions, in their order.

    ``stage`` is what the pass is for: ``survey``, ``encoding``, ``sums``, or ``lanes``, whose
    partitions are those of a lane in a round; ``rows`` were in the partitions that are done, which
    took ``seconds``.
    """

    stage: str
    done: int
    partitions: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class PartitionLate:
    """A partition takes much longer than others usually do, and all others wait for it.

    ``partition`` names its rows, and ``where`` who is at work on it, "" where nobody knows. Where
    ``stage`` is ``members``, it is an epoch of some networks of an ensemble.
    """

    stage: str
    partition: str
    where: str
    seconds: float
    usual: float
