"""The rows that a question is about, and the background rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.questions.rows.run_rows import run_with_its_table
from gradum.questions.rows.table_rows import table_rows
from gradum.run.fitted import Fitted
from gradum.ship.run_folder import read_background
from gradum.study.explanation.learned import background_rows, given_background
from gradum.tables.check.check import check
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def asked_rows(
    model: Subject, data: Any, rows: int | Sequence[int] | None, reading: ReadingOptions = PLAINLY
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the features and numbers of rows of a table, by default a loaded run's own table.

    Raises
    ------
    SpecError
        There is no such row, or the run's table is not at hand or should be read differently.
    SchemaError
        A column is absent or of another kind.
    """
    fitted = model.fitted
    if data is None:
        data, reading = _own_table(model.folder, reading)
    with table_rows(data, fitted, reading) as table:
        if rows is not None:
            numbers = list(rows) if isinstance(rows, Iterable) else [rows]
            return features_of(fitted, table.take(numbers)), np.array(numbers, np.int64)
        features = [column.name for column in fitted.schema.features]
        frames = [checked.frame.select(features) for checked in table.checked(fitted)]
        return pl.concat(frames, how="vertical_relaxed"), np.arange(1, len(table) + 1)


def asked_row(model: Subject, data: Any, row: int | None) -> tuple[pl.DataFrame, int]:
    """Return the features of one row of a table, and its number.

    Raises
    ------
    SpecError, SchemaError
        As in `asked_rows`; or it is not said which row is meant.
    """
    frame, numbers = asked_rows(model, data, None if row is None else [row])
    if len(frame) != 1:
        raise SpecError(
            "The table has {count:,} rows.",
            "Say which with row, a number from 1.",
            count=len(frame),
        )
    return frame, int(numbers[0])


def _own_table(folder: Path | None, reading: ReadingOptions) -> tuple[Any, ReadingOptions]:
    """Return a run's table, and how the run read it (sheet or query, and encoding)."""
    if reading != PLAINLY:
        raise SpecError(
            "The run's own table is read as the run read it.",
            "Name a table, or leave out how it is read.",
        )
    run_spec = run_with_its_table(folder)
    return run_spec.data, run_spec.spec.reading


def background_of(model: Subject, given: Any) -> pl.DataFrame:
    """Return the features of the background rows: the given ones, or those that the run keeps.

    Raises
    ------
    SpecError
        There are none.
    """
    fitted = model.fitted
    if given is not None:
        return given_background(features_of(fitted, read(given)), fitted.spec.seed)
    if model.run is not None:
        return background_rows(model.run)
    kept = None if model.folder is None else read_background(model.folder)
    if kept is None:
        raise SpecError(
            "There are no background rows: neither a model file nor a run with --no-rows "
            "keeps any.",
            "Give some with --background TABLE, in Python background=…",
        )
    return features_of(fitted, read(kept))


def features_of(fitted: Fitted, table: Table) -> pl.DataFrame:
    """Return the typed columns of a table from which a model learned."""
    checked = check(table, fitted.schema, encoder=fitted.encoder)
    return checked.frame.select(column.name for column in fitted.schema.features)
