"""Curves of a model's columns: of which columns and rows, against which background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gradum.api.explanation import background_of, features_of
from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.show.effects import EffectCurves
from gradum.study.explanation.effects import Effects, columns_with_grid, effects_of
from gradum.study.explanation.scale import Scale
from gradum.tables.sources.read import read

if TYPE_CHECKING:
    from gradum.api.model import Model

MOST_CURVES = 4  # in a report, and on the page of a row


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


def foremost_effects(model: Model) -> Effects | None:
    """Work out the effects of the columns that move the judged answers most, for the report.

    None where the judged rows were not explained, no background rows are at hand, or the findings
    name no single row: the curves stand at values that single background rows have.
    """
    explanation = None if model.findings is None else model.findings.explanation
    if explanation is None or not (explanation.worst or explanation.typical):
        return None
    try:
        background = background_of(model, None)
    except SpecError:
        return None
    columns = with_curves(model.fitted, [column.column for column in explanation.overall.columns])
    return effects_of(model.fitted, background, columns=columns)


def with_curves(fitted: Fitted, names: Iterable[str]) -> list[str]:
    """Return those of some names that are columns with a curve: the first `MOST_CURVES`."""
    with_grid = {column.name for column in columns_with_grid(fitted, None)}
    return [name for name in names if name in with_grid][:MOST_CURVES]
