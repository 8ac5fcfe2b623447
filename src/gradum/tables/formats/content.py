"""The content of a file on disk or out of a pipe, unpacked within bounds if it is compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO

from gradum.errors import GradumError, TableError
from gradum.files.atomic import filling
from gradum.messages import say
from gradum.tables.formats.encoding import BLOCK_BYTES, Content, stream
from gradum.tables.formats.size_limits import available_memory
from gradum.tables.paths import STANDARD_INPUT, is_file
from gradum.tables.wording import did_you_mean, quoted, size

ALIKE = 0.6  # similarity of two names from which one may be a misspelling of the other


def content_of(path: Path) -> Content:
    """Return where a file lies, or the bytes of a pipe; ``-`` is standard input.

    Raises
    ------
    TableError
        There is nothing to read, it cannot be read, or more comes than fits in half of the memory.
    """
    with bytes_of(path) as file:
        return path if lies_on_disk(path) else _whole(file, _called(path))


@contextmanager
def bytes_of(path: Path) -> Iterator[BinaryIO]:
    """Open a file or a pipe for its bytes; ``-`` is standard input.

    Raises
    ------
    TableError
        There is no such file, or reading it fails.
    """
    try:
        if str(path) == STANDARD_INPUT:
            yield _standard_input()
            return
        refuse_name(path)
        refuse_other_than_a_file(path)
        with path.open("rb") as file:
            yield file
    except GradumError:
        raise
    except FileNotFoundError:
        raise TableError(say("There is no file {path}.", path=path), nearest_files(path)) from None
    except OSError as error:
        raise TableError(
            "{file} cannot be read: {why}.",
            "Check the file.",
            file=_called(path),
            why=error.strerror,
        ) from None


def lies_on_disk(path: Path) -> bool:
    """Whether a file is on a disk, so that it can be read again and from any position."""
    return str(path) != STANDARD_INPUT and is_file(path) and path.stat().st_size > 0


def gathered(blocks: Iterable[bytes], most: float, excess: TableError) -> bytes:
    """Return pieces joined, or raise ``excess`` once they are more than ``most`` bytes."""
    whole = io.BytesIO()
    for block in blocks:
        whole.write(block)
        if whole.tell() > most:
            raise excess
    return whole.getvalue()


def refuse_name(path: Path) -> None:
    """Refuse a path that neither polars nor a run's `spec.toml` can hold."""
    name = str(path)
    if "\0" in name:
        raise TableError("{name!r} is not a path.", "Give a path to a file.", name=name)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise TableError("The name {name!r} is not UTF-8.", "Rename the file.", name=name) from None


def refuse_other_than_a_file(path: Path) -> None:
    """Refuse a folder, a device, and what would be waited for without end.

    Pipes are read where a process holds them open already: ``/dev/stdin``, ``/dev/fd/63``.
    """
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        raise TableError(say("{path} is a folder.", path=path), _files_in(path))
    if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):  # some yield bytes without end
        raise TableError("{path} is a device, not a file.", "Give a path to a file.", path=path)
    if stat.S_ISSOCK(kind) or (stat.S_ISFIFO(kind) and _is_named(path)):
        raise TableError(
            "{path} is a pipe or a socket, not a file.",
            "Give a path to a file, or give the rows by standard input, as -.",
            path=path,
        )


def _is_named(pipe: Path) -> bool:
    """Whether a pipe lies in a folder, where nobody may write to it."""
    place = Path(os.path.realpath(pipe))
    return os.path.lexists(place) and not place.is_relative_to("/dev/fd")


def _standard_input() -> BinaryIO:
    try:
        file = sys.stdin.buffer
        file.readable()
        return file
    except (AttributeError, OSError, ValueError):  # no stream, one without bytes, or a closed one
        raise TableError("There is no standard input to read.", "Give a path to a file.") from None


def _whole(file: BinaryIO, source: str) -> bytes:
    memory = available_memory()
    most = float("inf") if memory is None else memory / 2
    excess = TableError(
        say(
            "{source} gives more than {most}, half of the memory that is left.",
            source=source,
            most=size(most),
        )
        if memory is not None
        else say("{source} does not end.", source=source),
        say("Save it to a file, which gradum fit and predict read in blocks if need be."),
    )
    return gathered(iter(lambda: file.read(BLOCK_BYTES), b""), most, excess)


def _called(path: Path) -> str:
    return say("standard input") if str(path) == STANDARD_INPUT else str(path)


def _files_in(folder: Path) -> str:
    """Suggest a pattern if several files of a folder share an ending, else one of its files."""
    paths = _files(folder)
    endings = Counter(path.suffix for path in paths if path.suffix)
    ending, count = next(iter(endings.most_common(1)), ("", 0))
    if count > 1:
        pattern = str(folder / f"*{ending}")
        return say(
            "Give a file in it, or its {count:,} files {ending} together as {pattern!r}.",
            count=count,
            ending=ending,
            pattern=pattern,
        )
    names = [path.name for path in paths]
    if not names:
        return say("Give a file.")
    return say("Give a file in it, such as {names}.", names=quoted(names))


def nearest_files(path: Path) -> str:
    """Suggest files whose names resemble that of a missing file, whatever their endings."""
    folder = path.parent
    if not folder.is_dir():
        return say("There is no folder {folder} either; check the path.", folder=folder)
    names = [other.name for other in _files(folder)]
    stems = {Path(name).stem: name for name in reversed(names)}
    close = get_close_matches(path.stem, list(stems), n=3, cutoff=ALIKE)
    if close:
        return did_you_mean([stems[stem] for stem in close])
    if not names:
        return say("That folder holds no files.")
    return say("That folder holds {names}.", names=quoted(names))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:  # a folder that we may not list
        return []


if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKINGS: dict[bytes, tuple[str, Any]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
    b"\x28\xb5\x2f\xfd": ("zstd", zstd.open),
}
DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)
ALWAYS_ALLOWED = 2**28  # bytes
MOST_TIMES = 250  # unpacked over packed size; tables shrink to a tenth, hardly ever to a hundredth


def is_packed(start: bytes) -> bool:
    """Whether a file's first bytes are those of a compressed file."""
    return start.startswith(tuple(PACKINGS))


def unpacked(content: Content, source: str) -> bytes:
    """Return what a compressed file holds.

    Raises
    ------
    TableError
        It is damaged, or it unpacks to more than 250 times its size (and 256 MiB), or to more
        than half of the memory that is left.
    """
    with stream(content) as file:
        most, why = _bound(file.seek(0, io.SEEK_END))
        file.seek(0)
        excess = TableError(
            "{source} unpacks to more than {most}, {why}.",
            "Unpack it first if it can be trusted, and give fewer rows if they are many.",
            source=source,
            most=size(most),
            why=why,
        )
        return gathered(_blocks(file, source), most, excess)


def unpack(content: Content, source: str, out: Path) -> None:
    """Write what a compressed file holds to another file.

    Raises
    ------
    TableError
        It is damaged.
    DiskError
        The disk is full.
    """
    with (
        stream(content) as file,
        filling(say("{source}, unpacked", source=source)),
        out.open("wb") as unpacked_file,
    ):
        for block in _blocks(file, source):
            unpacked_file.write(block)


def most_unpacked(packed: int) -> int:
    """Return how many bytes a given number of packed bytes may unpack to."""
    return max(ALWAYS_ALLOWED, MOST_TIMES * packed)


def _bound(packed: int) -> tuple[int, str]:
    """Return how many bytes may come out, and the error to report if there are more."""
    most, why = most_unpacked(packed), say("far more than a table would")
    memory = available_memory()
    if memory is not None and memory // 2 < most:
        return memory // 2, say("half of the memory that is left")
    return most, why


def _blocks(file: BinaryIO, source: str) -> Iterator[bytes]:
    start = file.read(8)
    file.seek(0)
    name, opened = next(packing for magic, packing in PACKINGS.items() if start.startswith(magic))
    try:
        with opened(file) as unpacking:
            while block := unpacking.read(BLOCK_BYTES):
                yield block
    except DAMAGE:
        raise TableError(
            "{source} is a damaged or truncated {name} file.",
            "Copy it anew.",
            source=source,
            name=name,
        ) from None
