"""The user's options about columns, gathered by column and checked against the table."""

from __future__ import annotations

from gradum.errors import ColumnError, SpecError, TargetError
from gradum.tables.columns import Overrides
from gradum.tables.table import Table
from gradum.tables.wording import nearest

KINDS = ("numeric", "categorical", "text", "date", "drop")
ROLES = ("weight", "group", "time")
# the only pairs of options that may name one column
TOGETHER = ({"time", "date"}, {"time", "numeric"}, {"group", "categorical"}, {"weight", "numeric"})


def options_by_column(
    table: Table, target: str | None, overrides: Overrides
) -> dict[str, set[str]]:
    """Return the options that name each column; columns that none names are left out.

    Raises
    ------
    ColumnError, TargetError
        A column, or the target, is not in the table.
    SpecError
        A column is named by two options that contradict each other.
    """
    names = table.frame.columns
    if target is not None and target not in names:
        raise TargetError(f"{table.source} has no column {target!r}.", nearest(target, names))
    said: dict[str, set[str]] = {}
    if target is not None:
        said[target] = {"target"}
    for option in (*KINDS, *ROLES):
        for name in _named(overrides, option):
            if name not in names:
                raise ColumnError(
                    f"{table.source} has no column {name!r}, which --{option} names.",
                    nearest(name, names),
                )
            said.setdefault(name, set()).add(option)
    for name, options in said.items():
        if len(options) > 1 and options not in TOGETHER:
            given = [f"--{option}" for option in sorted(options)]
            raise SpecError(
                f"Column {name!r} is named by {' and '.join(given)}, which exclude each other.",
                _remedy(options),
            )
    return said


def _remedy(options: set[str]) -> str:
    if "target" not in options:
        return "Keep one of these options."
    others = " and ".join(f"--{option}" for option in sorted(options - {"target"}))
    return f"Leave out {others}; the target's kind is set by --task."


def _named(overrides: Overrides, option: str) -> tuple[str, ...]:
    value = getattr(overrides, option)
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
