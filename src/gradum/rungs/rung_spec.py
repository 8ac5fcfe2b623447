"""The spec of one rung: its own settings, and what the run asks of every rung."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

S = TypeVar("S")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a kind of rung is fitted."""

    def refuse_without_directions(self) -> None:
        """Raise SpecError where such a rung cannot be held monotone."""


@dataclass(frozen=True)
class RungSpec(Generic[S]):
    """What is asked of one rung.

    Parameters
    ----------
    settings : S
        How it is fitted, in the kind's own struct; None where nothing can be set.
    metric : str or None
        By which rungs are compared, if the user named one.
    log_target : bool
        Whether the logarithm of the target is learned.
    time_limit : float or None
        The most seconds of the run.
    """

    settings: S
    metric: str | None = None
    log_target: bool = False
    time_limit: float | None = None
