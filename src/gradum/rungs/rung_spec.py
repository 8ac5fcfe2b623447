"""The spec of one rung: its own settings, and what the run asks of every rung."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, Self, TypeVar, get_args

import msgspec

from gradum.errors import SpecError
from gradum.messages import say

S = TypeVar("S")
Effort = Literal["quick", "standard", "best"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a kind of rung is fitted."""

    of_every_effort: ClassVar[bool] = True
    """Whether they are the same for every effort; a spec holds others only if they are given."""

    @classmethod
    def of_effort(cls, effort: str) -> Self:
        """Return the settings of an effort."""
        return cls()

    def refuse_without_directions(self) -> None:
        """Raise SpecError if a rung with these settings cannot be kept monotone."""


@dataclass(frozen=True)
class RungSpec(Generic[S]):
    """What is asked for of one rung."""

    settings: S
    """How it is fitted, in the kind's own struct; None where nothing can be set."""
    metric: str | None = None
    """The metric by which rungs are compared, if the user named one."""
    log_target: bool = False
    """Whether the logarithm of the target is learned."""
    time_limit: float | None = None
    """The most seconds of the run."""
    from_naive: str = ""
    """The column whose naive forecast misses the target, so that the baseline answers 0; empty if
    the target is no forecast's."""
    loss: str | None = None
    """The loss that is learned by, as `Loss.spelled`, if the user named one."""


def fewer_epochs(epochs: int, epochs_at: float, rows: int) -> float:
    """Return the epochs on so many rows: fewer above ``epochs_at``, by the root of their number."""
    return epochs * math.sqrt(epochs_at / max(rows, epochs_at))


def fewer_rows_a_step(most: int, rows: int) -> int:
    """Return the rows of a step: at least eight steps an epoch, but no fewer than 16 rows."""
    while most > 16 and rows < 8 * most:
        most //= 2
    return most


def refuse_effort(effort: str) -> None:
    """Raise SpecError if there is no such effort."""
    if effort not in get_args(Effort):
        raise SpecError(
            "There is no effort {effort!r}.",
            "Choose {names}.",
            effort=effort,
            names=say(" or ").join(get_args(Effort)),
        )
