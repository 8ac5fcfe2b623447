"""``gradum explain-step``: one step of learning on one row of a table, number by number."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write
from gradum.app.cli.pages import check_page
from gradum.messages import say
from gradum.run.options.option_table import READING


@options.taking(*READING)
def command(
    model: options.Model,
    data: options.Table,
    row: Annotated[int, typer.Option(metavar="NUMBER", help="Which row, counted from 1.")],
    target_value: Annotated[
        str | None,
        typer.Option(
            metavar="VALUE", help="The row's true target. Default: the value in the table."
        ),
    ] = None,
    rung: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="linear, mlp or enough. Default: the model in use, or the next simpler one if "
            "that is a network ensemble.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            help="The length of the step. Default: 0.1, halved until the loss falls.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write a page with the formulas."),
    ] = None,
    **reading: Any,
) -> None:
    """Work through one step of learning on one row.

    Goes forward and backward through a model, and takes one step of gradient descent. Every
    derivative stands beside a difference quotient. For large layers, the page shows only the terms
    that matter most, and says how many it leaves out. The model itself is not changed.
    """
    from gradum.api.explain_step import explain_table_row
    from gradum.files.atomic import write_text
    from gradum.run.options.options import make_reading

    if out is not None:
        check_page(out)
    explained = explain_table_row(
        load_model(model),
        data,
        row,
        target_value,
        rung=rung,
        learning_rate=learning_rate,
        reading=make_reading(**reading),
    )
    write(explained)
    if out is not None:
        write_text(out, explained.page())
        write("", say("Written to {out}.", out=out))
