"""``gradum lab``: a page on which anyone watches the mathematics on their own table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import write
from gradum.app.cli.pages import check_page
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.options.option_table import READING


@options.taking(*READING)
def command(
    data: Annotated[
        str | None,
        typer.Argument(metavar="[TABLE]", help="A table of yours, beside the five of the page."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COL", help="What to predict.")
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write.")
    ] = Path("lab.html"),
    **reading: Any,
) -> None:
    """Write a page on which networks learn from a table.

    They learn one operation at a time. It needs no connection and sends nothing: the page holds
    everything, up to 12 columns and 2,000 rows of the table among it.
    """
    from gradum.files.atomic import write_text
    from gradum.lab.page import lab_page
    from gradum.lab.table import lab_table
    from gradum.run.options.options import make_reading

    if (data is None) != (target is None):
        raise SpecError(
            "A table and its target go together.", "Give both: gradum lab TABLE --target COL."
        )
    check_page(out)
    table = None
    if data is not None and target is not None:
        table = lab_table(data, target, make_reading(**reading))
    write_text(out, lab_page(table))
    write(*(table.remarks if table else ()), say("Written to {out}.", out=out))
