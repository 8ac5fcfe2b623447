"""A table of series as the source of a run's rows: what is asked of them, and what they become."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs

from gradum.core.losses import resolve
from gradum.errors import SpecError
from gradum.run.forecast.learned_series import LearnedSeries, series_rows
from gradum.run.forecast.series_in_words import on_middle
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_memory import DescribedInMemory, RowsInMemory
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.tables.doubts.totals import without_totals
from gradum.tables.forecast.facet import STEP
from gradum.tables.table import Table

LOSS = "absolute_error"
METRIC_OF = {"absolute_error": "mae", "huber": "mae", "squared_error": "rmse"}
"""What judges forecasts that are learned by a loss; a quantile is judged by its own."""

OFTEN_ZERO, LOSS_OF_RARE = 0.3, "squared_error"
"""The share of zeros from which on a forecast is the mean: the median would often be 0."""


@dataclass(frozen=True)
class RowsOfSeries:
    """A table of series, each of whose origins and steps ahead is a row."""

    table: RowsInMemory
    """The rows of the series."""

    def describe(self, asked: Asked, context: Context) -> DescribedInMemory:
        """Make rows of the series, and say what their columns mean.

        They are learned by the absolute error, unless another loss is asked for or values are often
        0, and judged by what suits the loss, unless another metric is asked for. Each step ahead
        has intervals of its own. As the newest rows tell the most of what comes, the
        model is refitted on all of them once it has been judged.

        Raises
        ------
        GradumError
            As `series_rows`; or there is an edited schema, which no forecast reads.
        """
        if asked.schema is not None:
            raise SpecError(
                "A forecast does not read an edited schema.",
                "Give the options for columns instead, such as --numeric.",
            )
        _refuse_loss(asked.spec.loss)
        learned = series_as_asked(asked.spec, without_totals(self.table.read()))
        zeros = float(
            (learned.history.target == 0).sum() / np.isfinite(learned.history.target).sum()
        )
        usual = LOSS_OF_RARE if zeros > OFTEN_ZERO else LOSS
        loss = asked.spec.loss or usual
        spec = structs.replace(
            asked.spec,
            interval_by=STEP,
            metric=asked.spec.metric or METRIC_OF.get(loss),
            loss=loss,
            refit=True,
        )
        notes = (*learned.table.notes, *on_middle(asked.spec.loss, usual, zeros))
        table = replace(learned.table, notes=notes)
        rows = replace(self.table, read=lambda: table)
        described = rows.describe(replace(asked, spec=spec, schema=learned.schema), context)
        dataset = replace(described.dataset, history=learned.history, judged=learned.judged)
        return replace(described, dataset=dataset)


def _refuse_loss(loss: str | None) -> None:
    """Refuse a loss of counts or amounts: what the naive forecast misses can be below 0.

    Raises
    ------
    SpecError
    """
    if loss is not None and resolve(loss).link != "identity":
        raise SpecError(
            "--loss {loss} is for rows of a table, not for a forecast.",
            "Give --loss squared_error for the mean of each count or amount, or leave it out.",
            loss=loss,
        )


def series_as_asked(spec: Spec, table: Table) -> LearnedSeries:
    """Return the rows that a forecast learns from, as a spec asks; see `series_rows`."""
    return series_rows(
        table,
        spec.target,
        spec.forecast.horizon,
        series=spec.forecast.series,
        known=spec.forecast.known,
        holidays=spec.forecast.holidays,
        overrides=spec.overrides,
        judged=spec.split.test,
        seed=spec.seed,
    )
