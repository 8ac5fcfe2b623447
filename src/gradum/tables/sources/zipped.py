"""Zip archives that hold one table."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from gradum.errors import GradumError, TableError
from gradum.files.atomic import filling
from gradum.messages import say, say_plural
from gradum.tables.formats.content import most_unpacked
from gradum.tables.formats.dialect import DELIMITERS
from gradum.tables.formats.encoding import BLOCK_BYTES
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.source import Location, NewFile, start_of
from gradum.tables.wording import quoted, size

MAGIC = b"PK\x03\x04"
EMPTY = b"PK\x05\x06"
ENDINGS = re.compile(
    r"\.(csv|tsv|tab|txt|dat|data|json|jsonl|ndjson|parquet|pq|arrow|feather|ipc|xlsx?|xlsb|xlsm|ods|"
    r"sqlite3?|db)(\.(gz|bz2|xz|zst))?$",
    re.IGNORECASE,
)
# what describes a table, by its name or its ending
DESCRIBES = re.compile(
    r"^((read[\s_-]?me|liesmich|lisez[\s_-]?moi|licen[sc]e|copy(ing|right)|notice|citation|authors"
    r"|contributors|change(s|log)|contents|index|manifest|about|datapackage|.*metadata|.*说明|.*說明)"
    r"[^.]*(\.(txt|text|json))?"
    r"|.*\.(md|rst|pdf|docx?|rtf|html?|xml|ya?ml|toml|names|bib|png|jpe?g|gif|svg|webp|tiff?))$",
    re.IGNORECASE,
)
PROSE_BYTES = 65_536  # looked at, to tell a text from a table
PROSE_LINES = 20
EVEN = 0.9  # of the lines of a table have equally many delimiters
ENCRYPTED = 1  # a bit of a member's flags
SHOWN_FILES = 12
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class Zip:
    """An archive in which one file is the table."""

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a file begins like an archive and is no workbook."""
        start = start_of(location)
        return start.startswith((MAGIC, EMPTY)) and not is_workbook(location.path)

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Unpack the one file that is a table."""
        try:
            with zipfile.ZipFile(location.path) as archive:
                member, others = _only_member(archive, location.name)
                name = f"{location.name}/{member.filename}"
                file = new_file(PurePosixPath(member.filename).suffix.lower())
                most = most_unpacked(location.path.stat().st_size)
                with archive.open(member) as unpacking:
                    _unpack(_blocks(cast(BinaryIO, unpacking), location.name), file, name, most)
        except GradumError:
            raise
        except DAMAGE as error:
            raise _damaged(location.name, error) from None
        unpacked = Location(str(file), name, _beside(others))
        if start_of(unpacked).startswith(MAGIC) and not is_workbook(file):
            raise TableError(
                "{name} holds another archive, {filename!r}.",
                "Unpack it.",
                name=location.name,
                filename=member.filename,
            )
        return [unpacked]


def is_workbook(path: Path) -> bool:
    """Whether an archive is a workbook of Excel or OpenDocument; False if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < BLOCK_BYTES:
                return b"spreadsheet" in archive.read("mimetype")
            return any(name.startswith("xl/workbook.") for name in names)
    except DAMAGE:
        return False


def _only_member(
    archive: zipfile.ZipFile, name: str
) -> tuple[zipfile.ZipInfo, list[zipfile.ZipInfo]]:
    """Return the member that is the table, and the others that its user put beside it."""
    members = [member for member in archive.infolist() if not _is_beside_the_point(member)]
    tables = members if len(members) == 1 else _tables(archive, members)
    if len(tables) != 1:
        held = [member.filename for member in tables]
        if not held:
            raise TableError(
                "{name} holds no table.",
                "Give an archive with a CSV, JSON, Parquet or Excel file in it.",
                name=name,
            )
        raise TableError(
            say_plural(
                "{name} holds {count:,} table: {tables}.",
                "{name} holds {count:,} tables: {tables}.",
                len(held),
                name=name,
                tables=quoted(held, SHOWN_FILES),
            ),
            say("Unpack it and give one of them, or several by a pattern."),
        )
    member = tables[0]
    if member.flag_bits & ENCRYPTED:
        raise TableError(
            "{name} is encrypted.", "Unpack it, and give the file that is in it.", name=name
        )
    return member, [other for other in members if other is not member]


def _tables(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Return which of several members are tables, by their names and, of texts, by their lines."""
    data = [m for m in members if not DESCRIBES.match(PurePosixPath(m.filename).name)]
    named = [member for member in data if ENDINGS.search(member.filename)]
    if not named:
        return data if len(data) == 1 else []
    tables = [member for member in named if not _is_prose(archive, member)]
    return tables if len(named) > 1 and tables else named


def _is_prose(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a member's first lines are a text rather than rows of several columns."""
    if not member.filename.lower().endswith(".txt") or member.flag_bits & ENCRYPTED:
        return False
    with archive.open(member) as file:
        lines = [line for line in file.read(PROSE_BYTES).splitlines() if line.strip()]
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter.encode()) for line in lines[:PROSE_LINES])
        count, even = counts.most_common(1)[0] if counts else (0, 0)
        if count and even >= EVEN * min(len(lines), PROSE_LINES):
            return False
    return True


def _beside(others: Sequence[zipfile.ZipInfo]) -> tuple[str, ...]:
    """Say which members are not read."""
    if not others:
        return ()
    names = quoted([other.filename for other in others])
    return (say("not read, as no tables: {names}", names=names),)


def _is_beside_the_point(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a folder, or a file that a system adds to archives on its own."""
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or "__MACOSX" in parts or (parts or ("",))[-1].startswith(".")


def _blocks(file: BinaryIO, name: str) -> Iterator[bytes]:
    try:
        while block := file.read(BLOCK_BYTES):
            yield block
    except DAMAGE as error:
        raise _damaged(name, error) from None


def _unpack(blocks: Iterator[bytes], out: Path, name: str, most: int) -> None:
    count = 0
    with filling(say("{source}, unpacked", source=name)), out.open("wb") as file:
        for block in blocks:
            count += len(block)
            if count > most:
                raise TableError(
                    "{name} unpacks to more than {most}, far more than a table would.",
                    "Unpack it first if it can be trusted.",
                    name=name,
                    most=size(most),
                )
            file.write(block)


def _damaged(name: str, error: BaseException) -> TableError:
    if isinstance(error, NotImplementedError):
        return TableError(
            "{name} is packed in a way that Python cannot unpack.",
            "Unpack it by other means.",
            name=name,
        )
    return TableError("{name} is a damaged or truncated zip archive.", "Copy it anew.", name=name)
