"""The record of an unfinished run in its folder, from the first moment to the last.

``RUN/.gradum-run/run.toml`` is written before anything else of a run, and removed after everything
else. While it exists, the run is unfinished: it is being fitted, or was cut short.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import tomli_w
from msgspec import structs

from gradum.errors import ModelFileError, OutputError, SchemaError, SpecError, TableError
from gradum.files import lock
from gradum.files.atomic import claim_folder, partial_files, write_text
from gradum.files.bounded import bounded_content, parsed_toml
from gradum.messages import as_text, listed
from gradum.run.machine import Machine, this_machine
from gradum.ship import state_folder
from gradum.ship.layout import FILES, SPEC, STATE
from gradum.ship.run_spec import RunSpec, changed_files, read_spec, without_none
from gradum.ship.state_folder import CHECKPOINT, LOCK, RUN
from gradum.tables.paths import STANDARD_INPUT


class Unfinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `run.toml` holds."""

    run: RunSpec
    """What was asked, with the hashes of its files once these have been read."""
    machine: Machine
    """What the run was begun on; the last bits of its weights depend on it."""
    checkpoint_every: float
    """Seconds; 0 for no checkpoints."""
    interrupted: bool = False
    """Whether the run was interrupted cleanly: the files beside it are whole, and this run's
    own."""

    def __post_init__(self) -> None:
        """Refuse an invalid interval."""
        refuse_interval(self.checkpoint_every)

    @property
    def identity(self) -> str:
        """A hash that tells its checkpoints apart from those of other rows, specs and software."""
        run = structs.replace(self.run, opened={})  # which is known once rows have been read
        text = msgspec.json.encode((run, self.machine), order="sorted", enc_hook=as_text)
        return hashlib.sha256(text).hexdigest()[:16]


def refuse_interval(seconds: float) -> None:
    """Raise SpecError if no checkpoints can be kept so often; 0 stands for none."""
    if not 0 <= seconds < float("inf"):
        raise SpecError(
            "Checkpoints every {seconds} seconds make no sense.",
            "Give a number of seconds, or 0 for none.",
            seconds=seconds,
        )


@contextmanager
def begun(folder: Path, unfinished: Unfinished, *, force: bool = False) -> Iterator[None]:
    """Claim a folder for a run, record the run there, and hold it while the block runs.

    With ``force``, it replaces an unfinished run there, and its files replace files of the same
    names. Nothing is written or removed before the folder is claimed.

    Raises
    ------
    OutputError
        The folder is not empty or holds an unfinished run (both allowed with ``force``), holds
        something in the run's way, or cannot be written; or another process is at work on it.
    """
    _claim(folder, force=force)
    with _held(folder):
        _claim(folder, force=force)  # for good: no other process can claim it any more
        state_folder.clear(folder / STATE)
        write(folder, unfinished)
        yield


def _claim(folder: Path, *, force: bool) -> None:
    if is_unfinished(folder) and not force:
        raise OutputError(
            "The folder {folder} holds a run that is not finished.",
            "Finish it (gradum resume {folder}), or begin anew with --force.",
            folder=folder,
        )
    claim_folder(folder, force=force, apart_from=STATE)
    _refuse_links(folder)
    state_folder.refuse_foreign(folder / STATE)
    for half in (path for name in FILES for path in partial_files(folder / name)):
        raise OutputError(
            "{path} is a file that a process was writing when it was killed.",
            "Remove it, or choose another folder.",
            path=half,
        )


def _refuse_links(folder: Path) -> None:
    """Refuse a folder in which a run's file would be written elsewhere."""
    for name in FILES:
        state_folder.refuse_link(folder / name)
    state_folder.refuse_links(folder / STATE)


@contextmanager
def taken_up(folder: Path) -> Iterator[None]:
    """Hold, while the block runs, a run that was cut short, in order to finish it.

    Raises
    ------
    ModelFileError
        The folder holds no such run, or its file is damaged.
    OutputError
        Another process is at work on it, or a link lies in its way.
    TableError, SchemaError, SpecError
        The weights might not be those of an undisturbed run.
    """
    read(folder)
    _refuse_links(folder)
    with _held(folder):
        refuse_other_circumstances(folder, read(folder))
        state_folder.clear_scratch(folder / STATE)
        yield


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Let no other process work on a run while the block runs; remove what is no longer needed."""
    state = claim_folder(folder / STATE, force=True)
    try:
        with lock.held(state / LOCK):
            try:
                yield
            finally:
                if not is_unfinished(folder):
                    state_folder.remove(state)
    finally:
        if not lock.REMOVABLE and not is_unfinished(folder):
            state_folder.remove_lock(state)  # which another process has not taken by now
        with suppress(OSError):
            state.rmdir()  # if nothing else lies in it


def write(folder: Path, unfinished: Unfinished) -> None:
    """Write `run.toml`."""
    content = without_none(msgspec.to_builtins(unfinished, enc_hook=as_text))
    write_text(folder / STATE / RUN, tomli_w.dumps(content))


def is_unfinished(folder: Path) -> bool:
    """Whether a folder's run is being fitted, or was cut short."""
    return (folder / STATE / RUN).exists()


def read(folder: Path) -> Unfinished:
    """Read `run.toml`.

    Raises
    ------
    ModelFileError
        It is absent, or holds something unknown to runs.
    """
    path = folder / STATE / RUN
    try:
        return parsed_toml(bounded_content(path).decode(), Unfinished)
    except FileNotFoundError as error:
        raise ModelFileError(
            "{folder} holds no run that was begun.", "Begin one with gradum fit.", folder=folder
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        cause = " ".join(str(error).split())
        raise ModelFileError(
            "{path} cannot be read: {cause}.", "Fit again.", path=path, cause=cause
        ) from error


def end(folder: Path) -> None:
    """Declare a held run finished or withdrawn: its checkpoints are removed when the hold ends."""
    (folder / STATE / RUN).unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what is left of a process killed just before a run began or just after it ended.

    Raises
    ------
    OutputError
        Another process is at work on the run.
    """
    if state_folder.is_own(folder / STATE) and not is_unfinished(folder):
        with _held(folder):
            pass


def has_checkpoints(folder: Path) -> bool:
    """Whether any checkpoint of a fit is kept."""
    return any((folder / STATE).glob(f"*{CHECKPOINT}"))


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder whose files are incomplete, or not of the run that was last begun there.

    Raises
    ------
    ModelFileError
        The message names the command that finishes the run.
    """
    if is_unfinished(folder) and not read(folder).interrupted:
        raise ModelFileError(
            "The run in {folder} is not finished.",
            "Finish it: gradum resume {folder}",
            folder=folder,
        )


def refuse_finished(folder: Path, data: object, against: object) -> None:
    """Refuse requests to a finished run, which has nothing left to do.

    Raises
    ------
    SpecError
        A table or rivals are named.
    """
    if data is not None or against:
        raise SpecError(
            "The run in {folder} is finished, and nothing of it is left to do.",
            "Leave out --data and --against; to repeat it, gradum rerun {folder} takes both.",
            folder=folder,
        )


def refuse_other_circumstances(folder: Path, unfinished: Unfinished) -> None:
    """Refuse to go on if the weights might not be those of an undisturbed run.

    Raises
    ------
    TableError
        The table came through standard input.
    SchemaError
        A file that the run reads has changed since.
    SpecError
        The run was begun by other software, or with another number of threads.
    """
    run = unfinished.run
    if STANDARD_INPUT in (run.data, run.test):
        raise TableError(
            "{folder} reads a table from standard input, which cannot be read again.",
            "Save the table to a file, and fit that.",
            folder=folder,
        )
    refuse_other_rows(folder, changed_files(run) if run.sha256 else [])
    differs = unfinished.machine.difference(this_machine())
    if differs:
        raise SpecError(
            "{folder} was begun with {differs}: its weights would not be those of one run.",
            "Go on where it was begun, or fit again: gradum rerun {folder}",
            folder=folder,
            differs=differs,
        )


def refuse_other_rows(folder: Path, changed: list[str]) -> None:
    """Refuse to go on with files that have changed, if there are any.

    Raises
    ------
    SchemaError
    """
    if changed:
        raise SchemaError(
            "{folder} was begun with other rows: {files} has changed or gone.",
            "Bring the file back, or fit again: gradum rerun {folder}",
            folder=folder,
            files=listed(changed),
        )


def asked(folder: Path) -> RunSpec:
    """Return what the run in a folder was asked, finished or not.

    Raises
    ------
    ModelFileError
        The folder holds no run, or its file is damaged.
    """
    if is_unfinished(folder):
        return read(folder).run
    before = folder / "checkpoint" / RUN  # where the state was at first
    if before.is_file() and not (folder / SPEC).exists():
        raise ModelFileError(
            "The run in {folder} was begun by an older gradum, which kept its state elsewhere.",
            "Fit again.",
            folder=folder,
        )
    return read_spec(folder / SPEC)
