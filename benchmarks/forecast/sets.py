"""Public sets of series, each with its last horizon hidden from every side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

INDEX = "index.json"
KINDS = ("choosing", "judging")
"""What the sets of a folder are for: settings may be chosen on some, and on the others nothing."""


@dataclass(frozen=True)
class PublicSet:
    """S series, of which the last H values are hidden.

    Parameters
    ----------
    name : str
    file : Path
        A row for each series and stamp, with ``series``, ``stamp`` and ``value``.
    horizon, season : int
        H, and the cycle that the seasonal naive and the classical peers are given.
    kind : str
        "choosing" or "judging".
    """

    name: str
    file: Path
    horizon: int
    season: int
    kind: str

    @cached_property
    def digest(self) -> str:
        """What tells this set from others: of its rows, horizon and season."""
        told = f"{self.horizon} {self.season}".encode()
        return sha256(self.file.read_bytes() + told).hexdigest()[:12]

    @cached_property
    def rows(self) -> pl.DataFrame:
        """All rows, by series and stamp, with ``hidden``."""
        rows = pl.read_parquet(self.file).sort("series", "stamp")
        back = pl.len().over("series") - pl.int_range(pl.len()).over("series")
        return rows.with_columns(hidden=back <= self.horizon)

    @property
    def shown(self) -> pl.DataFrame:
        """The rows that every side sees."""
        return self.rows.filter(~pl.col("hidden")).drop("hidden")

    @cached_property
    def past(self) -> list[np.ndarray]:
        """The values of each series that every side sees."""
        parts = self.shown.partition_by("series", maintain_order=True)
        return [part["value"].to_numpy().astype(float) for part in parts]

    @cached_property
    def truth(self) -> np.ndarray:
        """The hidden values (S, H)."""
        return (
            self.rows.filter("hidden")["value"].to_numpy().astype(float).reshape(-1, self.horizon)
        )

    @cached_property
    def scales(self) -> np.ndarray:
        """The mean of |y[t] − y[t − m]| of each series (S,) over what is shown."""
        return np.array([np.abs(y[self.season :] - y[: -self.season]).mean() for y in self.past])


def sets_of(folder: Path, names: str = "") -> list[PublicSet]:
    """Return the sets of a folder: all, those of a kind, or those that are named with commas."""
    index = json.loads((folder / INDEX).read_text())
    asked = [name for kind in KINDS for name in index[kind]]
    if names:
        asked = index[names] if names in KINDS else names.split(",")
    return [
        PublicSet(
            name,
            folder / f"{name}.parquet",
            index[name]["horizon"],
            index[name]["season"],
            next(kind for kind in KINDS if name in index[kind]),
        )
        for name in asked
    ]
