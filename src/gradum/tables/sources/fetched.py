"""Tables brought from wherever they are to files that can be read at any position and again.

All reading of a table by its name begins here. A plain file is read where it lies; what is inside
an archive, a database or another machine is first written, once, to files in a folder private to
the user, which is removed when the reading is done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.files.scratch import scratch_folder
from gradum.forks import refuse_after_fork
from gradum.messages import marked, say, say_plural
from gradum.tables.formats.content import nearest_files
from gradum.tables.formats.read_failures import explained
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.several import name_of, names_of
from gradum.tables.paths import (
    STANDARD_INPUT,
    is_address,
    is_pattern,
    matches,
    place_shown,
    refuse_unclear,
    scheme,
    shown,
)
from gradum.tables.sources import SOURCES
from gradum.tables.sources.source import Location, NewFile
from gradum.tables.sources.table_folder import in_partitions

PLAINLY = ReadingOptions()
LETTERS = re.compile(r"\.[a-z]{1,16}")  # a longer one may not be allowed in a file's name
OPTION_OF = {
    "sheet": marked("workbooks"),
    "query": marked("databases"),
    "encoding": marked("files of text"),
    "skip_rows": marked("files of text"),
}
OF_TEXT = ("encoding", "skip_rows")  # for the reader of the file, wherever it is from


@dataclass(frozen=True)
class Fetched:
    """A table as files on this machine."""

    files: tuple[Location, ...]
    """Files whose rows are consecutive; or standard input."""
    source: str
    """What the table is called in messages."""
    name: str | None = None
    """What a command would call it: its path, or what may be shown of its address. None if it has
    no single name."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of what other machines gave, keyed by what may be shown of the address."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """The versions of tables that keep several, in words, keyed by what may be shown of the
    place."""
    reading: ReadingOptions = PLAINLY
    """What the user says about the table."""


def are_paths(data: Any) -> bool:
    """Whether data are the path or address of a table, or a list of such."""
    if isinstance(data, str | os.PathLike):
        return True
    if not isinstance(data, list | tuple) or not data:
        return False
    return all(isinstance(path, str | os.PathLike) for path in data)


@contextmanager
def fetched(
    data: Any, reading: ReadingOptions = PLAINLY, scratch: Path | None = None
) -> Iterator[Any]:
    """Bring a named table to files, which exist while the block runs.

    Parameters
    ----------
    data : path, address, list of such, or anything else
        A path may be a pattern or ``-``. What is no name, a `Fetched` included, is yielded
        unchanged.
    reading : ReadingOptions
        Which table of a workbook or a database.
    scratch : Path, optional
        The folder for files that have to be written; the system's if left out.

    Yields
    ------
    Fetched or the data

    Raises
    ------
    TableError
        The table does not exist.
    DiskError
        The disk is full.
    """
    refuse_after_fork()
    if isinstance(data, Fetched):
        yield data
        return
    if not are_paths(data):
        refuse_unused(reading, say("a table in memory"))
        yield data
        return
    locations, source = _locations(data)
    with ExitStack() as entered:
        folders: list[Path] = []
        numbers = count()

        def new_file(ending: str) -> Path:
            with filling(source):
                if not folders:
                    folders.append(entered.enter_context(scratch_folder(scratch)))
                path = folders[0] / f"{next(numbers)}{ending if LETTERS.fullmatch(ending) else ''}"
                path.touch(exist_ok=False)
            return path

        journeys = [(_Journey(reading, new_file), location) for location in locations]
        files = [file for journey, location in journeys for file in journey.files(location)]
        hashes, versions = {}, {}
        for journey, _ in journeys:
            hashes |= journey.sha256
            versions |= journey.versions
        yield Fetched(tuple(files), source, _one_name(data), hashes, versions, reading)


def _one_name(data: Any) -> str | None:
    if not isinstance(data, str | os.PathLike):
        return None
    return place_shown(os.fspath(data))


def _locations(data: Any) -> tuple[list[Location], str]:
    """Return the locations that are meant, and their common name."""
    if isinstance(data, list | tuple):
        return _several([os.fspath(name) for name in data])
    name = os.fspath(data)
    if name == STANDARD_INPUT:
        return [Location(name, say("standard input"))], say("standard input")
    if is_address(name):
        return [Location(name, shown(name))], shown(name)
    path = Path(name)
    if not is_pattern(path) or in_partitions(path):
        return [Location(name, path.name)], path.name
    paths = matches(path)
    if not paths:
        raise TableError(say("No file matches {name}.", name=name), nearest_files(path))
    return _named(list(map(str, paths)), names_of(paths)), (
        say_plural(
            "{name} ({count:,} file)", "{name} ({count:,} files)", len(paths), name=path.name
        )
    )


def _several(names: Sequence[str]) -> tuple[list[Location], str]:
    paths = [Path(place_shown(name)) for name in names]
    return _named(names, names_of(paths)), name_of(paths)


def _named(names: Sequence[str], called: Sequence[str]) -> list[Location]:
    pairs = zip(names, called, strict=True)
    return [Location(name, shown(name) if is_address(name) else call) for name, call in pairs]


@dataclass
class _Journey:
    """The fetching of one table, from source to source, until its files can be read."""

    reading: ReadingOptions
    new_file: NewFile
    heeded: set[str] = field(default_factory=set)
    """The fields of the reading that a source on the way has used."""
    sha256: dict[str, str] = field(default_factory=dict)
    """Hashes of what other machines gave, whatever was inside it."""
    versions: dict[str, str] = field(default_factory=dict)
    """The versions of tables that keep several."""

    def files(self, location: Location) -> list[Location]:
        """Return the files of a table, and refuse reading options that no source used."""
        files = self._carried(location)
        refuse_unused(self.reading, location.name, {*self.heeded, *OF_TEXT})
        return files

    def _carried(self, location: Location) -> list[Location]:
        source = next((source for source in SOURCES if source.is_at(location)), None)
        if source is None:
            _refuse_address(location.where)
            return [location]
        self.heeded.update(source.takes)
        with explained(location.name):
            nearer = source.bring(location, self.reading, self.new_file)
        nearer = [
            replace(part, notes=(*location.notes, *part.notes), home=part.home or location.folder)
            for part in nearer
        ]
        for part in nearer:
            if part.sha256:
                self.sha256[location.name] = part.sha256
            if part.version:
                self.versions[location.name] = part.version
        return [file for part in nearer for file in self._carried(part)]


def of_text(reading: ReadingOptions) -> ReadingOptions:
    """Return the options that concern only the text of a file."""
    return ReadingOptions(**{option: getattr(reading, option) for option in OF_TEXT})


def _refuse_address(where: str) -> None:
    if is_address(where):
        refuse_unclear(where)
        raise TableError(
            "gradum reads no table from {scheme}:// addresses.",
            "Give a file, or an address that begins with https://, s3://, gs://, az://, hf:// "
            "or postgresql://.",
            scheme=scheme(where),
        )


def refuse_unused(reading: ReadingOptions, name: str, heeded: Collection[str] = ()) -> None:
    """Refuse an option that concerns another kind of source.

    Raises
    ------
    TableError
    """
    for option, value in asdict(reading).items():
        if value is not None and option in OPTION_OF and option not in heeded:
            flag = option.replace("_", "-")
            raise TableError(
                "--{flag} is for {kind}, and {name} is none.",
                "Leave out --{flag}.",
                flag=flag,
                kind=say(OPTION_OF[option]),
                name=name,
            )
