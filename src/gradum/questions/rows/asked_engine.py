"""Refusals of an engine (``--on``) where no table is read by partitions."""

from __future__ import annotations

from typing import Any

from gradum.errors import SpecError
from gradum.run.fitted import Fitted


def refuse_no_partitions(fitted: Fitted, data: Any) -> None:
    """Refuse an engine where there is no table of rows that it could read.

    Raises
    ------
    SpecError
        No table is given, or the model continues series, which are read as a whole.
    """
    if fitted.spec.is_forecast:
        raise SpecError(
            "Series that are forecast are read as a whole, where an engine has nothing to do.",
            "Leave out --on (on).",
        )
    if data is None:
        raise SpecError(
            "An engine reads a table, and none is given.", "Name one, or leave out --on (on)."
        )
