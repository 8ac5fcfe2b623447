"""What is known of every kind of column: how it is recognised and read, and what it can do.

A kind is a subclass of `Kind` in a folder of its own, and nobody outside compares its name. Who
needs to know something new of kinds adds it to `Kind`, with a default: that a kind cannot do it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import Values, clean

if TYPE_CHECKING:
    from gradum.tables.kinds.step import Step


@dataclass(frozen=True)
class Reading:
    """What a kind understood of a column: how to parse it, and a clause that says so.

    ``unread`` counts values of another kind, too few to matter, that count as missing.
    """

    kind: str
    reason: str
    parse: Parse = field(default_factory=Parse)
    usable: bool = True
    unread: int = 0


class Kind(ABC):
    """A kind of column."""

    name: ClassVar[str]
    turn: ClassVar[int]
    """Kinds are asked whether they recognise a column in the order of their turns."""

    step: ClassVar[type[Step] | None] = None
    """What encodes it; None of a kind from which no model learns."""

    sayable: ClassVar[bool] = False
    """Whether a user can say that a column is of it: `insist` then reads its values."""

    in_words: ClassVar[str] = ""
    """What its values are, where some that cannot be read as such count as missing."""

    lies_on_line: ClassVar[bool] = False
    """Whether its values have places and distances, and so a middle, as numbers and dates."""

    is_ordered: ClassVar[bool] = False
    """Whether there is more and less of it, and its typed values are numbers underneath."""

    is_quantity: ClassVar[bool] = False
    """Whether its values are numbers in a unit: they rise and fall, and move by an amount."""

    has_levels: ClassVar[bool] = False
    """Whether its values are levels, each of which many rows may have."""

    fixed_levels: ClassVar[tuple[Any, ...]] = ()
    """All levels that there can be; empty where new rows may bring others."""

    names_groups: ClassVar[bool] = False
    """Whether a value can be the name of rows that belong together."""

    @abstractmethod
    def recognise(self, values: Values) -> Reading | None:
        """Return what was understood, or None where the values are of another kind."""

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column said to be of this kind.

        Raises
        ------
        ColumnError
            The values cannot be read as this kind.
        """
        raise NotImplementedError(f"Nobody can say that a column is {self.name}.")

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the typed column; null where a value is missing or cannot be read."""
        return clean(raw, how)
