"""``gradum.foresee``: what a fit will take, told before it trains."""

from __future__ import annotations

from typing import Any, Unpack

from gradum.api.fit import fit
from gradum.api.spelled_out import spell_out
from gradum.run.events.events import Expected
from gradum.run.options.option_table import Options


@spell_out
def foresee(data: Any, target: str, **options: Unpack[Options]) -> Expected:
    """Return what `fit` will take: seconds, bytes and a sentence; it learns nothing.

    A table that fits in memory is read and encoded for this; of one in blocks, a sample is.
    Seconds are right within a factor of two or three, and leave rivals out.

    Parameters
    ----------
    data : path, address, data frame, …
        The table, as `fit` takes it.
    target : str
        The column to predict.
    **options : Options
        The options of `fit`.

    Raises
    ------
    GradumError
        As `fit` does before it trains.
    """
    options.pop("against", None)
    try:
        fit(data, target, on_event=_tell, **options)
    except _Known as known:
        return known.expected
    raise AssertionError  # a fit that does not fail tells it


class _Known(Exception):
    def __init__(self, expected: Expected) -> None:
        super().__init__()
        self.expected = expected


def _tell(event: Any) -> None:
    """End the fit once it has told what it will take."""
    if isinstance(event, Expected):
        raise _Known(event)
