"""A run from a spec and available tables, held in memory or read in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gradum.errors import SpecError
from gradum.run.forecast.rows_of_series import RowsOfSeries
from gradum.run.rivals import Contestant, Rival
from gradum.run.run import Run, run
from gradum.run.source.row_source import RowSource
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import Spec
from gradum.rungs.context import ALONE, Context
from gradum.solvers.threads import between_turns, turn
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read, read_test


def fitted_run(
    spec: Spec,
    data: Any,
    context: Context = ALONE,
    *,
    test: Any = None,
    schema: Schema | None = None,
    rivals: Sequence[Contestant] = (),
    teacher: Rival | None = None,
    scratch: Path | None = None,
) -> Run:
    """Fit and judge what a spec asks for.

    The tables are `at_hand`: files on this machine, a `Table` or batches.
    Whether the table is read in blocks has been `decided`. ``rivals`` are judged beside the ladder,
    and the pack may learn from the ``teacher``.
    ``scratch`` is the folder for the rows of a table that does not fit in memory.
    """
    judging = None if test is None else read_test(test, spec.reading)
    context = replace(context, tell=between_turns(context.tell))
    with ExitStack() as entered:
        held = RowsInMemory(partial(read, data), teacher)
        source: RowSource = RowsOfSeries(held) if spec.is_forecast else held
        if spec.blocks and teacher is not None:
            raise SpecError(
                "A teacher learns from rows in memory, and this table is read in blocks.",
                "Allow more memory with max_memory, or leave the teacher out.",
            )
        if context.engine is not None and teacher is not None:
            raise SpecError(
                "A teacher teaches in the process that it was given to, not on an engine.",
                "Leave out the teacher, or --on (on).",
            )
        if spec.blocks:
            rows = entered.enter_context(opened(data, scratch, spec.reading))
            source = RowsInBlocks(rows, scratch)
        entered.enter_context(turn())
        return run(spec, source, test=judging, schema=schema, rivals=rivals, context=context)
