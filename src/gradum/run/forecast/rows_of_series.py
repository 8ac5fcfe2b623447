"""A table of series as the source of a run's rows: what is asked of them, and what they become."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.forecast.learned_series import LearnedSeries, series_rows
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_memory import DescribedInMemory, RowsInMemory
from gradum.run.spec import Spec
from gradum.rungs.context import Context
from gradum.tables.forecast.facet import STEP
from gradum.tables.table import Table
from gradum.tables.totals import without_totals

METRIC = "mae"


@dataclass(frozen=True)
class RowsOfSeries:
    """A table of series, each of whose origins and steps ahead is a row."""

    table: RowsInMemory
    """The rows of the series."""

    def describe(self, asked: Asked, context: Context) -> DescribedInMemory:
        """Make rows of the series, and say what their columns mean.

        They are judged by the mean absolute error, unless another metric is asked for, and each
        step ahead has intervals of its own. As the newest rows tell the most of what comes, the
        model is refitted on all of them once it has been judged.

        Raises
        ------
        GradumError
            As `series_rows`; or there is an edited schema, which no forecast reads.
        """
        if asked.schema is not None:
            raise SpecError(
                say("A forecast does not read an edited schema."),
                say("Give the options for columns instead, such as --numeric."),
            )
        spec = structs.replace(
            asked.spec, interval_by=STEP, metric=asked.spec.metric or METRIC, refit=True
        )
        learned = series_as_asked(asked.spec, without_totals(self.table.read()))
        rows = replace(self.table, read=lambda: learned.table)
        described = rows.describe(replace(asked, spec=spec, schema=learned.schema), context)
        dataset = replace(described.dataset, history=learned.history, judged=learned.judged)
        return replace(described, dataset=dataset)


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
