"""Encoding a million rows against polars' own cast of the same columns.

Both sides get the same frame of 10 numeric and 10 categorical columns. polars casts the numeric
columns to float32 and the others to the physical codes of an Enum of their levels, known in
advance; the encoder imputes, clips, looks levels up and leaves a float64 and an int32 block.
The two are timed in turns, and the median of the rounds is printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import polars as pl

from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Column, Schema

ROWS = 1_000_000
NUMERIC_COLUMNS = 10
LEVELS = (5,) * 5 + (1_000,) * 5
ROUNDS = 5
SHARE_MISSING = 0.02


def table(rows: int) -> tuple[pl.DataFrame, Schema]:
    """Draw the frame: normal numbers and uniform levels, a few of each missing."""
    rng = np.random.default_rng(0)
    numeric = {f"x{j}": pl.Series(rng.normal(size=rows)) for j in range(NUMERIC_COLUMNS)}
    categorical = {
        f"c{j}": pl.Series([f"level {k:04d}" for k in range(levels)])[
            rng.integers(levels, size=rows)
        ]
        for j, levels in enumerate(LEVELS)
    }
    frame = pl.DataFrame(numeric | categorical).with_columns(
        pl.when(pl.lit(pl.Series(rng.random(rows) >= SHARE_MISSING))).then(pl.col("x0", "c0", "c9"))
    )
    columns = [Column(name, "numeric", "feature") for name in numeric]
    columns += [Column(name, "categorical", "feature") for name in categorical]
    return frame, Schema("benchmark", rows, tuple(columns))


def polars_cast(frame: pl.DataFrame) -> Callable[[], pl.DataFrame]:
    """Make polars' own cast of the frame, with level names already known."""
    casts = []
    for name, dtype in frame.schema.items():
        if dtype == pl.String:
            levels = pl.Enum(frame[name].drop_nulls().unique().sort())
            casts.append(pl.col(name).cast(levels).to_physical())
        else:
            casts.append(pl.col(name).cast(pl.Float32))
    return lambda: frame.select(casts)


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print both times, their ratio, the time to fit, and the time for one row."""
    frame, schema = table(ROWS)
    cast = polars_cast(frame)
    fitting = seconds(lambda: Encoder.fit(frame, schema))
    encoder = Encoder.fit(frame, schema)
    rounds = [
        (seconds(cast), seconds(lambda: encoder.transform(frame))) for _ in range(ROUNDS + 1)
    ][1:]
    polars_time = median(first for first, _ in rounds)
    encoder_time = median(second for _, second in rounds)
    one = frame.head(1)
    one_row = median(seconds(lambda: encoder.transform(one)) for _ in range(100))
    print(f"{ROWS:,} rows x {frame.width} columns, median of {ROUNDS} rounds in turns")
    print(f"polars' cast to codes and float32  {polars_time * 1e3:8.1f} ms")
    print(f"encoder.transform                  {encoder_time * 1e3:8.1f} ms")
    print(f"ratio                              {encoder_time / polars_time:8.2f}")
    print(f"Encoder.fit                        {fitting * 1e3:8.1f} ms")
    print(f"encoder.transform of one row       {one_row * 1e3:8.2f} ms")


if __name__ == "__main__":
    main()
