"""Explanations of a model's answers: of which rows, against which background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.api.run_rows import run_with_its_table
from gradum.api.table_rows import table_rows
from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.messages import say
from gradum.ship.run_folder import read_background
from gradum.show.explanation import Explanation
from gradum.study.explanation.background import background_rows, thinned
from gradum.study.explanation.explain import TOLERANCE, explain
from gradum.study.explanation.scale import Scale
from gradum.tables.check import Checked, check
from gradum.tables.read import read
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.brought import PLAINLY
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
    reading: ReadingOptions = PLAINLY,
) -> Explanation:
    """Explain rows of a table, which is read with ``reading``; see `Model.explain`."""
    fitted = model.fitted
    features = [column.name for column in fitted.schema.features]
    if data is None:
        data, reading = _own_table(model.folder, reading)
    with table_rows(data, fitted, reading) as table:
        if rows is None:
            numbers, blocks = np.arange(1, len(table) + 1), list(table.checked(fitted))
        else:
            numbers, blocks = np.array(rows, np.int64), [_checked(fitted, table.take(rows))]
    frames = [checked.frame.select(features) for checked in blocks]
    behind = _background(model, background).select(features)
    found = explain(
        fitted,
        pl.concat(frames, how="vertical_relaxed"),
        behind,
        numbers=numbers,
        rung=rung,
        scale=scale,
        together=together,
        tolerance=tolerance,
    )
    return Explanation(found, fitted)


def _own_table(folder: Path | None, reading: ReadingOptions) -> tuple[Any, ReadingOptions]:
    """Return a run's table, and how the run read it: its sheet or query, and its encoding."""
    if reading != PLAINLY:
        raise SpecError(
            say("The run's own table is read as the run read it."),
            say("Name a table, or leave out how it is read."),
        )
    run_spec = run_with_its_table(folder)
    return run_spec.data, run_spec.spec.reading


def _background(model: Model, given: Any) -> pl.DataFrame:
    fitted = model.fitted
    if given is not None:
        return thinned(_checked(fitted, read(given)).frame, fitted.spec.seed)
    if model.run is not None:
        return background_rows(model.run)
    kept = None if model.folder is None else read_background(model.folder)
    if kept is None:
        raise SpecError(
            say("There are no background rows: a model file keeps none, nor a run of --no-rows."),
            say("Give some with --background TABLE, in Python background=…"),
        )
    return _checked(fitted, read(kept)).frame


def _checked(fitted: Fitted, table: Table) -> Checked:
    return check(table, fitted.schema, encoder=fitted.encoder)
