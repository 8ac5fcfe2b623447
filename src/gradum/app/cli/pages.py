"""Pages that a command is told to write: only over pages of gradum's own."""

from __future__ import annotations

from pathlib import Path

from gradum.errors import OutputError
from gradum.messages import say

SIGN = b'<meta name="generator" content="gradum">'


def check_page(path: Path) -> None:
    """Refuse a path that a page cannot be written to, or where something else is.

    Raises
    ------
    OutputError
        The folder is not there or cannot be written to, or the file is no page of gradum's.
    """
    from gradum.files.atomic import check_writable

    check_writable(path)
    if path.exists():
        with path.open("rb") as file:
            if SIGN not in file.read(1000):
                raise OutputError(
                    say("{path} exists already and is no report of gradum's.", path=path),
                    say("Choose another name."),
                )
