"""The dialect of a delimited text: its delimiter and quotes, and the rows cut by them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gradum.messages import marked
from gradum.tables.encoding import Content, stream

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {"\t": marked("tab"), ";": "';'", "|": "'|'", ",": "','"}
NO_DELIMITER = "\x1f"  # the ASCII unit separator, for files of a single column
SAMPLE_ROWS = 200


@dataclass(frozen=True)
class Dialect:
    """How the rows of a text file are written; no quote where quotes are text.

    ``above`` counts the lines above its header, which are no part of the table.
    """

    delimiter: str
    quote: str | None = '"'
    above: int = 0

    @property
    def decimal(self) -> str:
        """The decimal sign, where no number tells: a comma if values end with semicolons."""
        return "," if self.delimiter == ";" else "."


def sniff(head: str) -> Dialect:
    """Return the delimiter that cuts the first rows into most columns, most evenly."""
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
    """Return the first rows of a text, fewer where quotes never close."""
    rows = []
    try:
        for _, row in rows_of(head.encode(), dialect):
            rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:  # a field longer than Python's limit: quotes that never close
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
