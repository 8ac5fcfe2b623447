"""``gradum rerun``: a run repeated from its ``spec.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.carry_out import begin
from gradum.app.cli.console import say, say_json


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Default: runs/DATE-NAME.")
    ] = None,
    force: options.Force = False,
    checkpoint_every: options.CheckpointEvery = options.CHECKPOINT_SECONDS,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Repeat a run, and say whether the weights are bit-identical."""
    from msgspec import structs

    from gradum.ship.run_spec import changed_files
    from gradum.ship.unfinished import asked

    before = asked(run)
    changed = changed_files(before)
    again = structs.replace(before, sha256={}, fingerprint="")
    model = begin(again, out, every=checkpoint_every, force=force, as_json=as_json, quiet=quiet)
    identical = None
    if before.fingerprint:
        identical = model.fitted.provenance.fingerprint == before.fingerprint
    if as_json:
        say_json({"event": "compared", "identical": identical, "changed_files": changed})
        return
    if quiet:
        return
    if changed:
        say(f"Changed since that run: {', '.join(changed)}.")
    if identical is None:
        say(f"{run} is not finished: there are no weights to compare with.")
    elif identical:
        say(f"The weights are bit-identical to those of {run}.")
    else:
        say(
            f"The weights differ from those of {run}: same seed, but other data, software, "
            "machine or number of threads; its metrics.json names them."
        )
