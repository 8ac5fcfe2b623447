"""Contradictions in a schema that was edited by hand, reported by column and field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

from gradum.errors import SchemaError
from gradum.messages import listed, marked, say, say_plural
from gradum.tables.columns import FEATURE_KINDS, Column, KindName, Role, Target, Task
from gradum.tables.kinds import KINDS, Kind
from gradum.tables.wording import quoted

VERSION = 1
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)
CHOICES: dict[str, Any] = {"kind": KindName, "role": Role, "task": Task}
TYPES = {
    "object": marked("an object in {braces}"),
    "array": marked("a list in []"),
    "str": marked("a text in quotes"),
    "int": marked("a whole number"),
    "float": marked("a number"),
    "bool": marked("true or false"),
}
ONLY_ONE = ("target", "weight", "exposure", "group", "time")


def _that(can: Callable[[Kind], bool]) -> tuple[str, ...]:
    return tuple(name for name, kind in KINDS.items() if can(kind))


ROLE_KINDS = {
    "feature": FEATURE_KINDS,
    "weight": _that(lambda kind: kind.is_quantity),
    "exposure": _that(lambda kind: kind.is_quantity),
    "group": _that(lambda kind: kind.names_groups),
    "time": (*_that(lambda kind: kind.is_time), *_that(lambda kind: kind.is_quantity)),
    "target": _that(lambda kind: bool(kind.labels)),
}


def explain(error: Exception, text: str | bytes) -> tuple[str, str]:
    """Return message and remedy for a schema that could not be decoded."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", str(error), re.DOTALL)
    cause, path = (match.group(1), match.group(2) or "") if match else (str(error), "")
    cause, remedy = _in_plain_words(cause, path, text)
    inside = re.match(r"columns\[(\d+)\]\.?(.*)", path)
    if inside:
        name, field = _column_name(text, int(inside.group(1))), inside.group(2)
        if not field:
            return say("The schema's column {name}: {cause}.", name=name, cause=cause), remedy
        return say(
            "The schema's column {name}, field {field!r}: {cause}.",
            name=name,
            field=field,
            cause=cause,
        ), remedy
    if not path:
        return say("The schema: {cause}.", cause=cause), remedy
    return say("The schema, field {field!r}: {cause}.", field=path, cause=cause), remedy


def _in_plain_words(cause: str, path: str, text: str | bytes) -> tuple[str, str]:
    """Return the decoder's complaint in plain words, and a remedy."""
    correct = say("Correct it, or write a fresh schema with gradum inspect TABLE --json.")
    if value := re.fullmatch(r"Invalid enum value (.*)", cause):
        choices = get_args(CHOICES.get(path.rpartition(".")[2]))
        return (
            say("there is no {value}", value=value.group(1)),
            say("Choose among {choices}.", choices=listed(choices)),
        )
    if types := re.fullmatch(r"Expected `(.*)`, got `(.*)`", cause):
        expected, given = (_types(names) for names in types.groups())
        wrong = say("expected {expected}, but this is {given}", expected=expected, given=given)
        return wrong, correct
    if field := re.search(r"(unknown|required) field `(.*)`", cause):
        if field.group(1) == "unknown":
            return say("there is no field {field!r}", field=field.group(2)), say(
                "Rename or remove it, or write a fresh schema with gradum inspect TABLE --json."
            )
        return say("the field {field!r} is missing", field=field.group(2)), say(
            "Add it, or write a fresh schema with gradum inspect TABLE --json."
        )
    if place := re.fullmatch(r"JSON is malformed: (.*) \(byte (\d+)\)", cause):
        lines = text.encode() if isinstance(text, str) else text
        line = lines[: int(place.group(2))].count(b"\n") + 1
        return say("line {line} is no JSON ({why})", line=line, why=place.group(1)), correct
    return say("it breaks off") if "truncated" in cause else cause, correct


def _types(names: str) -> str:
    return listed([_type(name) for name in names.split(" | ")], "or")


def _type(name: str) -> str:
    return say(TYPES[name], braces="{}") if name in TYPES else name


def _column_name(text: str | bytes, position: int) -> str:
    try:
        name = json.loads(text)["columns"][position]["name"]
    except (ValueError, LookupError, TypeError, RecursionError):  # it may be damaged elsewhere too
        name = None
    return repr(name) if isinstance(name, str) else say("number {number}", number=position + 1)


def refuse_contradictions(version: int, columns: Sequence[Column], target: Target | None) -> None:
    """Raise SchemaError where the parts of a schema contradict each other."""
    if version != VERSION:
        raise SchemaError(
            "The schema is of version {version}; this version of gradum reads {known}.",
            "Write a fresh schema with gradum inspect TABLE --json, or upgrade gradum.",
            version=version,
            known=VERSION,
        )
    names = Counter(column.name for column in columns)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise SchemaError(
            "The schema names {twice} twice.", "Remove one of them.", twice=quoted(twice)
        )
    for role in ONLY_ONE:
        holders = [column.name for column in columns if column.role == role]
        if len(holders) > 1:
            raise SchemaError(
                "The schema's columns {holders} all have the role {role!r}.",
                "Give it to one of them.",
                holders=quoted(holders),
                role=role,
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
                "The column name {name!r} is a pattern or holds control characters.",
                "Rename the column.",
                name=name,
            )


def _refuse_column(column: Column) -> None:
    kinds = ROLE_KINDS.get(column.role, (column.kind,))
    if column.kind not in kinds:
        raise SchemaError(
            "The schema's column {name!r}, field 'kind': {kind!r} cannot have the role {role!r}.",
            "Choose {kinds}, or another role.",
            name=column.name,
            kind=column.kind,
            role=column.role,
            kinds=listed(kinds, "or"),
        )
    if column.parse.fold_case and not column.traits.folds_case:
        raise SchemaError(
            "The schema's column {name!r}, field 'fold_case': a column of the kind {kind!r} "
            "has no levels that upper and lower case tell apart.",
            "Set it to false.",
            name=column.name,
            kind=column.kind,
        )
    for kind in KINDS.values():
        kind.refuse_parse(column.name, column.parse)


def _refuse_target(columns: Sequence[Column], target: Target | None) -> None:
    holder = next((column for column in columns if column.role == "target"), None)
    if (holder and holder.name) != (target and target.name):
        named, held = (
            repr(known.name) if known else say("not given") for known in (target, holder)
        )
        raise SchemaError(
            "The schema's target is {named}, but the column with the role 'target' is {held}.",
            "Make them the same.",
            named=named,
            held=held,
        )
    if target is None or holder is None:
        return
    count = len(target.classes)
    fits = {"regression": count == 0, "binary": count == 2, "multiclass": count >= 2}
    if not fits[target.task] or len(set(target.classes)) < count:
        raise SchemaError(
            say_plural(
                "The schema's target, field 'classes': {count:,} class ({classes}) cannot make "
                "a {task} task.",
                "The schema's target, field 'classes': {count:,} classes ({classes}) cannot make "
                "a {task} task.",
                count,
                classes=quoted(target.classes),
                task=target.task,
            ),
            say("List every class once; none for regression."),
        )
    if target.task == "regression" and not holder.traits.is_quantity:
        raise SchemaError(
            "The schema's column {name!r}, field 'kind': a regression needs "
            "'numeric', not {kind!r}.",
            "Change the kind or the task.",
            name=holder.name,
            kind=holder.kind,
        )
    if target.log and target.task != "regression":
        raise SchemaError(
            "The schema's target, field 'log': classes have no logarithm.", "Set it to false."
        )
