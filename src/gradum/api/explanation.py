"""Explanations of a model's answers: of which rows, against which background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.api.learned_rows import learned_rows
from gradum.api.run_rows import run_with_its_table
from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.fitting.rungs import KINDS
from gradum.messages import say
from gradum.ship.run_folder import read_background
from gradum.show.alike import AlikeRows
from gradum.show.explanation import Explanation
from gradum.show.influence import Influence
from gradum.show.surrogate import SurrogateTree
from gradum.study.explanation.alike import alike
from gradum.study.explanation.background import background_rows, thinned
from gradum.study.explanation.explain import TOLERANCE, explain
from gradum.study.explanation.influence import influence
from gradum.study.explanation.scale import Scale
from gradum.study.explanation.surrogate import surrogate
from gradum.tables.check import Checked, check
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
    checked = _checked(fitted, _own_table(model.folder) if data is None else read(data))
    numbers = _numbers(rows, len(checked.frame))
    features = [column.name for column in fitted.schema.features]
    behind = _background(model, background).select(features)
    found = explain(
        fitted,
        checked.frame[numbers - 1].select(features),
        behind,
        numbers=numbers,
        rung=rung,
        scale=scale,
        together=together,
        tolerance=tolerance,
    )
    return Explanation(found, fitted)


def alike_model(
    model: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 5,
    rung: str | None = None,
) -> AlikeRows:
    """Find the rows learned from that are like a row; see `Model.alike`."""
    rows = learned_rows(model, rung)
    asked, number = _row(model, data, row)
    if data is None:  # a row of the run's own table is most like itself
        rows = rows.without(number)
    return AlikeRows(alike(rows, asked, number=number, count=count), model.fitted)


def influence_model(
    model: Model,
    data: Any = None,
    *,
    row: int | None = None,
    count: int = 10,
    rung: str | None = None,
) -> Influence:
    """Find the rows learned from that push an answer most; see `Model.influence`."""
    rows = learned_rows(model, rung)
    asked = number = None
    if data is not None or row is not None:
        asked, number = _row(model, data, row)
    return Influence(influence(rows, asked, number=number, count=count), model.fitted)


def surrogate_of(model: Model) -> SurrogateTree:
    """Return the tree in place of the rung in use; see `Model.surrogate`."""
    found = None
    if model.run is not None:
        found = surrogate(model.run)
    elif model.folder is None:
        raise SpecError(
            say("A model file does not hold the rows that the model learned from."),
            say("Load its run folder."),
        )
    elif model.findings is not None:
        found = model.findings.surrogate
    if found is None:
        raise SpecError(
            say(
                "No tree was grown for this run: {rung} says the same of every row, there are "
                "only texts to ask about, or too few rows.",
                rung=say(KINDS[model.used].in_words),
            ),
            say("Ask about single rows with explain."),
        )
    return SurrogateTree(found, model.fitted)


def _row(model: Model, data: Any, row: int | None) -> tuple[pl.DataFrame, int]:
    """Return the checked features of one row of a table, and its number."""
    fitted = model.fitted
    frame = _checked(fitted, _own_table(model.folder) if data is None else read(data)).frame
    if row is None and len(frame) != 1:
        raise SpecError(
            say("The table has {count:,} rows.", count=len(frame)),
            say("Say which with row, a number from 1."),
        )
    number = int(_numbers([1 if row is None else row], len(frame))[0])
    return frame[[number - 1]].select([column.name for column in fitted.schema.features]), number


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
