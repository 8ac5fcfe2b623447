"""``gradum stress``: how little changes an answer, and what accidents do to a table."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.column_lists import read_all_columns, read_columns
from gradum.app.cli.console import load_model
from gradum.app.cli.pages import check_page, hand_over
from gradum.app.cli.waiting import waiting
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.options.option_table import READING


@options.taking(*READING)
def command(
    model: options.Model,
    data: options.Table,
    rows: Annotated[
        int, typer.Option(metavar="N", help="How many rows to attack, drawn at random.")
    ] = 100,
    budget: Annotated[
        str,
        typer.Option(
            metavar="UNIT|COL=AMOUNT,...",
            help="What columns move by: iqr, quantile, or amounts such as income=500,age=1.",
        ),
    ] = "iqr",
    levels: Annotated[
        int, typer.Option(metavar="N", help="How many categories may change as well.")
    ] = 0,
    share: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="For a numeric target: how far an answer must move to count as changed, as a "
            "share of the target's range.",
        ),
    ] = 0.1,
    frozen: options.Frozen = None,
    upward: options.Upward = None,
    downward: options.Downward = None,
    together: Annotated[
        list[str] | None,
        typer.Option(metavar="COLS", help="Columns that shift by the same amount."),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Time for the attack, the proofs and the accidents; each gets an even part of "
            "what is left.",
        ),
    ] = None,
    certify: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Time for each row, to prove how far its answer stays the same; 0 for no proofs.",
        ),
    ] = 0.25,
    out: options.Page = None,
    rung: options.Rung = None,
    *,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **reading: Any,
) -> None:
    """Say how small a change alters an answer, and what accidents in a table do to the score.

    For each row, looks for the smallest ε such that the answer changes when every column moves by
    at most ε: ε interquartile ranges, a share ε of the ranks, or ε times given amounts. Every
    change is replayed through the prediction. Beside it stands the largest ε within which the
    answer is proved to stay the same, as far as the time allows. Then corrupts one column after the
    other in a tenth of the rows (other units, gaps, typing errors, rounding), and says whether a
    watch notices.
    """
    if out is not None:
        check_page(out)
    loaded = load_model(model)
    known = loaded.features
    with waiting(shown=not (as_json or quiet)):
        found = loaded.stress(
            data,
            rows=rows,
            budget=_amounts(budget) if "=" in budget else budget,
            levels=levels,
            share=share,
            frozen=read_all_columns(frozen, known),
            upward=read_all_columns(upward, known),
            downward=read_all_columns(downward, known),
            together=[read_columns(text, known) for text in together or ()],
            rung=rung,
            time_limit=time_limit,
            certify=certify,
            **reading,
        )
    hand_over(found, found.found, out, as_json=as_json, quiet=quiet)


def _amounts(text: str) -> dict[str, float]:
    """Read amounts by column, ``income=500,age=1``; a comma before an amount belongs to a name."""
    amounts: dict[str, float] = {}
    begun: list[str] = []
    for piece in text.split(","):
        begun.append(piece)
        name, _, amount = ",".join(begun).rpartition("=")
        try:
            size = float(amount)
        except ValueError:
            continue
        if name.strip() in amounts:
            raise SpecError(
                say("The budget of column {name!r} is given twice.", name=name.strip()),
                say("Give each column one amount."),
            )
        amounts[name.strip()] = size
        begun = []
    if begun:
        raise SpecError(
            say("{text!r} in the budget is no column with its amount.", text=",".join(begun)),
            say("Write income=500,age=1."),
        )
    return amounts
