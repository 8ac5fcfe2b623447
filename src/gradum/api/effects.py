"""Curves of a model's columns: of which columns and rows, against which background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.api.explanation import background_of, checked_table
from gradum.show.effects import EffectCurves
from gradum.study.explanation.effects import effects_of
from gradum.study.explanation.scale import Scale
from gradum.tables.read import read

if TYPE_CHECKING:
    from gradum.api.model import Model


def model_effects(
    model: Model,
    columns: str | Sequence[str] | None = None,
    *,
    rows: Any = None,
    background: Any = None,
    rung: str | None = None,
    scale: Scale | None = None,
) -> EffectCurves:
    """Work out the curves of columns; see `Model.effects`."""
    fitted = model.fitted
    features = [column.name for column in fitted.schema.features]
    given = None if rows is None else checked_table(fitted, read(rows)).frame.select(features)
    found = effects_of(
        fitted,
        background_of(model, background).select(features),
        columns=[columns] if isinstance(columns, str) else columns,
        rows=given,
        rung=rung,
        scale=scale,
    )
    return EffectCurves(found)
