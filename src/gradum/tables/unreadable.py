"""Values that are not of their column's kind: among others taken as missing, alone refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from gradum.errors import SchemaError
from gradum.tables.columns import Column
from gradum.tables.kinds.values import EXAMPLES, clean, examples_of
from gradum.tables.wording import quoted, rows_text, rows_where

KIND_WORDS = {"numeric": "numbers", "boolean": "yes or no", "date": "dates"}


@dataclass(frozen=True)
class Unreadable:
    """What a column holds that is not of its kind.

    Attributes
    ----------
    column : Column
    count : int
        Rows concerned.
    rows : tuple of int
        The first few of them, counted from 1.
    examples : tuple of str
        The first few values, each once.
    alone : bool
        Whether it holds nothing else.
    """

    column: Column
    count: int
    rows: tuple[int, ...]
    examples: tuple[str, ...]
    alone: bool

    @classmethod
    def of(cls, raw: pl.Series, values: pl.Series, column: Column) -> Unreadable | None:
        """Compare a column as it was given with what was read of it; None where all was."""
        if column.kind not in KIND_WORDS or values.null_count() == raw.null_count():
            return None
        present = _present(raw, column)
        bad = present & values.is_null()
        count = int(bad.sum())
        if not count:
            return None
        examples = examples_of(raw.filter(bad))
        return cls(column, count, rows_where(bad), examples, count == present.sum())

    def sentence(self, source: str) -> str:
        """Say which values are taken as missing."""
        verb = "is" if self.count == 1 else "are"
        return (
            f"{self._expected(source)}; {rows_text(self.rows, self.count)} "
            f"({quoted(self.examples)}) {verb} taken as missing."
        )

    def refuse_alone(self, source: str) -> None:
        """Refuse a column of use that holds nothing else.

        Raises
        ------
        SchemaError
        """
        if self.alone and self.column.role in ("feature", "target"):
            remedy = f"Correct the column, or its kind {self.column.kind!r} in the schema."
            if self.count == 1 and self.column.role == "feature":
                remedy = "Correct the value, or leave it empty (None) where it is not known."
            raise SchemaError(
                f"{self._expected(source)}, but holds {quoted(self.examples)}.", remedy
            )

    def _expected(self, source: str) -> str:
        kind = KIND_WORDS[self.column.kind]
        return f"Column {self.column.name!r} of {source} should hold {kind}"

    def then(self, later: Unreadable) -> Unreadable:
        """Return what two blocks of the column hold, which both hold nothing else."""
        examples = tuple(dict.fromkeys((*self.examples, *later.examples)))[:EXAMPLES]
        return replace(self, count=self.count + later.count, examples=examples)


def _present(raw: pl.Series, column: Column) -> pl.Series:
    """Return where a raw column has a value, whatever it is."""
    if raw.dtype.is_float():
        return raw.is_not_null() & raw.is_not_nan()
    if raw.dtype in (pl.String, pl.Categorical, pl.Enum):
        return clean(raw, column.parse).is_not_null()
    return raw.is_not_null()
