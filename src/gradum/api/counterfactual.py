"""Counterfactuals of a model's answers: of which rows, within which limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.api.explanation import asked_rows, background_of
from gradum.run.options.option_values import read_names
from gradum.show.counterfactual import Counterfactuals
from gradum.study.explanation.counterfactual.counterfactual import COUNT, counterfactuals
from gradum.study.explanation.counterfactual.limits import Limits

if TYPE_CHECKING:
    from gradum.api.model import Model


def counterfactuals_of_model(
    model: Model,
    data: Any = None,
    *,
    rows: int | Sequence[int],
    frozen: str | Sequence[str] = (),
    upward: str | Sequence[str] = (),
    downward: str | Sequence[str] = (),
    towards: Any = None,
    count: int = COUNT,
    background: Any = None,
    rung: str | None = None,
) -> Counterfactuals:
    """Look for the least changes of rows; see `Model.counterfactuals`."""
    fitted = model.fitted
    limits = Limits.of(fitted.schema, *map(read_names, (frozen, upward, downward)))
    chosen, numbers = asked_rows(model, data, rows)
    found = counterfactuals(
        fitted,
        chosen,
        background_of(model, background),
        numbers=numbers,
        limits=limits,
        towards=towards,
        count=count,
        rung=rung,
    )
    return Counterfactuals(found, fitted)
