"""``gradum predict``: a model's predictions for a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, say, say_json


def command(
    model: Annotated[
        Path, typer.Argument(metavar="RUN_OR_MODEL", help="A run folder or a model file.")
    ],
    data: Annotated[str, typer.Argument(metavar="TABLE", help=options.TABLE)],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .csv file.")
    ] = Path("predictions.parquet"),
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COL", help="Copy COL from the table to the predictions."),
    ] = None,
    rung: Annotated[
        str | None,
        typer.Option(
            "--rung", metavar="NAME", help="baseline, linear, mlp or enough. Default: the best."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict every row of a table, in order, and write the predictions to a file."""
    from gradum.files.atomic import check_writable
    from gradum.fitting.predict import predict, prediction_frame
    from gradum.ship.predictions import check_format, kept_columns, write
    from gradum.tables.read import read

    check_format(out, force=force)
    check_writable(out)
    fitted = load_model(model).fitted
    table = read(data)
    kept = kept_columns(table, keep or [])
    prediction, differences = predict(fitted, table, rung=rung)
    classes = fitted.schema.target.classes if fitted.schema.target else ()
    frame = prediction_frame(prediction, classes)
    write(out, kept, frame)
    used = rung or fitted.used
    if as_json:
        say_json(
            {
                "rows": len(frame),
                "rung": fitted.rung(rung).name,
                "out": str(out),
                "differences": [
                    {"column": d.column, "kind": d.kind, "count": d.count, "sentence": d.sentence}
                    for d in differences
                ],
            }
        )
    elif not quiet:
        say(*(f"note: {difference.sentence}" for difference in differences))
        say(f"{len(frame):,} rows predicted by the {used} rung, written to {out}")
