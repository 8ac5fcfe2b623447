"""The wording of messages about tables: rows, examples, numbers, nearest names."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import polars as pl

from gradum.messages import Said, listed, say, say_plural
from gradum.tables.grids import cell

SHOWN_ROWS = 5
SHOWN_EXAMPLES = 3
SHOWN_NAMES = 8
YEARS = 1500, 2200
"""Whole numbers from the first up to the last are written without a comma: they may be years."""
WORD_END = re.compile(r"(?<=[\s_\-./=:,;])(?=\w)|(?<=[a-z])(?=[A-Z])")


def quoted(values: Iterable[object], most: int = SHOWN_EXAMPLES) -> str:
    """Return the first few values in quotes: ``'a', 'b' and 3 more``."""
    values = list(values)
    shown = listed([repr(shortened(value)) for value in values[:most]])
    return and_more(shown, len(values) - most)


def and_more(shown: str, more: int) -> str:
    """Return a list of the first few names and the number left out: ``a, b and 3 more``."""
    return say("{shown} and {more:,} more", shown=shown, more=more) if more > 0 else shown


def first_upper(text: str) -> str:
    """Return a sentence that begins with a capital letter."""
    return Said("upper", text)


def joined_clauses(parts: Iterable[str]) -> str:
    """Join the clauses of one sentence."""
    return say("; ").join(parts)


def full_stop(sentence: str) -> str:
    """End a sentence that has been put together from clauses."""
    return sentence + say(".")


def shortened(value: object, most: int = 40) -> str:
    """Return a value as text; a long one loses its middle, as names mostly differ at an end."""
    text = str(value.to_list() if isinstance(value, pl.Series) else value)
    if len(text) <= most:
        return text
    half = most // 2
    head = _whole_pieces(pieces(text[: most + 1]), half) or text[:half]
    tail = _whole_pieces([piece[::-1] for piece in pieces(text[-most - 1 :])[::-1]], half)
    tail = tail[::-1] or text[-half:]
    return f"{head.rstrip()}…{tail.lstrip()}"


def pieces(name: str) -> list[str]:
    """Split a name where it may break: after ``_``, a space and the like, and within camelCase."""
    return WORD_END.split(name)


def _whole_pieces(parts: Iterable[str], most: int) -> str:
    """Return as many of the first pieces as fit; nothing if they are less than half of it."""
    text = ""
    for part in parts:
        if len(text) + len(part) > most:
            break
        text += part
    return text if 2 * len(text) >= most else ""


def value_text(value: object, most: int = 40) -> str:
    """Return a table's value as a person would write it, cut if it is long; "–" if missing."""
    match value:
        case None:
            return "–"
        case bool():
            return say("yes") if value else say("no")
        case float():
            return number(value)
        case datetime.datetime():
            whole_day = value.time() == datetime.time()
            return f"{value:%Y-%m-%d}" if whole_day else f"{value:%Y-%m-%d %H:%M}"
        case datetime.time():
            return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
        case bytes():
            return shortened(cell.in_words(value), most)
        case _:
            return shortened(value, most)


def quoted_text(value: object) -> str:
    """Return a table's value as it stands in a sentence: a text or a file's name in quotes."""
    text = cell.in_words(value) if isinstance(value, bytes) else value
    return repr(shortened(text)) if isinstance(text, str) else value_text(text)


def number(value: float, beside: Sequence[float] = ()) -> str:
    """Return a number as people write it: 12,345.6 rather than 12345.60000001.

    A whole number that may be a year, 2024, has no comma; nor has one ``beside`` such numbers.
    """
    if value == int(value) and abs(value) < 1e15:
        first, end = YEARS
        years = all(first <= each < end for each in beside or (value,))
        return f"{int(value)}" if years else f"{int(value):,}"
    return f"{value:,.1f}".removesuffix(".0") if 1e3 <= abs(value) < 1e15 else f"{value:.4g}"


def span(low: float, high: float) -> str:
    """Return a range such as "from 2,400 to 775,000", with commas in both numbers or in neither."""
    first, last = (number(end, beside=(low, high)) for end in (low, high))
    return say("from {first} to {last}", first=first, last=last)


def size(count: float) -> str:
    """Return a number of bytes as people write it: "3.2 GB", "640 MB"."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            amount = count / unit
            return f"{amount:,.1f} {name}" if amount < 10 else f"{amount:,.0f} {name}"
    return f"{count / 1e3:,.0f} kB"


def rows_where(mask: np.ndarray | pl.Series, numbers: np.ndarray | None = None) -> tuple[int, ...]:
    """Return the first rows in which a mask is true, counted from 1.

    ``numbers`` (n,) are the rows' places in their table, from 0, if some have been left out.
    """
    places = np.flatnonzero(mask)[:SHOWN_ROWS]
    return rows_of(places if numbers is None else numbers[places])


def rows_of(positions: np.ndarray) -> tuple[int, ...]:
    """Return the first of the given positions, counted from 1."""
    return tuple(int(row) + 1 for row in positions[:SHOWN_ROWS])


def rows_text(rows: Sequence[int], count: int) -> str:
    """Return "row 3" or "rows 3, 7, 12 and 40 more"."""
    numbers = first_numbers(rows, count)
    return say_plural("row {numbers}", "rows {numbers}", count, numbers=numbers)


def row_count(count: int) -> str:
    """Return "1 row" or "2,000 rows"."""
    return say_plural("{count:,} row", "{count:,} rows", count)


def value_count(count: int) -> str:
    """Return "1 value" or "2,000 values"."""
    return say_plural("{count:,} value", "{count:,} values", count)


def first_numbers(numbers: Sequence[int], count: int) -> str:
    """Return the first numbers of rows or lines, and how many more there are."""
    shown, more = listed([f"{number:,}" for number in numbers]), count - len(numbers)
    return say("{numbers} and {more:,} more", numbers=shown, more=more) if more > 0 else shown


def nearest(name: str, names: Iterable[str], what: str = "") -> str:
    """Return a remedy for an unknown name: the nearest names, or some of those that exist.

    ``what`` says what the names denote; columns if it is left out.
    """
    names = list(names)
    close = nearest_names(name, names)
    if close:
        return did_you_mean(close)
    what = what or say("columns")
    return say("Choose among the {what} {names}.", what=what, names=quoted(names, SHOWN_NAMES))


def did_you_mean(names: Sequence[str]) -> str:
    """Return a remedy that offers one or several names."""
    return say("Did you mean {names}?", names=listed([repr(name) for name in names], "or"))


def nearest_names(name: str, names: Iterable[str]) -> list[str]:
    """Return up to three names that look most like an unknown one."""
    folded = {other.casefold(): other for other in reversed(list(names))}
    close = get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
    return [folded[other] for other in close]
