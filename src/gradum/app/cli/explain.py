"""``gradum explain``: why a model answers as it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json


def command(
    model: options.Model,
    data: Annotated[
        str | None,
        typer.Argument(metavar="TABLE", help="Its rows are explained; by default the run's own."),
    ] = None,
    row: Annotated[
        list[int] | None,
        typer.Option("--row", metavar="N", help="A row's number, from 1. Default: all rows."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .parquet, .csv or .json file."),
    ] = None,
    rung: options.Rung = None,
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            metavar="SCALE",
            help="probability or log-odds of classes; target, for numbers.",
        ),
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option("--together", metavar="COLS", help="Columns, as a,b, that count as one."),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            "--background",
            metavar="TABLE",
            help="Rows to explain against. Default: 200 that the run learned from.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance",
            metavar="SHARE",
            help="Of the range of answers: how exact values of more than twelve columns are.",
        ),
    ] = 0.001,
    favourable: Annotated[
        str | None,
        typer.Option(
            "--favourable",
            metavar="ANSWER",
            help="The label hoped for, or high or low: say what speaks most against it.",
        ),
    ] = None,
    reasons: Annotated[
        int | None,
        typer.Option(
            "--reasons", metavar="N", help="How many reasons, with --favourable. Default: 4."
        ),
    ] = None,
    sheet: options.Sheet = None,
    query: options.Query = None,
    encoding: options.Encoding = None,
    skip_rows: options.SkipRows = None,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Say why rows are answered as they are: what each column adds to the answer.

    The values are Shapley values by column of the table, each with its errors. A row's values add
    up to its answer less the mean answer over background rows. Up to twelve columns they are exact,
    beyond that drawn until they are exact enough. With --favourable, the columns that speak most
    against that answer are named in sentences instead, as a letter to an applicant needs them.
    """
    from gradum.api.explanation import explain_model
    from gradum.fitting.option_values import read_names
    from gradum.fitting.options import make_reading
    from gradum.ship.explanations import check_format, write_frame
    from gradum.study.explanation.reasons import COUNT, favourable_answer

    if out is not None:
        check_format(out, force=force)
    loaded = load_model(model)
    hoped = None
    if favourable is not None or reasons is not None:
        hoped = favourable_answer(loaded.fitted, favourable).name
    found = explain_model(
        loaded,
        data,
        rows=row,
        background=background,
        rung=rung,
        scale=scale,  # type: ignore[arg-type]
        together=[read_names(names) for names in together or ()],
        tolerance=tolerance,
        reading=make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows),
    )
    if hoped is not None:
        found = found.reasons(favourable=hoped, count=COUNT if reasons is None else reasons)
    if out is not None:
        write_frame(out, found.frame, force=force)
    if as_json:
        for line in found.frame.iter_rows(named=True):
            write_json(line)
    elif not quiet:
        write(found)
        if out is not None:
            from gradum.messages import say

            write(say("Written to {path}.", path=out))
