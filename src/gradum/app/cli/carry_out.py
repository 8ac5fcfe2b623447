"""A run from the command line, from its first file to its farewell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import INTERRUPTED, Interrupt, compile_once, say, say_json
from gradum.errors import GradumError, OutputError


def begin(
    run_spec: Any, out: Path | None, *, every: float, force: bool, as_json: bool, quiet: bool
) -> Any:
    """Fit what a spec asks for into a new run folder; see `carry_out`.

    The run is set down first, before anything slow is imported or read: from then on it can be
    resumed.
    """
    from gradum.files.atomic import claim_folder
    from gradum.fitting.machine import this_machine
    from gradum.ship import unfinished
    from gradum.ship.run_spec import default_folder

    asked = unfinished.Unfinished(run_spec, this_machine(), every)
    folder = out or default_folder(run_spec.data)
    _refuse_cut_short(folder, force=force)
    unfinished.remove_leftovers(folder)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    claim_folder(folder, force=force)
    with _without_empty(made), unfinished.begun(folder, asked), _kept_if_of_use(folder):
        return carry_out(folder, as_json=as_json, quiet=quiet)


def carry_out(folder: Path, *, as_json: bool, quiet: bool) -> Any:
    """Do what is left of an unfinished run that is held, and show it.

    Returns the model, or exits with 130 if interrupted.
    """
    compile_once()
    from gradum.api import finish_run
    from gradum.app.cli.progress import choose

    interrupt, progress = Interrupt(), choose(as_json=as_json, quiet=quiet)
    with interrupt.listening():
        try:
            model = finish_run(
                folder,
                on_event=progress,
                on_report=progress.reporting,
                stop=interrupt,
                cache=cache_directory(),
            )
        finally:
            progress.close()
    _farewell(model, folder, as_json=as_json, quiet=quiet)
    if model.run is not None and model.run.interrupted:
        sys.exit(INTERRUPTED)
    return model


def _refuse_cut_short(folder: Path, *, force: bool) -> None:
    """Say what to do with a folder that holds an unfinished run."""
    from gradum.ship.unfinished import is_unfinished

    if is_unfinished(folder) and not force:
        raise OutputError(
            f"The folder {folder} holds a run that is not finished.",
            f"Finish it (gradum resume {folder}), or begin anew with --force.",
        )


@contextmanager
def _kept_if_of_use(folder: Path) -> Iterator[None]:
    """Take a run back that a mistake of the user ended, or an abort before anything was kept.

    Where the machine failed, the same run may succeed another time, and goes on then.
    """
    from gradum.ship import unfinished

    try:
        yield
    except KeyboardInterrupt:
        if unfinished.has_checkpoints(folder):
            sys.stderr.write(f"To go on: gradum resume {folder}\n")
        else:
            unfinished.end(folder)
        raise
    except GradumError as error:
        if error.exit_code == 2 and not isinstance(error, OutputError):
            unfinished.end(folder)
        raise


@contextmanager
def _without_empty(made: list[Path]) -> Iterator[None]:
    """Take folders back that were made for a run which left nothing in them."""
    try:
        yield
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def _farewell(model: Any, folder: Path, *, as_json: bool, quiet: bool) -> None:
    from gradum.ship import run_folder
    from gradum.ship.unfinished import is_unfinished

    if as_json:
        say_json(
            {"event": "written", "folder": str(folder), "used": model.used, "enough": model.enough}
        )
        return
    if quiet:
        return
    written = [name for name in run_folder.FILES if (folder / name).exists()]
    say(
        "",
        f"Written to {folder}: {', '.join(written)}",
        f"Next: open {folder / run_folder.REPORT} in a browser; "
        f"gradum predict {folder} NEW_TABLE.csv -o predictions.parquet",
    )
    if is_unfinished(folder):
        say(f"Interrupted. To finish it: gradum resume {folder}")
