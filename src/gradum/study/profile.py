"""What the table's columns hold, small enough to be looked at."""

from __future__ import annotations

import msgspec

from gradum.fitting.dataset import Dataset


class ColumnProfile(msgspec.Struct, frozen=True):
    """One used column.

    Parameters
    ----------
    name : str
    missing : float
        Share of the rows without a value.
    range : tuple of str
        Smallest value, median, largest value of numbers and dates; empty for others.
    bars : tuple of (str, float)
        What stands at a bar, and its share of the rows with a value: ranges of equal width of
        numbers and dates between their 1% and 99% points, the commonest levels of categories.
    """

    name: str
    missing: float
    range: tuple[str, ...]
    bars: tuple[tuple[str, float], ...]


def profile(dataset: Dataset, *, rows: bool) -> tuple[ColumnProfile, ...]:
    """Summarise the target and every feature; without ``rows``, no value that one row alone has."""
    raise NotImplementedError
