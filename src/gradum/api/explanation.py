"""Explanations of a model's answers: of which rows, against which background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.api.run_rows import run_with_its_table
from gradum.api.table_rows import table_rows
from gradum.errors import SpecError
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.ship.run_folder import read_background
from gradum.show.explanation import Explanation
from gradum.study.explanation.explain import explain as shapley_values
from gradum.study.explanation.learned import background_rows, given_background
from gradum.study.explanation.scale import Scale
from gradum.tables.check import check
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.api.model import Model


def explain(
    self: Model,
    data: Any = None,
    *,
    rows: int | Sequence[int] | None = None,
    background: Any = None,
    rung: str | None = None,
    scale: Scale | None = None,
    together: Sequence[Sequence[str]] = (),
    tolerance: float = 0.001,
) -> Explanation:
    """Say why rows are answered as they are: Shapley values by column, with their errors.

    A column's value φ is what it moves the answer away from the mean over background rows,
    averaged over all orders in which columns can come; the values of a row add up to its
    answer less that mean. A date, a text, a category with its missing flag: each column of the
    table is one, whatever the model makes of it.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        Rows to explain; a loaded run's own table if left out.
    rows : int or sequence of int, optional
        Numbers of rows, from 1; all if left out.
    background : path or data frame, optional
        Rows that stand for what the other columns are like; 200 rows that the run learned
        from, if it keeps them.
    rung : str, optional
        As in `predict`.
    scale : {"probability", "log-odds", "target"}, optional
        Of the answers. Probabilities and numbers add up over the members of a pack,
        log-odds do not.
    together : sequence of columns
        Each group of columns is one player, such as ``[["length", "width"]]``.
    tolerance : float
        Of more than twelve columns, or where exact values would take more than about a second
        a row, values are drawn until the half-width of their 95% intervals is below this share
        of the range of the answers, or that second is spent. A share below a thousandth takes
        the time that it needs.

    Returns
    -------
    Explanation
        It shows itself; ``frame`` has one line a row, column and class, ``reasons`` names what
        speaks most against an answer, ``overall()`` says what the columns do over all rows, and
        ``interactions()`` which pairs act together.

    Raises
    ------
    SpecError
        There is no such row, column, rung or scale, or there are no background rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    return explain_model(
        self,
        data,
        rows=rows,
        background=background,
        rung=rung,
        scale=scale,
        together=together,
        tolerance=tolerance,
    )


def explain_model(
    model: Model,
    data: Any = None,
    *,
    rows: int | Sequence[int] | None = None,
    background: Any = None,
    together: Sequence[Sequence[str]] = (),
    reading: ReadingOptions = PLAINLY,
    **options: Any,
) -> Explanation:
    """Explain rows of a table, which is read with ``reading``; see `Model.explain`."""
    frame, numbers = asked_rows(model, data, rows, reading)
    found = shapley_values(
        model.fitted,
        frame,
        background_of(model, background),
        numbers=numbers,
        together=[[names] if isinstance(names, str) else names for names in together],
        **options,
    )
    return Explanation(found, model.fitted)


def asked_rows(
    model: Model, data: Any, rows: int | Sequence[int] | None, reading: ReadingOptions = PLAINLY
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the features of rows of a table, by default a loaded run's own, and their numbers.

    Raises
    ------
    SpecError
        There is no such row, or the run's table is not at hand, or is to be read otherwise.
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


def _own_table(folder: Path | None, reading: ReadingOptions) -> tuple[Any, ReadingOptions]:
    """Return a run's table, and how the run read it: its sheet or query, and its encoding."""
    if reading != PLAINLY:
        raise SpecError(
            say("The run's own table is read as the run read it."),
            say("Name a table, or leave out how it is read."),
        )
    run_spec = run_with_its_table(folder)
    return run_spec.data, run_spec.spec.reading


def background_of(model: Model, given: Any) -> pl.DataFrame:
    """Return the features of the background rows: those given, or those that the run keeps.

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
            say("There are no background rows: a model file keeps none, nor a run of --no-rows."),
            say("Give some with --background TABLE, in Python background=…"),
        )
    return features_of(fitted, read(kept))


def features_of(fitted: Fitted, table: Table) -> pl.DataFrame:
    """Return the typed columns of a table that a model learned from."""
    checked = check(table, fitted.schema, encoder=fitted.encoder)
    return checked.frame.select(column.name for column in fitted.schema.features)
