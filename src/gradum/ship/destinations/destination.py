"""The protocol of a destination, and the rules by which gradum replaces what stands there.

What gradum wrote has a mark that tells its columns. A destination with a mark is replaced as a
whole, once all rows are predicted; one without is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import polars as pl

from gradum.errors import OutputError
from gradum.files.atomic import filling
from gradum.files.scratch import scratch_folder
from gradum.messages import as_text, say
from gradum.ship.prediction_files import beside, listed_as_text, written_parts
from gradum.tables.wording import quoted

BEGINNING = "Written by gradum predict --into, which replaces it: "


class Existing(NamedTuple):
    """What stands at a destination: gradum's mark, if any, and the names of its columns.

    The names are None where only the mark tells them.
    """

    mark: str | None
    names: tuple[str, ...] | None = None


class Mark(msgspec.Struct, frozen=True):
    """What gradum says of rows that it wrote: their number, their columns, and the model."""

    rows: int
    columns: dict[str, str]
    model: str

    def __str__(self) -> str:
        return BEGINNING + msgspec.json.encode(self, enc_hook=as_text).decode()


Agree = Callable[[Existing | None], None]
"""Raises if what stands at a destination must not be replaced."""


class Destination(Protocol):
    """A place where the rows of one prediction stand, and no others.

    Its words (``str``) are what messages call it, without any password.
    """

    @property
    def scratch(self) -> Path | None:
        """A folder for what has to be written on the way; None for the system's."""
        ...

    def found(self) -> Existing | None:
        """Return what stands there; None if nothing does.

        Raises
        ------
        OutputError, TableError
            It cannot be reached or written.
        """
        ...

    def replace(self, parts: Sequence[Path], mark: Mark, agree: Agree) -> None:
        """Put the rows of Parquet files there in place of what stands there, or change nothing.

        Parameters
        ----------
        parts : sequence of path
            Their rows are consecutive.
        agree : callable
            Asked once more before the change.

        Raises
        ------
        OutputError, TableError
            It cannot be written, or must not be replaced.
        """
        ...


def refuse_foreign(destination: Destination, found: Existing | None) -> None:
    """Refuse to replace what gradum did not write.

    Raises
    ------
    OutputError
    """
    if found is not None and _columns(found) is None:
        raise OutputError(
            "{name} is there already, and gradum did not write it.",
            "Choose another name, or remove it yourself.",
            name=destination,
        )


def refuse_other_columns(
    destination: Destination, found: Existing | None, columns: dict[str, str]
) -> None:
    """Refuse to replace rows that have other columns.

    Raises
    ------
    OutputError
    """
    before = None if found is None else _columns(found)
    if before is None or found is None:
        return
    if found.names is not None:  # somebody may have changed the table since
        before = {name: before.get(name, "") for name in found.names}
    if list(before.items()) == list(columns.items()):
        return
    differing = [name for name in before | columns if before.get(name) != columns.get(name)]
    raise OutputError(
        "{name} has other columns than these predictions; they differ in {columns}.",
        "Choose another name, or give --force.",
        name=destination,
        columns=quoted(differing or columns),
    )


def _columns(found: Existing) -> dict[str, str] | None:
    """Return the columns of which a mark tells; None without one."""
    if found.mark is None or not found.mark.startswith(BEGINNING):
        return None
    try:
        return msgspec.json.decode(found.mark[len(BEGINNING) :], type=Mark).columns
    except msgspec.MsgspecError:
        return None


def replace(
    destination: Destination,
    blocks: Iterable[tuple[pl.DataFrame, pl.DataFrame]],
    *,
    model: str,
    force: bool,
) -> int:
    """Put kept columns, or row numbers, and predictions at a destination, and count the rows.

    Parameters
    ----------
    blocks : iterable of pairs
        Kept columns and predictions, of which one block is in memory at a time.
    model : str
        The model's fingerprint.
    force : bool
        Whether rows with other columns are replaced too.

    Raises
    ------
    OutputError, TableError
        It cannot be written, or must not be replaced; it is what it was.
    """
    columns: dict[str, str] = {}
    agree = _agreeing(destination, columns, force=force)

    def agreed() -> Iterable[tuple[pl.DataFrame, pl.DataFrame]]:
        for kept, frame in blocks:
            if not columns:
                columns.update(
                    (name, str(dtype)) for name, dtype in beside(kept, frame, 0).schema.items()
                )
                agree(destination.found())
            yield kept, frame

    with scratch_folder(destination.scratch) as folder:
        with filling(say("the predictions")):
            parts, rows = written_parts(agreed(), folder)
        destination.replace(parts, Mark(rows, columns, model), agree)
    return rows


def replace_by(
    destination: Destination, files: Sequence[Path], rows: int, *, model: str, force: bool
) -> None:
    """Do what `replace` does with rows that lie in Parquet files, in their order."""
    schema = pl.scan_parquet(files[0], glob=False).collect_schema()
    columns = {name: str(dtype) for name, dtype in schema.items()}
    agree = _agreeing(destination, columns, force=force)
    agree(destination.found())
    destination.replace(files, Mark(rows, columns, model), agree)


def _agreeing(destination: Destination, columns: dict[str, str], *, force: bool) -> Agree:
    def agree(found: Existing | None) -> None:
        refuse_foreign(destination, found)
        if not force:
            refuse_other_columns(destination, found, columns)

    return agree


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame in types that databases and workbooks have."""
    return pl.DataFrame(list(map(_plain, listed_as_text(frame))))


def _plain(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype in (pl.String, pl.Boolean, pl.Date) or isinstance(dtype, pl.Datetime):
        return column
    if dtype.is_float() or dtype.is_decimal():
        return column.cast(pl.Float64)
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        return column.cast(pl.Int64)
    if dtype in (pl.Binary, pl.Object) or dtype.is_nested():
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    return column.cast(pl.String)
