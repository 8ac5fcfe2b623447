"""The columns of a table of series: those that name the series, and the features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from gradum.errors import ColumnError, SpecError
from gradum.messages import say
from gradum.tables.columns import Column
from gradum.tables.forecast.facet import ORIGIN, STEP, Covariate, Use
from gradum.tables.forecast.panel import typed
from gradum.tables.schema.schema import Schema
from gradum.tables.table import Table
from gradum.tables.wording import nearest

MOST_LEVELS = 100


def refuse_columns(table: Table, target: str, series: Sequence[str], known: Sequence[str]) -> None:
    """Refuse columns that cannot tell series apart, or be known beforehand.

    Raises
    ------
    GradumError
        One is the target, is absent, or has a name that the rows of a forecast need.
    """
    roles = [("series", name) for name in series] + [("known", name) for name in known]
    for option, name in roles:
        if name == target:
            raise SpecError(
                "Column {column!r} is the target and named by --{option}.",
                "Name another column.",
                column=name,
                option=option,
            )
        if name in (ORIGIN, STEP):
            raise _taken(name)
        if name not in table.frame.columns:
            raise ColumnError(
                say(
                    "{source} has no column {name!r}, which --{option} names.",
                    source=table.source,
                    name=name,
                    option=option,
                ),
                nearest(name, table.frame.columns),
            )
    for name in (ORIGIN, STEP):
        if name == target:
            raise _taken(name)


def refuse_names(names: Sequence[str]) -> None:
    """Refuse columns of a table that are called like one that is made for the rows of a forecast.

    Raises
    ------
    SpecError
    """
    for name, times in Counter(names).items():
        if times > 1:
            raise _taken(name)


def _taken(name: str) -> SpecError:
    return SpecError(
        "A forecast has a column {column!r} of its own.", "Rename the table's.", column=name
    )


def naming_series(raw: Schema, name: str) -> Column:
    """Return a column that tells series apart.

    Raises
    ------
    SpecError
        Its values are of a kind that names nothing.
    """
    column = raw.column(name)
    if column.traits.has_levels or column.traits.names_groups or column.traits.is_quantity:
        return column
    raise SpecError(
        "Column {column!r} names no series: it is of the kind {kind}.",
        "Give --series a column of names or codes.",
        column=name,
        kind=column.kind,
    )


def covariates_of(
    table: Table, raw: Schema, codes: np.ndarray, series: Sequence[str], known: Sequence[str]
) -> Iterator[Covariate]:
    """Yield the columns beside the target that are of use, and how each is."""
    for column in raw.columns:
        name, kind = column.name, column.traits
        given = column.role == "feature" or name in known
        if name in series or column.role in ("target", "time") or not given:
            continue
        if column.role == "unused" and name in known:
            raise SpecError(
                "Column {column!r} cannot be known beforehand (--known): {reason}",
                "Name another column.",
                column=name,
                reason=column.reason,
            )
        if not (kind.is_quantity or kind.has_levels):
            if name in known:
                raise SpecError(
                    "Column {column!r} cannot be known beforehand (--known): it is of the kind "
                    "{kind}.",
                    "Name a column of numbers or categories.",
                    column=name,
                    kind=column.kind,
                )
            continue
        values = typed(table, column)
        levels: tuple[str, ...] = ()
        if not kind.is_quantity:
            levels = tuple(values.cast(pl.String).drop_nulls().unique().sort().to_list())
        if len(levels) > MOST_LEVELS:
            continue
        by = pl.DataFrame({"code": codes, "value": values}).drop_nulls()
        fixed = bool((by.group_by("code").agg(pl.col("value").n_unique())["value"] == 1).all())
        if fixed and not series:
            continue  # the same in every row
        use: Use = "known" if name in known else "fixed" if fixed else "past"
        yield Covariate(column, use, levels)
