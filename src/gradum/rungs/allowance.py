"""A time limit, shared among the fits of a run."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

SLACK = 2.0  # the fits to come may take so many times what is expected of them
LEAST = 0.3  # a fit may take this fraction of an equal part, however little is expected of it
RESERVED = 0.5  # at most this fraction of what is left is kept for the judging


class Allowance:
    """The time that is left of a run, for the fits still to come.

    A fit may take all the time that the other fits and the judging are not expected to need. So a
    limit beyond what the run needs cuts nothing short. Under a tighter limit, the judging, which
    cannot be cut short, keeps `SLACK` times what it is expected to need, up to `RESERVED` of what
    is left. Of the rest, each fit gets a part in proportion to the time it is expected to need. A
    simple model is expected to take little time, but every second counts if this expectation was
    too low: no fit gets less than `LEAST` of an equal part. What a fit leaves over goes to the fits
    after it.

    Parameters
    ----------
    end : float
        The moment, by the performance counter, at which the run is to be done.
    fits : sequence of float
        The seconds that each fit is expected to take, in order.
    judging : float
        The seconds that everything else is expected to take.
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
