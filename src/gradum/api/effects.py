"""Curves of a model's columns: of which columns and rows, against which background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.api.explanation import background_of, features_of
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
    found = effects_of(
        fitted,
        background_of(model, background),
        columns=[columns] if isinstance(columns, str) else columns,
        rows=None if rows is None else features_of(fitted, read(rows)),
        rung=rung,
        scale=scale,
    )
    return EffectCurves(found)
