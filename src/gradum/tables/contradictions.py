"""What can be wrong with a schema edited by hand, said by column and field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence

from gradum.errors import SchemaError
from gradum.tables.columns import FEATURE_KINDS, Column, Target
from gradum.tables.wording import quoted

VERSION = 1
ROLE_KINDS = {
    "feature": FEATURE_KINDS,
    "weight": ("numeric",),
    "group": ("categorical",),
    "time": ("date", "numeric"),
    "target": ("numeric", "boolean", "categorical"),
}
ONLY_ONE = ("target", "weight", "group", "time")


def explain(error: Exception, text: str | bytes) -> tuple[str, str]:
    """Return message and remedy for a schema that could not be decoded."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", str(error), re.DOTALL)
    cause, path = (match.group(1), match.group(2) or "") if match else (str(error), "")
    remedy = "Correct the schema, or write a fresh one."
    inside = re.match(r"columns\[(\d+)\]\.?(.*)", path)
    if inside:
        name = _column_name(text, int(inside.group(1)))
        field = f", field {inside.group(2)!r}" if inside.group(2) else ""
        return f"the schema's column {name}{field}: {cause}.", remedy
    where = f", field {path!r}" if path else ""
    return f"the schema{where}: {cause}.", remedy


def _column_name(text: str | bytes, position: int) -> str:
    column = json.loads(text)["columns"][position]
    name = column.get("name") if isinstance(column, dict) else None
    return repr(name) if isinstance(name, str) else f"number {position + 1}"


def refuse_contradictions(version: int, columns: Sequence[Column], target: Target | None) -> None:
    """Raise SchemaError where the parts of a schema contradict each other."""
    if version != VERSION:
        raise SchemaError(
            f"the schema is of version {version}; this version of gradum reads {VERSION}.",
            "Write a fresh schema, or upgrade gradum.",
        )
    names = Counter(column.name for column in columns)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise SchemaError(f"the schema names {quoted(twice)} twice.", "Remove one of them.")
    for role in ONLY_ONE:
        holders = [column.name for column in columns if column.role == role]
        if len(holders) > 1:
            raise SchemaError(
                f"the schema's columns {quoted(holders)} all have the role {role!r}.",
                "Give it to one of them.",
            )
    for column in columns:
        _refuse_column(column)
    _refuse_target(columns, target)


def _refuse_column(column: Column) -> None:
    kinds = ROLE_KINDS.get(column.role, (column.kind,))
    if column.kind not in kinds:
        raise SchemaError(
            f"the schema's column {column.name!r}, field 'kind': {column.kind!r} cannot have the "
            f"role {column.role!r}.",
            f"That role takes {' or '.join(kinds)}.",
        )
    how = column.parse
    if len(how.decimal) != 1 or len(how.thousands) > 1 or how.decimal == how.thousands:
        raise SchemaError(
            f"the schema's column {column.name!r}, fields 'decimal' and 'thousands': "
            f"{how.decimal!r} and {how.thousands!r} are not two different signs.",
            "Use '.' and ',' or ',' and '.', say.",
        )


def _refuse_target(columns: Sequence[Column], target: Target | None) -> None:
    holder = next((column for column in columns if column.role == "target"), None)
    if (holder and holder.name) != (target and target.name):
        raise SchemaError(
            f"the schema's target is {target.name if target else None!r}, but the column with the "
            f"role 'target' is {holder.name if holder else None!r}.",
            "Make them the same.",
        )
    if target is None or holder is None:
        return
    count = len(target.classes)
    fits = {"regression": count == 0, "binary": count == 2, "multiclass": count >= 2}
    if not fits[target.task] or len(set(target.classes)) < count:
        raise SchemaError(
            f"the schema's target, field 'classes': {count} classes ({quoted(target.classes)}) do "
            f"not make a {target.task} task.",
            "List every class once; none for regression.",
        )
    if target.task == "regression" and holder.kind != "numeric":
        raise SchemaError(
            f"the schema's column {holder.name!r}, field 'kind': a regression needs 'numeric', "
            f"not {holder.kind!r}.",
            "Change the kind or the task.",
        )
    if target.log and target.task != "regression":
        raise SchemaError(
            "the schema's target, field 'log': classes have no logarithm.", "Set it to false."
        )
