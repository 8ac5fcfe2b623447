"""Columns that depend on each other, so that their contributions are hard to tell apart.

Interventional values ask about rows that mix such columns' values in ways that no row of the table
does. If the columns are one player, their values come in together and they share one contribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse.csgraph import connected_components

from gradum.study.explanation.game import Player
from gradum.tables.columns import Column

STRONG = 0.8
FEWEST_ROWS = 10  # in fewer rows, even unrelated columns are often strongly correlated


def correlated(
    rows: pl.DataFrame, columns: Sequence[Column], players: Sequence[Player]
) -> tuple[tuple[str, ...], ...]:
    """Return groups of numbers and dates with |Spearman's ρ| ≥ 0.8 along a chain of pairs.

    Groups and their columns are in the table's order. A missing value has the middle rank. A group
    whose columns are already one player is left out. With fewer than `FEWEST_ROWS` rows, there are
    no groups.
    """
    names = [column.name for column in columns if column.traits.lies_on_line]
    if len(names) < 2 or len(rows) < FEWEST_ROWS:
        return ()
    ranks = rows.select(pl.col(names).rank())
    with np.errstate(invalid="ignore", divide="ignore"):  # for a column that does not vary
        correlation = np.corrcoef(ranks.fill_null(strategy="mean").to_numpy(), rowvar=False)
    # With few rows, exactly 0.8 is common, and the result must not depend on its last digit.
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
