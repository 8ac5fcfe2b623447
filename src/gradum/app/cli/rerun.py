"""``gradum rerun``: a run repeated from its ``spec.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.carry_out import carry_out, new_run, say_rivals_left_out
from gradum.app.cli.console import write, write_json
from gradum.errors import SpecError, TableError
from gradum.messages import listed, say, say_plural
from gradum.tables.paths import files_of, is_address

OTHER_WEIGHTS = 3
"""The exit code if the weights are not those of the run."""


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Default: runs/DATE-NAME.")
    ] = None,
    data: options.MovedTable = None,
    against: options.Against = None,
    force: options.Force = False,
    checkpoint_every: options.CheckpointEvery = options.CHECKPOINT_SECONDS,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Repeat a run, and say whether weights are bit-identical.

    Ends with 3 where they are not.
    """
    from msgspec import structs

    from gradum.ship.layout import SPEC
    from gradum.ship.run_spec import (
        changed_files,
        moved,
        named,
        other_content,
        other_opened,
        read_spec,
        with_versions,
    )
    from gradum.ship.unfinished import asked

    before = asked(run)
    if before.distilled_from:
        raise SpecError(
            "The model of {run} was distilled from another, and not fitted.",
            "Repeat it with gradum compress, from the run of {of}.",
            run=run,
            of=before.distilled_from,
        )
    before = moved(before, data)
    changed = changed_files(before)
    named(before, data)
    if data is None:
        _refuse_gone(before.data)
    if not (as_json or quiet):
        say_rivals_left_out(before.against, against)
    anew = structs.replace(before, against=tuple(against or ()))
    anew = structs.replace(anew, sha256={}, opened={}, versions={}, fingerprint="")
    with new_run(anew, out, every=checkpoint_every, force=force) as (folder, interrupt):
        model = carry_out(
            folder,
            interrupt,
            data=data if data is not None and is_address(data) else None,
            against=against or (),
            as_json=as_json,
            quiet=quiet,
        )
    changed += other_content(before, model.source.hashes)
    now = read_spec(folder / SPEC)
    changed = with_versions(changed, before, now.versions)
    changed += other_opened(before, now.opened)
    identical = None
    if before.fingerprint:
        identical = model.fitted.provenance.fingerprint == before.fingerprint
    if as_json:
        write_json({"event": "compared", "identical": identical, "changed_files": changed})
    elif not quiet:
        if changed and identical is not False:
            write(say("Changed since that run: {files}.", files=listed(changed)))
        write(_compared(run, identical, changed))
    if identical is False:
        raise typer.Exit(OTHER_WEIGHTS)


def _refuse_gone(data: str) -> None:
    if not (files_of(data) or Path(data).is_dir()):
        raise TableError(
            "The table of that run, {data}, is no longer there.",
            "Say by --data where it lies.",
            data=data,
        )


def _compared(run: Path, identical: bool | None, changed: list[str]) -> str:
    if identical is None:
        return say("{run} is not finished: there are no weights to compare with.", run=run)
    if identical:
        return say("The weights are bit-identical to those of {run}.", run=run)
    if changed:
        return say_plural(
            "The weights differ from those of {run}: {files} has changed since.",
            "The weights differ from those of {run}: {files} have changed since.",
            len(changed),
            run=run,
            files=listed(changed),
        )
    return say(
        "The weights differ from those of {run}: same files and seed, but "
        "another spec, other software, machine or number of threads; its "
        "metrics.json names them.",
        run=run,
    )
