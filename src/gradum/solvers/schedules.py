"""Schedules: how the learning rate changes over a run.

A schedule maps progress t, from 0 at the first step towards 1 at the last, to the factor of the
learning rate. It is evaluated on the host, in NumPy, and passed to the compiled program as numbers,
so that no schedule compiles anything anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradum.errors import SpecError
from gradum.messages import listed, say

Schedule = Callable[[np.ndarray], np.ndarray]


def constant(progress: np.ndarray) -> np.ndarray:
    """Return 1."""
    return np.ones_like(progress)


def cosine(progress: np.ndarray) -> np.ndarray:
    """Return ½(1 + cos πt), from 1 down to 0 (Loshchilov & Hutter, ICLR 2017)."""
    return 0.5 * (1.0 + np.cos(np.pi * progress))


def coslog4(progress: np.ndarray) -> np.ndarray:
    """Return ½(1 − cos(2π log₂(1 + 15t))): four waves, each longer than the last.

    RealMLP's schedule (Holzmüller et al., "Better by Default", NeurIPS 2024).
    """
    return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * progress)))


@dataclass(frozen=True)
class StepDecay:
    """Stairs: the factor starts at 1, and is multiplied by ``factor`` at given shares of the run.

    Parameters
    ----------
    factor : float
        The factor of the learning rate at each stair, in (0, 1].
    at : tuple of float
        The shares of the run at which the stairs are, rising, each in (0, 1).

    Raises
    ------
    SpecError
        A number is out of range, or ``at`` does not rise.
    """

    factor: float = 0.1
    at: tuple[float, ...] = (0.5, 0.75)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", tuple(np.atleast_1d(self.at).tolist()))
        _check(0.0 < self.factor <= 1.0, "factor", self.factor, say("a number above 0 and up to 1"))
        rising = sorted(set(self.at)) == list(self.at)
        inside = all(0.0 < share < 1.0 for share in self.at)
        _check(rising and inside, "at", self.at, say("rising numbers between 0 and 1"))

    def __call__(self, progress: np.ndarray) -> np.ndarray:
        """Return factorᵏ, where k is the number of stairs reached."""
        return self.factor ** np.searchsorted(self.at, progress, side="right")


@dataclass(frozen=True)
class OneCycle:
    """Linearly up, then down: long steps in the middle, for a flat minimum.

    L. N. Smith and N. Topin, "Super-Convergence", 2018. The learning rate is the cycle's peak.

    Parameters
    ----------
    peak : float
        Share of the run at which the factor is 1, in (0, 1).
    first, last : float
        Factor at the start and at the end, in [0, 1].

    Raises
    ------
    SpecError
        A number is out of range.
    """

    peak: float = 0.3
    first: float = 0.04
    last: float = 0.0

    def __post_init__(self) -> None:
        _check(0.0 < self.peak < 1.0, "peak", self.peak, say("a number between 0 and 1"))
        for name in ("first", "last"):
            value = getattr(self, name)
            _check(0.0 <= value <= 1.0, name, value, say("a number from 0 to 1"))

    def __call__(self, progress: np.ndarray) -> np.ndarray:
        """Return the height of the cycle."""
        return np.interp(progress, (0.0, self.peak, 1.0), (self.first, 1.0, self.last))


@dataclass(frozen=True)
class WarmUp:
    """A linear rise from 0, then another schedule over the rest of the run.

    P. Goyal et al., "Accurate, Large Minibatch SGD", 2017.

    Parameters
    ----------
    share : float
        Share of the run that the rise takes, in (0, 1).
    then : str or callable
        The other schedule; the rise ends at its first value.

    Raises
    ------
    SpecError
        The share is out of range, or no schedule has that name.
    """

    share: float = 0.05
    then: str | Schedule = "cosine"

    def __post_init__(self) -> None:
        _check(0.0 < self.share < 1.0, "share", self.share, say("a number between 0 and 1"))
        resolve(self.then)

    def __call__(self, progress: np.ndarray) -> np.ndarray:
        """Return t/share of the other schedule's start, and then that schedule."""
        after = np.maximum((progress - self.share) / (1.0 - self.share), 0.0)
        return np.minimum(progress / self.share, 1.0) * resolve(self.then)(after)


def resolve(schedule: str | Schedule) -> Schedule:
    """Return the schedule of that name, or the schedule itself.

    Raises
    ------
    SpecError
        No schedule has that name.
    """
    if not isinstance(schedule, str):
        return schedule
    if schedule not in SCHEDULES:
        raise SpecError(
            "There is no schedule {schedule!r}.",
            "Choose one of {names}.",
            schedule=schedule,
            names=listed(list(SCHEDULES)),
        )
    return SCHEDULES[schedule]


def _check(valid: bool, name: str, value: object, wanted: str) -> None:
    if not valid:
        raise SpecError(
            "A schedule's {name} is {value!r}.",
            "Give {wanted}.",
            name=name,
            value=value,
            wanted=wanted,
        )


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "coslog4": coslog4,
    "step": StepDecay(),
    "one_cycle": OneCycle(),
}
SCHEDULES["warm_up"] = WarmUp()  # it looks up the following schedule above
