"""What more rows would bring: the learning curve, and its extrapolation to twice the rows."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gradum.fitting.run import Run
from gradum.scores.bootstrap import Interval


class Growth(msgspec.Struct, frozen=True):
    """The score of the rung in use by number of training rows.

    Parameters
    ----------
    metric : str
    points : tuple of (int, Interval)
        Training rows, score on the judged rows; the last is the model that was judged.
    forecast_rows : int
        Twice the rows of the last point.
    forecast : Interval or None
        The score expected there; None where the curve was not drawn.
    gain : Interval or None
        forecast - last point, paired on the same resamples.
    sentence : str
        What one more doubling would bring, in plain words.
    skipped : str
        Why the curve was not drawn, and the switch that draws it; empty where it was.
    """

    metric: str
    points: tuple[tuple[int, Interval], ...] = ()
    forecast_rows: int = 0
    forecast: Interval | None = None
    gain: Interval | None = None
    sentence: str = ""
    skipped: str = ""


def growth(run: Run, *, asked: bool | None, stop: Callable[[], bool] = lambda: False) -> Growth:
    """Fit the rung in use again on parts of the training rows, and extrapolate.

    ``asked`` True draws the curve however long it takes, False never, None where it is expected
    to take less time than the training did.
    """
    raise NotImplementedError
