"""The schema: what was understood of a table, saved as JSON that may be edited by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import msgspec
from msgspec import Struct, structs

from gradum.errors import ColumnError, SchemaError, TableError
from gradum.messages import as_text, listed, say, say_plural
from gradum.tables.columns import Column, Label, Overrides, Role, Target, Task
from gradum.tables.doubt import Doubt
from gradum.tables.doubts.slips import slip_doubts
from gradum.tables.forecast.facet import Forecast
from gradum.tables.kinds import KINDS, SAYABLE, Reading, Values, recognise
from gradum.tables.kinds.numeric import NumericKind, mostly_numbers
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import LARGEST, without_markers
from gradum.tables.schema.belonging import with_owners
from gradum.tables.schema.column_options import flags, options_by_column
from gradum.tables.schema.contradictions import (
    VERSION,
    explain,
    refuse_contradictions,
    refuse_names,
)
from gradum.tables.schema.decimals import with_decimal_commas
from gradum.tables.schema.target import KEPT, padding, recognise_target
from gradum.tables.table import Table
from gradum.tables.wording import and_more, full_stop, joined_clauses, nearest, number, quoted

__all__ = ["Column", "Label", "Overrides", "Parse", "Schema", "Target", "Task", "infer"]


class Schema(Struct, frozen=True, forbid_unknown_fields=True):
    """What was understood of a table."""

    source: str
    """What the table was called."""
    rows: int
    columns: tuple[Column, ...]
    """Every column in the table's order, used or not."""
    target: Target | None = None
    version: int = VERSION
    """The version of this format."""
    forecast: Forecast | None = None
    """What is known of the series from which the rows are made; None for rows of a table."""

    @property
    def learned_target(self) -> Target:
        """The target; only for schemas that a model learns from, or has learned from."""
        assert self.target is not None
        return self.target

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that a model may use."""
        return tuple(column for column in self.columns if column.role == "feature")

    @property
    def has_grids(self) -> bool:
        """Whether models may use a column of pictures or sounds."""
        return any(column.traits.is_file for column in self.features)

    @property
    def may_have_grids(self) -> bool:
        """Whether models may use a column that can be seen as grids: of series, too."""
        return any(column.traits.is_grid for column in self.features)

    @property
    def weight(self) -> str | None:
        """The column of row weights, if any."""
        return self._with_role("weight")

    @property
    def exposure(self) -> str | None:
        """The column of exposures, by which the target is divided, if any."""
        return self._with_role("exposure")

    @property
    def group(self) -> str | None:
        """The column whose values no split may separate, if any."""
        return self._with_role("group")

    @property
    def time(self) -> str | None:
        """The column that orders the rows in time, if any."""
        return self._with_role("time")

    @property
    def target_unit(self) -> str:
        """The unit or currency of a numeric target, such as kg; empty if none is known."""
        if self.target is None or self.target.classes:
            return ""
        return self.column(self.target.name).parse.currency

    @property
    def from_naive(self) -> Literal["", "series", "scaled"]:
        """Whether the target is what a naive forecast misses: of a series, or scaled of several."""
        if self.forecast is None:
            return ""
        return "scaled" if self.forecast.scaled else "series"

    def column(self, name: str) -> Column:
        """Return a column by name; ColumnError with the nearest names if it is not there."""
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise ColumnError(
            say("{source} has no column {name!r}.", source=self.source, name=name),
            nearest(name, names),
        )

    def with_target(self, target: Target) -> Schema:
        """Return the schema with a target that was understood anew, for the reason it gives."""
        columns = tuple(
            structs.replace(column, reason=target.reason) if column.name == target.name else column
            for column in self.columns
        )
        return structs.replace(self, target=target, columns=columns)

    def to_json(self) -> str:
        """Return the schema as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self, enc_hook=as_text), indent=2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Schema:
        """Return the schema from JSON, which may have been edited by hand.

        Raises
        ------
        SchemaError
            It is no JSON, or a field of a column makes no sense; the message names column and
            field.
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
    loss: str = "",
    alone: bool = False,
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
    loss : str
        The loss that is to be learned by, if one was named.
    alone : bool
        Whether the target may be all there is to learn from, as in a series.

    Raises
    ------
    ColumnError
        A named column does not exist, or cannot be what the user says it is.
    TargetError
        The target cannot be learned.
    SpecError
        Two options contradict each other.
    TableError
        No column is left to learn from, or the name of one cannot be used.
    """
    options_of = options_by_column(table, target, overrides)
    refuse_names(table.frame.columns)
    learned: Target | None = None

    def values_of(name: str, decimal: str = ".") -> Values:
        kept = KEPT if "target" in options_of.get(name, set()) else ()
        typed = table.typed and name not in table.untyped
        raw = without_markers(table.frame[name], overrides.missing)
        fold_case = "fold_case" in options_of.get(name, set())
        return Values(name, raw, typed, kept, decimal, fold_case, table.numbers)

    def understand(name: str, decimal: str = ".") -> Column:
        nonlocal learned
        options, values = options_of.get(name, set()), values_of(name, decimal)
        if "target" not in options:
            return _understand(values, options)
        asked = "regression" if task is None and "numeric" in options else task
        column, learned = recognise_target(values, asked, log_target, loss, overrides.keep_case)
        return column

    columns = [understand(name) for name in table.frame.columns]
    columns = with_decimal_commas(table, columns, lambda name: understand(name, ","))
    columns = _without_duplicates(table, columns, options_of)
    columns = with_owners(
        [_missing_as(each, overrides.missing) for each in columns], table.frame.height
    )
    schema = Schema(table.source, table.frame.height, tuple(columns), learned)
    if target is not None and not schema.features and not alone:
        dropped = {name for name, options in options_of.items() if "drop" in options}
        named = [c.name for c in columns if c.traits.names_rows and c.name not in dropped]
        hints = {name: clauses[0] for name in named if (clauses := mostly_numbers(values_of(name)))}
        raise _nothing_usable(schema, dropped, hints)
    return schema


def with_columns_of(schema: Schema, table: Table, names: Collection[str]) -> Schema:
    """Add to a schema the named columns of a table that it does not know; they are not used."""
    known = {column.name for column in schema.columns}
    new = [name for name in table.frame.columns if name in names and name not in known]
    if not new:
        return schema
    understood = infer(replace(table, frame=table.frame.select(new))).columns
    unused = (structs.replace(column, role="unused") for column in understood)
    return structs.replace(schema, columns=(*schema.columns, *unused))


def require_features(schema: Schema) -> None:
    """Refuse a table that leaves no column to learn from.

    Raises
    ------
    TableError
        The message names each column, and why it is of no use.
    """
    if not schema.features:
        raise _nothing_usable(schema, (), {})


def _understand(values: Values, options: set[str]) -> Column:
    """Return the column as determined by the user's options, or else by its values."""
    role: Role = "feature"
    if options - {"drop"} and (values.is_nested or not values.present):
        what = say("lists, records or bytes") if values.is_nested else say("no values")
        if values.beyond:
            raise _beyond(values)
        raise ColumnError(
            "Column {name!r} holds {what}, so it cannot be what {options} makes it.",
            "Choose another column.",
            name=values.name,
            what=what,
            options=listed(flags(options), "and"),
        )
    kinds = options & SAYABLE.keys()
    if values.fold_case and not values.holds_strings:
        raise _not_folded(values, recognise(values).kind)
    if kinds:
        reading = _insisted(values, kinds.pop())
    elif options & {"weight", "exposure"}:
        reading = _of_row(values, *options & {"weight", "exposure"})
    elif "group" in options:
        reading = _group(values)
    elif "time" in options:
        reading = _time(values)
    else:
        reading = recognise(values)
    if values.fold_case and values.distinct > 1 and not KINDS[reading.kind].folds_case:
        raise _not_folded(values, reading.kind)
    noticed = _noticed(reading, values)
    reason = _sentence(reading, values, noticed)
    if "weight" in options:
        role, reason = "weight", say("The weight of each row: {reason}", reason=_lower(reason))
    elif "exposure" in options:
        role, reason = "exposure", say("The exposure of each row: {reason}", reason=_lower(reason))
    elif "time" in options:
        role = "time"
        reason = say("Orders the rows, so that the past predicts: {reason}", reason=_lower(reason))
    elif "group" in options:
        role = "group"
        reason = say_plural(
            "Rows of one group stay together in a split; {count:,} group.",
            "Rows of one group stay together in a split; {count:,} groups.",
            values.levels.height,
        )
    elif "drop" in options:
        role, reason = "unused", say("Left out, as asked.")
    elif not reading.usable:
        role = "unused"
    missing = values.missing + reading.unread
    doubts = () if "drop" in options else (*reading.doubts, *noticed)
    return Column(
        values.name, reading.kind, role, reason, reading.parse, values.distinct, missing, doubts
    )


def _insisted(values: Values, name: str) -> Reading:
    """Return the reading of a column that the user says is of a kind.

    Raises
    ------
    ColumnError
        It cannot be; the remedy says so if it holds moments of another kind.
    """
    try:
        return SAYABLE[name].insist(values)
    except ColumnError as error:
        for kind in KINDS.values():
            moments = kind.name != name and kind.stored_per_millisecond
            if moments and kind.recognise(values) is not None:
                remedy = say(
                    "Leave out {option}: without it, they are read as {kind}.",
                    option=flags({name})[0],
                    kind=say(kind.in_words),
                )
                raise ColumnError(error.message, remedy) from None
        raise


def _not_folded(values: Values, kind: str) -> ColumnError:
    """Return the error for a column whose levels cannot be merged."""
    remedy = say("Leave out --fold-case {name!r}.", name=values.name)
    if values.holds_strings and not KINDS[kind].in_words:
        remedy = say(
            "Add --categorical {name!r} if it holds categories, or leave out --fold-case.",
            name=values.name,
        )
    return ColumnError(
        say(
            "Column {name!r} is of the kind {kind}, which has no levels that upper and lower case "
            "tell apart (--fold-case).",
            name=values.name,
            kind=kind,
        ),
        remedy,
    )


def _beyond(values: Values) -> ColumnError:
    return ColumnError(
        "Column {name!r} holds only numbers that are infinite or beyond "
        "{largest}, which count as missing.",
        "Make the values smaller, for example by dividing them by a constant, or choose "
        "another column.",
        name=values.name,
        largest=number(LARGEST),
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _of_row(values: Values, role: str) -> Reading:
    """Return the reading of a column of weights or exposures: numbers."""
    if values.beyond:
        raise _beyond(values)
    return NumericKind().insist(
        values,
        say("Column {name!r} is to be the {role} (--{role})", name=values.name, role=role),
        say("Correct these values, or leave out --{role}.", role=role),
    )


def _group(values: Values) -> Reading:
    """Return the reading of a group column: names of groups."""
    for kind in KINDS.values():
        if kind.names_groups:
            return kind.insist(values)
    raise ColumnError(
        "No kind of column names groups, as {name!r} should (--group).",
        "Leave out --group.",
        name=values.name,
    )


def _time(values: Values) -> Reading:
    """Return the reading of a time column: dates if they are dates, else numbers."""
    for kind in KINDS.values():
        if not kind.stored_per_millisecond or (reading := kind.recognise(values)) is None:
            continue
        if kind.is_time:
            return reading
        raise ColumnError(
            "Column {name!r} cannot order the rows in time (--time): it holds {kind}, which "
            "come again every day.",
            "Choose a column of dates, or write the day before the time.",
            name=values.name,
            kind=say(kind.in_words),
        )
    try:
        return NumericKind().insist(values)
    except ColumnError:
        raise ColumnError(
            "Column {name!r} cannot order the rows in time (--time): it holds "
            "neither dates nor numbers, but {values}.",
            "Write dates as 2024-01-31 or 2024-01-31 13:45, or choose another column.",
            name=values.name,
            values=quoted(values.levels["level"]),
        ) from None


def _noticed(reading: Reading, values: Values) -> tuple[Doubt, ...]:
    """Return what was noticed about single values: words among numbers, and slips."""
    kind, doubts = KINDS[reading.kind], []
    if kind.may_be_numbers and (clauses := mostly_numbers(values)):
        doubts.append(Doubt("conversion", joined_clauses(clauses)))
    if kind.lies_on_line:
        doubts += slip_doubts(values, kind, reading.parse)
    return tuple(doubts)


def _sentence(reading: Reading, values: Values, noticed: Iterable[Doubt]) -> str:
    """Return the reading's clause, with what else was noticed, as one sentence."""
    kind, clauses = KINDS[reading.kind], [reading.reason]
    if values.missing and values.present:
        clauses.append(_missing(values))
    if values.infinite:
        clauses.append(
            say(
                "{count:,} of them infinite or beyond {largest}",
                count=values.infinite,
                largest=number(LARGEST),
            )
            if values.too_large
            else say("{count:,} of them infinite", count=values.infinite)
        )
    if values.padded:
        clauses.append(padding(values))
    if kind.names_groups and values.case_twins:
        clauses.append(
            say(
                "{levels} differ only in upper and lower case: --fold-case {name!r} if they are "
                "one",
                levels=quoted(values.case_twins),
                name=values.name,
            )
        )
    clauses += [doubt.sentence for doubt in noticed]
    return full_stop(joined_clauses(clauses))


def _missing(values: Values) -> str:
    """Return the clause that counts missing values, by their markers."""
    markers = [
        f"{marker!r} {count:,}" if marker else say("blank {count:,}", count=count)
        for marker, count in list(values.markers.items())[:4]
    ]
    if not markers:
        return say("{count:,} missing", count=values.missing)
    return say("{count:,} missing ({markers})", count=values.missing, markers=listed(markers))


def _missing_as(column: Column, markers: tuple[str, ...]) -> Column:
    """Return a column that reads these values as missing, whether or not it holds one now."""
    new = tuple(marker for marker in markers if marker not in column.parse.missing)
    parse = structs.replace(column.parse, missing=(*column.parse.missing, *new))
    return structs.replace(column, parse=parse) if new else column


def _without_duplicates(
    table: Table, columns: list[Column], options_of: dict[str, set[str]]
) -> list[Column]:
    """Return the columns, with those that equal an earlier one or the target set aside."""
    target = [column.name for column in columns if column.role == "target"]
    features = [column.name for column in columns if column.role == "feature"]
    decided = {column.name: column for column in columns}
    for kind in KINDS.values():
        for name, twin in kind.copies(table.frame, [*target, *features]).items():
            if options_of.get(name):
                continue
            reason = (
                say("Equal to the target in every row; not used.")
                if twin in target
                else say("Equal to {column!r} in every row; not used.", column=twin)
            )
            decided[name] = structs.replace(
                decided[name], kind=kind.name, role="unused", reason=reason, parse=Parse()
            )
    return list(decided.values())


def _nothing_usable(
    schema: Schema, dropped: Collection[str], hints: Mapping[str, str]
) -> TableError:
    """Say why each column is of no use: with a hint, or else the beginning of its reason."""
    others = [column for column in schema.columns if column.role == "unused"]
    if not others:
        return TableError(
            "{source} has no column besides the target.",
            "Add columns to learn from.",
            source=schema.source,
        )
    why = []
    for column in others:
        reason = hints.get(column.name) or _lower(_first_clause(column.reason))
        why.append(say("{column!r} ({reason})", column=column.name, reason=reason))
    return TableError(
        say(
            "{source} has no column to learn from: {columns}.",
            source=schema.source,
            columns=and_more(listed(why[:3]), len(why) - 3),
        ),
        _remedy([column for column in others if column.traits.names_rows], dropped),
    )


def _remedy(identifiers: Sequence[Column], dropped: Collection[str]) -> str:
    if dropped:
        return say("Keep some of the columns that --drop names.")
    if not identifiers:
        return say("Add columns that differ from row to row.")
    return say(
        "Add columns that differ from row to row, or use one all the same with "
        "--categorical {name!r}.",
        name=identifiers[0].name,
    )


def _first_clause(reason: str) -> str:
    return reason.split(say("; "))[0].removesuffix(say("."))
