"""Curves of a model's columns: for which columns and rows, and against which background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.api.asked_rows import background_of, features_of
from gradum.forks import refuse_after_fork
from gradum.study.explanation.scale import Scale
from gradum.tables.sources.read import read

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.effects import EffectCurves


def effects(
    self: Model,
    columns: str | Sequence[str] | None = None,
    *,
    rows: Any = None,
    background: Any = None,
    rung: str | None = None,
    scale: Scale | None = None,
) -> EffectCurves:
    """Say how answers change as one column takes other values: partial dependence, ALE and ICE.

    Partial dependence is the mean answer when all background rows get the same value of the column.
    Accumulated local effects (ALE), for numbers and dates, move each row only between values that
    rows like it have, so they separate the effects of correlated columns. ICE are the answers for
    one given row. All curves use the same values: quantiles of the background rows, levels, yes and
    no, and missing if rows lack a value.

    Parameters
    ----------
    columns : str or sequence of str, optional
        If left out, all columns but texts, which have no curve.
    rows : path, data frame, array, list of dicts or one dict, optional
        Up to 1,000 rows for which to compute ICE curves.
    background : path or data frame, optional
        As in `explain`.
    rung : str, optional
        As in `predict`.
    scale : {"probability", "log-odds", "target"}, optional
        The scale of the answers.

    Returns
    -------
    EffectCurves
        It displays itself; ``frame`` has one line per column, class and value, with standard errors
        and the number of nearby background rows; ``curves`` has ICE.

    Raises
    ------
    SpecError
        There is no such column, rung or scale, a column is a text, there are too many rows, or
        there are no background rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.show.effects import EffectCurves
    from gradum.study.explanation.effects import effects_of

    found = effects_of(
        self.fitted,
        background_of(self, background),
        columns=[columns] if isinstance(columns, str) else columns,
        rows=None if rows is None else features_of(self.fitted, read(rows)),
        rung=rung,
        scale=scale,
    )
    return EffectCurves(found)
