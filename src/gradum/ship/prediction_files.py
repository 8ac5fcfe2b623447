"""Predictions and explanations as files: Parquet, CSV or JSON, according to their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import polars as pl

from gradum.errors import OutputError, SpecError
from gradum.files.atomic import check_writable, replacing
from gradum.files.scratch import scratch_folder
from gradum.messages import as_text, listed, say
from gradum.tables.grids.cell import called
from gradum.tables.paths import STANDARD_INPUT
from gradum.tables.table import Table
from gradum.tables.wording import nearest

FORMATS = (".parquet", ".csv")

WRITERS = {
    ".parquet": pl.DataFrame.write_parquet,
    ".csv": pl.DataFrame.write_csv,
    ".json": pl.DataFrame.write_json,
}


def check_format(path: Path, *, force: bool) -> None:
    """Refuse a name that says no format, and a file that is already there.

    Raises
    ------
    OutputError
    """
    if str(path) == STANDARD_INPUT:
        raise OutputError(
            "Predictions are written to a file, not to standard output.",
            "Name one that ends in {endings}.",
            endings=listed(list(FORMATS), "or"),
        )
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            "{path} names no format that predictions are written in.",
            "End the name in {endings}, which a spreadsheet opens.",
            path=path,
            endings=listed(list(FORMATS), "or"),
        )
    refuse_existing(path, force=force)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to overwrite a file, unless ``force``.

    Raises
    ------
    OutputError
    """
    if path.exists() and not force:
        raise OutputError(
            "{path} exists already.", "Choose another name, or give --force.", path=path
        )


def kept_columns(table: Table, names: list[str]) -> pl.DataFrame:
    """Return the columns that are to stand next to the predictions; pictures by their names.

    Raises
    ------
    SpecError
        The table lacks a column; the nearest names are given.
    """
    for name in names:
        if name not in table.frame.columns:
            raise SpecError(
                say("{source} has no column '{name}' to keep.", source=table.source, name=name),
                nearest(name, table.frame.columns),
            )
    return pl.DataFrame([called(table.frame[name]) for name in dict.fromkeys(names)])


def write(
    path: Path, blocks: Iterable[tuple[pl.DataFrame, pl.DataFrame]], *, force: bool = True
) -> int:
    """Write kept columns, or else row numbers from 1, next to the predictions, block by block.

    If a kept column has the same name as a prediction column, the prediction column stays. Only one
    block is in memory at a time. Returns the number of rows.

    Raises
    ------
    OutputError
        The file cannot be written; or there is one by now, unless ``force``.
    """
    with replacing(path) as temporary, scratch_folder(path.parent) as folder:
        is_parquet = path.suffix.lower() == ".parquet"
        parts, rows = written_parts(blocks, folder, as_text=not is_parquet)
        if len(parts) == 1 and is_parquet:
            parts[0].replace(temporary)
        elif is_parquet:
            pl.scan_parquet(parts, glob=False).sink_parquet(temporary)
        else:
            pl.scan_parquet(parts, glob=False).sink_csv(temporary)
        refuse_existing(path, force=force)  # it may have appeared while the blocks were predicted
    return rows


def written_parts(
    blocks: Iterable[tuple[pl.DataFrame, pl.DataFrame]], folder: Path, *, as_text: bool = False
) -> tuple[list[Path], int]:
    """Write each block to a Parquet file in a folder, and return the files and the rows of all.

    ``as_text`` says whether lists become texts.
    """
    parts: list[Path] = []
    rows = 0
    for kept, frame in blocks:
        parts.append(folder / f"{len(parts)}.parquet")
        block = beside(kept, frame, rows)
        (listed_as_text(block) if as_text else block).write_parquet(parts[-1])
        rows += len(frame)
    return parts, rows


def beside(kept: pl.DataFrame, frame: pl.DataFrame, before: int) -> pl.DataFrame:
    """Return kept columns, or row numbers after those before, next to predictions."""
    first = kept.drop([name for name in kept.columns if name in frame.columns])
    if not first.width:
        first = pl.DataFrame({"row": range(before + 1, before + len(frame) + 1)})
    return pl.concat([first, frame], how="horizontal")


def listed_as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return lists, such as sets of classes, as JSON text, which CSV can hold."""
    lists = [column for column in frame if isinstance(column.dtype, pl.List)]
    return frame.with_columns(
        pl.Series(
            column.name,
            [msgspec.json.encode(values, enc_hook=as_text).decode() for values in column.to_list()],
            dtype=pl.String,
        )
        for column in lists
    )


def check_frame_format(path: Path, *, force: bool, also: Sequence[str] = ()) -> None:
    """Refuse a name that says no format, and a file that is already there.

    Parameters
    ----------
    force : bool
        Whether a file may be replaced.
    also : sequence of str
        Other endings that the caller accepts.

    Raises
    ------
    OutputError
    """
    if path.suffix.lower() not in WRITERS:
        raise OutputError(
            "{path} names no format that explanations are written in.",
            "End the name in {endings}.",
            path=path,
            endings=listed([*WRITERS, *also], "or"),
        )
    refuse_existing(path, force=force)
    check_writable(path)


def write_frame(path: Path, frame: pl.DataFrame, *, force: bool) -> None:
    """Write the lines of explanations.

    Raises
    ------
    OutputError
        The file cannot be written; or there is one by now, unless ``force``.
    """
    with replacing(path) as temporary:
        WRITERS[path.suffix.lower()](frame, temporary)
        refuse_existing(path, force=force)  # it may have appeared while the rows were explained
