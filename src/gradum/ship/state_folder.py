"""The folder that holds the state of an unfinished run, ``RUN/.gradum-run``, and its removal.

Its lock is the sign that gradum made it. What gradum did not write there is neither removed nor
overwritten: files are recognised by name and, where possible, by content, and removed one by one.
Links are not followed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import chain
from pathlib import Path

import msgspec

from gradum.errors import ModelFileError, OutputError
from gradum.files.atomic import becoming, is_plain_file
from gradum.files.lock import is_lock

RUN, LOCK, CHECKPOINT = "run.toml", "lock", ".checkpoint"
_SCRATCH = re.compile(r"\.gradum-(scratch-)?[a-z0-9_]{8}")  # made by `tempfile`
_SCRATCH_FILE = re.compile(r"[0-9]+(-(columns|rows)-[0-9]+)?\.[a-z]+|\.lock")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a checkpoint says about itself.

    ``content`` is JSON within JSON: an archive would sort its keys.
    """

    format: int
    run: str
    place: str
    content: str


def refuse_foreign(state: Path) -> None:
    """Refuse a state folder that is a link, a file, or holds what gradum did not write.

    Raises
    ------
    OutputError
        The message names what is in the way.
    """
    refuse_links(state)
    if state.exists() and not state.is_dir():
        raise OutputError("{path} is a file, not a folder.", "Choose another folder.", path=state)
    foreign = sorted(set(state.rglob("*")) - set(_own(state)))
    if foreign:
        raise OutputError(
            "{state} holds {name}, which gradum did not write.",
            "Move {state} away, or choose another folder.",
            state=state,
            name=foreign[0].relative_to(state),
        )


def refuse_links(state: Path) -> None:
    """Refuse a state folder that is a link, or in which there is one.

    Raises
    ------
    OutputError
        The message names the link.
    """
    for path in chain([state], state.rglob("*")):
        refuse_link(path)


def refuse_link(path: Path) -> None:
    """Refuse a place that is a link, through which gradum would write elsewhere.

    Raises
    ------
    OutputError
    """
    if path.is_symlink():
        raise OutputError(
            "{path} is a symbolic link, which gradum does not follow.",
            "Remove it, or choose another folder.",
            path=path,
        )


def is_own(state: Path) -> bool:
    """Whether gradum made the folder."""
    return state.is_dir() and not state.is_symlink() and is_lock(state / LOCK)


def clear(state: Path) -> None:
    """Remove all that gradum wrote there, except the lock."""
    for path in _own(state):
        if path.name != LOCK:
            _remove(path)


def clear_scratch(state: Path) -> None:
    """Remove the temporary files that a killed process left."""
    for path in _scratch(state):
        _remove(path)


def remove(state: Path) -> None:
    """Remove all that gradum wrote there, including the lock."""
    for path in _own(state):
        _remove(path)


def remove_lock(state: Path) -> None:
    """Remove the lock that `remove` could not, as the file was open; see `lock.REMOVABLE`."""
    if is_own(state):
        _remove(state / LOCK)


def _own(state: Path) -> list[Path]:
    """Return what gradum wrote there, each folder after its files, the lock at the end."""
    if not is_own(state):
        return []
    files = [path for path in state.iterdir() if is_plain_file(path) and _is_state(path)]
    return [*files, *_scratch(state), state / LOCK]


def _scratch(state: Path) -> list[Path]:
    scratch: list[Path] = []
    for path in filter(lambda path: _SCRATCH.fullmatch(path.name), state.iterdir()):
        if path.is_dir() and not path.is_symlink():
            files = filter(is_plain_file, path.iterdir())
            scratch += [file for file in files if _SCRATCH_FILE.fullmatch(file.name)]
            scratch.append(path)
        elif is_plain_file(path):
            scratch.append(path)
    return scratch


def _is_state(path: Path) -> bool:
    half = becoming(path)
    if half is not None:
        return half == RUN or half.endswith(CHECKPOINT)
    return path.name == RUN or (path.suffix == CHECKPOINT and _is_checkpoint(path))


def _is_checkpoint(path: Path) -> bool:
    """Whether a file is an archive that describes itself as a checkpoint."""
    from gradum.files.archive import read_manifest

    try:
        msgspec.convert(read_manifest(path), Manifest)
    except (ModelFileError, msgspec.ValidationError):
        return False
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
