"""Workbooks of Excel and OpenDocument: one sheet, whose header is found below title lines.

A reader lays a sheet out as a rectangle. A cell far from all others, such as one touched by
mistake, can make it larger than any memory. Such gaps are found in the workbook's XML and closed:
the sheet keeps its cells, and rows and columns beyond a gap move to where the gap began.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl

from gradum.errors import TableError
from gradum.isolation import Bounds, IsolationError, isolated
from gradum.messages import say, say_plural
from gradum.tables.extra import needs
from gradum.tables.formats.content import most_unpacked
from gradum.tables.formats.encoding import BLOCK_BYTES
from gradum.tables.formats.frames import refuse_names
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.sheets import header_row, sheet_of
from gradum.tables.formats.size_limits import refuse_more_than_memory, refuse_width
from gradum.tables.sources.parquet_rows import ParquetRows
from gradum.tables.sources.source import Location, NewFile, start_of
from gradum.tables.sources.zipped import DAMAGE, MAGIC, is_workbook
from gradum.tables.wording import quoted, size

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of Excel before 2007, and of what Excel has encrypted
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
SHOWN_SHEETS, SHOWN_MERGED = 12, 3
TIMES_IN_MEMORY = 2  # size of a sheet turned into a frame, over that of its XML
BOUNDS = Bounds(memory=2**31, seconds=30)  # plus a second for each megabyte, of which there may be
READER_TIMES_IN_MEMORY = 8  # the same for the reader; a cell takes 32 bytes, and about 25 of XML
LARGEST_WHOLE = 2.0**53  # beyond it, not every whole number is a float

SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml")
CELL = re.compile(
    rb"(<(?:\w+:)?c\s[^<>]*?\br\s*=\s*[\"'])([A-Z]{1,3})(\d{1,7})(?=[\"'][^<>]*(?<!/)>)"
)
MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]*?\bref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}(\d{1,7}))[\"']"
)
ATTRIBUTE = re.compile(r"([\w:]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
LONGEST_TAG = 2**16  # bytes
Places = dict[int, str]
"""Rows or columns, by number from 1, with the first nonempty cell of each."""


class Workbook:
    """A file of sheets: .xlsx, .xlsb, .xls or .ods."""

    takes = ("sheet",)

    def is_at(self, location: Location) -> bool:
        """Whether a file begins like a workbook."""
        start = start_of(location)
        return start.startswith(OLD) or (start.startswith(MAGIC) and is_workbook(location.path))

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the named sheet, or the only one with a table."""
        needs("fastexcel", "excel", say("Workbooks"))
        unpacked = _refuse_large(location)
        if start_of(location).startswith(OLD) and ENCRYPTED in location.path.read_bytes():
            raise _encrypted(location.name)
        bounds = Bounds(
            BOUNDS.memory + READER_TIMES_IN_MEMORY * unpacked, BOUNDS.seconds + unpacked // 2**20
        )
        try:
            frame, notes, mixed = _sheet(location, new_file, reading.sheet, bounds)
        except IsolationError as error:
            raise TableError(
                "{name} cannot be read: {why}.",
                "Save its sheet as CSV.",
                name=location.name,
                why=str(error),
            ) from None
        rows = ParquetRows(location.name, new_file)
        rows.write([frame])
        untyped = tuple(mixed) or rows.all_text()
        return [Location(str(rows.files[0]), location.name, tuple(notes), untyped)]


def _sheet(
    location: Location, new_file: NewFile, asked: str | None, bounds: Bounds
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Return a sheet's table, what was noticed, and the columns that mix words and numbers.

    Raises
    ------
    TableError
        The workbook is damaged, or has no such sheet.
    IsolationError
        Reading it exceeds the bounds, even without the gaps before stray cells.
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
            sheets, filled, hidden = next(steps)
            sheet, chosen = _chosen(sheets, filled, hidden, asked, name)
            frame, notes, mixed = _read(steps, sheet, name, merged_cells(path, sheet))
            return frame, [*chosen, *notes], mixed
    except (TableError, IsolationError):
        raise
    except Exception as error:
        raise _damaged(name, error) from None


def _refuse_large(location: Location) -> int:
    """Return how many bytes a workbook unpacks to; refuse far too many for a table."""
    path, packed = location.path, location.path.stat().st_size
    unpacked = packed
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > most_unpacked(packed):
        raise TableError(
            "{name} unpacks to {unpacked}, far more than a workbook would.",
            "Save its sheet as CSV if it can be trusted.",
            name=location.name,
            unpacked=size(unpacked),
        )
    refuse_more_than_memory(TIMES_IN_MEMORY * unpacked, say("sheets"), location.name)
    return unpacked


def _encrypted(name: str) -> TableError:
    return TableError("{name} is encrypted.", "Save it without a password.", name=name)


def _damaged(name: str, error: BaseException) -> TableError:
    words = str(error).split("\n", 1)[0]
    if re.search("password|encrypt", str(error), re.IGNORECASE):
        return _encrypted(name)
    return TableError(
        "{name} is a damaged workbook, or none that can be read: {why}.",
        "Save it anew, or save its sheet as CSV.",
        name=name,
        why=words,
    )


def _far_away(cells: Sequence[str]) -> str:
    return say(
        "the gap before {cells} was left out; clear these cells if they do not belong to the table",
        cells=quoted(cells),
    )


def _chosen(
    sheets: list[str], filled: list[str], hidden: list[str], asked: str | None, name: str
) -> tuple[str, list[str]]:
    """Return the sheet to read, and notes on the choice.

    Raises
    ------
    TableError
        There is no such sheet, none with a table, or several, which the message lists.
    """
    if asked is not None:
        if asked not in sheets:
            raise TableError(
                "{name} has no sheet {asked!r}.",
                "Choose among {sheets}.",
                name=name,
                asked=asked,
                sheets=quoted(sheets, SHOWN_SHEETS),
            )
        return asked, []
    if not filled and hidden:
        raise TableError(
            "{name} has tables on hidden sheets alone: {sheets}.",
            "Say which by --sheet NAME.",
            name=name,
            sheets=quoted(hidden, SHOWN_SHEETS),
        )
    if not filled:
        raise TableError(
            "{name} has no sheet with a table.", "Give one with a header and rows.", name=name
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


def _read(
    steps: Iterator[Any], sheet: str, name: str, merged: Sequence[tuple[str, int]]
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Return a sheet's table, what was noticed, and the columns that mix words and numbers."""
    top = next(steps)
    refuse_width(len(top[0]) if top else 0, name)
    header = header_row(top)
    if header is None:
        raise TableError(
            "The sheet {sheet!r} of {name} is empty.",
            "Name another by --sheet.",
            sheet=sheet,
            name=name,
        )
    arrow, mixed = next(steps)
    frame = pl.read_ipc(arrow)
    if not frame.height or not frame.width:
        raise TableError(
            "The sheet {sheet!r} of {name} has a header but no rows.",
            "Give one with rows.",
            sheet=sheet,
            name=name,
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
    below = [cells for cells, last in merged if last > header + 1]
    if below:
        notes.append(
            say(
                "merged cells {cells}: only the first of each has their value; unmerge and fill "
                "them if all mean it",
                cells=quoted(below, SHOWN_MERGED),
            )
        )
    frame = frame.select(_whole(frame[place]).alias(name) for place, name in names.items())
    blank = frame.select(pl.all_horizontal(pl.all().is_null()))
    return (
        frame.filter(~blank.to_series()),
        notes,
        [names[str(place)] for place in mixed if str(place) in names],
    )


def _names(header: Sequence[str | None], frame: pl.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Return the names of the columns by place, leaving out those without name and values."""
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
    """Return whole numbers as integers: a workbook knows only floats."""
    if column.dtype != pl.Float64:
        return column
    present = column.drop_nulls()
    whole = (
        present.is_finite() & (present.abs() < LARGEST_WHOLE) & (present == present.floor())
    ).all()
    return column.cast(pl.Int64) if whole else column


def stray_cells(path: Path) -> list[str]:
    """Return the first cell beyond each gap between rows, and beyond each gap between columns.

    A gap counts if it is wider than everything that is filled. None is found in a damaged workbook,
    or one that is not .xlsx.
    """
    stray: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in filter(SHEETS.fullmatch, archive.namelist()):
                for places in _places(archive, name):
                    stray += [places[after] for _, after in _gaps(places)]
    except DAMAGE:
        pass
    return list(dict.fromkeys(stray))


def merged_cells(path: Path, sheet: str) -> list[tuple[str, int]]:
    """Return the ranges of merged cells of a sheet, each with its last row, as far as found."""
    found: list[tuple[str, int]] = []
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            with archive.open(part) as xml:
                for piece in _pieces(cast(BinaryIO, xml)):
                    found += [(cells.decode(), int(last)) for cells, last in MERGED.findall(piece)]
    except (*DAMAGE, KeyError, UnicodeDecodeError):
        pass
    return found


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the file of a sheet in an .xlsx; a KeyError where it is not found."""
    numbers, targets = (
        {tag[key]: tag[value] for tag in _tags(archive.read(file).decode(), name)}
        for file, name, key, value in (
            ("xl/workbook.xml", "sheet", "name", "r:id"),
            ("xl/_rels/workbook.xml.rels", "Relationship", "Id", "Target"),
        )
    )
    return posixpath.normpath(posixpath.join("/xl", targets[numbers[sheet]]))[1:]


def _tags(xml: str, name: str) -> Iterator[dict[str, str]]:
    """Yield the attributes of every tag of a name."""
    for tag in re.findall(rf"<(?:\w+:)?{name}\s([^<>]*)>", xml):
        yield {key: unescape(value[1:-1]) for key, value in ATTRIBUTE.findall(tag)}


def close_gaps(path: Path, out: Path) -> None:
    """Write a workbook without the gaps that `stray_cells` finds."""
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as closed,
    ):
        for name in archive.namelist():
            if not SHEETS.fullmatch(name):
                closed.writestr(name, archive.read(name))
                continue
            rows, columns = map(_moved, _places(archive, name))

            def moved(cell: re.Match[bytes], rows=rows, columns=columns) -> bytes:
                column, row = columns[_number(cell[2])], rows[int(cell[3])]
                return cell[1] + _letters(column) + str(row).encode()

            with archive.open(name) as sheet, closed.open(name, "w") as copy:
                for piece in _pieces(cast(BinaryIO, sheet)):
                    copy.write(CELL.sub(moved, piece))


def _places(archive: zipfile.ZipFile, name: str) -> tuple[Places, Places]:
    """Return the rows and columns of a sheet that hold anything."""
    rows: Places = {}
    columns: Places = {}
    with archive.open(name) as sheet:
        for piece in _pieces(cast(BinaryIO, sheet)):
            for _, letters, row in CELL.findall(piece):
                cell = (letters + row).decode()
                rows.setdefault(int(row), cell)
                columns.setdefault(_number(letters), cell)
    return rows, columns


def _pieces(sheet: BinaryIO) -> Iterator[bytes]:
    """Yield a text in pieces that begin with a tag, unless a tag is too long."""
    rest = b""
    while block := sheet.read(BLOCK_BYTES):
        text = rest + block
        cut = max(text.rfind(b"<"), len(text) - LONGEST_TAG)
        yield text[:cut]
        rest = text[cut:]
    yield rest


def _gaps(places: Places) -> Iterator[tuple[int, int]]:
    """Yield the last place before each gap and the first beyond it."""
    for before, after in pairwise(sorted(places)):
        if after - before > len(places):
            yield before, after


def _moved(places: Places) -> dict[int, int]:
    """Return where each place lies once the gaps are closed."""
    gaps = {after: after - before - 1 for before, after in _gaps(places)}
    moved, closed = {}, 0
    for place in sorted(places):
        closed += gaps.get(place, 0)
        moved[place] = place - closed
    return moved


def _number(letters: bytes) -> int:
    """Return the number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _letters(number: int) -> bytes:
    """Return the letters of a column's number."""
    letters = b""
    while number:
        number, last = divmod(number - 1, 26)
        letters = bytes([ord("A") + last]) + letters
    return letters
