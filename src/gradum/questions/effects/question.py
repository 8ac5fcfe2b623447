"""The question of effects: how answers change as one column takes other values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from gradum.questions.statement import IN_PYTHON, Background, Knob, Rung, Scale, question
from gradum.questions.subject import Subject
from gradum.run.options.column_lists import read_columns

if TYPE_CHECKING:
    from gradum.questions.effects.answer import EffectCurves


@question("effects", page=True, frame=True)
def effects(
    self: Subject,
    columns: Annotated[
        str | Sequence[str] | None,
        Knob(
            "The columns, as a,b. Default: all but texts, which have no curve.",
            "COLS",
            typed=str,
            read=read_columns,
        ),
    ] = None,
    *,
    rows: Annotated[
        Any,
        Knob(
            "Up to 1,000 rows, each with curves of its own (ICE).",
            "TABLE",
            typed=str,
            in_python=f"{IN_PYTHON}, optional",
        ),
    ] = None,
    background: Background = None,
    rung: Rung = None,
    scale: Scale = None,
) -> EffectCurves:
    """Say how answers change as one column takes other values.

    Draws partial dependence, ALE and ICE. Partial dependence is the mean answer when all background
    rows get the same value of the column. Accumulated local effects (ALE), for numbers and dates,
    move each row only between values that rows like it have, so they separate the effects of
    correlated columns. ICE are the answers for one given row. All curves use the same values:
    quantiles of the background rows, levels, yes and no, and missing if rows lack a value.

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
    from gradum.questions.effects.answer import EffectCurves
    from gradum.questions.rows.asked_rows import background_of, features_of
    from gradum.study.explanation.effects import effects_of
    from gradum.tables.sources.read import read

    found = effects_of(
        self.fitted,
        background_of(self, background),
        columns=[columns] if isinstance(columns, str) else columns,
        rows=None if rows is None else features_of(self.fitted, read(rows)),
        rung=rung,
        scale=scale,
    )
    return EffectCurves(found)
