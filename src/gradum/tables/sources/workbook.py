"""Workbooks of Excel and OpenDocument: one sheet, its header found below lines of title."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import TableError
from gradum.isolation import Bounds, IsolationError, isolated
from gradum.messages import say, say_plural
from gradum.tables.bounds import refuse_more_than_memory, refuse_width
from gradum.tables.compressed import most_unpacked
from gradum.tables.frames import refuse_names
from gradum.tables.reading import ReadingOptions
from gradum.tables.sheets import header_row, sheet_of
from gradum.tables.sources.extra import needs
from gradum.tables.sources.rows import ParquetRows
from gradum.tables.sources.source import Location, NewFile
from gradum.tables.sources.starts import start_of
from gradum.tables.sources.stray_cells import close_gaps, stray_cells
from gradum.tables.sources.zipped import MAGIC, is_workbook
from gradum.tables.wording import quoted, size

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of Excel before 2007, and of what Excel has encrypted
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
SHOWN_SHEETS = 12
TIMES_IN_MEMORY = 2  # as large as its XML is a sheet of which a frame is made
BOUNDS = Bounds(memory=2**31, seconds=30)  # and a second for each megabyte, of which there may be
READER_TIMES_IN_MEMORY = 8  # as many; a cell takes 32 bytes, and about 25 of XML
LARGEST_WHOLE = 2.0**53  # from which on not every whole number is a float


class Workbook:
    """A file of sheets: .xlsx, .xlsb, .xls or .ods."""

    takes = ("sheet",)

    def is_at(self, location: Location) -> bool:
        """Whether a file begins as workbooks do."""
        start = start_of(location)
        return start.startswith(OLD) or (start.startswith(MAGIC) and is_workbook(location.path))

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the sheet that is named, or the only one with a table."""
        needs("fastexcel", "excel", say("Workbooks"))
        unpacked = _refuse_large(location)
        _refuse_encrypted(location)
        bounds = Bounds(
            BOUNDS.memory + READER_TIMES_IN_MEMORY * unpacked, BOUNDS.seconds + unpacked // 2**20
        )
        try:
            frame, notes, mixed = _sheet(location, new_file, reading.sheet, bounds)
        except IsolationError as error:
            raise TableError(
                say("{name} cannot be read: {why}.", name=location.name, why=str(error)),
                say("Save its sheet as CSV."),
            ) from None
        rows = ParquetRows(location.name, new_file)
        rows.write([frame])
        untyped = tuple(mixed) or rows.all_text()
        return [Location(str(rows.files[0]), location.name, tuple(notes), untyped)]


def _sheet(
    location: Location, new_file: NewFile, asked: str | None, bounds: Bounds
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Return a sheet's table, what was noticed, and the columns of words beside numbers.

    Raises
    ------
    TableError
        The workbook is damaged, or has no such sheet.
    IsolationError
        Reading it takes more than the bounds, even without the gaps before stray cells.
    """
    try:
        return _within(bounds, location.path, location.name, asked)
    except IsolationError:
        cells = stray_cells(location.path)
        if not cells:
            raise
    closed = new_file(".xlsx")
    close_gaps(location.path, closed)
    frame, notes, mixed = _within(bounds, closed, location.name, asked)
    return frame, [_far_away(cells), *notes], mixed


def _within(
    bounds: Bounds, path: Path, name: str, asked: str | None
) -> tuple[pl.DataFrame, list[str], list[str]]:
    try:
        with closing(isolated(sheet_of, str(path), asked, bounds=bounds)) as steps:
            sheets, filled = next(steps)
            sheet, chosen = _chosen(sheets, filled, asked, name)
            frame, notes, mixed = _read(steps, sheet, name)
            return frame, [*chosen, *notes], mixed
    except (TableError, IsolationError):
        raise
    except Exception as error:
        raise _damaged(name, error) from None


def _refuse_large(location: Location) -> int:
    """Return how many bytes a workbook unpacks to, unless they are far too many for a table."""
    path, packed = location.path, location.path.stat().st_size
    unpacked = packed
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > most_unpacked(packed):
        raise TableError(
            say(
                "{name} unpacks to {unpacked}, far more than a workbook would.",
                name=location.name,
                unpacked=size(unpacked),
            ),
            say("Save its sheet as CSV if it can be trusted."),
        )
    refuse_more_than_memory(TIMES_IN_MEMORY * unpacked, say("sheets"), location.name)
    return unpacked


def _refuse_encrypted(location: Location) -> None:
    if start_of(location).startswith(OLD) and ENCRYPTED in location.path.read_bytes():
        raise _encrypted(location.name)


def _encrypted(name: str) -> TableError:
    return TableError(say("{name} is encrypted.", name=name), say("Save it without a password."))


def _damaged(name: str, error: BaseException) -> TableError:
    words = str(error).split("\n", 1)[0]
    if re.search("password|encrypt", str(error), re.IGNORECASE):
        return _encrypted(name)
    return TableError(
        say(
            "{name} is a damaged workbook, or none that can be read: {why}.",
            name=name,
            why=words,
        ),
        say("Save it anew, or save its sheet as CSV."),
    )


def _far_away(cells: Sequence[str]) -> str:
    return say(
        "the gap before {cells} was left out; empty such cells if they are none of the table's",
        cells=quoted(cells),
    )


def _chosen(
    sheets: list[str], filled: list[str], asked: str | None, name: str
) -> tuple[str, list[str]]:
    """Return the sheet to read, and what is to be said of the choice.

    Raises
    ------
    TableError
        There is no such sheet, none with a table, or several; it lists them.
    """
    if asked is not None:
        if asked not in sheets:
            raise TableError(
                say("{name} has no sheet {asked!r}.", name=name, asked=asked),
                say("Choose among {sheets}.", sheets=quoted(sheets, SHOWN_SHEETS)),
            )
        return asked, []
    if not filled:
        raise TableError(
            say("{name} has no sheet with a table.", name=name),
            say("Give one with a header and rows."),
        )
    if len(filled) > 1:
        raise TableError(
            say_plural(
                "{name} has {count:,} sheet with a table: {sheets}.",
                "{name} has {count:,} sheets with a table: {sheets}.",
                len(filled),
                name=name,
                sheets=quoted(filled, SHOWN_SHEETS),
            ),
            say("Say which by --sheet NAME."),
        )
    return filled[0], [say("sheet {name!r}", name=filled[0])] if len(sheets) > 1 else []


def _read(steps: Iterator[Any], sheet: str, name: str) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Return a sheet's table, what was noticed, and the columns of words beside numbers."""
    top = next(steps)
    refuse_width(len(top[0]) if top else 0, name)
    header = header_row(top)
    if header is None:
        raise TableError(
            say("The sheet {sheet!r} of {name} is empty.", sheet=sheet, name=name),
            say("Name another by --sheet."),
        )
    arrow, mixed = next(steps)
    frame = pl.read_ipc(arrow)
    if not frame.height or not frame.width:
        raise TableError(
            say("The sheet {sheet!r} of {name} has a header but no rows.", sheet=sheet, name=name),
            say("Give one with rows."),
        )
    names, notes = _names(top[header], frame)
    refuse_names(names.values(), name)
    lines = sum(any(cell is not None for cell in row) for row in top[:header])
    if lines:
        notes.insert(
            0,
            say_plural(
                "header in row {row:,}, below {count:,} line of title",
                "header in row {row:,}, below {count:,} lines of title",
                lines,
                row=header + 1,
            ),
        )
    frame = frame.select(_whole(frame[place]).alias(name) for place, name in names.items())
    blank = frame.select(pl.all_horizontal(pl.all().is_null()))
    return (
        frame.filter(~blank.to_series()),
        notes,
        [names[str(place)] for place in mixed if str(place) in names],
    )


def _names(header: Sequence[str | None], frame: pl.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Return the names of the columns by their places; those without name and value are left."""
    names, notes = {}, []
    for place, column in enumerate(frame):
        name = (header[place] or "").strip() if place < len(header) else ""
        if not name and column.null_count() == len(column):
            continue
        if not name:
            name = f"Unnamed: {place}"
            notes.append(
                say("column {number} has no name: called {name!r}", number=place + 1, name=name)
            )
        names[str(place)] = name
    return names, notes


def _whole(column: pl.Series) -> pl.Series:
    """Return whole numbers as such: a workbook knows only floats."""
    if column.dtype != pl.Float64:
        return column
    present = column.drop_nulls()
    whole = (
        present.is_finite() & (present.abs() < LARGEST_WHOLE) & (present == present.floor())
    ).all()
    return column.cast(pl.Int64) if whole else column
