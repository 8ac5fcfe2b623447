"""The schema: what was understood of a table, saved as JSON that a hand may edit."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gradum.errors import ColumnError, SchemaError, TableError
from gradum.tables.columns import Column, Label, Overrides, Parse, Role, Target, Task
from gradum.tables.contradictions import (
    VERSION,
    explain,
    refuse_contradictions,
    refuse_names,
)
from gradum.tables.decimals import with_decimal_commas
from gradum.tables.kinds import PARSED, SAYABLE, Reading, Values, recognise
from gradum.tables.kinds.duplicate import duplicates
from gradum.tables.kinds.numeric import mostly_numbers
from gradum.tables.kinds.values import LARGEST
from gradum.tables.options import options_by_column
from gradum.tables.slips import slip_hint
from gradum.tables.table import Table
from gradum.tables.target import CASE, KEPT, recognise_target
from gradum.tables.wording import counted, nearest, number, quoted

__all__ = ["Column", "Label", "Overrides", "Parse", "Schema", "Target", "Task", "infer"]


class Schema(Struct, frozen=True, forbid_unknown_fields=True):
    """What was understood of a table.

    Attributes
    ----------
    source : str
        What the table was called.
    rows : int
    columns : tuple of Column
        Every column in the table's order, used or not.
    target : Target, optional
    version : int
        Of this format.
    """

    source: str
    rows: int
    columns: tuple[Column, ...]
    target: Target | None = None
    version: int = VERSION

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that a model may use."""
        return tuple(column for column in self.columns if column.role == "feature")

    @property
    def weight(self) -> str | None:
        """The column of row weights, if any."""
        return self._with_role("weight")

    @property
    def group(self) -> str | None:
        """The column whose values no split may separate, if any."""
        return self._with_role("group")

    @property
    def time(self) -> str | None:
        """The column that orders the rows in time, if any."""
        return self._with_role("time")

    def column(self, name: str) -> Column:
        """Return a column by name; ColumnError with the nearest names if it is not there."""
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise ColumnError(f"{self.source} has no column {name!r}.", nearest(name, names))

    def to_json(self) -> str:
        """Return the schema as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Schema:
        """Return the schema written in JSON, perhaps edited by hand.

        Raises
        ------
        SchemaError
            It is no JSON, or a field of a column makes no sense; the message names both.
        """
        try:
            schema = msgspec.json.decode(text, type=cls)
        except (ValueError, RecursionError) as error:
            raise SchemaError(*explain(error, text)) from None
        refuse_contradictions(schema.version, schema.columns, schema.target)
        return schema

    def _with_role(self, role: Role) -> str | None:
        return next((column.name for column in self.columns if column.role == role), None)


def infer(
    table: Table,
    *,
    target: str | None = None,
    task: str | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008 - frozen
    log_target: bool = False,
) -> Schema:
    """Return what is understood of a table.

    Parameters
    ----------
    table : Table
    target : str, optional
        The column to predict.
    task : str, optional
        "regression", "binary", "multiclass" or "classification"; recognised if not given.
    overrides : Overrides
        Kinds and roles that the user decides.
    log_target : bool
        Whether the logarithm of the target is to be learned.

    Raises
    ------
    ColumnError
        A named column is not there or cannot be what it is said to be.
    TargetError
        The target cannot be learned.
    SpecError
        Two options contradict each other.
    TableError
        No column is left to learn from, or the name of one cannot be used.
    """
    said = options_by_column(table, target, overrides)
    refuse_names(table.frame.columns)
    learned: Target | None = None

    def understand(name: str, decimal: str = ".") -> Column:
        nonlocal learned
        options = said.get(name, set())
        kept = KEPT if "target" in options else ()
        typed = table.typed and name not in table.untyped
        values = Values(name, table.frame[name], typed, kept, decimal, table.numbers)
        if "target" not in options:
            return _understand(values, options)
        column, learned = recognise_target(values, task, log_target)
        return column

    columns = [understand(name) for name in table.frame.columns]
    columns = with_decimal_commas(table, columns, lambda name: understand(name, ","))
    columns = _without_duplicates(table, columns, said)
    schema = Schema(table.source, table.frame.height, tuple(columns), learned)
    if target is not None:
        require_features(schema)
    return schema


def require_features(schema: Schema) -> None:
    """Refuse a table that leaves no column to learn from.

    Raises
    ------
    TableError
        Each column is named with the reason why it is of no use.
    """
    if not schema.features:
        raise _nothing_usable(schema)


def _understand(values: Values, options: set[str]) -> Column:
    """Return the column that a user's options, or else its values, make it."""
    role: Role = "feature"
    if options - {"drop"} and (values.is_nested or not values.present):
        what = "lists, records or bytes" if values.is_nested else "no values"
        if values.beyond:
            raise _beyond(values)
        asked = " and ".join(f"--{option}" for option in sorted(options))
        raise ColumnError(
            f"Column {values.name!r} holds {what}, so it cannot be what {asked} makes it.",
            "Choose another column.",
        )
    said = options & SAYABLE.keys()
    if said:
        reading = SAYABLE[said.pop()].insist(values)
    elif "weight" in options:
        reading = _weight(values)
    elif "group" in options:
        reading = SAYABLE["categorical"].insist(values)
    elif "time" in options:
        reading = _time(values)
    else:
        reading = recognise(values)
    reason = _sentence(reading, values)
    if "weight" in options:
        role, reason = "weight", f"The weight of each row: {_lower(reason)}"
    elif "time" in options:
        role, reason = "time", f"Orders the rows, so that the past predicts: {_lower(reason)}"
    elif "group" in options:
        groups = counted(values.levels.height, "group")
        role, reason = "group", f"Rows of one group stay together in a split; {groups}."
    elif "drop" in options:
        role, reason = "unused", "Left out, as asked."
    elif not reading.usable:
        role = "unused"
    missing = values.missing + reading.unread
    return Column(values.name, reading.kind, role, reason, reading.parse, values.distinct, missing)


def _beyond(values: Values) -> ColumnError:
    return ColumnError(
        f"Column {values.name!r} holds only numbers that are infinite or beyond {number(LARGEST)}, "
        "which count as missing.",
        "Make them smaller, divided by a constant say, or choose another column.",
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _weight(values: Values) -> Reading:
    """Return the reading of a weight column: numbers."""
    if values.beyond:
        raise _beyond(values)
    try:
        return SAYABLE["numeric"].insist(values)
    except ColumnError as error:
        message = error.message.replace("a number (--numeric)", "the weight (--weight)")
        raise ColumnError(message, "Correct these values, or leave out --weight.") from None


def _time(values: Values) -> Reading:
    """Return the reading of a time column: dates if they are dates, else numbers."""
    reading = SAYABLE["date"].recognise(values)
    if reading is not None:
        return reading
    try:
        return SAYABLE["numeric"].insist(values)
    except ColumnError:
        raise ColumnError(
            f"Column {values.name!r} cannot order the rows in time (--time): it holds neither "
            f"dates nor numbers, but {quoted(values.levels['level'])}.",
            "Write dates as 2024-01-31 or 2024-01-31 13:45, or choose another column.",
        ) from None


def _sentence(reading: Reading, values: Values) -> str:
    """Return the reading's clause with what was noticed besides, as one sentence."""
    clauses = [reading.reason]
    if values.missing and values.present:
        marked = ", ".join(
            f"{marker!r} {count:,}" if marker else f"blank {count:,}"
            for marker, count in list(values.markers.items())[:4]
        )
        clauses.append(f"{values.missing:,} missing" + (f" ({marked})" if marked else ""))
    if values.infinite:
        beyond = f" or beyond {number(LARGEST)}" if values.too_large else ""
        clauses.append(f"{values.infinite:,} of them infinite{beyond}")
    if values.padded:
        clauses.append(f"spaces around {counted(values.padded, 'value')} removed")
    if reading.kind == "categorical" and values.case_twins:
        clauses.append(f"{quoted(values.case_twins)} differ only in {CASE}")
    if reading.kind in ("categorical", "identifier", "text"):
        clauses += mostly_numbers(values)
    if reading.kind in ("numeric", "date"):
        clauses += slip_hint(values, PARSED[reading.kind], reading.parse)
    return "; ".join(clauses) + "."


def _without_duplicates(
    table: Table, columns: list[Column], said: dict[str, set[str]]
) -> list[Column]:
    """Return the columns with those equal to an earlier one, or to the target, set aside."""
    target = [column.name for column in columns if column.role == "target"]
    features = [column.name for column in columns if column.role == "feature"]
    earlier = duplicates(table.frame, [*target, *features])
    decided = []
    for column in columns:
        if column.role == "feature" and column.name in earlier and not said.get(column.name):
            twin = earlier[column.name]
            what = "the target" if twin in target else f"{twin!r}"
            reason = f"Equal to {what} in every row; not used."
            column = msgspec.structs.replace(
                column, kind="duplicate", role="unused", reason=reason, parse=Parse()
            )
        decided.append(column)
    return decided


def _nothing_usable(schema: Schema) -> TableError:
    others = [column for column in schema.columns if column.role == "unused"]
    if not others:
        return TableError(
            f"{schema.source} has no column besides the target.", "Add columns to learn from."
        )
    why = [f"{column.name!r} ({_why_unused(column)})" for column in others]
    what = ", ".join(why[:3]) + (f" and {len(why) - 3:,} more" if len(why) > 3 else "")
    remedy = "Add columns that differ from row to row"
    spare = [column.name for column in others if column.kind == "identifier"]
    if any("as asked" in reason for reason in why):
        remedy = "Keep some of the columns that --drop names"
    elif spare:
        remedy += f", or use one all the same with --categorical {spare[0]!r}"
    return TableError(f"{schema.source} has no column to learn from: {what}.", f"{remedy}.")


def _why_unused(column: Column) -> str:
    """Return the clause of a column's reason that tells most."""
    clauses = column.reason.rstrip(".").split("; ")
    return next((clause for clause in clauses if "are numbers" in clause), _lower(clauses[0]))
