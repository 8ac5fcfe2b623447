"""``gradum compare``: two runs on the rows that both judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import write, write_json


def command(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    second: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Another of the same table.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Instead of another run, a column with the answers of the model in use: numbers, "
            "classes, or probabilities of the second of two classes.",
        ),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="MARGIN",
            help="Test whether each is as good as the other, but for 1% of the score, or for 0.01 "
            "in its units.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The metric of that test. Default: the first run's."),
    ] = None,
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """Say in which scores two runs differ, and how sure that is.

    Only rows that both runs judged count. Each row is compared with itself, so that small
    differences show. To show that a new model is no worse than the one in use takes a margin
    (--within): that no difference is shown does not show that there is none.
    """
    from gradum.api import compare_runs
    from gradum.show.text import comparison_parts

    compared = compare_runs(first, second, column=column, within=within, metric=metric, data=data)
    if as_json:
        write_json(compared)
    else:
        write(*comparison_parts(compared, (str(first), str(second or first))))
