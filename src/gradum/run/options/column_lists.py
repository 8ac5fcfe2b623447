"""Lists of columns as the command line writes them: ``a,b``."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def read_columns(text: str, names: Collection[str]) -> list[str]:
    """Split a list at its commas, but not within a known name; the longest matching name counts."""
    pieces = text.split(",")
    columns, start = [], 0
    while start < len(pieces):
        ends = range(len(pieces), start + 1, -1)
        joined = (end for end in ends if ",".join(pieces[start:end]).strip() in names)
        end = next(joined, start + 1)
        columns.append(",".join(pieces[start:end]).strip())
        start = end
    return columns


def read_all_columns(lists: Iterable[str] | None, names: Collection[str]) -> list[str]:
    """Return the columns of an option that can be given several times, each with a list."""
    return [column for text in lists or () for column in read_columns(text, names)]
