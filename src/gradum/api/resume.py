"""``gradum.resume``: a run that was cut short, carried on to its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from gradum.api.fit import fit_spec
from gradum.api.kept_model import KeptModel
from gradum.api.model import Model
from gradum.api.rival_names import rivals_of
from gradum.api.runs import load_run, save_run
from gradum.engines import engine_of
from gradum.errors import TableError
from gradum.files.atomic import partial_files
from gradum.run.events.events import RungStarted
from gradum.run.memory.memory_bound import decided
from gradum.rungs.context import Context, ignore
from gradum.ship import unfinished
from gradum.ship.checkpoint_folder import CheckpointFolder
from gradum.ship.layout import FILES, STATE
from gradum.ship.run_folder import read_schema
from gradum.ship.run_spec import (
    FileState,
    file_states,
    named,
    other_opened,
    refuse_changed,
    refuse_other_content,
)
from gradum.ship.unfinished import Unfinished
from gradum.tables.paths import is_file
from gradum.tables.sources.media import NamedFiles, noted
from gradum.tables.sources.open_stream import at_hand
from gradum.tables.sources.read import read


def resume(
    run: str | os.PathLike,
    *,
    data: str | None = None,
    against: Any = None,
    on: Any = None,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Model:
    """Carry on a run that was cut short; its weights are those of an undisturbed run.

    Parameters
    ----------
    run : path
        The folder that `gradum fit` wrote into. If the run is finished, its model is loaded;
        nothing else may then be given.
    data : str, optional
        The address of the run's table, if it lies on another machine: it is read again only if it
        is named.
    against : str, estimator or list of such, optional
        The rivals that the run is judged against, as in `gradum.fit`. Those that the run was begun
        with are judged only if they are given again.
    on : str or concurrent.futures.Executor, optional
        The engine that passes over the table, as in `gradum.fit`: the same one, another or none.
    on_event : callable, optional
        Called with every event of the run, to show progress.
    stop : callable, optional
        Called between chunks of work; once it returns True, the run ends with what it has.

    Raises
    ------
    GradumError
        The folder holds no run, a checkpoint is damaged, another process is at work on the run,
        or the table or the software is not what it was.
    """
    folder = Path(run)
    if not unfinished.is_unfinished(folder):
        unfinished.asked(folder)
        unfinished.refuse_finished(folder, data, against)
        model = load_run(folder)
        unfinished.remove_leftovers(folder)
        return model
    with unfinished.taken_up(folder), engine_of(on) as engine:
        context = Context(tell=on_event or ignore, stop=stop, engine=engine)
        return finish_run(folder, context, data=data, against=against)


def finish_run(
    folder: Path,
    context: Context,
    *,
    data: str | None = None,
    against: Any = None,
    on_report: Callable[[], None] = lambda: None,
    cache: Path | None = None,
) -> Model:
    """Do what is left of an unfinished run, perhaps all of it, and write its files.

    Parameters
    ----------
    folder : path
        A folder that `gradum.ship.unfinished` holds: begun or taken up.
    context : Context
        The listener, and when to stop: the run then ends with what it has, and stays unfinished.
    data : str, optional
        The table as the user names it now, perhaps with a password that the run does not record.
    against : str, estimator or list of such, optional
        The rivals, as the user names them now: gradum imports none that are named only in a file.
    on_report : callable
        Called once the models are judged and the report is begun.
    cache : path, optional
        A folder that keeps the charts' script for later reports.

    Raises
    ------
    GradumError
        The table, the target, an option or a checkpoint cannot be used, or a file cannot be
        written.
    """
    asked, rivals = unfinished.read(folder), rivals_of(against)
    files, scratch = file_states(asked.run), folder / STATE
    with (
        noted() as opened,
        at_hand(named(asked.run, data), asked.run.spec.reading, scratch) as table,
        at_hand(asked.run.test, scratch=scratch) as test,
    ):
        if not asked.run.sha256:
            asked = _hashed(folder, asked, files, table, test, context)
        refuse_other_content(asked.run, table.sha256, folder, table.versions)
        judging = None if test is None else read(test)
        schema = None if asked.run.schema is None else read_schema(Path(asked.run.schema))
        kept = KeptModel(folder)
        hearing = replace(
            context,
            keep=kept.save,
            tell=_unless_changed(context.tell, folder, asked, files, opened),
            checkpoints=CheckpointFolder(scratch, asked.identity, asked.checkpoint_every),
        )
        try:
            with kept.survives_failures():
                model = fit_spec(
                    asked.run.spec,
                    table,
                    hearing,
                    test=judging,
                    schema=schema,
                    rivals=rivals,
                    scratch=scratch,
                )
        except TableError:
            if not all(is_file(Path(name)) for name in files):  # one was removed after hashing
                refuse_changed(asked.run, files)
            raise
    asked = unfinished.read(folder)
    on_report()
    for left in (path for name in FILES for path in partial_files(folder / name)):
        left.unlink()  # left by this run when it was killed: there were none when it began
    if asked.interrupted:  # its files are replaced one by one
        unfinished.write(folder, structs.replace(asked, interrupted=False))
    with kept.survives_failures():
        save_run(model, folder, asked.run, cache=cache, context=context)
    if model.run is not None and model.run.interrupted:
        unfinished.write(folder, structs.replace(asked, interrupted=True))
    else:
        unfinished.end(folder)
    return model


def _hashed(
    folder: Path,
    asked: Unfinished,
    files: dict[str, FileState],
    table: Any,
    test: Any,
    context: Context,
) -> Unfinished:
    """Record the run's files, and whether it reads its table in blocks."""
    spec = decided(asked.run.spec, table, test, on_engine=context.engine is not None)
    hashes = {name: state.sha256 for name, state in files.items()}
    hashes |= table.sha256
    run = structs.replace(asked.run, spec=spec, sha256=hashes, versions=dict(table.versions))
    unfinished.write(folder, structs.replace(asked, run=run))
    return unfinished.read(folder)


def _unless_changed(
    tell: Callable[[Any], object],
    folder: Path,
    asked: Unfinished,
    files: dict[str, FileState],
    opened: NamedFiles,
) -> Callable[[Any], None]:
    """Return a listener that refuses changed files once all rows have been read.

    Of the files that the table names, it keeps the hashes for who carries the run on.
    """
    known_unchanged = False

    def hear(event: Any) -> None:
        nonlocal known_unchanged
        if isinstance(event, RungStarted) and not known_unchanged:
            refuse_changed(asked.run, files)
            hashes = opened.hashes()
            unfinished.refuse_other_rows(folder, other_opened(asked.run, hashes))
            if hashes != asked.run.opened:
                run = structs.replace(asked.run, opened=hashes)
                unfinished.write(folder, structs.replace(asked, run=run))
            known_unchanged = True
        tell(event)

    return hear
