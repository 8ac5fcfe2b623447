"""Text files of rows: encoding, delimiter and quotes recognised, then read by polars."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from gradum.errors import TableError
from gradum.tables.table import Table
from gradum.tables.wording import counted, quoted, rows_text

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {"\t": "tab", ";": "';'", "|": "'|'", ",": "','"}
NO_DELIMITER = "\x1f"  # the ASCII unit separator, for files of a single column
SAMPLE_CHARACTERS = 100_000
SAMPLE_ROWS = 200
SHOWN_LINES = 5
SURELY_NO_CHANCE = 20  # rows
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1e]")


@dataclass(frozen=True)
class Dialect:
    """How the rows of a text file are written; no quote where quotes are text."""

    delimiter: str
    quote: str | None = '"'


def read_delimited(content: bytes, source: str) -> Table:
    """Return the columns of a CSV or TSV file, all as strings.

    Parameters
    ----------
    content : bytes
        The whole file, uncompressed.
    source : str
        Its name, for messages.

    Raises
    ------
    TableError
        The file is empty, binary, has no rows, no proper header, or rows of different lengths.
    """
    text, encoding = _decode(content, source)
    if "\r" in text:  # line ends of Windows, and of old Macintosh files
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.strip("\n")
    if not text.strip():
        raise TableError(f"{source} is empty.", "Give a file with a header and rows.")
    notes = [f"encoding {encoding}"] if encoding != "UTF-8" else []
    dialect = _sniff(text[:SAMPLE_CHARACTERS])
    if dialect.delimiter in DELIMITERS[1:]:
        notes.append(f"delimiter {DELIMITER_NAMES[dialect.delimiter]}")
    frame, dialect = _parse(text, dialect, source)
    if dialect.quote is None:
        notes.append("quotes are part of the text")
    elif dialect.quote != '"':
        notes.append(f"quote {dialect.quote}")
    names, renamed = _names(text, dialect, source)
    if frame.width != len(names):
        raise _ragged(text, dialect, source)
    frame.columns = names
    frame, blank = _without_blank_rows(frame)
    if not frame.height:
        raise TableError(f"{source} has a header but no rows.", "Give a file with rows.")
    if blank:
        notes.append(f"{counted(blank, 'blank row')} left out")
    return Table(frame, source, (*notes, *renamed), typed=False)


def _decode(content: bytes, source: str) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding."""
    for mark, codec, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return content.decode(codec), name
            except UnicodeDecodeError as error:
                raise TableError(
                    f"{source} is damaged: byte {error.start:,} is not {name}.", "Save it afresh."
                ) from None
    head = content[:SAMPLE_CHARACTERS]
    if head.count(0) > len(head) / 4:  # UTF-16 without its mark: every other byte of English is 0
        codec = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        text = content.decode(codec, errors="replace")
        if not CONTROL.search(text[:SAMPLE_CHARACTERS]):
            return text, "UTF-16"
    try:
        text, name = content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        try:
            text, name = content.decode("cp1252"), "Windows-1252"
        except UnicodeDecodeError:
            text, name = content.decode("latin-1"), "Latin-1"
    if CONTROL.search(text[:SAMPLE_CHARACTERS]):
        raise TableError(
            f"{source} is not a table of text: it holds binary data.",
            "Give a CSV, TSV or Parquet file.",
        )
    return text, name


def _sniff(sample: str) -> Dialect:
    """Return the delimiter that cuts the first rows into most columns, most evenly."""
    quote = '"'
    if '"' not in sample and _single_quoted(sample):
        quote = "'"
    best, best_score = Dialect(NO_DELIMITER, quote), (0.0, 0)
    for delimiter in DELIMITERS:
        rows = _first_rows(sample, Dialect(delimiter, quote))
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        even = sum(len(row) == width for row in rows) / len(rows)
        if (round(even, 1), width) > best_score:
            best, best_score = Dialect(delimiter, quote), (round(even, 1), width)
    return best


def _single_quoted(sample: str) -> bool:
    lines = sample.splitlines()[1:SAMPLE_ROWS]
    wrapped = sum(bool(re.search(r"(^|[,;\t|])'[^']*'($|[,;\t|])", line)) for line in lines)
    return wrapped > len(lines) / 2


def _first_rows(sample: str, dialect: Dialect) -> list[list[str]]:
    lines = sample.splitlines(keepends=True)
    if len(sample) >= SAMPLE_CHARACTERS:
        lines = lines[:-1] or lines
    rows = []
    try:
        for _, row in _rows("".join(lines), dialect):
            rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:  # a field longer than Python's limit: quotes that never close
        pass
    return rows


def _rows(text: str, dialect: Dialect, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not blank, with the number of its last line, from 1."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        strict=strict,
    )
    for row in reader:
        if row:
            yield reader.line_num, row


def _parse(text: str, dialect: Dialect, source: str) -> tuple[pl.DataFrame, Dialect]:
    """Return the frame, read without quotes where quotes are only apostrophes or inches."""
    plain = Dialect(dialect.delimiter, None)
    try:
        frame = _read(text, dialect)
    except pl.exceptions.PolarsError:
        if any(_uneven(text, plain)) or dialect == plain:
            raise _ragged(text, dialect, source) from None
        return _parse(text, plain, source)
    if frame.width == 1:
        return frame, dialect
    lost = dialect.quote and frame.height < text.count("\n")
    if lost and _swallows(text, dialect, frame.height):
        return _parse(text, plain, source)
    short = frame.to_series(-1).null_count() > 0  # polars fills short rows with nulls
    if short and any(line for line, _ in _uneven(text, dialect)):
        raise _ragged(text, dialect, source)
    return frame, dialect


def _read(text: str, dialect: Dialect) -> pl.DataFrame:
    return pl.read_csv(
        io.BytesIO(text.encode()),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        infer_schema=False,
    )


def _swallows(text: str, dialect: Dialect, height: int) -> bool:
    """Whether quoted values of several lines are in truth several rows, with quotes as text.

    Every line is a full row then. In a short file that may be chance; there, text after a
    closing quote must give it away as well.
    """
    if any(_uneven(text, Dialect(dialect.delimiter, None))):
        return False
    if height >= SURELY_NO_CHANCE:
        return True
    try:
        for _ in _rows(text, dialect, strict=True):
            pass
    except csv.Error:
        return True
    return False


def _uneven(text: str, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """Yield line and length of every row longer or shorter than the header; 0, 0 where lost."""
    width = 0
    try:
        for line, row in _rows(text, dialect):
            width = width or len(row)
            if len(row) != width:
                yield line, len(row)
    except csv.Error:
        yield 0, 0


def _ragged(text: str, dialect: Dialect, source: str) -> TableError:
    uneven = [(line, width) for line, width in _uneven(text, dialect) if line]
    if not uneven:
        return TableError(
            f"{source} cannot be cut into rows: a quote opens and does not close.",
            f"Close or remove the stray {dialect.quote}.",
        )
    header = len(next(_rows(text, dialect))[1])
    shown = tuple(line for line, _ in uneven[:SHOWN_LINES])
    lines = rows_text(shown, len(uneven)).replace("row", "line", 1)
    widths = sorted({width for _, width in uneven})
    return TableError(
        f"{source} has {counted(header, 'column')}, but {lines} "
        f"{'has' if len(uneven) == 1 else 'have'} {' or '.join(map(str, widths[:4]))} fields.",
        "Correct these lines; put quotes around values that contain the delimiter.",
    )


def _names(text: str, dialect: Dialect, source: str) -> tuple[list[str], list[str]]:
    """Return the header's names, stripped, and notes on what was odd about them."""
    given = next(_rows(text[:SAMPLE_CHARACTERS], dialect))[1]
    names = [name.strip() for name in given]
    notes = []
    twins = [name for name, count in Counter(names).items() if count > 1 and name]
    if twins:
        raise TableError(
            f"{source} has several columns named {quoted(twins)}.", "Rename all but one of each."
        )
    if all(re.fullmatch(r"[+-]?\d*[.,]?\d+", name) for name in names):
        notes.append("every column's name is a number: the file may lack a header")
    if any(name != raw for name, raw in zip(names, given, strict=True)):
        notes.append("spaces around column names removed")
    for position, name in enumerate(names):
        if not name:
            names[position] = f"Unnamed: {position}"
            notes.append(f"column {position + 1} has no name: called 'Unnamed: {position}'")
    return names, notes


def _without_blank_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the frame without rows in which every field is empty; one column keeps them."""
    if frame.width == 1 or not frame.height or not frame.to_series(0).null_count():
        return frame, 0
    full = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    return full, frame.height - full.height
