"""``gradum explain``: why a model answers as it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import load_model
from gradum.app.cli.pages import check_page, print_result
from gradum.app.cli.waiting import waiting
from gradum.run.options.column_lists import read_columns
from gradum.run.options.option_table import READING

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.answers.explanation import Explanation

PAGE = ".html"


@options.taking(*READING)
def command(
    model: options.Model,
    data: Annotated[
        str | None,
        typer.Argument(metavar="TABLE", help="Its rows are explained; by default the run's own."),
    ] = None,
    row: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="A row's number, from 1. Default: all rows."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="A .parquet, .csv or .json file, or .html, a page of one row.",
        ),
    ] = None,
    rung: options.Rung = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="SCALE", help="probability or log-odds of classes; target, for numbers."
        ),
    ] = None,
    together: Annotated[
        list[str] | None, typer.Option(metavar="COLS", help="Columns, as a,b, that count as one.")
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE", help="Rows to explain against. Default: 200 that the run learned from."
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="How exact drawn values are, as a share of the range of answers."
        ),
    ] = 0.001,
    favourable: Annotated[
        str | None,
        typer.Option(
            metavar="ANSWER",
            help="The label hoped for, or high or low: say what speaks most against it.",
        ),
    ] = None,
    reasons: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many reasons, with --favourable. Default: 4."),
    ] = None,
    on: options.On = None,
    *,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **reading: Any,
) -> None:
    """Say why the answers are what they are: what each column adds to them.

    The values are Shapley values by column of the table, each with its errors. A row's values add
    up to its answer minus the mean answer over background rows. For up to twelve columns they are
    exact if that is quick; otherwise they are estimated from random draws until they are exact
    enough. Of one row with a picture or a sound, it says which part of that counts most; a page
    shows it. With --favourable, sentences name the columns that speak most against that answer
    instead, as a letter to an applicant needs them.
    """
    from gradum.api.explanation import explain_model
    from gradum.run.options.options import make_reading
    from gradum.ship.prediction_files import write_frame
    from gradum.study.explanation.reasons import COUNT, favourable_answer

    if out is not None:
        _check(out, row, force=force)
    loaded = load_model(model)
    hoped = None
    if favourable is not None or reasons is not None:
        hoped = favourable_answer(loaded.fitted, favourable).name
    with waiting(shown=not (as_json or quiet)):
        explanation = explain_model(
            loaded,
            data,
            rows=row,
            background=background,
            rung=rung,
            scale=scale,
            together=[read_columns(text, loaded.features) for text in together or ()],
            tolerance=tolerance,
            reading=make_reading(**reading),
            on=on,
        )
        if out is not None and _is_page(out):
            _write_page(out, loaded, explanation)
        elif hoped is None and not (as_json or quiet) and len(explanation.found.parts) == 1:
            explanation.tiles()  # which its terminal shows
    shown = explanation
    if hoped is not None:
        shown = explanation.reasons(favourable=hoped, count=COUNT if reasons is None else reasons)
    if out is not None and not _is_page(out):
        write_frame(out, shown.frame, force=force)
    print_result(shown, shown.frame.iter_rows(named=True), out, as_json=as_json, quiet=quiet)


def _is_page(out: Path) -> bool:
    return out.suffix.lower() == PAGE


def _check(out: Path, rows: list[int] | None, *, force: bool) -> None:
    """Refuse a file that cannot be written, before anything is explained."""
    from gradum.errors import SpecError
    from gradum.ship.prediction_files import check_frame_format

    if not _is_page(out):
        check_frame_format(out, force=force, also=[PAGE])
        return
    if rows is None or len(rows) != 1:
        raise SpecError("A page explains one row.", "Name it with --row N.")
    check_page(out)


def _write_page(out: Path, model: Model, explanation: Explanation) -> None:
    from gradum.files.atomic import write_text
    from gradum.questions.explain.row_page import page_of_row

    write_text(out, page_of_row(model, explanation, cache=cache_directory()))
