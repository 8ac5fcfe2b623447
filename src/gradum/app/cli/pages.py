"""Pages that a command writes, replacing only gradum's own pages, and what the command prints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import write, write_json
from gradum.errors import OutputError
from gradum.messages import say

if TYPE_CHECKING:
    from rich.console import RenderableType

PAGES = (".html", ".htm")
SIGN = b'<meta name="generator" content="gradum">'


class Paged(Protocol):
    """A result that shows itself in a terminal and as a page."""

    def __rich__(self) -> RenderableType:
        """Return what the terminal shows."""
        ...

    def page(self, cache: Path | None = None) -> str:
        """Return the page; ``cache`` keeps the charts' script."""
        ...


def is_page(path: Path) -> bool:
    """Tell whether a file is to be a page, by its ending."""
    return path.suffix.lower() in PAGES


def check_page(path: Path) -> None:
    """Refuse a path that a page cannot be written to, or that holds something else.

    Raises
    ------
    OutputError
        The name is not that of a page, the folder does not exist or cannot be written to, or the
        file is not a page of gradum's.
    """
    from gradum.files.atomic import check_writable

    check_writable(path)
    if path.exists():
        with path.open("rb") as file:
            if SIGN not in file.read(1000):
                raise OutputError(
                    "{path} exists already and is no report of gradum's.",
                    "Choose another name.",
                    path=path,
                )
    if not is_page(path):
        raise OutputError(
            "A browser would not know {path} as a page.",
            "End the name in {endings}.",
            path=path,
            endings=".html",
        )


def hand_over(
    result: Paged, content: Any, out: Path | None, *, as_json: bool, quiet: bool = False
) -> None:
    """Write a page if one is asked for, and print a result or its content as JSON.

    Parameters
    ----------
    content : struct
        Everything in it, as plain values.
    out : path or None
        The path of the page, already checked by `check_page`.
    as_json, quiet : bool
        Whether to print JSON, and whether to print nothing else.

    Raises
    ------
    OutputError
        The page cannot be written.
    """
    from gradum.files.atomic import write_text

    if out is not None:
        write_text(out, result.page(cache_directory()))
    print_result(result, [content], out, as_json=as_json, quiet=quiet)


def print_result(
    result: RenderableType, records: Iterable[Any], out: Path | None, *, as_json: bool, quiet: bool
) -> None:
    """Print a result and where it was written, or its records as JSON, one per line."""
    if as_json:
        for record in records:
            write_json(record)
    elif not quiet:
        write(result)
        if out is not None:
            write(say("Written to {path}.", path=out))
