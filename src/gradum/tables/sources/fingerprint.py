"""The hash of a table's rows, which does not depend on how they are cut into batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import polars as pl

OF_OWN_CODES = (pl.Categorical, pl.Enum, pl.Decimal, pl.Int128)  # not the same each time, or wide


@dataclass
class Fingerprint:
    """The SHA-256 of a table's values, of its columns' names and types, and of their order."""

    _columns: dict[str, _Column] = field(default_factory=dict)

    def update(self, frame: pl.DataFrame) -> None:
        """Take in the next rows."""
        for column in frame:
            if column.name not in self._columns:
                self._columns[column.name] = _Column(str(column.dtype))
            self._columns[column.name].update(column)

    def hexdigest(self) -> str:
        """Return the hash of all rows so far."""
        whole = hashlib.sha256()
        for name, column in self._columns.items():
            whole.update(name.encode() + b"\0" + column.digest())
        return whole.hexdigest()


@dataclass
class _Column:
    """Hashes of a column: one of its gaps and text lengths, one of its values, those of parts."""

    kind: str
    shape: Any = field(default_factory=hashlib.sha256)
    values: Any = field(default_factory=hashlib.sha256)
    parts: list[_Column] = field(default_factory=list)

    def update(self, column: pl.Series) -> None:
        if column.dtype == pl.Object:
            return
        if column.dtype.is_nested():
            parts = _parts(column)
            self.parts = self.parts or [_Column("") for _ in parts]
            for hashes, part in zip(self.parts, parts, strict=True):
                hashes.update(part)
            return
        if column.dtype in OF_OWN_CODES:
            column = column.cast(pl.String)
        if column.dtype == pl.Null:
            column = column.cast(pl.Boolean)
        if column.dtype == pl.String:
            lengths = column.str.len_bytes().cast(pl.Int64).fill_null(-1)
            self.shape.update(lengths.to_numpy())
            self.values.update((column.str.join("").item() or "").encode())
        elif column.dtype == pl.Binary:
            self.shape.update(column.bin.size().cast(pl.Int64).fill_null(-1).to_numpy())
            self.values.update(b"".join(column.drop_nulls()))
        else:
            self.shape.update(column.is_null().to_numpy())
            self.values.update(column.to_physical().fill_null(0).to_numpy())

    def digest(self) -> bytes:
        kind = hashlib.sha256(self.kind.encode()).digest()
        own = kind + self.shape.digest() + self.values.digest()
        return own + b"".join(part.digest() for part in self.parts)


def _parts(column: pl.Series) -> list[pl.Series]:
    """Return the fields of records, or the lengths and elements of lists."""
    if column.dtype == pl.Struct:
        fields = (column.struct.field(name) for name in column.struct.fields)
        return [column.is_null(), *fields]
    lists = column.arr.to_list() if column.dtype == pl.Array else column
    lengths = lists.list.len().cast(pl.Int64).fill_null(-1)
    return [lengths, lists.filter(lengths > 0).explode()]
