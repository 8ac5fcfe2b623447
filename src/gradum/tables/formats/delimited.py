"""Text files of rows: delimiter and quotes recognised, then read by polars."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.messages import listed, say, say_plural
from gradum.tables.formats.dialect import (
    DELIMITER_NAMES,
    DELIMITERS,
    Dialect,
    after,
    lines_above,
    rows_of,
    sniff,
)
from gradum.tables.formats.encoding import Content, blocks, count_lines, sample
from gradum.tables.formats.size_limits import (
    MOST_COLUMNS,
    available_memory,
    refuse_more_than_memory,
    refuse_width,
)
from gradum.tables.table import Table
from gradum.tables.wording import first_numbers, quoted

SHOWN_LINES = 5
SURELY_NO_CHANCE = 20  # rows
CONVERTED_ROWS = 65_536  # a row group
CELL_BYTES = 20  # that a text value takes besides its letters: 17, and some temporarily


def read_delimited(
    content: Content, source: str, encoding: str = "UTF-8", skip: int | None = None
) -> Table:
    """Return the columns of a CSV or TSV file, all as strings.

    Parameters
    ----------
    content : bytes or Path
        The text in UTF-8, as `as_utf8` leaves it.
    source : str
        Its name, for messages.
    encoding : str
        The original encoding of the text.
    skip : int, optional
        Lines above the header, if the user says how many.

    Raises
    ------
    TableError
        The file is empty, has no rows, no proper header, or rows of different lengths.
    """

    def read(content: Content, dialect: Dialect) -> _Read:
        _refuse_many_values(content, dialect, source)
        frame = pl.read_csv(content, **_options(dialect))
        short = frame.width > 0 and frame.to_series(-1).null_count() > 0
        return frame, _Extent(frame.width, frame.height, short)

    (frame, _), understood = _understood(content, source, encoding, skip, read)
    frame.columns = understood.names
    frame, blank = _without_blank_rows(frame)
    if not frame.height:
        raise TableError(
            "{source} has a header but no rows.", "Give a file with rows.", source=source
        )
    notes = understood.notes
    if blank:
        notes = (*notes, _left_out(blank))
    return Table(frame, source, notes, typed=False, decimal=understood.dialect.decimal)


def convert_delimited(
    content: Content, source: str, out: Path, encoding: str, skip: int | None = None
) -> Table:
    """Write the columns of a CSV or TSV file, all as strings, to a Parquet file.

    It works as `read_delimited`, but the rows are never in memory as a whole; the returned table
    holds no rows.

    Raises
    ------
    DiskError
        The disk is full.
    """
    whole = out.with_suffix(".whole")

    def convert(content: Content, dialect: Dialect) -> _Read:
        rows = pl.scan_csv(content, **_options(dialect))
        given, (names, _) = rows.collect_schema().names(), _names(content, dialect, source)
        if len(given) != len(names):
            raise _ragged(content, dialect, source)
        _sink(rows.rename(dict(zip(given, names, strict=True))), whole, source)
        blank_rows = _all_null().sum() if len(names) > 1 else pl.lit(0)  # one column keeps them
        written = pl.scan_parquet(whole, glob=False)
        counts = written.select(pl.len(), short=pl.col(names[-1]).null_count(), blank=blank_rows)
        height, short, blank = counts.collect(engine="streaming").row(0)
        return blank, _Extent(len(names), height, short > 0)

    (blank, extent), understood = _understood(content, source, encoding, skip, convert)
    if extent.height == blank:
        raise TableError(
            "{source} has a header but no rows.", "Give a file with rows.", source=source
        )
    notes = understood.notes
    if blank:
        full = pl.scan_parquet(whole, glob=False).filter(~_all_null())
        _sink(full, out, source)
        notes = (*notes, _left_out(blank))
    else:
        whole.replace(out)
    frame = pl.DataFrame(schema=dict.fromkeys(understood.names, pl.String))
    return Table(frame, source, notes, typed=False, decimal=understood.dialect.decimal)


def _left_out(blank: int) -> str:
    return say_plural("{count:,} blank row left out", "{count:,} blank rows left out", blank)


def _sink(rows: pl.LazyFrame, out: Path, source: str) -> None:
    with filling(say("the rows of {source}", source=source)):
        rows.sink_parquet(out, row_group_size=CONVERTED_ROWS)


class _Extent(NamedTuple):
    """How large a text is; ``short`` if its last column lacks values."""

    width: int
    height: int
    short: bool


_Read = tuple[Any, _Extent]


class _Understood(NamedTuple):
    dialect: Dialect
    names: list[str]
    notes: tuple[str, ...]


def _understood(
    content: Content,
    source: str,
    encoding: str,
    skip: int | None,
    read: Callable[[Content, Dialect], _Read],
) -> tuple[_Read, _Understood]:
    """Read a text in the dialect that suits it; return what ``read`` made of it."""
    if not any(block.strip() for block in blocks(content)):
        raise TableError("{source} is empty.", "Give a file with a header and rows.", source=source)
    notes = [say("encoding {encoding}", encoding=encoding)] if encoding != "UTF-8" else []
    head = sample(content)
    _refuse_header(head, source)
    above, skipped = lines_above(content, head, skip, source)
    notes += skipped
    if above:
        _refuse_header(after(head, above), source)
    dialect = replace(sniff(after(head, above).decode(errors="ignore")), above=above)
    if dialect.delimiter in DELIMITERS[1:]:
        name = say(DELIMITER_NAMES[dialect.delimiter])
        notes.append(say("delimiter {delimiter}", delimiter=name))
    parsed, dialect = _parse(content, dialect, source, read)
    if dialect.quote is None:
        notes.append(say("quotes are part of the text"))
    elif dialect.quote != '"':
        notes.append(say("quote {quote}", quote=dialect.quote))
    names, renamed = _names(content, dialect, source)
    if parsed[1].width != len(names):
        raise _ragged(content, dialect, source)
    return parsed, _Understood(dialect, names, (*notes, *renamed))


def _refuse_header(head: bytes, source: str) -> None:
    """Refuse a header of too many columns before it is split, which takes long."""
    header = head.partition(b"\n")[0]
    counts = [header.count(delimiter.encode()) for delimiter in DELIMITERS]
    if max(counts) >= MOST_COLUMNS:
        unquoted = re.sub(rb"\"[^\"]*\"", b"", header)
        refuse_width(
            max(unquoted.count(delimiter.encode()) for delimiter in DELIMITERS) + 1, source
        )


def _refuse_many_values(content: Content, dialect: Dialect, source: str) -> None:
    """Refuse a text whose values do not fit in memory."""
    memory = available_memory()
    letters = len(content) if isinstance(content, bytes) else content.stat().st_size
    if memory is None or (CELL_BYTES + 1) * letters <= memory:  # a value has a byte of its own
        return
    ends = (dialect.delimiter.encode(), b"\n")
    values = sum(block.count(end) for block in blocks(content) for end in ends) + 1
    refuse_more_than_memory(
        CELL_BYTES * values + letters, say("about {values:,} values", values=values), source
    )


def _parse(
    content: Content, dialect: Dialect, source: str, read: Callable[[Content, Dialect], _Read]
) -> tuple[_Read, Dialect]:
    """Return what was read, without quoting if quotes are only apostrophes or inches."""
    plain = replace(dialect, quote=None)
    try:
        parsed = read(content, dialect)
    except pl.exceptions.PolarsError:
        if any(_uneven(content, plain)) or dialect == plain:
            raise _ragged(content, dialect, source) from None
        return _parse(content, plain, source, read)
    extent = parsed[1]
    if extent.width == 1:
        return parsed, dialect
    lost = dialect.quote and extent.height < count_lines(content) - dialect.above - 1
    if lost and _swallows(content, dialect, extent.height):
        return _parse(content, plain, source, read)
    doubt = extent.short  # polars fills short rows with nulls
    doubt = doubt and not _surely_even(content, dialect, extent.width)
    if doubt and any(line for line, _ in _uneven(content, dialect)):
        raise _ragged(content, dialect, source)
    return parsed, dialect


def _options(dialect: Dialect) -> dict[str, Any]:
    return {
        "separator": dialect.delimiter,
        "quote_char": dialect.quote,
        "infer_schema": False,
        "low_memory": True,
        "glob": False,
        "skip_lines": dialect.above,
    }


def _surely_even(content: Content, dialect: Dialect, width: int) -> bool:
    """Whether there are no quotes, and as many delimiters as full rows need.

    No row is short then, as polars refuses long ones; this is far quicker than looking at each row.
    """
    if dialect.above:  # the lines above the header have delimiters too
        return False
    quote, delimiter = (dialect.quote or "").encode(), dialect.delimiter.encode()
    delimiters = 0
    for block in blocks(content):
        if quote and quote in block:
            return False
        delimiters += block.count(delimiter)
    return delimiters == (width - 1) * count_lines(content)


def _swallows(content: Content, dialect: Dialect, height: int) -> bool:
    """Whether quoted values of several lines are really several rows, with quotes as text.

    Every line is a full row then. In a short file that may be chance, so there text must also
    follow a closing quote.
    """
    if any(_uneven(content, replace(dialect, quote=None))):
        return False
    if height >= SURELY_NO_CHANCE:
        return True
    try:
        for _ in rows_of(content, dialect, strict=True):
            pass
    except csv.Error:
        return True
    return False


def _uneven(content: Content, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """Yield line and length of each row longer or shorter than the header; 0, 0 if not known."""
    width = 0
    try:
        for line, row in rows_of(content, dialect):
            width = width or len(row)
            if len(row) != width:
                yield line, len(row)
    except csv.Error:
        yield 0, 0


def _ragged(content: Content, dialect: Dialect, source: str) -> TableError:
    uneven = [(line, width) for line, width in _uneven(content, dialect) if line]
    opened = _line_of_open_quote(content, dialect)
    if opened or not uneven:
        return TableError(
            say(
                "{source} cannot be cut into rows: a quote opens in line {line:,} and does "
                "not close.",
                source=source,
                line=opened,
            )
            if opened
            else say(
                "{source} cannot be cut into rows: a quote opens and does not close.", source=source
            ),
            say("Close or remove the stray {quote}.", quote=dialect.quote),
        )
    header = len(next(rows_of(content, dialect))[1])
    lines = first_numbers([line for line, _ in uneven[:SHOWN_LINES]], len(uneven))
    widths = sorted({width for _, width in uneven})[:4]
    return TableError(
        say_plural(
            "{source} has {columns}, but line {lines} has {fields}.",
            "{source} has {columns}, but lines {lines} have {fields}.",
            len(uneven),
            source=source,
            columns=say_plural("{count:,} column", "{count:,} columns", header),
            lines=lines,
            fields=say("1 field")
            if widths == [1]
            else say("{numbers} fields", numbers=listed(list(map(str, widths)), "or")),
        ),
        _remedy(len(uneven), content, dialect),
    )


def _remedy(uneven: int, content: Content, dialect: Dialect) -> str:
    """Say what to do about rows whose length is not the header's."""
    if uneven > (count_lines(content) - dialect.above) / 2:
        return say("If the header stands further down, give --skip-rows with the lines above it.")
    return say("Correct these lines; put quotes around values that contain the delimiter.")


def _line_of_open_quote(content: Content, dialect: Dialect) -> int:
    """Return the line of the row with a quote that never closes, 0 if there is none."""
    last = 0
    try:
        for line, _ in rows_of(content, dialect, strict=True):
            last = line
    except csv.Error as error:
        return last + 1 if "end of data" in str(error) else 0
    return 0


def _names(content: Content, dialect: Dialect, source: str) -> tuple[list[str], list[str]]:
    """Return the header's names, stripped, and notes on what was odd about them."""
    try:
        given = next(rows_of(content, dialect))[1]
    except csv.Error:
        raise TableError(
            "{source} has a column whose name is longer than {most:,} characters.",
            "Check that its rows end where they should.",
            source=source,
            most=csv.field_size_limit(),
        ) from None
    names = [name.strip() for name in given]
    notes = []
    twins = [name for name, count in Counter(names).items() if count > 1 and name]
    if twins:
        raise TableError(
            "{source} has several columns named {twins}.",
            "Rename all but one of each.",
            source=source,
            twins=quoted(twins),
        )
    if all(re.fullmatch(r"[+-]?\d*[.,]?\d+", name) for name in names):
        notes.append(say("every column's name is a number: the file may lack a header"))
    if any(name != raw for name, raw in zip(names, given, strict=True)):
        notes.append(say("spaces around column names removed"))
    for position, name in enumerate(names):
        if not name:
            names[position] = f"Unnamed: {position}"
            notes.append(
                say(
                    "column {number} has no name: called {name!r}",
                    number=position + 1,
                    name=names[position],
                )
            )
    return names, notes


def _without_blank_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the frame without rows whose every field is empty; a single column keeps them."""
    if frame.width == 1 or not frame.height or not frame.to_series(0).null_count():
        return frame, 0
    full = frame.filter(~_all_null())
    return full, frame.height - full.height


def _all_null() -> pl.Expr:
    return pl.all_horizontal(pl.all().is_null())
