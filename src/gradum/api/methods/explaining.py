"""Explanations of a model's answers: Shapley values, effects of columns, a surrogate tree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradum.api.explanation import explain_model
from gradum.api.page import Page
from gradum.files.atomic import write_text
from gradum.forks import refuse_after_fork
from gradum.show.explanation import Explanation
from gradum.study.explanation.scale import Scale

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.effects import EffectCurves
    from gradum.show.surrogate import SurrogateTree


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


def row_page(
    self: Model,
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
        Its number, from 1.
    path : path, optional
    cache : path, optional
        As in `report`.
    **options
        As in `explain`: ``background``, ``rung``, ``scale``, ``together``, ``tolerance``.

    Raises
    ------
    SpecError, SchemaError
        As `explain`.
    OutputError
        The file cannot be written.
    """
    refuse_after_fork()
    from gradum.api.row_page import page_of_row  # charts, which an explanation does not need

    explanation = self.explain(data, rows=[row], **options)
    page = page_of_row(self, explanation, cache=cache)
    if path is not None:
        write_text(path, page)
    return Page(page)


def effects(
    self: Model,
    columns: str | Sequence[str] | None = None,
    *,
    rows: Any = None,
    background: Any = None,
    rung: str | None = None,
    scale: Scale | None = None,
) -> EffectCurves:
    """Say what is answered as one column takes other values: partial dependence, ALE and ICE.

    Partial dependence is the mean answer once all background rows have the same value of the
    column. Accumulated local effects (ALE), of numbers and dates, move each row only between
    values that rows like it have, so that they tell apart columns that go together. ICE are
    the answers for one given row. All stand at the same values: quantiles of the background
    rows, levels, yes and no, and missing where rows lack a value.

    Parameters
    ----------
    columns : str or sequence of str, optional
        All but texts, which have no curve, if left out.
    rows : path, data frame, array, list of dicts or one dict, optional
        Up to 1,000 rows whose own curves are wanted.
    background : path or data frame, optional
        As in `explain`.
    rung : str, optional
        As in `predict`.
    scale : {"probability", "log-odds", "target"}, optional
        Of the answers.

    Returns
    -------
    EffectCurves
        It shows itself; ``frame`` has one line a column, class and value, with standard errors
        and the number of background rows near; ``curves`` has ICE.

    Raises
    ------
    SpecError
        There is no such column, rung or scale, a column is a text, the rows are too many, or
        there are no background rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.api.effects import model_effects

    return model_effects(self, columns, rows=rows, background=background, rung=rung, scale=scale)


def surrogate(self: Model) -> SurrogateTree:
    """Grow a tree of at most four questions that says what the rung in use says.

    Its fidelity is R² of the answers, on rows that it was not grown on; below 0.8 it is not
    shown. How far the linear rung says the same is told as well.

    Returns
    -------
    SurrogateTree
        It shows itself; ``frame`` has one line a rule.

    Raises
    ------
    SpecError
        The model was loaded from a file alone, or there is no tree.
    """
    refuse_after_fork()
    from gradum.api.surrogate import surrogate_of

    return surrogate_of(self)
