"""The dialect of a delimited text: its delimiter and quotes, and the lines above its header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gradum.errors import TableError
from gradum.messages import marked, say, say_plural
from gradum.tables.formats.encoding import Content, count_lines, stream
from gradum.tables.wording import quoted

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {"\t": marked("tab"), ";": "';'", "|": "'|'", ",": "','"}
NO_DELIMITER = "\x1f"  # the ASCII unit separator, for files of a single column
SAMPLE_ROWS = 200

MOST_LINES = 30  # above a header that is found by itself
LOOKED_AT = 60  # lines, from a possible header on
EVEN = 0.9  # of the rows must have the header's length
FEWEST_COLUMNS = 3  # of a table, for its title to be recognised by its length
NUMBER = re.compile(r"[+-]?[\d.,/:%\s-]*\d[\d.,/:%\s-]*")


@dataclass(frozen=True)
class Dialect:
    """How the rows of a text file are written; no quote if quotes are text.

    ``above`` counts the lines above its header, which are not part of the table.
    """

    delimiter: str
    quote: str | None = '"'
    above: int = 0

    @property
    def decimal(self) -> str:
        """The decimal sign if no number shows it: a comma if semicolons separate the values."""
        return "," if self.delimiter == ";" else "."


def sniff(head: str) -> Dialect:
    """Return the delimiter that splits the first rows into the most columns, most evenly."""
    quote = '"'
    if '"' not in head and _single_quoted(head):
        quote = "'"
    best, best_score = Dialect(NO_DELIMITER, quote), (0.0, 0)
    for delimiter in DELIMITERS:
        rows = first_rows(head, Dialect(delimiter, quote))
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        even = sum(len(row) == width for row in rows) / len(rows)
        if (round(even, 1), width) > best_score:
            best, best_score = Dialect(delimiter, quote), (round(even, 1), width)
    return best


def _single_quoted(head: str) -> bool:
    lines = head.splitlines()[1:SAMPLE_ROWS]
    wrapped = sum(bool(re.search(r"(^|[,;\t|])'[^']*'($|[,;\t|])", line)) for line in lines)
    return wrapped > len(lines) / 2


def first_rows(head: str, dialect: Dialect) -> list[list[str]]:
    """Return the first rows of a text; fewer if a quote never closes."""
    rows = []
    try:
        for _, row in rows_of(head.encode(), dialect):
            rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:  # a field longer than Python's limit: a quote that never closes
        pass
    return rows


def rows_of(
    content: Content, dialect: Dialect, strict: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not blank, with the number of its last line, from 1."""
    with io.TextIOWrapper(stream(content), encoding="utf-8", newline="") as text:
        for _ in range(dialect.above):
            text.readline()
        reader = csv.reader(
            text,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            strict=strict,
        )
        for row in reader:
            if row:
                yield dialect.above + reader.line_num, row


def lines_above(
    content: Content, head: bytes, skip: int | None, source: str
) -> tuple[int, list[str]]:
    """Return how many lines stand above the header, and notes on them.

    Parameters
    ----------
    content : bytes or Path
        The text.
    head : bytes
        Its first lines.
    skip : int or None
        The number that the user gives; if None, the lines are recognised.
    source : str
        The table's name.

    Raises
    ------
    TableError
        The user names more lines than there are.
    """
    if skip is not None:
        _refuse_few_lines(content, skip, source)
    lines = head.decode(errors="ignore").split("\n")
    first = next((at for at in range(skip or 0, len(lines)) if lines[at]), skip or 0)
    above = first if skip is not None else _above(lines, first)
    named = [line for line in lines[:above] if line.strip()]
    if not named:
        return above, []
    return above, [
        say_plural(
            "{count:,} line above the header left out: {lines}",
            "{count:,} lines above the header left out: {lines}",
            above,
            lines=quoted(named, 2),
        )
    ]


def after(head: bytes, lines: int) -> bytes:
    """Return the first lines of a text without the given number of them."""
    return head.split(b"\n", lines)[-1] if lines else head


def _refuse_few_lines(content: Content, skip: int, source: str) -> None:
    count = count_lines(content)
    if skip >= count:
        raise TableError(
            say_plural(
                "{source} has {count:,} line, and --skip-rows {skip} leaves none.",
                "{source} has {count:,} lines, and --skip-rows {skip} leaves none.",
                count,
                source=source,
                skip=skip,
            ),
            say("Give the number of lines above the header."),
        )


def _above(lines: list[str], first: int) -> int:
    """Return the place of the header: the first nonempty line, unless another is clearly it.

    A line is clearly the header if the lines before it are comments, or titles of far fewer words
    than the table has columns; if all rows after it are as long as it is; and if a column has
    numbers below a name that is no number.
    """
    rows = _rows(lines, first)
    if len(rows) < 2 or (sum(map(bool, rows[0])) > 1 and _full(rows)):
        return first
    titles: list[str] = []
    for at in range(first, min(first + MOST_LINES, len(lines))):
        if not lines[at].strip():
            continue
        if titles and _is_header(_rows(lines, at)) and _are_titles(titles, lines, at):
            return at
        titles.append(lines[at])
    return first


def _rows(lines: list[str], at: int) -> list[list[str]]:
    """Split the lines from a place on into rows, in the dialect that the first of them suggests."""
    text = "\n".join(lines[at : at + LOOKED_AT])
    return first_rows(text, sniff(text))


def _full(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows below the first if nearly all are as long as it; none otherwise."""
    full = [row for row in rows[1:] if len(row) == len(rows[0])]
    return full if len(full) >= EVEN * (len(rows) - 1) else []


def _is_header(rows: list[list[str]]) -> bool:
    """Whether the first of some rows is the header of the others."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    names = [name.strip() for name in rows[0]]
    named = [name for name in names if name]
    if len(named) < max(2, len(names) - 1) or any(map(NUMBER.fullmatch, named)):
        return False
    return any(map(_are_numbers, zip(*_full(rows), strict=True)))


def _are_numbers(values: tuple[str, ...]) -> bool:
    present = [value.strip() for value in values if value.strip()]
    numbers = sum(NUMBER.fullmatch(value) is not None for value in present)
    return bool(present) and numbers >= EVEN * len(present)


def _are_titles(titles: list[str], lines: list[str], at: int) -> bool:
    """Whether lines above a header are comments, or have far fewer values than it has names."""
    text = "\n".join(lines[at : at + LOOKED_AT])
    dialect = sniff(text)
    width = len(first_rows(text, dialect)[0])
    for title in titles:
        values = [value for value in title.split(dialect.delimiter) if value.strip(' "')]
        short = width >= FEWEST_COLUMNS and len(values) <= max(1, width // 3)
        if not (title.startswith("#") or short):
            return False
    return True
