"""The protocol of a source: a place that holds a table, and how the table is brought from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gradum.tables.formats.content import lies_on_disk
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.paths import STANDARD_INPUT, is_address

NewFile = Callable[[str], Path]
"""Makes an empty file private to the user, with the given ending, and returns its path."""

START_BYTES = 64


@dataclass(frozen=True)
class Location:
    """Where a table lies, or a part of its rows."""

    where: str
    """A path, ``-`` for standard input, or an address."""
    name: str
    """What it is called in messages, without any password."""
    notes: tuple[str, ...] = ()
    """What was noticed while the table was brought here."""
    untyped: tuple[str, ...] = ()
    """Columns of text whose source does not say that they are text, as `Table` has them."""
    sha256: str = ""
    """The hash of what another machine gave; empty for a file of the user."""
    version: str = ""
    """The version of a table that keeps several, in words; empty for any other."""
    origin: str = ""
    """The address of the columns of which the file is a copy; empty for any other."""
    first: int = 0
    """The place there of the file's first row."""
    home: Path | None = None
    """The folder of the user in which the table lies, if the path is that of a copy."""

    @property
    def folder(self) -> Path | None:
        """The folder in which the files that the table names are looked for."""
        if self.home is not None or self.where == STANDARD_INPUT or is_address(self.where):
            return self.home
        return self.path.parent

    @property
    def path(self) -> Path:
        """The path, if the location is one."""
        return Path(self.where)


class TableSource(Protocol):
    """A kind of place from which a table has to be brought before it can be read.

    Attributes
    ----------
    takes : tuple of str
        The fields of `ReadingOptions` that it uses.
    """

    @property
    def takes(self) -> tuple[str, ...]:
        """The fields of `ReadingOptions` that it uses."""
        ...

    def is_at(self, location: Location) -> bool:
        """Whether a location is of this kind, as its address or first bytes show."""
        ...

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the table to files, and return their locations: one, or several in order.

        Raises
        ------
        TableError
            The table cannot be had. The message is one line that names the cause, without
            passwords.
        """
        ...


def start_of(location: Location) -> bytes:
    """Return the first bytes of a file; none for anything else, which its reader will refuse."""
    if location.where == STANDARD_INPUT or is_address(location.where):
        return b""
    try:
        if not lies_on_disk(location.path):
            return b""
        with location.path.open("rb") as file:
            return file.read(START_BYTES)
    except (OSError, ValueError):
        return b""
