"""Values that are not of their column's kind: taken as missing, or refused if all values are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gradum.errors import SchemaError
from gradum.messages import say, say_plural
from gradum.tables.columns import Column
from gradum.tables.kinds.numeric.step import listed_numbers
from gradum.tables.kinds.values import EXAMPLES, clean, examples_of
from gradum.tables.wording import quoted, rows_text, rows_where


@dataclass(frozen=True)
class Unreadable:
    """The values of a column that are not of its kind."""

    column: Column
    count: int
    """Rows concerned."""
    rows: tuple[int, ...]
    """The first few of them, counted from 1."""
    examples: tuple[str, ...]
    """The first few values, each once."""
    alone: bool
    """Whether the column holds nothing else."""

    @classmethod
    def of(
        cls, raw: pl.Series, values: pl.Series, column: Column, numbers: np.ndarray | None = None
    ) -> Unreadable | None:
        """Compare a column as given with what was read of it; None if everything was read.

        ``numbers`` (n,) are the rows' places in their table, if some have been left out.
        """
        if not column.traits.in_words or values.null_count() == raw.null_count():
            return None
        present = _present(raw, column)
        bad = present & values.is_null()
        count = int(bad.sum())
        if not count:
            return None
        examples = examples_of(raw.filter(bad))
        return cls(column, count, rows_where(bad, numbers), examples, count == present.sum())

    def sentence(self, source: str) -> str:
        """Say which values are taken as missing."""
        return say_plural(
            "{expected}; {rows} ({examples}) is taken as missing.",
            "{expected}; {rows} ({examples}) are taken as missing.",
            self.count,
            expected=self._expected(source),
            rows=rows_text(self.rows, self.count),
            examples=quoted(self.examples),
        )

    def refuse_alone(self, source: str) -> None:
        """Refuse a used column that holds nothing else.

        Raises
        ------
        SchemaError
        """
        if self.alone and self.column.role in ("feature", "target"):
            remedy = say(
                "Correct the column, or its kind {kind!r} in the schema.", kind=self.column.kind
            )
            if self.count == 1 and self.column.role == "feature":
                remedy = say("Correct the value, or leave it empty (None) where it is not known.")
            raise SchemaError(
                say(
                    "{expected}, but holds {examples}.",
                    expected=self._expected(source),
                    examples=quoted(self.examples),
                ),
                remedy,
            )

    def _expected(self, source: str) -> str:
        return say(
            "Column {name!r} of {source} should hold {kind}",
            name=self.column.name,
            source=source,
            kind=say(self.column.traits.in_words),
        )

    def then(self, later: Unreadable) -> Unreadable:
        """Merge the unreadable values of two blocks of the column that both hold nothing else."""
        examples = tuple(dict.fromkeys((*self.examples, *later.examples)))[:EXAMPLES]
        return replace(self, count=self.count + later.count, examples=examples)


def _present(raw: pl.Series, column: Column) -> pl.Series:
    """Return where a raw column has any value."""
    if raw.dtype.is_numeric() and (listed := listed_numbers(column.parse)):
        raw = raw.set(raw.cast(pl.Float64).is_in(listed).fill_null(False), None)
    if raw.dtype.is_float():
        return raw.is_not_null() & raw.is_not_nan()
    if raw.dtype in (pl.String, pl.Categorical, pl.Enum):
        return clean(raw, column.parse).is_not_null()
    return raw.is_not_null()
