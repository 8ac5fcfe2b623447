"""A table of series as the source of a run's rows: what is asked of them, and what they become."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.source.learned_series import LearnedSeries, series_rows
from gradum.run.source.row_source import Asked
from gradum.tables.forecast.facet import STEP
from gradum.tables.table import Table

METRIC = "mae"


def of_series(asked: Asked, table: Table) -> tuple[Asked, LearnedSeries]:
    """Return what is asked of the rows of a forecast, and what they are learned from.

    They are judged by the mean absolute error, unless another metric is asked for, and each step
    ahead has intervals of its own.

    Raises
    ------
    GradumError
        As `series_rows`; or there is an edited schema, which no forecast reads.
    """
    spec = asked.spec
    if asked.schema is not None:
        raise SpecError(
            say("A forecast does not read an edited schema."),
            say("Give the options for columns instead, such as --numeric."),
        )
    learned = series_rows(
        table,
        spec.target,
        spec.forecast.horizon,
        series=spec.forecast.series,
        known=spec.forecast.known,
        overrides=spec.overrides,
        judged=spec.split.test,
        seed=spec.seed,
    )
    of_rows = structs.replace(
        spec,
        interval_by=STEP,
        metric=spec.metric or METRIC,
    )
    return replace(asked, spec=of_rows, schema=learned.schema), learned
