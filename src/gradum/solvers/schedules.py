"""Schedules: how the learning rate moves over a run.

A schedule maps progress t, from 0 at the first step towards 1 at the last, to the factor
of the learning rate. It is evaluated on the host, in NumPy, and handed to the compiled
program as numbers, so that no schedule compiles anything anew.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradum.errors import SpecError

Schedule = Callable[[np.ndarray], np.ndarray]


def constant(progress: np.ndarray) -> np.ndarray:
    """Return 1."""
    return np.ones_like(progress)


def cosine(progress: np.ndarray) -> np.ndarray:
    """Return ½(1 + cos πt): from 1 down to 0 (Loshchilov & Hutter, ICLR 2017)."""
    return 0.5 * (1.0 + np.cos(np.pi * progress))


def coslog4(progress: np.ndarray) -> np.ndarray:
    """Return ½(1 − cos(2π log₂(1 + 15t))): four waves, each longer than the last.

    RealMLP's schedule (Holzmüller et al., "Better by Default", NeurIPS 2024).
    """
    return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * progress)))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "coslog4": coslog4,
}


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
            f"There is no schedule {schedule!r}.", f"Choose one of {', '.join(SCHEDULES)}."
        )
    return SCHEDULES[schedule]
