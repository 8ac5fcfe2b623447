"""A time limit, shared among the fits of a run."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

SLACK = 2.0  # by which what is expected of the fits to come may be too little
LEAST = 0.3  # of an equal part, that a fit may take however little is expected of it
RESERVED = 0.5  # of what is left, at most, is kept for the judging


class Allowance:
    """The time that is left of a run, for the fits still to come.

    A fit may take all that the others and the judging are not expected to need. So a limit beyond
    what the run needs cuts nothing short. Under a tighter one the judging, which cannot be cut
    short, keeps `SLACK` times what it is expected to need, up to `RESERVED` of what is left; of the
    rest each fit gets as large a part as it is expected to need of all fits. A simple model is
    quickly fitted by expectation, but its every second counts where that was too little: no fit
    gets less than `LEAST` of an equal part. What a fit leaves is for those behind it.

    Parameters
    ----------
    end : float
        The moment of the performance counter at which the run is to be done.
    fits : sequence of float
        The seconds that each fit is expected to take, in order.
    judging : float
        The same of all that comes besides.
    """

    def __init__(self, end: float, fits: Sequence[float], judging: float) -> None:
        self._end, self._fits, self._judging = end, list(fits), judging

    def next(self) -> float:
        """Return the moment at which the next fit is to end."""
        this = self._fits.pop(0) if self._fits else 0.0
        later = sum(self._fits)
        now = perf_counter()
        left = max(self._end - now, 0.0)
        to_share = left - min(SLACK * self._judging, RESERVED * left)
        part = this / (this + later) if this + later > 0 else 1.0
        part = max(part, LEAST / (1 + len(self._fits)))
        return now + max(to_share * part, left - SLACK * (later + self._judging))
