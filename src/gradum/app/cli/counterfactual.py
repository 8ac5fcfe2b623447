"""``gradum counterfactual``: what would have changed an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.column_lists import read_all_columns
from gradum.app.cli.console import load_model
from gradum.app.cli.pages import PAGES, check_page, is_page, print_result
from gradum.app.cli.waiting import waiting


def command(
    model: options.Model,
    data: Annotated[
        str | None,
        typer.Argument(metavar="TABLE", help="The table of the rows; by default the run's own."),
    ] = None,
    *,
    row: Annotated[list[int], typer.Option(metavar="N", help="A row's number, from 1.")],
    towards: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL|NUMBER",
            help="The class to reach; default: any other. Or the number to reach.",
        ),
    ] = None,
    frozen: options.Frozen = None,
    upward: options.Upward = None,
    downward: options.Downward = None,
    count: Annotated[
        int, typer.Option(metavar="N", help="How many to find, each changing other columns.")
    ] = 3,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .parquet, .csv or .json file, or .html, a page."
        ),
    ] = None,
    rung: options.Rung = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="Rows to measure changes by. Default: 200 that the run learned from.",
        ),
    ] = None,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Say what would have changed an answer: the least changes of a row that change it.

    A change costs its size over the column's median absolute deviation, or 1 for another level.
    Each is replayed through the prediction before it is shown. Numbers stay within the range that
    was learned, whole numbers whole; texts and missing values stay as they are.
    """
    from gradum.files.atomic import write_text
    from gradum.ship.prediction_files import check_frame_format, write_frame

    if out is not None and is_page(out):
        check_page(out)
    elif out is not None:
        check_frame_format(out, force=force, also=PAGES[:1])
    loaded = load_model(model)
    known = loaded.features
    with waiting(shown=not (as_json or quiet)):
        found = loaded.counterfactuals(
            data,
            rows=row,
            frozen=read_all_columns(frozen, known),
            upward=read_all_columns(upward, known),
            downward=read_all_columns(downward, known),
            towards=towards,
            count=count,
            background=background,
            rung=rung,
        )
    if out is not None and is_page(out):
        write_text(out, found.page(cache_directory()))
    elif out is not None:
        write_frame(out, found.frame, force=force)
    print_result(found, found.records(), out, as_json=as_json, quiet=quiet)
