"""The folder to which an assistant is confined: what in it may be read, and what may be written."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePosixPath, PureWindowsPath

from gradum.errors import GradumError, OutputError, SpecError
from gradum.ship import unfinished
from gradum.ship.layout import SPEC
from gradum.ship.run_spec import RUNS, RunSpec, read_spec
from gradum.tables.paths import STANDARD_INPUT, is_address, is_pattern, matches


class Folder:
    """A folder that is left neither by ``..`` nor by links, nor by what a run in it once read.

    Raises
    ------
    SpecError
        There is no such folder.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise SpecError(
                "There is no folder {folder}.",
                "Name the one in which the assistant may read and write.",
                folder=path,
            )
        self.root = path.resolve()

    def to_read(self, name: str) -> str:
        """Return the name of a place that may be read.

        Raises
        ------
        SpecError
            The place is not in the folder, or what is read there leads out of it.
        """
        places = self._places(name)
        if not all(map(self._holds, chain(places, _links_below(places)))):
            raise _outside(name)
        if not all(map(self._holds, chain.from_iterable(map(_read_by_run, places)))):
            raise SpecError(
                "The run of {path} has read a table outside of the folder.",
                "Fit again in the folder, or copy the model file alone into it.",
                path=name,
            )
        return name

    def to_write(self, name: str) -> str:
        """Return the name of a place that may be written, where nothing is yet.

        Raises
        ------
        SpecError
            The place is not in the folder.
        OutputError
            Something is there.
        """
        _refuse_form(name)
        path = self.root / name
        if not self._holds(path):
            raise _outside(name)
        if os.path.lexists(path):
            raise OutputError("{path} exists already.", "Choose another name.", path=name)
        return name

    def check_runs(self) -> None:
        """Refuse to write runs where they lie by default, if a link there leads out."""
        if not self._holds(self.root / RUNS):
            raise _outside(str(RUNS))

    def _places(self, name: str) -> list[Path]:
        """Return the files that a pattern stands for, or the one place that a name means."""
        _refuse_form(name)
        path = self.root / name
        if not glob.has_magic(name) or path.exists():
            return [path]
        return matches(Path(glob.escape(str(self.root))) / name)

    def _holds(self, path: Path) -> bool:
        try:
            place = path.resolve()
        except (OSError, RuntimeError):  # links that go round in a circle
            return False
        # Python 3.13 leaves such links as they are.
        circle = any(each.is_symlink() for each in (place, *place.parents))
        return place.is_relative_to(self.root) and not circle


def _refuse_form(name: str) -> None:
    """Refuse a name that is no relative path, before anything is looked up."""
    flavours = PurePosixPath(name), PureWindowsPath(name)
    if (
        name in ("", STANDARD_INPUT)
        or "\0" in name
        or is_address(name)
        or any(path.anchor or ".." in path.parts for path in flavours)
    ):
        raise _outside(name)


def _outside(name: str) -> SpecError:
    return SpecError(
        "{path!r} is no place in the assistant's folder.",
        "Give a path relative to that folder, without .. and links that lead out.",
        path=name,
    )


def _links_below(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        for folder, folders, files in os.walk(place):
            below = (Path(folder, name) for name in (*folders, *files))
            yield from (path for path in below if path.is_symlink())


def _read_by_run(place: Path) -> Iterator[Path]:
    """Yield what questions to the run in a folder, or around a model file, read besides it."""
    folder = place if place.is_dir() else place.parent
    for recorded in _recorded(folder):
        yield from _links_below([folder])
        for name in filter(None, (recorded.data, recorded.test, recorded.schema)):
            if name != STANDARD_INPUT and not is_address(name):  # which are not read again
                path = Path(name)
                read = matches(path) if is_pattern(path) else [path]
                yield from chain(read, _links_below(read))


def _recorded(folder: Path) -> Iterator[RunSpec]:
    """Yield what a run was asked; both, if another is being done in its folder."""
    with suppress(GradumError):
        yield unfinished.read(folder).run
    with suppress(GradumError):
        yield read_spec(folder / SPEC)
