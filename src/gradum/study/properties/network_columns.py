"""The inputs of a foreign network as columns: their names and possible values.

Shapes: n rows, d inputs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradum.errors import PropertyError
from gradum.messages import say
from gradum.study.properties.property_words import parts_of
from gradum.study.properties.region import Region
from gradum.study.properties.result import ColumnDomain
from gradum.study.verification.domain import Domain, InputForm
from gradum.tables.columns import Column
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import SHOWN_NAMES, quoted

_WHOLE = re.compile(r"\s+whole\s*$")


@dataclass(frozen=True, eq=False)
class NetworkColumns:
    """Columns of numbers, one for each input."""

    names: Sequence[str]
    """Of length d."""
    low: np.ndarray
    high: np.ndarray
    """Of shape [d]. The ends of their ranges; infinite where unknown."""
    whole: np.ndarray
    """Booleans of shape [d]. Which inputs are whole numbers."""

    @classmethod
    def numbered(cls, low: np.ndarray, high: np.ndarray) -> NetworkColumns:
        """Return columns named x0, x1, and so on."""
        names = [f"x{place}" for place in range(len(low))]
        return cls(names, low, high, np.zeros(len(low), bool))

    @classmethod
    def of_rows(cls, names: Sequence[str], rows: np.ndarray) -> NetworkColumns:
        """Return columns with the ranges of rows [n, d], in single precision like networks' inputs.

        A column is whole if all its values are.
        """
        values = rows.astype(np.float32).astype(np.float64)
        whole = (values == np.rint(values)).all(axis=0)
        return cls(names, values.min(axis=0), values.max(axis=0), whole)

    @property
    def schema(self) -> Schema:
        """The columns, as in a table."""
        columns = (Column(name, "numeric", "feature") for name in self.names)
        return Schema(say("The network"), 0, tuple(columns))

    @property
    def described(self) -> tuple[ColumnDomain, ...]:
        """The domain of each column as plain values; None where it is unknown."""
        ends = [
            [float(end) if np.isfinite(end) else None for end in part]
            for part in (self.low, self.high)
        ]
        parts = zip(self.names, *ends, self.whole, strict=True)
        return tuple(
            ColumnDomain(name, low, high, whole=bool(whole)) for name, low, high, whole in parts
        )

    def place(self, name: str) -> int:
        """Return the position of a column among the inputs."""
        return list(self.names).index(name)

    def within(self, where: str) -> NetworkColumns:
        """Return the columns restricted to a region, written as ``x0 0..1, x3 0..5 whole``.

        A range replaces an unknown range of its column, and narrows a known one.

        Raises
        ------
        ColumnError, PropertyError
            The region names a column that does not exist or cannot be read, or leaves an input
            without a range or without a value.
        """
        low, high, whole = self.low.copy(), self.high.copy(), self.whole.copy()
        for part in parts_of(where) if where.strip() else ():
            ((name, (least, greatest)),) = Region.read(_WHOLE.sub("", part), self).limits.items()
            place = self.place(name)
            low[place], high[place] = max(low[place], least), min(high[place], greatest)
            whole[place] |= _WHOLE.search(part) is not None
        unknown = ~(np.isfinite(low) & np.isfinite(high))
        if unknown.any():
            names = [name for name, lacks in zip(self.names, unknown, strict=True) if lacks]
            raise PropertyError(
                "Nothing says what {columns} can be.",
                'Give ranges by where, as in "{column} 0..1", or a table.',
                columns=quoted(names, SHOWN_NAMES),
                column=names[0],
            )
        low, high = np.where(whole, np.ceil(low), low), np.where(whole, np.floor(high), high)
        return replace(self, low=low, high=high, whole=whole)

    def domain(self) -> Domain:
        """Return the domain of all possible rows, with no unsafe outputs.

        Raises
        ------
        PropertyError
            There are no possible rows.
        """
        form = InputForm(self.whole, (), np.full(len(self.low), np.nan))
        return Domain(self.low, self.high, (), precision=np.float32, form=form)

    def row(self, x: np.ndarray) -> dict[str, float | int]:
        """Return a point [d] as a row of a table."""
        values = (
            int(value) if whole else float(value)
            for value, whole in zip(x, self.whole, strict=True)
        )
        return dict(zip(self.names, values, strict=True))
