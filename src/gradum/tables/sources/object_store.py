"""Stores of objects (``s3://``, ``gs://``, ``az://``, ``hf://``), read by polars' own readers.

An address names an object, a pattern of objects, or, if it ends with ``/``, a folder. Parquet and
Arrow are read as columns, and folders such as ``year=2024`` are columns too; text is copied line
by line, and read as a file of this machine is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import accumulate
from pathlib import Path, PurePosixPath

import polars as pl

from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.tables.formats.parquet import length
from gradum.tables.formats.read_failures import ANYTHING
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.paths import shown
from gradum.tables.sources import delta, iceberg
from gradum.tables.sources.scanned_rows import written_rows
from gradum.tables.sources.source import Location, NewFile
from gradum.tables.sources.store_access import (
    SECONDS,
    empty,
    explained,
    finds_nothing,
    in_store,
    options,
    options_of_log,
    refuse_secrets,
    stored_columns,
)

TEXT = re.compile(r"\.(csv|tsv|tab|txt|json|jsonl|ndjson)(\.(gz|zst))?$", re.IGNORECASE)
AS_FILES = re.compile(
    r"\.(xls[xbm]?|ods|sqlite3?|db|zip|dta|sav|sas7bdat|xpt|bz2|xz)$", re.IGNORECASE
)
LINES = 65_536


class ObjectStore:
    """Objects of a store: one, those that match a pattern, or all of a folder."""

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a location is an address of a store."""
        return in_store(location.where)

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the rows, or the lines of texts, and tell their hash."""
        refuse_secrets(location.where)
        name = PurePosixPath(location.where).name
        if AS_FILES.search(name):
            raise TableError(
                "gradum reads text, Parquet and Arrow from a store, not {name}.",
                "Download it by other means, and give the file.",
                name=name,
            )
        if reading.encoding is not None:
            raise TableError(
                "Texts in a store are read as UTF-8.",
                "Leave out --encoding, or download {name}.",
                name=location.name,
            )
        with explained(location):
            _knock(location.where)
            if name.endswith(iceberg.METADATA):
                return _of_lake(iceberg.rows, location, new_file)
            if TEXT.search(name):
                return _texts(location, new_file)
            if _holds(location.where, f"{delta.LOG}/*.json"):
                return _of_lake(delta.rows, location, new_file)
            if _holds(location.where, f"metadata/*{iceberg.METADATA}"):
                raise TableError(
                    "{name} is a table of Iceberg.",
                    "Name its newest file of metadata, which ends in .metadata.json.",
                    name=location.name,
                )
            copies = written_rows(stored_columns(location.where), location, new_file)
            places = accumulate((length(copy.path) for copy in copies), initial=0)
            return [
                replace(copy, origin=location.where, first=first)
                for copy, first in zip(copies, places, strict=False)
            ]


def _knock(where: str) -> None:
    """Fail soon if a store does not answer; whole files may take long."""
    try:
        stored_columns(where, SECONDS).collect_schema()
    except pl.exceptions.PolarsError as error:  # no columns, perhaps, but an answer
        if finds_nothing(error):
            raise


def _holds(where: str, beneath: str) -> bool:
    """Whether an address is that of a folder with such objects beneath it."""
    if not where.endswith("/"):
        return False
    lines = pl.scan_lines(f"{where}{beneath}", n_rows=1, storage_options=options(where))
    return not lines.collect().is_empty()


def _of_lake(
    rows: Callable[..., list[Location]], location: Location, new_file: NewFile
) -> list[Location]:
    """Read a table whose log another package reads, which may fail in ways of its own."""
    where = location.where
    with explained(location, ANYTHING):
        return rows(where, location, new_file, opening=options_of_log(where), access=options(where))


def _texts(location: Location, new_file: NewFile) -> list[Location]:
    """Copy texts to files, an object each."""
    ending = "".join(PurePosixPath(location.where).suffixes[:1])
    scan = pl.scan_lines(
        location.where,
        name="line",
        include_file_paths="object",
        storage_options=options(location.where),
    )
    copies: dict[str, Path] = {}
    digest = sha256()
    for batch in scan.collect_batches(chunk_size=LINES, maintain_order=True):
        for (name,), lines in batch.group_by("object", maintain_order=True):
            if name not in copies:
                copies[name] = new_file(ending)
                digest.update(b"\0")
            text = "".join(f"{line}\n" for line in lines["line"]).encode()
            digest.update(text)
            with filling(location.name), copies[name].open("ab") as copy:
                copy.write(text)
    if not copies:
        raise empty(location.name)
    return [
        Location(str(copy), shown(name), sha256=digest.hexdigest()) for name, copy in copies.items()
    ]
