"""What a side forecasts for a set, kept in a file. Needs NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

COVERAGES = (0.2, 0.4, 0.6, 0.8, 0.9)
"""Those of the intervals: the ends of the first four and the forecast itself are deciles."""


@dataclass(frozen=True)
class Answers:
    """The forecasts of S series at H steps, and the C intervals of each.

    Parameters
    ----------
    mean : ndarray of shape (S, H)
    ends : ndarray of shape (C, 2, S, H), or (0, 2, S, H)
        By `COVERAGES`; NaN where an interval is withheld. Empty from a side that has no intervals.
    seconds : float
        Of the processor, for fit and forecasts.
    note : str
        What a reader should know, such as the rung that answered.
    """

    mean: np.ndarray
    ends: np.ndarray
    seconds: float
    note: str = ""

    def save(self, file: Path) -> None:
        """Write the file."""
        np.savez(file, mean=self.mean, ends=self.ends, seconds=self.seconds, note=self.note)

    @classmethod
    def load(cls, file: Path) -> Answers:
        """Read a file that `save` wrote."""
        kept = np.load(file)
        return cls(kept["mean"], kept["ends"], float(kept["seconds"]), str(kept["note"]))
