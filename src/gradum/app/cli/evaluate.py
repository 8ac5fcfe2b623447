"""``gradum evaluate``: a model held against rows with a known target."""

from __future__ import annotations

from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json
from gradum.messages import say


def command(
    model: options.Model,
    data: Annotated[
        str, typer.Argument(metavar="TABLE", help=f"{options.TABLE} It holds the target as well.")
    ],
    sheet: options.Sheet = None,
    query: options.Query = None,
    encoding: options.Encoding = None,
    skip_rows: options.SkipRows = None,
    max_memory: Annotated[str | None, options.option("max_memory")] = None,
    as_json: options.Json = False,
) -> None:
    """Score every rung of a model on a table that it has not seen, beside the run's own scores.

    What got worse since comes first, and so do rows that the model was trained on.
    """
    evaluation = load_model(model).evaluate(
        data,
        max_memory=max_memory,
        sheet=sheet,
        query=query,
        encoding=encoding,
        skip_rows=skip_rows,
    )
    if as_json:
        write_json(evaluation)
        return
    from gradum.show.text import change_parts, class_parts, verdict_parts

    write(*(say("note: {sentence}", sentence=sentence) for sentence in evaluation.differences))
    write(*change_parts(evaluation))
    write(*verdict_parts(evaluation.judgement), *class_parts(evaluation.judgement))
