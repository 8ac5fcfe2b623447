"""A model's signature in MLflow: the types of its columns and answers, and an example row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradum.mlflow.package import mlflow
from gradum.run.fitted import Fitted
from gradum.run.reference.column_counts import Numbers
from gradum.study.example_row import example_row
from gradum.tables.columns import Column
from gradum.tables.kinds.parse import Parse

if TYPE_CHECKING:
    from pandas import DataFrame

OPTIONS = {"rung": "string", "coverage": "double", "probability": "boolean", "explain": "boolean"}
"""The types of a prediction's options, see `PythonFunction.predict`."""

LABELS = {str: "string", bool: "boolean", int: "long", float: "double"}


def signature(fitted: Fitted) -> Any:
    """Return a model's signature: its columns, its prediction, and the options of predictions.

    Columns that only intervals look at are optional; the others have to be there, be they empty.
    """
    package = mlflow()
    types, schema = package.types, package.types.schema
    inputs = [
        schema.ColSpec(_type_of(fitted, column), column.name) for column in fitted.schema.features
    ]
    known = {column.name for column in fitted.schema.features}
    inputs += [
        schema.ColSpec(_any(), name, required=False)
        for name in _of_intervals(fitted)
        if name not in known
    ]
    answer = LABELS[type(fitted.classes[0])] if fitted.classes else "double"
    options = [schema.ParamSpec(name, kind, default=None) for name, kind in OPTIONS.items()]
    return package.models.ModelSignature(
        types.Schema(inputs),
        types.Schema([schema.ColSpec(answer, "prediction")]),
        types.ParamSchema(options),
    )


def _type_of(fitted: Fitted, column: Column) -> Any:
    """Return MLflow's type of a column, or its "Any" where rows may rightly have several.

    MLflow refuses integers where floats are said, so a column of whole numbers, which has floats
    once a value is missing, has no type that holds for every table. Of "6.5 kg", "?" and 6.5 it
    knows one, as of moments; and it turns a missing yes or no into no. gradum reads all of these.
    """
    kind, how = column.traits, column.parse
    if kind.is_file:
        return "binary"
    if kind.is_grid:
        return _any()
    if kind.is_quantity:
        return "double" if how == Parse() and _has_fractions(fitted, column.name) else _any()
    return _any() if kind.fixed_levels or kind.is_time or how.whole else "string"


def _any() -> Any:
    return mlflow().types.schema.AnyType()


def _has_fractions(fitted: Fitted, name: str) -> bool:
    """Return whether a column has numbers that are not whole, as far as its quantiles tell.

    A quantile may lie halfway between two whole numbers.
    """
    summary = None if fitted.reference is None else fitted.reference.columns.get(name)
    if summary is None or not isinstance(summary.values, Numbers):
        return False
    return any(not (2 * edge).is_integer() for edge in summary.values.edges)


def _of_intervals(fitted: Fitted) -> list[str]:
    """Return the columns that intervals look at: by whose values, and in whose order of time."""
    guarantee, spec = fitted.guarantee, fitted.spec
    by = [] if spec.interval_by is None else [spec.interval_by]
    follows = guarantee is not None and guarantee.scores.moment is not None
    timed = [c.name for c in fitted.schema.columns if c.role in ("time", "target")]
    return [*by, *timed] if follows else by


def input_example(fitted: Fitted) -> DataFrame | None:
    """Return a row of medians and common levels; none for a table of pictures or sounds."""
    from pandas import DataFrame

    return None if fitted.schema.has_grids else DataFrame([example_row(fitted)])
