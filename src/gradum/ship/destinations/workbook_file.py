"""A workbook of Excel with the predictions on one sheet."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import OutputError
from gradum.files.atomic import check_writable, replacing
from gradum.messages import say
from gradum.ship.destinations.destination import Agree, Existing, Mark, plain
from gradum.tables.extra import needs

WORKBOOK = ".xlsx"
MOST_ROWS, MOST_COLUMNS, LONGEST_TEXT = 1_048_575, 16_384, 32_767  # of a sheet; of a cell
MOST_BYTES = 2**20  # of a workbook's properties
PROPERTIES = "docProps/core.xml"
_TIMES = re.compile(r"<dcterms:(?:created|modified)[^>]*>([^<]*)<")
_DESCRIBED = re.compile(r"<dc:description>([^<]*)<")


class WorkbookFile:
    """A workbook, whose properties hold gradum's mark as long as nobody else has saved it."""

    def __init__(self, path: Path) -> None:
        needs("xlsxwriter", "excel", say("Workbooks"), OutputError)
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    @property
    def scratch(self) -> Path | None:
        """The folder of the workbook."""
        return self._path.resolve().parent

    def found(self) -> Existing | None:
        """Return the mark in the properties of the workbook that is there."""
        check_writable(self._path)
        if not self._path.exists():
            return None
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(PROPERTIES) as file:
                words = file.read(MOST_BYTES).decode()
        except (OSError, KeyError, UnicodeError, zipfile.BadZipFile):
            return Existing(None)
        times = _TIMES.findall(words)
        if len(times) != 2 or times[0] != times[1]:  # somebody has saved it since
            return Existing(None)
        described = _DESCRIBED.search(words)
        return Existing(unescape(described[1]) if described else None)

    def replace(self, parts: Sequence[Path], mark: Mark, agree: Agree) -> None:
        """Write a workbook beside the place, and give it the name."""
        if mark.rows > MOST_ROWS or len(mark.columns) > MOST_COLUMNS:
            raise OutputError(
                "A sheet holds at most {rows:,} rows and {columns:,} columns.",
                "Write a folder of Parquet files, or a database.",
                rows=MOST_ROWS,
                columns=MOST_COLUMNS,
            )
        with replacing(self._path) as temporary:
            _write(temporary, parts, mark)
            agree(self.found())


def _write(path: Path, parts: Sequence[Path], mark: Mark) -> None:
    """Write rows one by one, which needs little memory."""
    import xlsxwriter

    asked = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), {**asked, "strings_to_numbers": False}) as book:
        book.set_properties({"comments": str(mark)})
        sheet = book.add_worksheet("predictions")
        formats = {
            kind: book.add_format({"num_format": pattern})
            for kind, pattern in (
                (datetime.datetime, "yyyy-mm-dd hh:mm:ss"),
                (datetime.date, "yyyy-mm-dd"),
            )
        }
        sheet.write_row(0, 0, mark.columns)
        place = 0
        for part in parts:
            for row in plain(pl.read_parquet(part, glob=False)).iter_rows():
                place += 1
                for column, value in enumerate(map(_cell, row)):
                    if value is not None:
                        sheet.write(place, column, value, formats.get(type(value)))


def _cell(value: Any) -> Any:
    """Return a value that a cell can hold: no NaN, no zone, no endless text."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None if value != value else str(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.isoformat()
    if isinstance(value, datetime.date) and value.year < 1900:
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        return str(value)
    return value[:LONGEST_TEXT] if isinstance(value, str) else value
