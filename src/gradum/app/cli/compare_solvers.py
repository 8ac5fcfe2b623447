"""``gradum compare-solvers``: which method brings a network's loss down best on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import compile_once
from gradum.app.cli.pages import check_page, hand_over
from gradum.run.options.option_table import OF_SOLVERS


@options.taking(*OF_SOLVERS)
def command(
    data: options.Table,
    target: Annotated[str, typer.Option("--target", "-t", metavar="COL", help="What to predict.")],
    solvers: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Some of gd, sgd, momentum, nesterov, adam, adamw, muon and lbfgs.",
        ),
    ] = "gd,sgd,momentum,adam,lbfgs",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write a page with the curves."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    **asked: Any,
) -> None:
    """Train one network by several solvers, and compare them.

    All see the same rows; the answer is which to choose. All begin at the same weights and are
    judged on the same held-out rows. A solver that takes a learning rate is trained with four of
    them, unless --learning-rate is given; a solver that sees all rows at every step (gd, lbfgs)
    takes one step a pass: give it more with --max-epochs.
    """
    from gradum.api.compare_solvers import compare_solvers

    if out is not None:
        check_page(out)
    compile_once()
    comparison = compare_solvers(data, target, solvers=solvers, **asked)
    hand_over(comparison, comparison.comparison, out, as_json=as_json)
