"""``Model.forecast``: series continued from their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from gradum.forks import refuse_after_fork
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.tables.sources.read import read

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


@with_checked_arguments
def forecast(
    self: Subject, data: Any = None, coverage: float = 0.9, *, rung: str | None = None
) -> pl.DataFrame:
    """Continue each series of a model that was fitted with ``horizon``.

    Parameters
    ----------
    data : path, data frame or list of dicts, optional
        Later rows of the series. Those with a target are their newest past; those without one give
        the columns that are known beforehand (``known``). Left out, each series goes on from the
        end of the table that the model was fitted on.
    coverage : float
        The share of targets that should lie between ``low`` and ``high``, at each step ahead.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    polars.DataFrame
        A row for each series and step: the columns that name the series, the stamp,
        ``steps ahead``, ``prediction``, ``low`` and ``high``, in the target's units. `differences`
        then has the known columns that are absent, or as they never were.

    Raises
    ------
    SpecError
        The model predicts rows of a table, or keeps no history and gets none.
    TableError
        Stamps of the table are missing, twice there or not on the grid.
    """
    refuse_after_fork()
    from gradum.run.forecast.continued_series import ContinuedSeries

    continued = ContinuedSeries.of(self.fitted, None if data is None else read(data))
    self.remember(continued.differences)
    return continued.frame(coverage, rung)
