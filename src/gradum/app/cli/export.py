"""``gradum export``: a model in a form that runs without gradum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.compress import read_share
from gradum.app.cli.console import compile_once, load_model, write, write_json
from gradum.app.cli.waiting import waiting
from gradum.errors import OverBudgetError
from gradum.messages import listed, say, say_plural

if TYPE_CHECKING:
    from gradum.ship.forms.export import Exported
    from gradum.ship.forms.parity import Parity


def command(
    model: options.Model,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            help="Rows on which the file is held against the model. Default: the rows that judged "
            "it.",
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="An .onnx, .mjs or .sql file.")
    ],
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORM", help="The form: onnx, javascript or sql. Default: by the name's ending."
        ),
    ] = None,
    interval: options.Interval = None,
    rung: options.Rung = None,
    compress: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Export a smaller model distilled from the ensemble, whose error may grow by this "
            "share, such as 1%.",
        ),
    ] = None,
    force: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Write a model to a file that runs without gradum.

    It goes from raw columns to answers. The file holds the encoder too: its inputs are the table's
    columns by name, numbers as float64 and all else as texts. A missing number is NaN, a missing
    text "(missing)"; in JavaScript, both are null, in SQL NULL. Before it is written, ONNX Runtime,
    Node or SQLite answers the rows that judged the model, and the largest difference from gradum's
    own answers is printed. What has no such form is refused with the reason.

    With --compress, a smaller model that errs more than allowed is written to the run folder
    FILE-over-budget, without the file's ending, and the exit code is 3.
    """
    share = None if compress is None else read_share(compress)
    if share is not None:
        compile_once()
    loaded = load_model(model)
    asked = {"to": to, "interval": interval, "rung": rung, "compress": share, "force": force}
    try:
        with waiting(shown=not as_json):
            exported = loaded.export(out, data, **asked)
    except OverBudgetError as error:
        if loaded.folder is None:
            raise
        from gradum.api.compressed_run import kept_beside

        raise kept_beside(error, loaded, out.with_suffix(""), cache=cache_directory()) from None
    if as_json:
        write_json(exported)
        return
    lost = [exported.compression.sentence] if exported.compression else []
    write(*lost, *_in_words(exported))


def _in_words(exported: Exported) -> list[str]:
    from gradum.run.judging.verdict import model_in_words

    written = say_plural(
        "Written to {path}: {model}, from {count:,} column to {answers}; {kilobytes:,.0f} kB.",
        "Written to {path}: {model}, from {count:,} columns to {answers}; {kilobytes:,.0f} kB.",
        len(exported.inputs),
        path=exported.path,
        model=model_in_words(exported.rung),
        answers=listed(exported.outputs, "and"),
        kilobytes=exported.bytes / 1000,
    )
    if exported.parity is None:
        return [written, say("Its answers were not checked: {reason}", reason=exported.unchecked)]
    promised = [exported.promise.sentence] if exported.promise else []
    return [written, *_held_against(exported.parity, exported.runtime), *promised]


def _held_against(parity: Parity, runtime: str) -> list[str]:
    if parity.flipped is None:
        return [
            say_plural(
                "{runtime} answered {count:,} row: the largest difference from gradum is "
                "{largest:.1e} standard deviations of the target.",
                "{runtime} answered {count:,} rows: the largest difference from gradum is "
                "{largest:.1e} standard deviations of the target.",
                parity.rows,
                runtime=runtime,
                largest=parity.largest,
            )
        ]
    return [
        say_plural(
            "{runtime} answered {count:,} row: the largest difference of a probability from "
            "gradum's is {largest:.1e}.",
            "{runtime} answered {count:,} rows: the largest difference of a probability from "
            "gradum's is {largest:.1e}.",
            parity.rows,
            runtime=runtime,
            largest=parity.largest,
        ),
        say("It predicts another class in {count:,} of them.", count=parity.flipped)
        if parity.flipped
        else say("It predicts the same class in each."),
        *([say("Its set differs in {count:,} of them.", count=parity.sets)] if parity.sets else []),
    ]
