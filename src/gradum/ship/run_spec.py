"""The spec of a run folder: what was asked, of which files, and where.

Nothing here needs JAX, so that a run can be recorded before anything slow is imported.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import tomli_w
from msgspec import structs

from gradum.errors import ModelFileError, SchemaError, TableError
from gradum.files.atomic import cause_of
from gradum.files.bounded import bounded_content, decoded, parsed_toml
from gradum.messages import as_text, listed, say
from gradum.run.spec.spec import Spec
from gradum.ship.layout import SPEC
from gradum.tables.paths import STANDARD_INPUT, absolute, files_of, is_address
from gradum.tables.sources.media_folder import files_in

RUNS = Path("runs")  # where runs without a given folder lie
ENDINGS = (
    r"(\.(csv|tsv|tab|txt|json|jsonl|ndjson|parquet|pq|arrow|feather|ipc|xls[xbm]?|ods|sqlite3?|db))?"
    r"(\.(gz|bz2|xz|zst|zip))?$"
)


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `spec.toml` holds: the files that were read, what was asked, and the result's hash.

    A table on another machine is named by what may be shown of its address; its hash is that of
    what the machine gave. ``against`` names the rivals that the run was to be judged against: these
    words are only shown, and never imported. ``opened`` has a hash of the files that each column
    of pictures or sounds names. ``versions`` says which version of a table was read, where a table
    keeps several. ``distilled_from`` is the fingerprint of the model from which the run's model was
    distilled, if it was.
    """

    data: str
    spec: Spec
    test: str | None = None
    schema: str | None = None
    against: tuple[str, ...] = ()
    sha256: dict[str, str] = {}
    opened: dict[str, str] = {}
    versions: dict[str, str] = {}
    fingerprint: str = ""
    distilled_from: str = ""


def default_folders(source: str) -> Iterator[Path]:
    """Yield ``runs/DATE-NAME``, then the same with numbers from 2 on, without end."""
    name = "standard-input" if source == STANDARD_INPUT else Path(source).name
    stem = re.sub(ENDINGS, "", name, flags=re.IGNORECASE)
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "table"
    first = RUNS / f"{datetime.date.today():%Y-%m-%d}-{name}"
    yield first
    for number in count(2):
        yield first.with_name(f"{first.name}-{number}")


def toml(run_spec: RunSpec) -> str:
    """Render `spec.toml`, for people to read and edit."""
    content = msgspec.to_builtins(run_spec, enc_hook=as_text)
    return tomli_w.dumps(without_none(content))


def read_spec(path: Path) -> RunSpec:
    """Read `spec.toml`.

    Raises
    ------
    ModelFileError
        It is absent, no TOML, or holds something unknown to runs.
    """
    try:
        content = bounded_content(path)
    except FileNotFoundError as error:
        holds = path.parent.is_dir()
        raise ModelFileError(
            say("{folder} holds no {name}.", folder=path.parent, name=path.name)
            if holds
            else say("There is no folder {folder}.", folder=path.parent),
            say("Give the folder of a gradum run."),
        ) from error
    except (OSError, ValueError) as error:
        cause = cause_of(error) if isinstance(error, OSError) else error
        raise ModelFileError(
            "{path} cannot be read: {cause}.",
            "Give the folder of a gradum run.",
            path=path,
            cause=cause,
        ) from error
    text = decoded(content, path, ModelFileError)
    try:
        return parsed_toml(text, RunSpec)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            "{path} cannot be read: {cause}.", "Correct that line.", path=path, cause=error
        ) from error


class FileState(NamedTuple):
    """A file at one moment: its SHA-256, its size in bytes, and when it was last written (ns)."""

    sha256: str
    size: int
    written: int


def file_states(run_spec: RunSpec) -> dict[str, FileState]:
    """Return the current state of every file that a run reads, and of those matching a pattern."""
    states = {}
    for name in filter(None, (run_spec.data, run_spec.test, run_spec.schema)):
        for path in files_of(name):
            with suppress(OSError), path.open("rb") as file:  # the reader says what is wrong
                status = os.fstat(file.fileno())
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                states[str(path)] = FileState(sha256, status.st_size, status.st_mtime_ns)
        if not is_address(name) and Path(name).is_dir():
            with suppress(OSError):
                states[name] = _folder_state(Path(name))
    return states


def _folder_state(folder: Path) -> FileState:
    """Return the state of all files of a folder that are rows: their names and contents."""
    whole, size, written = hashlib.sha256(), 0, 0
    for name in files_in(folder):
        with (folder / name).open("rb") as file:
            status = os.fstat(file.fileno())
            whole.update(f"{len(name)} {name}".encode())
            whole.update(hashlib.file_digest(file, "sha256").digest())
            size, written = size + status.st_size, max(written, status.st_mtime_ns)
    return FileState(whole.hexdigest(), size, written)


def hash_files(run_spec: RunSpec) -> dict[str, str]:
    """Return the SHA-256 of every file that a run reads, and of those matching a pattern."""
    return {name: state.sha256 for name, state in file_states(run_spec).items()}


def refuse_changed(run_spec: RunSpec, before: dict[str, FileState]) -> None:
    """Make sure that the rows that were read are those of the recorded hashes.

    A file that was changed for a while may have the same hash before and after, but was written
    since.

    Parameters
    ----------
    run_spec : RunSpec
        With the hashes.
    before : dict of str to FileState
        What `file_states` returned before the files were read.

    Raises
    ------
    TableError
        Files were written, added or removed in the meantime; the message names them.
    """
    now = file_states(run_spec)
    hashes = {name: state.sha256 for name, state in now.items()}
    recorded = of_files(run_spec.sha256)
    changed = dict.fromkeys((*differing(recorded, hashes), *differing(before, now)))
    if changed:
        raise TableError(
            "While the run read its files, something changed {files}.",
            "Wait until nothing writes there any more, then fit again.",
            files=listed([*changed]),
        )


def differing(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name what has changed, was added or was removed."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def changed_files(run_spec: RunSpec) -> list[str]:
    """Name the files of a run that have changed, or were added or removed.

    Raises
    ------
    TableError
        A table came through standard input, which cannot be read again.
    """
    if STANDARD_INPUT in (run_spec.data, run_spec.test):
        raise TableError(
            "That run read a table from standard input, which cannot be read again.",
            "Save the table to a file, and write its path into the run's {spec}.",
            spec=SPEC,
        )
    return differing(of_files(run_spec.sha256), hash_files(run_spec))


def of_files(hashes: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of files on this machine, which can be read without being named again."""
    return {name: digest for name, digest in hashes.items() if not is_address(name)}


def named(run_spec: RunSpec, data: str | None) -> str:
    """Return what a run's table is to be read from: the table named again, or the run's files.

    Raises
    ------
    TableError
        It lies on another machine, and nobody has named it again.
    """
    if data is None and is_address(run_spec.data):
        raise TableError(
            "That run read its table from {data}, which is read again only when it is named.",
            "Name it: --data ADDRESS.",
            data=run_spec.data,
        )
    return run_spec.data if data is None else data


def refuse_other_content(
    run_spec: RunSpec, given: Mapping[str, str], folder: Path, versions: Mapping[str, str] = {}
) -> None:
    """Refuse what another machine gives now if it differs from what it gave the run.

    Raises
    ------
    SchemaError
        It differs; the message names the address.
    """
    for name in with_versions(other_content(run_spec, given), run_spec, versions):
        raise SchemaError(
            "{folder} was made from other rows: {name} now gives different ones.",
            "Fit again: gradum rerun {folder} --data ADDRESS",
            folder=folder,
            name=name,
        )


def other_opened(run_spec: RunSpec, opened: Mapping[str, str]) -> list[str]:
    """Say of which columns a file that they name is no longer what the run opened."""
    if not run_spec.opened:  # nothing was opened yet, or by a gradum that kept no hash
        return []
    columns = differing(run_spec.opened, dict(opened))
    return [say("a file that column {column} names", column=repr(name)) for name in columns]


def other_content(run_spec: RunSpec, given: Mapping[str, str]) -> list[str]:
    """Name the addresses of a run's tables that now give something else."""
    before = {name: digest for name, digest in run_spec.sha256.items() if is_address(name)}
    return [name for name in before if given.get(name) != before[name]]


def with_versions(
    names: Iterable[str], run_spec: RunSpec, versions: Mapping[str, str]
) -> list[str]:
    """Add to names of tables which version a run read and which there is now, if they differ."""
    before = {Path(name).name: version for name, version in run_spec.versions.items()}
    now = {Path(name).name: version for name, version in versions.items()}
    said = []
    for name in names:
        then, there = before.get(Path(name).name, ""), now.get(Path(name).name, "")
        said.append(
            say("{name} ({before}, now {now})", name=name, before=then, now=there)
            if then and there and then != there
            else name
        )
    return said


def moved(run_spec: RunSpec, data: str | None) -> RunSpec:
    """Return the run with its table read from another place, if one is named; hashes stay."""
    if data is None:
        return run_spec
    data = absolute(data)
    if data == run_spec.data:
        return run_spec
    others = (run_spec.test, run_spec.schema)
    before = sorted(name for name in run_spec.sha256 if name not in others)
    is_one = is_address(data) or Path(data).is_dir()
    now = [data] if is_one else list(map(str, files_of(data)))
    places = dict(zip(before, now, strict=False))
    hashes = {places.get(name, name): digest for name, digest in run_spec.sha256.items()}
    return structs.replace(run_spec, data=data, sha256=hashes)


def without_none(value: Any) -> Any:
    """Leave out None, for which TOML has no word."""
    if isinstance(value, dict):
        return {key: without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [without_none(inner) for inner in value]
    return value
