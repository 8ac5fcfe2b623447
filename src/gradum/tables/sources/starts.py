"""The first bytes of a place, where it is a file that can be read again."""

from __future__ import annotations

from gradum.tables.addresses import is_address
from gradum.tables.content import lies_on_disk
from gradum.tables.paths import STANDARD_INPUT
from gradum.tables.sources.source import Location

BYTES = 64


def start_of(location: Location) -> bytes:
    """Return the first bytes of a file; none of anything else, which its reader will refuse."""
    if location.where == STANDARD_INPUT or is_address(location.where):
        return b""
    try:
        if not lies_on_disk(location.path):
            return b""
        with location.path.open("rb") as file:
            return file.read(BYTES)
    except (OSError, ValueError):
        return b""
