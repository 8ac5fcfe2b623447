"""Rows with other levels: the changes of levels that bring answers closest to changing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.margins import falling
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.stress.aims import Aims
from gradum.questions.stress.stressed_rows import StressedRows
from gradum.run.fitted import Fitted

KEPT = 3
"""For each aim and number of changed levels, the number of changes also tried with moves."""

Changed = Mapping[str, Any]
"""New levels by column."""


@dataclass(frozen=True, eq=False)
class Variants:
    """p copies of rows, each with some or no levels changed."""

    rows: pl.DataFrame
    """Typed."""
    aims: np.ndarray
    """Integers of shape (p,). The aim of each copy."""
    evaluations: int
    """The number of answers computed to choose them."""


def level_choices(fitted: Fitted) -> dict[str, tuple[Any, ...]]:
    """Return the possible levels of each column: known levels of categories, and yes and no."""
    return {step.source: step.choices for step in fitted.encoder.steps if step.choices}


def variants(stressed: StressedRows, aims: Aims) -> Variants:
    """Return each aim's row as it is, and with up to as many levels changed as the threat allows.

    For each number of changes, the `KEPT` variants that come farthest are returned. All single
    changes are tried, and then every further change on top of the kept variants.
    """
    rows, limits = stressed.rows, stressed.threat.limits
    choices = level_choices(stressed.fitted)
    every = np.arange(len(aims.rows))
    kept: list[tuple[int, Changed]] = [(int(aim), {}) for aim in every]
    latest, evaluations = kept, 0
    for _ in range(stressed.threat.levels):
        tried = [
            (aim, {**changed, column: level})
            for aim, changed in latest
            for column, level in other_levels(rows.row(aims.rows[aim], named=True), choices, limits)
            if column not in changed
        ]
        if not tried:
            break
        of_aim = np.array([aim for aim, _ in tried])
        copies = with_levels(rows[aims.rows[of_aim]], [changed for _, changed in tried])
        lead = aims.progress(stressed.answers(copies), of_aim).lead
        evaluations += len(tried)
        latest = []
        for aim in every:
            places = np.flatnonzero(of_aim == aim)
            latest += [tried[place] for place in places[falling(lead[places])[:KEPT]]]
        kept = [*kept, *latest]
    of_aim = np.array([aim for aim, _ in kept], np.intp)
    changes = [changed for _, changed in kept]
    return Variants(with_levels(rows[aims.rows[of_aim]], changes), of_aim, evaluations)


def other_levels(
    row: Mapping[str, Any], choices: Mapping[str, Sequence[Any]], limits: Limits
) -> list[tuple[str, Any]]:
    """Return every change of one level that a row allows; missing values stay missing."""
    return [
        (column, level)
        for column, levels in choices.items()
        if row[column] is not None
        for level in levels
        if level != row[column] and limits.allow(column, row[column], level)
    ]


def with_levels(rows: pl.DataFrame, changes: Sequence[Changed]) -> pl.DataFrame:
    """Return rows with their changes applied."""
    columns = dict.fromkeys(column for changed in changes for column in changed)
    return rows.with_columns(
        pl.Series(
            column,
            [
                changed.get(column, value)
                for changed, value in zip(changes, rows[column], strict=True)
            ],
            rows[column].dtype,
        )
        for column in columns
    )
