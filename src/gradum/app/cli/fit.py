"""``gradum fit``: from a table to a judged model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.carry_out import carry_out, new_run
from gradum.errors import SpecError
from gradum.tables.paths import STANDARD_INPUT, absolute, is_address

FOREMOST = ("model", "effort", "time_limit", "cv", "test", "drop", "group", "time")


@options.taking(*options.ON_COMMAND_LINE, foremost=FOREMOST)
def command(
    data: options.Table,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-t",
            metavar="COL",
            help="What to predict.",
            rich_help_panel=options.FOREMOST,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="Default: runs/DATE-NAME.",
            rich_help_panel=options.FOREMOST,
        ),
    ] = None,
    *,
    force: options.Force = False,
    checkpoint_every: options.CheckpointEvery = options.CHECKPOINT_SECONDS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the run would take, and learn nothing.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **asked: Any,
) -> None:
    """Fit and judge models of one column of a table.

    Reads the table, says what it understood of it, climbs the ladder baseline, linear, MLP,
    network ensemble, and says which model is enough. Leaves a run folder with the model, a report,
    scores and predictions.
    """
    from gradum.run.options.options import make_spec
    from gradum.ship.run_spec import RunSpec

    test, schema = asked.pop("test"), asked.pop("schema")
    against, on = tuple(asked.pop("against") or ()), asked.pop("on")
    if data == test == STANDARD_INPUT:
        raise SpecError(
            "Standard input cannot be both the table and the test file.", "Give one as a file."
        )
    if test is not None and is_address(test):
        raise SpecError(
            "A test file is read from this machine alone.", "Save it to a file, and give that."
        )
    if dry_run:
        _foresee(data, target, as_json=as_json, test=test, schema=schema, on=on, **asked)
        return
    spec = make_spec(target, **asked)
    run_spec = RunSpec(
        absolute(data),
        spec,
        test=None if test is None else absolute(test),
        schema=None if schema is None else absolute(schema),
        against=against,
    )
    with new_run(run_spec, out, every=checkpoint_every, force=force) as (folder, interrupt):
        named = data if is_address(data) else None
        carry_out(
            folder, interrupt, data=named, against=against, on=on, as_json=as_json, quiet=quiet
        )


def _foresee(data: str, target: str, *, as_json: bool, schema: Any, **asked: Any) -> None:
    from gradum.api.foresee import foresee
    from gradum.app.cli.console import write, write_json
    from gradum.run.events.events import as_json as in_json
    from gradum.ship.run_folder import read_schema

    schema = None if schema is None else read_schema(Path(schema))
    expected = foresee(data, target, schema=schema, **asked)
    if as_json:
        write_json(in_json(expected))
    else:
        write(expected.sentence)
