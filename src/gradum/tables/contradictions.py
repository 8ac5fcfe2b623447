"""Contradictions in a schema that was edited by hand, said by column and field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from gradum.errors import SchemaError
from gradum.tables.columns import FEATURE_KINDS, Column, KindName, Role, Target, Task
from gradum.tables.kinds.date import is_format
from gradum.tables.wording import counted, quoted

VERSION = 1
ROLE_KINDS = {
    "feature": FEATURE_KINDS,
    "weight": ("numeric",),
    "group": ("categorical",),
    "time": ("date", "numeric"),
    "target": ("numeric", "boolean", "categorical"),
}
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)
CHOICES: dict[str, Any] = {"kind": KindName, "role": Role, "task": Task}
TYPES = {
    "object": "an object in {}",
    "array": "a list in []",
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
ONLY_ONE = ("target", "weight", "group", "time")


def explain(error: Exception, text: str | bytes) -> tuple[str, str]:
    """Return message and remedy for a schema that could not be decoded."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", str(error), re.DOTALL)
    cause, path = (match.group(1), match.group(2) or "") if match else (str(error), "")
    cause, remedy = _in_plain_words(cause, path, text)
    inside = re.match(r"columns\[(\d+)\]\.?(.*)", path)
    if inside:
        name = _column_name(text, int(inside.group(1)))
        field = f", field {inside.group(2)!r}" if inside.group(2) else ""
        return f"The schema's column {name}{field}: {cause}.", remedy
    where = f", field {path!r}" if path else ""
    return f"The schema{where}: {cause}.", remedy


def _in_plain_words(cause: str, path: str, text: str | bytes) -> tuple[str, str]:
    """Return the decoder's complaint as people would put it, and a remedy."""
    fresh = "or write a fresh schema with gradum inspect TABLE --json"
    if value := re.fullmatch(r"Invalid enum value (.*)", cause):
        choices = get_args(CHOICES.get(path.rpartition(".")[2]))
        return f"there is no {value.group(1)}", f"Choose among {', '.join(choices)}."
    if types := re.fullmatch(r"Expected `(.*)`, got `(.*)`", cause):
        expected, given = (_types(names) for names in types.groups())
        return f"expected {expected}, but this is {given}", f"Correct it, {fresh}."
    if field := re.search(r"(unknown|required) field `(.*)`", cause):
        if field.group(1) == "unknown":
            return f"there is no field {field.group(2)!r}", f"Rename or remove it, {fresh}."
        return f"the field {field.group(2)!r} is missing", f"Add it, {fresh}."
    if place := re.fullmatch(r"JSON is malformed: (.*) \(byte (\d+)\)", cause):
        lines = text.encode() if isinstance(text, str) else text
        line = lines[: int(place.group(2))].count(b"\n") + 1
        return f"line {line} is no JSON ({place.group(1)})", f"Correct it, {fresh}."
    return "it breaks off" if "truncated" in cause else cause, f"Correct it, {fresh}."


def _types(names: str) -> str:
    return " or ".join(TYPES.get(name, name) for name in names.split(" | "))


def _column_name(text: str | bytes, position: int) -> str:
    try:
        name = json.loads(text)["columns"][position]["name"]
    except (ValueError, LookupError, TypeError, RecursionError):  # it may be damaged elsewhere too
        name = None
    return repr(name) if isinstance(name, str) else f"number {position + 1}"


def refuse_contradictions(version: int, columns: Sequence[Column], target: Target | None) -> None:
    """Raise SchemaError where the parts of a schema contradict each other."""
    if version != VERSION:
        raise SchemaError(
            f"The schema is of version {version}; this version of gradum reads {VERSION}.",
            "Write a fresh schema with gradum inspect TABLE --json, or upgrade gradum.",
        )
    names = Counter(column.name for column in columns)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise SchemaError(f"The schema names {quoted(twice)} twice.", "Remove one of them.")
    for role in ONLY_ONE:
        holders = [column.name for column in columns if column.role == role]
        if len(holders) > 1:
            raise SchemaError(
                f"The schema's columns {quoted(holders)} all have the role {role!r}.",
                "Give it to one of them.",
            )
    refuse_names(column.name for column in columns)
    for column in columns:
        _refuse_column(column)
    _refuse_target(columns, target)


def refuse_names(names: Iterable[str]) -> None:
    """Raise SchemaError where a column's name is more than a name.

    Control characters would steer a terminal that shows them, and polars takes ``*`` and ``^…$``
    for patterns that choose columns.
    """
    for name in names:
        if CONTROL.search(name) or PATTERN.fullmatch(name):
            raise SchemaError(
                f"The column name {name!r} is a pattern or holds control characters.",
                "Rename the column.",
            )


def _refuse_column(column: Column) -> None:
    kinds = ROLE_KINDS.get(column.role, (column.kind,))
    if column.kind not in kinds:
        raise SchemaError(
            f"The schema's column {column.name!r}, field 'kind': {column.kind!r} cannot have the "
            f"role {column.role!r}.",
            f"Choose {' or '.join(kinds)}, or another role.",
        )
    how = column.parse
    if len(how.decimal) != 1 or len(how.thousands) > 1 or how.decimal == how.thousands:
        raise SchemaError(
            f"The schema's column {column.name!r}, fields 'decimal' and 'thousands': "
            f"{how.decimal!r} and {how.thousands!r} are not two different signs.",
            "Use '.' and ',' or ',' and '.', say.",
        )
    for field in ("date_format", "other_date_format"):
        pattern = getattr(how, field)
        if pattern and not is_format(pattern):
            raise SchemaError(
                f"The schema's column {column.name!r}, field {field!r}: dates cannot be read by "
                f"{pattern!r}.",
                "Use a format such as '%d/%m/%Y %H:%M'.",
            )


def _refuse_target(columns: Sequence[Column], target: Target | None) -> None:
    holder = next((column for column in columns if column.role == "target"), None)
    if (holder and holder.name) != (target and target.name):
        named, held = (repr(each.name) if each else "not given" for each in (target, holder))
        raise SchemaError(
            f"The schema's target is {named}, but the column with the role 'target' is {held}.",
            "Make them the same.",
        )
    if target is None or holder is None:
        return
    count = len(target.classes)
    fits = {"regression": count == 0, "binary": count == 2, "multiclass": count >= 2}
    if not fits[target.task] or len(set(target.classes)) < count:
        raise SchemaError(
            f"The schema's target, field 'classes': {counted(count, 'class', 'classes')} "
            f"({quoted(target.classes)}) cannot make a {target.task} task.",
            "List every class once; none for regression.",
        )
    if target.task == "regression" and holder.kind != "numeric":
        raise SchemaError(
            f"The schema's column {holder.name!r}, field 'kind': a regression needs 'numeric', "
            f"not {holder.kind!r}.",
            "Change the kind or the task.",
        )
    if target.log and target.task != "regression":
        raise SchemaError(
            "The schema's target, field 'log': classes have no logarithm.", "Set it to false."
        )
