"""``gradum compress``: a smaller model that answers nearly as the one of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import compile_once, load_model, write, write_json
from gradum.app.cli.waiting import waiting
from gradum.errors import SpecError
from gradum.messages import say


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="The smaller model's run folder.")
    ],
    budget: Annotated[
        str, typer.Option(metavar="SHARE", help="By how much the error may grow. Default: 1%.")
    ] = "1%",
    data: options.MovedTable = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    """Distil a network ensemble into a small model.

    It is the smallest whose error grows within a budget. The result is a run folder like any other.
    The rows that judged the ensemble judge it, fold by fold after a cross-validation. A model that
    errs more than the budget allows is written to FOLDER-over-budget instead, and the exit code is
    3.
    """
    share = read_share(budget)
    compile_once()
    from gradum.api.compressed_run import compress_run

    with waiting(shown=not as_json):
        small = compress_run(
            load_model(run), out, budget=share, data=data, force=force, cache=cache_directory()
        )
    compression = small.fitted.provenance.compression
    assert compression is not None
    if as_json:
        write_json(compression)
        return
    write(compression.sentence, say("Written to {folder}.", folder=out))


def read_share(budget: str) -> float:
    """Return a budget such as ``1%`` or ``0.01`` as a share."""
    number, percent, rest = budget.strip().partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if rest or not 0 <= share < float("inf"):
        raise SpecError(
            "The budget is {budget!r}.", "Give a share of the error, such as 1%.", budget=budget
        )
    return share
