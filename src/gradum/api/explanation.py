"""Explanations of a model's answers: of which rows, against which background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.api.run_rows import run_with_its_table
from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.messages import say
from gradum.ship.run_folder import read_background
from gradum.show.explanation import Explanation
from gradum.study.explanation.background import background_rows, thinned
from gradum.study.explanation.explain import TOLERANCE, explain
from gradum.study.explanation.scale import Scale
from gradum.tables.check import check
from gradum.tables.read import read
from gradum.tables.stream import at_hand
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.api.model import Model


def explain_model(
    model: Model,
    data: Any = None,
    *,
    rows: Sequence[int] | None = None,
    background: Any = None,
    rung: str | None = None,
    scale: Scale | None = None,
    together: Sequence[Sequence[str]] = (),
    tolerance: float = TOLERANCE,
) -> Explanation:
    """Explain rows of a table; see `Model.explain`."""
    fitted = model.fitted
    chosen, numbers = asked_rows(model, data, rows)
    found = explain(
        fitted,
        chosen,
        background_of(model, background),
        numbers=numbers,
        rung=rung,
        scale=scale,
        together=together,
        tolerance=tolerance,
    )
    return Explanation(found, fitted)


def asked_rows(
    model: Model, data: Any, rows: Sequence[int] | None
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the features of rows of a table, by default a loaded run's own, and their numbers.

    Raises
    ------
    SpecError
        There is no such row, or the run's table is not at hand.
    SchemaError
        A column is absent or of another kind.
    """
    fitted = model.fitted
    frame = _features(fitted, _own_table(model.folder) if data is None else read(data))
    numbers = _numbers(rows, len(frame))
    return frame[numbers - 1], numbers


def background_of(model: Model, given: Any) -> pl.DataFrame:
    """Return the features of the background rows: those given, or those that the run keeps.

    Raises
    ------
    SpecError
        There are none.
    """
    fitted = model.fitted
    if given is not None:
        return thinned(_features(fitted, read(given)), fitted.spec.seed)
    if model.run is not None:
        return background_rows(model.run)
    kept = None if model.folder is None else read_background(model.folder)
    if kept is None:
        raise SpecError(
            say("There are no background rows: a model file keeps none, nor a run of --no-rows."),
            say("Give some with --background TABLE, in Python background=…"),
        )
    return _features(fitted, read(kept))


def _own_table(folder: Path | None) -> Table:
    """Read a run's table as the run did: its sheet or query, and its encoding."""
    run_spec = run_with_its_table(folder)
    with at_hand(run_spec.data, run_spec.spec.reading) as table:
        return read(table)


def _numbers(rows: Sequence[int] | None, count: int) -> np.ndarray:
    """Return row numbers, from 1; all if none are asked for."""
    if rows is None:
        return np.arange(1, count + 1)
    for row in rows:
        if not (isinstance(row, int | np.integer) and 1 <= row <= count):
            raise SpecError(
                say("There is no row {row}.", row=repr(row)),
                say("Give numbers from 1 to {count:,}.", count=count),
            )
    return np.array(rows, np.int64)


def _features(fitted: Fitted, table: Table) -> pl.DataFrame:
    checked = check(table, fitted.schema, encoder=fitted.encoder)
    return checked.frame.select(column.name for column in fitted.schema.features)
