"""The base of every kind of column: how it is recognised and read, and what it can do.

A kind is a subclass of `Kind` in a folder of its own, and no code outside compares its name. Code
that needs to know something new of kinds adds it to `Kind`, with the default that a kind cannot do
it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import polars as pl

from gradum.messages import marked, say
from gradum.tables.doubt import Doubt
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.plain import Read, never
from gradum.tables.kinds.raw import Raw, RawType
from gradum.tables.kinds.step import MISSING
from gradum.tables.kinds.values import Values, clean
from gradum.tables.wording import shortened

if TYPE_CHECKING:
    from pathlib import Path

    from gradum.tables.columns import Column
    from gradum.tables.grids.cell import Grid
    from gradum.tables.kinds.step import Step


@dataclass(frozen=True)
class Reading:
    """What a kind understood of a column: how to parse it, and a clause for the user.

    ``unread`` counts the values of another kind, which are too few to matter and count as missing.
    ``stored`` is the part of the clause on how texts became the values, such as "decimal ','".
    ``doubts`` are clauses that a reader should check.
    """

    kind: str
    reason: str
    parse: Parse = field(default_factory=Parse)
    usable: bool = True
    unread: int = 0
    stored: str = ""
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, eq=False)
class NumericScale:
    """Numbers that stand for values."""

    numbers: np.ndarray
    """Of shape (n,)."""
    write: Callable[[float], str]
    """Writes a number as people do."""
    label: Callable[[str], str] = lambda phrase: phrase
    """Puts one or two written numbers into a phrase that says what they are."""


class Accident(NamedTuple):
    """What may happen to a column: its name, what it is in words, and the change of typed values.

    ``highest`` says that it happens to the highest values rather than to random ones.
    """

    name: str
    in_words: str
    change: Callable[[pl.Series], pl.Series]
    highest: bool = False


Opener = Callable[[Any], bytes | None]
"""Makes a cell of a raw value, see `gradum.tables.grids.cell`."""


class Kind(ABC):
    """A kind of column."""

    name: ClassVar[str]
    turn: ClassVar[int]
    """Kinds are asked whether they recognise a column in the order of their turns."""

    step: ClassVar[type[Step] | None] = None
    """The step that encodes it; None for a kind from which no model learns."""

    # What a kind can do, if its class says so:
    sayable: ClassVar[bool] = False  # users may say that a column is of it; `insist` reads it then
    in_words: ClassVar[str] = ""  # what its values are, if others count as missing
    lies_on_line: ClassVar[bool] = False  # values have places, distances and a middle
    is_ordered: ClassVar[bool] = False  # there is more and less; typed values are stored as numbers
    is_quantity: ClassVar[bool] = False  # numbers in a unit, which rise, fall, move by an amount
    is_time: ClassVar[bool] = False  # moments, stored in microseconds
    is_of_one_type: ClassVar[bool] = False  # plain values of several rows must have one type
    has_levels: ClassVar[bool] = False  # each level may occur in many rows
    fixed_levels: ClassVar[tuple[Any, ...]] = ()  # all there are; empty if rows may bring others
    folds_case: ClassVar[bool] = False  # levels that differ by case alone can be one
    names_groups: ClassVar[bool] = False  # a value can name rows that belong together
    names_rows: ClassVar[bool] = False  # a value belongs to one row, so a user may have to insist
    holds_words: ClassVar[bool] = False  # texts of words
    may_be_numbers: ClassVar[bool] = False  # texts that may be numbers, as a hint may say
    has_scale: ClassVar[bool] = False  # `scale` puts numbers for values
    labels: ClassVar[tuple[type, ...]] = ()  # types of classes; empty if no target can be of it
    instead_of_target: ClassVar[str] = ""  # what to predict, as no target can be of it
    stored_per_millisecond: ClassVar[float] = 0.0  # what typed moments are counted in; 0: none are
    axis_format: ClassVar[str] = ""  # of moments on the axis of a chart
    is_grid: ClassVar[bool] = False  # values are cells: pictures, sounds or series
    is_file: ClassVar[bool] = False  # values come as files or their bytes: pictures or sounds
    endings: ClassVar[tuple[str, ...]] = ()  # of the names of files that hold its values
    accidents: ClassVar[tuple[Accident, ...]] = ()  # what may happen on the way into a table
    goes_up: ClassVar[bool] = False  # the first row of a grid is drawn below all others
    axes: ClassVar[str] = ""  # what the sides of a grid as drawn are, in a sentence
    regions: ClassVar[tuple[str, ...]] = ()  # where each ninth, or third, of a grid is, as drawn
    raw_type: ClassVar[RawType | None] = None  # as what values reach a form outside of Python
    read_outside: ClassVar[str] = ""  # what such a form reads otherwise than gradum, in a sentence
    together: ClassVar[str] = marked(  # why proofs take no two values of a column without a line
        "a date, a time of day or a text enters as several inputs at once"
    )
    stays: ClassVar[str] = marked("Only gradum itself can read such a column.")  # else, why none

    @property
    def has_domain(self) -> bool:
        """Whether it is known what values a column can have: levels, or those on a line."""
        return self.has_levels or self.lies_on_line

    @property
    def can_be_cut(self) -> bool:
        """Whether a column can be cut into a few segments of rows."""
        return self.has_levels or self.has_scale

    @abstractmethod
    def recognise(self, values: Values) -> Reading | None:
        """Return what was understood, or None if the values are of another kind."""

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column that the user says is of this kind.

        Raises
        ------
        ColumnError
            The values cannot be read as this kind.
        """
        raise NotImplementedError

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the typed column; null if a value is missing or cannot be read."""
        return clean(raw, how)

    def other_reading(self, raw: pl.Series, how: Parse) -> str:
        """Say how a raw column was read if in another way than the training rows; else nothing."""
        return ""

    def opener(self, raw: pl.Series, folder: Path | None) -> Opener | None:
        """Return what makes a cell of one raw value, if values have to be opened once.

        Files that they name are opened beneath the folder; without one, none is.
        """
        return None

    def decoded_size(self, content: bytes) -> int:
        """Return how many numbers would be decoded to open a file; nothing is decoded for that."""
        return 0

    def joined(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame in which columns that hold a value of this kind together are one."""
        return frame

    def scale(self, values: pl.Series) -> NumericScale:
        """Return numbers for typed values, none missing, by which to cut them into ranges."""
        raise NotImplementedError

    def places(self, values: pl.Series) -> np.ndarray | None:
        """Return places (n, a) of typed values that are the nearer the more they are alike.

        Different values are about √2 apart. None if values have no places, or one on a line.
        """
        return None

    def drawing(self, grid: np.ndarray) -> np.ndarray:
        """Return a grid (h, w, c), as a step has it, as it is drawn: uint8."""
        return grid[::-1] if self.goes_up else grid

    def part(self, place: tuple[int, int], ends: tuple[int, int]) -> str:
        """Name the part of a grid in a row and column; ``ends`` are its first and last number."""
        return say("row {row}, column {column}", row=1 + place[0], column=1 + place[1])

    def grid(self, value: Any) -> Grid | None:
        """Return a typed value as a grid of bytes, as it is drawn; None if it is none."""
        return None

    def written(self, place: float) -> str | None:
        """Return a stored moment or time of day as people write it; None for plain numbers."""
        return None

    def level_in_words(self, level: Any) -> str:
        """Return a level as people write it."""
        return shortened(level)

    def spellings(self, how: Parse) -> dict[Any, tuple[str, ...]]:
        """Return how each of the fixed levels may be written, the column's own way first."""
        return {}

    def copies(self, frame: pl.DataFrame, names: Iterable[str]) -> dict[str, str]:
        """Return the columns that are of this kind as they copy an earlier one, and that one."""
        return {}

    def refuse_parse(self, name: str, how: Parse) -> None:  # noqa: B027 - most have no fields
        """Raise SchemaError if the fields of a column by which this kind reads make no sense."""

    def plain(self, column: Column, step: Step) -> Read:
        """Return the function that reads single plain values into a column's dense numbers or code.

        Without it, rows are read the ordinary way, as a whole column.
        """
        return never

    def as_raw(self, typed: pl.Series) -> np.ndarray:
        """Return typed values (n,) as a form outside of Python takes them: see `raw_type`.

        A missing number is NaN, a missing text `MISSING`.
        """
        if self.raw_type == "number":
            return typed.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return typed.cast(pl.String).fill_null(MISSING).to_numpy().astype(object)

    def spelled(self, typed: pl.Series, how: Parse) -> pl.Series:
        """Return typed values as the texts that are read so; as they are where none is known."""
        return typed

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Return what raw values [n, 1] add to each block of a design, in NumPy's terms.

        Each part has columns [n, ...] of its block; they equal what `parse` and the encoder make of
        the values.
        """
        raise NotImplementedError


def lost(values: pl.Series) -> pl.Series:
    """Return the column with every value missing."""
    return values.clear(len(values))
