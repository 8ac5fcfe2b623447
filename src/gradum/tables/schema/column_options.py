"""The user's options about columns, gathered by column and checked against the table."""

from __future__ import annotations

from gradum.errors import ColumnError, SpecError, TargetError
from gradum.messages import listed, say
from gradum.tables.columns import Overrides
from gradum.tables.kinds import SAYABLE
from gradum.tables.table import Table
from gradum.tables.wording import nearest

KINDS = ("numeric", "categorical", "text", "date", "time_of_day", "drop")
ROLES = ("weight", "exposure", "group", "time")
READ_SO = ("fold_case",)
# the only options that may name the same column
TOGETHER = (
    {"time", "date"},
    {"time", "numeric"},
    {"group", "categorical"},
    {"group", "fold_case"},
    {"categorical", "fold_case"},
    {"group", "categorical", "fold_case"},
    {"weight", "numeric"},
    {"exposure", "numeric"},
    {"target", "numeric"},
)


def options_by_column(
    table: Table, target: str | None, overrides: Overrides
) -> dict[str, set[str]]:
    """Return the options that name each column; columns that no option names are left out.

    Raises
    ------
    ColumnError, TargetError
        A column, or the target, is not in the table.
    SpecError
        A column is named by two options that contradict each other.
    """
    names = table.frame.columns
    if target is not None and target not in names:
        raise TargetError(
            say("{source} has no column {target!r}.", source=table.source, target=target),
            nearest(target, names),
        )
    options_of: dict[str, set[str]] = {}
    if target is not None:
        options_of[target] = {"target"}
    for option in (*KINDS, *ROLES, *READ_SO):
        named = _named(overrides, option)
        if named and option not in (*SAYABLE, "drop", *ROLES, *READ_SO):
            raise SpecError(
                "This gradum is without columns of the kind of --{option}.",
                "Choose among {choices}.",
                option=option.replace("_", "-"),
                choices=listed(list(SAYABLE)),
            )
        for name in named:
            if name not in names:
                raise ColumnError(
                    say(
                        "{source} has no column {name!r}, which --{option} names.",
                        source=table.source,
                        name=name,
                        option=option.replace("_", "-"),
                    ),
                    nearest(name, names),
                )
            options_of.setdefault(name, set()).add(option)
    for name, options in options_of.items():
        if len(options) > 1 and options not in TOGETHER:
            given = flags(options)
            raise SpecError(
                say(
                    "Column {name!r} is named by {options}, which exclude each other.",
                    name=name,
                    options=listed(given, "and"),
                ),
                _remedy(options),
            )
    return options_of


def _remedy(options: set[str]) -> str:
    if "target" not in options:
        return say("Keep one of these options.")
    if options == {"target", "fold_case"}:
        return say(
            "Leave out --fold-case: classes that differ in upper and lower case alone are one, "
            "unless --keep-case tells them apart."
        )
    others = listed(flags(options - {"target"}), "and")
    return say("Leave out {options}; the target's kind is set by --task.", options=others)


def flags(options: set[str]) -> list[str]:
    """Return options as they are written on the command line."""
    return [f"--{option.replace('_', '-')}" for option in sorted(options)]


def _named(overrides: Overrides, option: str) -> tuple[str, ...]:
    value = getattr(overrides, option)
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
