"""``gradum report``: a run's report anew, by other slices or costs, or with a form for one row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import write
from gradum.app.cli.pages import check_page
from gradum.app.cli.waiting import waiting
from gradum.messages import say


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Default: report.html in the run folder."),
    ] = None,
    slices: Annotated[list[str] | None, options.option("slices")] = None,
    cost: Annotated[str | None, options.option("cost")] = None,
    rows: Annotated[bool, options.option("rows")] = True,
    what_if: Annotated[bool | None, options.option("what_if")] = None,
    data: options.Data = None,
) -> None:
    """Write the report of a run anew.

    Looks at the judged rows by other slices or costs.
    """
    from gradum.api import report_run
    from gradum.files.atomic import write_text
    from gradum.ship.layout import REPORT

    path = out or run / REPORT
    if out is not None:
        check_page(path)
    with waiting(shown=True):
        page = report_run(
            run,
            slices=slices or (),
            cost=cost,
            rows=rows,
            data=data,
            cache=cache_directory(),
            what_if=what_if,
        )
    write_text(path, page)
    write(say("Written to {path}.", path=path))
