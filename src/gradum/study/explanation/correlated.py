"""Columns that depend on each other, whose parts of an answer are hard to tell apart.

Interventional values look at rows that mix their values as no row of the table does. As one player
they come together, and share one value.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse.csgraph import connected_components

from gradum.study.explanation.game import Player
from gradum.tables.columns import Column

STRONG = 0.8
FEWEST_ROWS = 10  # of fewer, even columns that have nothing to do with each other are often strong


def correlated(
    rows: pl.DataFrame, columns: Sequence[Column], players: Sequence[Player]
) -> tuple[tuple[str, ...], ...]:
    """Return groups of numbers and dates with |Spearman's ρ| ≥ 0.8 along a chain of pairs.

    Each group and its columns stand in the table's order. A missing value has the middle rank. Not
    among them: a group whose columns are one player already. None of fewer than `FEWEST_ROWS` rows.
    """
    names = [column.name for column in columns if column.traits.lies_on_line]
    if len(names) < 2 or len(rows) < FEWEST_ROWS:
        return ()
    ranks = rows.select(pl.col(names).rank())
    with np.errstate(invalid="ignore", divide="ignore"):  # of a column that does not vary
        correlation = np.corrcoef(ranks.fill_null(strategy="mean").to_numpy(), rowvar=False)
    # Of few rows 0.8 itself is common, and must not hang on its last digit.
    linked = np.abs(correlation).round(9) >= STRONG
    _, group_of = connected_components(linked.astype(np.int8))
    groups = [
        tuple(name for name, group in zip(names, group_of, strict=True) if group == number)
        for number in dict.fromkeys(group_of.tolist())
    ]
    return tuple(
        group
        for group in groups
        if len(group) > 1 and not any(set(group) <= set(player) for player in players)
    )
