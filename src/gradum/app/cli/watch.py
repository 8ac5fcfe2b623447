"""``gradum watch``: whether new rows are like those that a model learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model
from gradum.app.cli.pages import check_page, hand_over
from gradum.app.cli.waiting import waiting
from gradum.run.options.option_table import READING

ALARM = 3
"""The exit code if there is an alarm."""


@options.taking(*READING)
def command(
    model: options.Model,
    data: Annotated[
        str, typer.Argument(metavar="TABLE", help=f"{options.TABLE} It holds the new rows.")
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="Rows to compare with. Default: those that the model learned from.",
        ),
    ] = None,
    out: options.Page = None,
    rung: options.Rung = None,
    labels: Annotated[
        str | None, typer.Option(metavar="COL", help="The labels' column. Default: the target.")
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Count errors in the order of the rows.")
    ] = False,
    at_most: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="The rate of errors to test. Default: the highest rate that the judged rows do "
            "not rule out.",
        ),
    ] = None,
    beyond: Annotated[
        float | None,
        typer.Option(
            metavar="DISTANCE",
            help="For a numeric target: a prediction farther than this from its label is an "
            "error. Default: the distance that 90% of the judged rows keep within.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A JSON file from which the count goes on, and to which it is written.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="Score rows with labels by a column's groups."),
    ] = None,
    on: options.On = None,
    *,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **reading: Any,
) -> None:
    """Say whether new rows are like those that a model learned from, and what differs.

    Compares each column, all columns together and the model's answers with the rows of the fit. For
    each drift, gives its size, the smallest size that so many rows could show, and its effect on
    the answers: a drift without effect raises no alarm. If the rows are alike, at most 5% of
    watches find any drift. With --stream, rows with labels are also counted as errors or not, in
    their order, and an alarm is raised once the rate of errors is shown to be too high. Ends with 3
    if there is an alarm.
    """
    from gradum.api.watch_labels import LabelOptions, save_state
    from gradum.api.watched_rows import watch_model
    from gradum.run.options.options import make_reading

    if out is not None:
        check_page(out)
    with waiting(shown=not (as_json or quiet)):
        found = watch_model(
            load_model(model),
            data,
            reference=reference,
            rung=rung,
            labels=LabelOptions(labels, stream, by or (), at_most, beyond, state),
            reading=make_reading(**reading),
            on=on,
        )
    hand_over(found, found.found, out, as_json=as_json, quiet=quiet)
    save_state(found.found, state)  # its rows are not counted again; the page exists by now
    if found.alarm:
        raise typer.Exit(ALARM)
