"""A run that is not finished: what its folder says of it from the first moment to the last.

``RUN/checkpoint/run.toml`` is written before anything else of a run, and taken away after
everything else. While it is there, the run is unfinished: it is being fitted, or was cut short.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import tomli_w

from gradum.errors import ModelFileError, SchemaError, SpecError, TableError
from gradum.files import lock
from gradum.files.atomic import claim_folder, write_text
from gradum.fitting.machine import Machine, this_machine
from gradum.ship.run_spec import SPEC, RunSpec, changed_files, read_spec, without_none
from gradum.tables.paths import STANDARD_INPUT

CHECKPOINT, RUN = "checkpoint", "run.toml"
SCRATCH = "scratch"


class Unfinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `run.toml` holds.

    Parameters
    ----------
    run : RunSpec
        What was asked. The hashes of its files are there once they have been read.
    machine : Machine
        What the run was begun on, of which its last bits depend.
    checkpoint_every : float
        Seconds; 0 for no checkpoints.
    interrupted : bool
        Whether the run was interrupted tidily: the files around are whole, and this run's own.
    """

    run: RunSpec
    machine: Machine
    checkpoint_every: float
    interrupted: bool = False

    def __post_init__(self) -> None:
        """Refuse an interval that is none."""
        if not 0 <= self.checkpoint_every < float("inf"):
            raise SpecError(
                f"Checkpoints every {self.checkpoint_every} seconds make no sense.",
                "Give a number of seconds, or 0 for none.",
            )

    @property
    def identity(self) -> str:
        """A hash that tells its checkpoints from those of other rows, specs and software."""
        text = msgspec.json.encode((self.run, self.machine), order="sorted")
        return hashlib.sha256(text).hexdigest()[:16]


@contextmanager
def begun(folder: Path, unfinished: Unfinished) -> Iterator[None]:
    """Set a run down in a folder that was claimed for it, and hold it while the block runs.

    It takes the place of what was unfinished there.

    Raises
    ------
    OutputError
        The folder cannot be written, or another process is at work on it.
    """
    claim_folder(folder / CHECKPOINT, force=True)
    with held(folder):
        for path in (folder / CHECKPOINT).glob("*.checkpoint"):
            path.unlink()
        try:
            write(folder, unfinished)
        except BaseException:
            end(folder)
            raise
        yield


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Let no other process work on an unfinished run while the block runs.

    Raises
    ------
    OutputError
        Another does.
    """
    with lock.held(folder / CHECKPOINT / "lock"):
        yield


def write(folder: Path, unfinished: Unfinished) -> None:
    """Write `run.toml`."""
    said = without_none(msgspec.to_builtins(unfinished))
    write_text(folder / CHECKPOINT / RUN, tomli_w.dumps(said))


def is_unfinished(folder: Path) -> bool:
    """Whether a folder's run is being fitted, or was cut short."""
    return (folder / CHECKPOINT / RUN).exists()


def read(folder: Path) -> Unfinished:
    """Read `run.toml`.

    Raises
    ------
    ModelFileError
        It is absent, or says something that no run knows.
    """
    path = folder / CHECKPOINT / RUN
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Unfinished)
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{folder} holds no run that was begun.", "Begin one with gradum fit."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        cause = " ".join(str(error).split())
        raise ModelFileError(f"{path} cannot be read: {cause}.", "Fit again.") from error


def end(folder: Path) -> None:
    """Declare a run finished or withdrawn, and take its checkpoints away."""
    (folder / CHECKPOINT / RUN).unlink(missing_ok=True)
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)


def scratch(folder: Path) -> Path:
    """Return an empty folder for what a run needs only while it goes on.

    It lies among the checkpoints and goes with them; what a killed process left there is removed.
    """
    place = folder / CHECKPOINT / SCRATCH
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


def remove_leftovers(folder: Path) -> None:
    """Remove what a process left that was killed just before a run began or just after it ended.

    Raises
    ------
    OutputError
        Another process is at work on the run.
    """
    if (folder / CHECKPOINT).is_dir() and not is_unfinished(folder):
        with held(folder):
            end(folder)


def has_checkpoints(folder: Path) -> bool:
    """Whether anything that was fitted is kept."""
    return any((folder / CHECKPOINT).glob("*.checkpoint"))


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder whose files are not whole, or not of the run that was last begun there.

    Raises
    ------
    ModelFileError
        Naming the command that finishes the run.
    """
    if is_unfinished(folder) and not read(folder).interrupted:
        raise ModelFileError(
            f"The run in {folder} is not finished.", f"Finish it: gradum resume {folder}"
        )


def refuse_other_circumstances(folder: Path, unfinished: Unfinished) -> None:
    """Refuse to go on where the weights might not be those of an undisturbed run.

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
            f"{folder} reads a table from standard input, which cannot be read again.",
            "Save the table to a file, and fit that.",
        )
    changed = changed_files(run) if run.sha256 else []
    if changed:
        raise SchemaError(
            f"{folder} was begun with other rows: {', '.join(changed)} has changed or gone.",
            f"Bring the file back, or fit again: gradum rerun {folder}",
        )
    differs = unfinished.machine.difference(this_machine())
    if differs:
        raise SpecError(
            f"{folder} was begun with {differs}: its weights would not be those of one run.",
            f"Go on where it was begun, or fit again: gradum rerun {folder}",
        )


def asked(folder: Path) -> RunSpec:
    """Return what the run in a folder was asked, finished or not.

    Raises
    ------
    ModelFileError
        The folder holds no run, or its file is damaged.
    """
    return read(folder).run if is_unfinished(folder) else read_spec(folder / SPEC)
