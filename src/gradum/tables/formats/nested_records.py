"""Nested records, spread over columns: ``{"home": {"size": 90}}`` is column ``home.size``.

Lists stay as they are: the number of columns that a list would need differs from row to row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradum.errors import TableError
from gradum.tables.wording import shortened

DEEPEST = 50  # levels; deeper values stay records


def flattened(records: Sequence[Mapping[Any, Any]], source: str) -> Sequence[Mapping[Any, Any]]:
    """Return records whose values are no records, each key prefixed with those above it.

    Raises
    ------
    TableError
        Two keys of a record become one.
    """
    return [
        _flat(record, source)
        if any(isinstance(value, dict) for value in record.values())
        else record
        for record in records
    ]


def _flat(record: Mapping[Any, Any], source: str) -> dict[Any, Any]:
    flat: dict[Any, Any] = {}
    for name, value in _values(record, 0):
        if name in flat:
            raise TableError(
                "{source} has a record with both a key {name!r} and, inside records, "
                "keys that make the same name.",
                "Rename one of them.",
                source=source,
                name=shortened(name),
            )
        flat[name] = value
    return flat


def _values(record: Mapping[Any, Any], depth: int) -> Iterator[tuple[Any, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and depth < DEEPEST:
            for inner, leaf in _values(value, depth + 1):
                yield f"{name}.{inner}", leaf
        else:
            yield name, value
