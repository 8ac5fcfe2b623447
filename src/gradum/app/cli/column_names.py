"""Names of columns, as an option lists them: ``a,b``."""

from __future__ import annotations

from collections.abc import Collection


def column_names(listed: str, known: Collection[str]) -> list[str]:
    """Divide a list at its commas, but not within a known name, the longest of which counts."""
    pieces = listed.split(",")
    names, start = [], 0
    while start < len(pieces):
        ends = range(len(pieces), start + 1, -1)
        joined = (end for end in ends if ",".join(pieces[start:end]).strip() in known)
        end = next(joined, start + 1)
        names.append(",".join(pieces[start:end]).strip())
        start = end
    return names
