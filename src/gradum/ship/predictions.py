"""Predictions as a file: Parquet or CSV, by its name."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from gradum.errors import OutputError, SpecError
from gradum.files.atomic import replacing
from gradum.tables.table import Table
from gradum.tables.wording import nearest

FORMATS = (".parquet", ".csv")


def check_format(path: Path, *, force: bool) -> None:
    """Refuse a name that says no format, and a file that is already there.

    Raises
    ------
    OutputError
    """
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"{path} names no format that predictions are written in.",
            f"End the name in {' or '.join(FORMATS)}.",
        )
    if path.exists() and not force:
        raise OutputError(f"{path} exists already.", "Choose another name, or give --force.")


def kept_columns(table: Table, names: list[str]) -> pl.DataFrame:
    """Return the columns that are to stand next to the predictions.

    Raises
    ------
    SpecError
        The table lacks a column; the nearest names are given.
    """
    for name in names:
        if name not in table.frame.columns:
            raise SpecError(
                f"{table.source} has no column '{name}' to keep.",
                nearest(name, table.frame.columns),
            )
    return table.frame.select(list(dict.fromkeys(names)))


def write(path: Path, kept: pl.DataFrame, frame: pl.DataFrame) -> None:
    """Write kept columns, or else row numbers from 1, next to the predictions.

    Where a kept column has the name of a prediction's, the prediction's stays.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    first = kept.drop([name for name in kept.columns if name in frame.columns])
    if not first.width:
        first = pl.DataFrame({"row": range(1, len(frame) + 1)})
    whole = pl.concat([first, frame], how="horizontal")
    with replacing(path) as temporary:
        if path.suffix.lower() == ".parquet":
            whole.write_parquet(temporary)
        else:
            whole.write_csv(temporary)
