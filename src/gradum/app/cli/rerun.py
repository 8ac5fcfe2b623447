"""``gradum rerun``: a run repeated from its ``spec.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import say, say_json
from gradum.app.cli.fit import fit_into


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Default: runs/DATE-NAME.")
    ] = None,
    force: options.Force = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Repeat a run, and say whether the weights are bit-identical."""
    from gradum.ship.run_folder import SPEC, changed_files, read_spec

    before = read_spec(run / SPEC)
    changed = changed_files(before)
    model = fit_into(before, out, force=force, as_json=as_json, quiet=quiet)
    identical = model.fitted.provenance.fingerprint == before.fingerprint
    if as_json:
        say_json({"event": "compared", "identical": identical, "changed_files": changed})
        return
    if quiet:
        return
    if changed:
        say(f"Changed since that run: {', '.join(changed)}.")
    if identical:
        say(f"The weights are bit-identical to those of {run}.")
    else:
        say(
            f"The weights differ from those of {run}: same seed, but other data, software, "
            "machine or number of threads; its metrics.json names them."
        )
