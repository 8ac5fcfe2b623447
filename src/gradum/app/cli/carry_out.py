"""A run from the command line, from its first file to its farewell."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import compile_once, write, write_json
from gradum.app.interrupt import INTERRUPTED, Interrupt
from gradum.errors import GradumError, OutputError
from gradum.messages import listed, say, say_plural
from gradum.show.words.visible import visible
from gradum.waiting import heard_by


@contextmanager
def new_run(
    run_spec: Any, out: Path | None, *, every: float, force: bool
) -> Iterator[tuple[Path, Interrupt]]:
    """Yield a new run folder for a spec, and the listener for Ctrl-C; see `carry_out`.

    The run is recorded first, before anything slow is imported or read: from then on it can be
    resumed.
    """
    from gradum.run.machine import this_machine
    from gradum.ship import unfinished

    asked = unfinished.Unfinished(run_spec, this_machine(), every)
    with (
        Interrupt().listening() as interrupt,
        made_folder(out, run_spec.data) as folder,
        unfinished.begun(folder, asked, force=force),
        _kept_if_of_use(folder),
    ):
        yield folder, interrupt


def carry_out(
    folder: Path,
    interrupt: Interrupt,
    *,
    data: str | None = None,
    against: Sequence[str] = (),
    on: str | None = None,
    as_json: bool,
    quiet: bool,
) -> Any:
    """Do what is left of a held, unfinished run, and show it.

    ``data`` is the table as the user names it, perhaps with a password that no file records;
    ``against`` names the rivals, whose code is then imported, and ``on`` the engine.

    Returns the model, or exits with 130 if interrupted.
    """
    compile_once()
    from gradum.api import finish_run
    from gradum.app.cli.progress import choose
    from gradum.engines import engine_of
    from gradum.rungs.context import Context

    interrupt.end_if_asked()  # during the imports
    progress = choose(as_json=as_json, quiet=quiet)
    try:
        with heard_by(progress.waits), engine_of(on) as engine:
            model = finish_run(
                folder,
                Context(tell=progress, stop=interrupt, engine=engine),
                data=data,
                against=list(against),
                on_report=progress.reporting,
                cache=cache_directory(),
            )
    finally:
        progress.close()
    _farewell(model, folder, as_json=as_json, quiet=quiet)
    if model.run is not None and model.run.interrupted:
        sys.exit(INTERRUPTED)
    return model


@contextmanager
def made_folder(out: Path | None, source: str) -> Iterator[Path]:
    """Yield the folder of a run, and remove folders that were made for it but left empty."""
    from gradum.files.atomic import make_first, missing_folders
    from gradum.ship.run_spec import RUNS, default_folders

    missing = missing_folders(out or RUNS)
    folder = out or make_first(default_folders(source))
    try:
        yield folder
    finally:
        for empty in missing if out else [folder, *missing]:
            with suppress(OSError):
                empty.rmdir()


@contextmanager
def _kept_if_of_use(folder: Path) -> Iterator[None]:
    """Undo a run that ended by a user's mistake, or by an abort before anything was kept.

    If the machine failed, the same run may succeed another time, and can then go on.
    """
    from gradum.ship import unfinished

    try:
        yield
    except KeyboardInterrupt:
        if unfinished.has_checkpoints(folder):
            sys.stderr.write(visible(say("To go on: gradum resume {folder}", folder=folder)) + "\n")
        else:
            unfinished.end(folder)
        raise
    except GradumError as error:
        if error.exit_code == 2 and not isinstance(error, OutputError):
            unfinished.end(folder)
        raise


def say_rivals_left_out(recorded: Sequence[str], given: Sequence[str] | None) -> None:
    """Say which rivals a run was begun with, if they are not given again."""
    if recorded and not given:
        write(
            say(
                "That run was also judged against {rivals}; rivals are judged again only "
                "where --against names them again.",
                rivals=listed(recorded, "and"),
            )
        )


def _farewell(model: Any, folder: Path, *, as_json: bool, quiet: bool) -> None:
    from gradum.ship.layout import FILES
    from gradum.ship.unfinished import is_unfinished

    if as_json:
        write_json(
            {"event": "written", "folder": str(folder), "used": model.used, "enough": model.enough}
        )
        return
    if quiet:
        return
    written = [name for name in FILES if (folder / name).exists()]
    write("", _written(folder, written), _next(model, folder))
    if is_unfinished(folder):
        write(say("Interrupted. To finish it: gradum resume {folder}", folder=folder))


def _next(model: Any, folder: Path) -> str:
    """Say what to do next: predict, unless an alarm or the verdict says otherwise."""
    from gradum.ship.layout import REPORT

    judgement = model.fitted.judgement
    options = [alarm.option for alarm in judgement.alarms if alarm.option]
    if options:
        return say(
            "Next: open {report} in a browser, then fit again with {option}",
            report=folder / REPORT,
            option=options[0],
        )
    if judgement.no_model_helps:
        return say(
            "Next: open {report} in a browser, then\n"
            "      look for columns that tell more about {target!r}",
            report=folder / REPORT,
            target=model.fitted.spec.target,
        )
    if model.fitted.spec.is_forecast:
        return say(
            "Next: open {report} in a browser, then\n"
            "      gradum predict {folder} -o predictions.parquet",
            report=folder / REPORT,
            folder=folder,
        )
    return say(
        "Next: open {report} in a browser, then\n"
        "      gradum predict {folder} NEW_TABLE.csv -o predictions.parquet",
        report=folder / REPORT,
        folder=folder,
    )


def _written(folder: Path, names: Sequence[str]) -> str:
    if len(names) == 1:
        return say("Written to {folder}: {name}.", folder=folder, name=names[0])
    return say_plural(
        "Written to {folder}: {name} and {count} more file.",
        "Written to {folder}: {name} and {count} more files.",
        len(names) - 1,
        folder=folder,
        name=names[0],
    )
