"""Explanations of a model's answers: for rows of a table, and for one row on a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradum.api.report import Page
from gradum.engines import engine_of
from gradum.files.atomic import write_text
from gradum.forks import refuse_after_fork
from gradum.questions.rows.asked_rows import asked_rows, background_of
from gradum.show.answers.explanation import Explanation
from gradum.study.explanation.explain import explain as shapley_values
from gradum.study.explanation.scale import Scale
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def explain(
    self: Subject,
    data: Any = None,
    *,
    rows: int | Sequence[int] | None = None,
    background: Any = None,
    rung: str | None = None,
    scale: Scale | None = None,
    together: Sequence[Sequence[str]] = (),
    tolerance: float = 0.001,
    on: Any = None,
) -> Explanation:
    """Say why rows are answered as they are: Shapley values by column, with their errors.

    A column's value φ is how far it moves the answer away from the mean over background rows,
    averaged over all orders in which columns can be added; a row's values add up to its answer
    minus that mean. Each column of the table has one value, whatever the model makes of it: a date,
    a text, or a category with its missing flag.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        Rows to explain; a loaded run's own table if left out.
    rows : int or sequence of int, optional
        Numbers of rows, from 1; all rows if left out.
    background : path or data frame, optional
        Rows that show what the other columns are like; if left out, 200 rows that the run learned
        from, if it keeps them.
    rung : str, optional
        As in `predict`.
    scale : {"probability", "log-odds", "target"}, optional
        The scale of the answers. Probabilities and numbers add up over the members of a pack;
        log-odds do not.
    together : sequence of columns
        Groups of columns, each of which is one player, such as ``[["length", "width"]]``.
    tolerance : float
        With more than twelve columns, or if exact values would take more than about a second per
        row, values are sampled until the half-width of their 95% intervals is below this share of
        the range of the answers, or until that second is spent. A share below a thousandth has no
        such time limit.
    on : str or Executor, optional
        An engine that explains the rows, a few in each task, as in `gradum.fit`.

    Returns
    -------
    Explanation
        It displays itself; ``frame`` has one line per row, column and class, ``reasons`` names what
        speaks most against an answer, ``overall()`` says what the columns do over all rows,
        ``interactions()`` says which pairs act together, and ``tiles()`` divides a row's answer
        among the parts of its picture or sound.

    Raises
    ------
    SpecError
        There is no such row, column, rung, scale or engine, or there are no background rows.
    SchemaError
        A column is absent or of another kind.
    EngineError
        The engine does not answer, or a task failed too often.
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
        on=on,
    )


def explain_model(
    model: Subject,
    data: Any = None,
    *,
    rows: int | Sequence[int] | None = None,
    background: Any = None,
    together: Sequence[Sequence[str]] = (),
    reading: ReadingOptions = PLAINLY,
    on: Any = None,
    **options: Any,
) -> Explanation:
    """Explain rows of a table, which is read with ``reading``; see `Model.explain`."""
    frame, numbers = asked_rows(model, data, rows, reading)
    against = background_of(model, background)
    players = [[names] if isinstance(names, str) else names for names in together]
    with engine_of(on) as engine:
        found = shapley_values(
            model.fitted,
            frame,
            against,
            numbers=numbers,
            together=players,
            engine=engine,
            **options,
        )
    return Explanation(found, model.fitted)


def row_page(
    self: Subject,
    data: Any = None,
    *,
    row: int,
    path: str | os.PathLike | None = None,
    cache: Path | None = None,
    **options: Any,
) -> Page:
    """Explain one row on a self-contained HTML page, and write it to ``path`` if given.

    Parameters
    ----------
    data
        As in `explain`.
    row : int
        The row's number, from 1.
    path : path, optional
    cache : path, optional
        As in `report`.
    **options
        As in `explain`: ``background``, ``rung``, ``scale``, ``together``, ``tolerance``, ``on``.

    Raises
    ------
    SpecError, SchemaError
        As in `explain`.
    OutputError
        The file cannot be written.
    """
    refuse_after_fork()
    from gradum.questions.explain.row_page import (
        page_of_row,  # loads charts, which an explanation does not need
    )

    explanation = explain(self, data, rows=[row], **options)
    page = page_of_row(self, explanation, cache=cache)
    if path is not None:
        write_text(path, page)
    return Page(page)
