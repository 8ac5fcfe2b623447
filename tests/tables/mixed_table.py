"""A small table with a column of each kind, and its schema."""

import datetime as dt

import numpy as np
import polars as pl

from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read

N = 40
FRAME = pl.DataFrame(
    {
        "count": [3, 5, 7, 90] * 10,
        "size": np.linspace(0.5, 9.5, N),
        "colour": ["red", "green", None, "blue"] * 10,
        "smoker": [True, False] * 20,
        "day": [dt.datetime(2020, 1, 1), dt.datetime(2021, 6, 30)] * 20,
        "note": [f"this is row number {i} of it" for i in range(N)],
        "same": ["x"] * N,
        "y": ["no", "yes"] * 20,
    }
)
SCHEMA = infer(read(FRAME), target="y")
