"""``gradum compare``: two runs on the rows that both judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import write, write_json


def command(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another of the same table.")],
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """Say in which scores two runs differ, and how sure that is.

    Only rows that both runs judged count. Each row is compared with itself, so that small
    differences show.
    """
    from gradum.api import compare_runs
    from gradum.show.text import comparison_parts

    compared = compare_runs(first, second, data=data)
    if as_json:
        write_json(compared)
    else:
        write(*comparison_parts(compared, (str(first), str(second))))
