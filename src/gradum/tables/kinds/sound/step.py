"""Spectrograms of one length, and what is measured of them."""

from __future__ import annotations

import polars as pl

from gradum.tables.kinds.grid_step import GridStep

LEAST_FRAMES, MOST_FRAMES = 8, 128


class Sound(GridStep, frozen=True, tag="sound"):
    """Sounds of one length."""

    letter = b"s"

    @classmethod
    def fit(cls, series: pl.Series) -> Sound:
        """Choose the length from training rows."""
        raise NotImplementedError
