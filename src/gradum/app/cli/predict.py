"""``gradum predict``: a model's predictions for a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json
from gradum.messages import say, say_plural

if TYPE_CHECKING:
    from gradum.fitting.fitted import Fitted
    from gradum.tables.check import Difference


def command(
    model: options.Model,
    data: options.Table,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .csv file.")
    ] = Path("predictions.parquet"),
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COL", help="Copy COL from the table to the predictions."),
    ] = None,
    rung: options.Rung = None,
    sheet: options.Sheet = None,
    query: options.Query = None,
    encoding: options.Encoding = None,
    skip_rows: options.SkipRows = None,
    max_memory: Annotated[str | None, options.option("max_memory")] = None,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict every row of a table, in order, and write the predictions to a file.

    Of classes these are labels and probabilities. Where the fit balanced the classes, labels are
    those of equally common classes; probabilities are the table's all the same.
    """
    from gradum.api.run_rows import trained_on
    from gradum.files.atomic import check_writable
    from gradum.fitting.memory_bound import predicted_in_blocks
    from gradum.fitting.option_values import read_size
    from gradum.fitting.options import make_reading
    from gradum.ship.predictions import check_format
    from gradum.study.run_rows import trained_on_sentence
    from gradum.tables.addresses import is_address
    from gradum.tables.paths import files_of
    from gradum.tables.stream import at_hand

    check_format(out, force=force)
    check_writable(out)
    most = None if max_memory is None else read_size(max_memory)
    loaded = load_model(model)
    fitted = loaded.fitted
    fitted.rung(rung)  # or there is none, and nothing need be read
    reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
    with at_hand(data, reading, out.resolve().parent) as table:
        predicting = _in_blocks if predicted_in_blocks(fitted, table, most) else _at_once
        rows, differences = predicting(fitted, table, out, keep or [], rung, force=force)
        again = None
        read_again = is_address(data) or files_of(data)  # not what came through a pipe
        if loaded.folder is not None and read_again and (as_json or not quiet):
            again = trained_on(loaded.folder, fitted, table)
    used = rung or fitted.used
    if as_json:
        write_json(
            {
                "rows": rows,
                "rung": fitted.rung(rung).name,
                "out": str(out),
                "trained_on": again,
                "differences": [
                    {"column": d.column, "kind": d.kind, "count": d.count, "sentence": d.sentence}
                    for d in differences
                ],
            }
        )
    elif not quiet:
        if fitted.judgement is None or fitted.judgement.interrupted:
            write(_note(say("The run was interrupted; the model is what was done by then.")))
        if again:
            write(_note(trained_on_sentence(again, rows, scored=False)))
        write(*(_note(difference.sentence) for difference in differences))
        write(
            say_plural(
                "{count:,} row predicted by the {rung} rung, written to {out}",
                "{count:,} rows predicted by the {rung} rung, written to {out}",
                rows,
                rung=used,
                out=out,
            )
        )


def _note(sentence: str) -> str:
    return say("note: {sentence}", sentence=sentence)


def _at_once(
    fitted: Fitted, data: Any, out: Path, keep: list[str], rung: str | None, *, force: bool
) -> tuple[int, tuple[Difference, ...]]:
    from gradum.fitting.predict import predict, prediction_frame
    from gradum.ship.predictions import kept_columns, write
    from gradum.tables.read import read

    table = read(data)
    kept = kept_columns(table, keep)
    prediction, differences = predict(fitted, table, rung=rung)
    rows = write(out, [(kept, prediction_frame(prediction, fitted.classes))], force=force)
    return rows, differences


def _in_blocks(
    fitted: Fitted, data: Any, out: Path, keep: list[str], rung: str | None, *, force: bool
) -> tuple[int, tuple[Difference, ...]]:
    """Predict a table that is read block by block, and written so."""
    from gradum.fitting.predict import Streamed, prediction_frame
    from gradum.ship.predictions import kept_columns, write
    from gradum.tables.stream import opened

    with opened(data, out.resolve().parent) as rows:
        kept_columns(rows.head, keep)  # or there are no such columns
        predicted = Streamed(fitted, rows, rung)
        count = write(
            out,
            (
                (kept_columns(table, keep), prediction_frame(prediction, fitted.classes))
                for table, prediction in predicted
            ),
            force=force,
        )
        return count, predicted.differences
