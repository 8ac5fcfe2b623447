"""A column cut into a few named segments: its levels, or quarters of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.messages import marked, say
from gradum.tables.counts import counted
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.kind import NumericScale
from gradum.tables.wording import shortened

MOST_LEVELS = 12
FEW_VALUES = 6
MISSING = marked("missing")
OTHER = marked("other")


@dataclass(frozen=True, eq=False)
class Cut:
    """The segments of one column."""

    column: str
    names: tuple[str, ...]
    """The names of its segments."""
    codes: np.ndarray
    """Of shape (m,). The segment of each row, from 0; every row is in one."""


def cut(values: pl.Series, kind: str, most_levels: int = MOST_LEVELS) -> Cut:
    """Cut a typed column, as `tables.check` leaves it, if a model may use its kind.

    - Numbers and dates: quarters of the rows with a value, which never split equal values; up to
      `FEW_VALUES` distinct values are a segment each. A quarter is named by its smallest and its
      largest value.
    - Categories: the ``most_levels`` commonest levels, and all other levels as one segment.
    - Texts are cut like numbers, by how many words they have.
    - Rows without a value form the last segment, "missing".
    """
    present = values.drop_nulls()
    traits = KINDS[kind]
    if traits.has_scale:
        names, codes = _ranges(traits.scale(present))
    elif traits.fixed_levels:
        names = [str(level).lower() for level in traits.fixed_levels]
        codes = present.replace_strict(
            traits.fixed_levels, np.arange(len(names)), return_dtype=pl.Int64
        ).to_numpy()
    else:
        names, codes = _levels(present, most_levels)
    whole = np.full(len(values), len(names), np.intp)
    whole[values.is_not_null().to_numpy()] = codes
    return Cut(
        values.name, (*names, say(MISSING)) if len(present) < len(values) else tuple(names), whole
    )


def _ranges(scale: NumericScale) -> tuple[list[str], np.ndarray]:
    """Cut numbers (m,) just above each quartile, which is always one of the numbers."""
    values, write = scale.numbers, scale.write
    if not len(values):
        return [], np.zeros(0, np.intp)
    ends = np.unique(np.quantile(values, [0.25, 0.5, 0.75, 1.0], method="inverted_cdf"))
    if len(distinct := np.unique(values)) <= FEW_VALUES:
        ends = distinct
    codes = np.searchsorted(ends, values)
    names = []
    for code in range(len(ends)):
        within = values[codes == code]
        low, high = write(within.min()), write(within.max())
        names.append(low if low == high else say("{low} to {high}", low=low, high=high))
    return [scale.label(name) for name in names], codes


def _levels(values: pl.Series, most: int) -> tuple[list[str], np.ndarray]:
    counts = counted(values).sort(["rows", "value"], descending=[True, False])
    levels = counts["value"].head(most)
    codes = values.replace_strict(
        levels, np.arange(len(levels)), default=len(levels), return_dtype=pl.Int64
    )
    names = [shortened(level) for level in levels]
    return (names if len(counts) == len(levels) else [*names, say(OTHER)]), codes.to_numpy()
