"""A classifier two-sample test of new rows against the reference's, by all columns together.

A classifier learns on half of both samples to tell them apart, and is judged on the other half;
then the halves are exchanged. If all rows come from one distribution, its scores on a half that it
has not learned from are ranked by chance, whatever the classifier is: the p-value of the area under
its ROC curve is that of Mann and Whitney. Twice the mean of two p-values is a p-value under any
dependence. Sources: D. Lopez-Paz, M. Oquab, Revisiting classifier two-sample tests (ICLR 2017); L.
Rüschendorf, Random variables with maximum sums (Advances in Applied Probability 14, 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from gradum.margins import falling
from gradum.run.reference.column_counts import in_numbers
from gradum.study.watch.distances import LEVEL
from gradum.study.watch.domain_sample import Scores
from gradum.study.watch.watched import JointWatch
from gradum.tables.columns import Column
from gradum.tables.counts import counted

JOINT_ROWS = 5_000
"""The most rows of each kind, drawn by chance."""

FEWEST_ROWS = 40
"""The fewest rows of each kind: twenty in a half."""

MOST_LEVELS = 60
"""The most levels of a column that are told apart; a classifier takes no more than 64 codes."""

SHOWN_COLUMNS = 3
LEAST_LOSS = 0.005

TwoSampleLearner = Callable[[np.ndarray, np.ndarray, np.ndarray], Scores]
"""Learns from columns (n, d), flags for those that are codes (d,), and labels (n,); scores rows."""


def watch_jointly(
    reference: pl.DataFrame,
    new: pl.DataFrame,
    columns: Sequence[Column],
    learn: TwoSampleLearner,
    rng: np.random.Generator,
) -> JointWatch:
    """Try to tell new rows from the reference's.

    Parameters
    ----------
    reference, new : DataFrame
        Typed rows, as `tables.check` leaves them: at least `FEWEST_ROWS` each.
    columns : sequence of Column
        The columns to tell the rows apart by.
    rng : Generator
        Halves the rows, and shuffles columns.
    """
    names = [column.name for column in columns]
    rows = pl.concat([reference.select(names), new.select(names)], how="vertical_relaxed")
    values, coded = _as_array(rows, columns)
    label = np.repeat([0, 1], [len(reference), len(new)])
    fold = np.concatenate([_halves(len(reference), rng), _halves(len(new), rng)])
    halves = []
    for judging in (0, 1):
        learned, judged = fold != judging, fold == judging
        score = learn(values[learned], coded, label[learned])
        halves.append(_HeldOut(score, values[judged], label[judged]))
    areas, ps = zip(*(half.area() for half in halves), strict=True)
    p = float(min(1.0, 2 * np.mean(ps)))
    foremost = _foremost(halves, names, rng) if p <= LEVEL else ()
    return JointWatch(
        auc=float(np.mean(areas)),
        least_auc=_least_area(len(reference) // 2, len(new) // 2),
        p=p,
        rows=len(new),
        reference_rows=len(reference),
        columns=foremost,
    )


@dataclass(frozen=True)
class _HeldOut:
    """A classifier, and rows (n, d) with labels (n,) that it has not learned from."""

    score: Scores
    values: np.ndarray
    label: np.ndarray

    def area(
        self, place: int | None = None, rng: np.random.Generator | None = None
    ) -> tuple[float, float]:
        """Return the area under the ROC curve, and p for new rows ranking higher (Mann, Whitney).

        If a column is given by its position, it is shuffled first.
        """
        values = self.values
        if place is not None and rng is not None:
            values = values.copy()
            values[:, place] = rng.permutation(values[:, place])
        score = self.score(values)
        new, others = score[self.label == 1], score[self.label == 0]
        found = stats.mannwhitneyu(new, others, alternative="greater")
        return float(found.statistic / (len(new) * len(others))), float(found.pvalue)


def _foremost(
    halves: Sequence[_HeldOut], names: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[str, float], ...]:
    """Return the columns whose loss reduces the area most, and by how much."""
    whole = np.mean([half.area()[0] for half in halves])
    loss = np.array(
        [
            whole - np.mean([half.area(place, rng)[0] for half in halves])
            for place in range(len(names))
        ]
    )
    foremost = [place for place in falling(loss).tolist() if loss[place] >= LEAST_LOSS]
    return tuple((names[int(place)], float(loss[place])) for place in foremost[:SHOWN_COLUMNS])


def _as_array(rows: pl.DataFrame, columns: Sequence[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Return columns (n, d) as numbers, NaN where missing, and which columns are codes (d,)."""
    coded = np.array([column.traits.names_groups for column in columns])
    arrays = []
    for column, levels in zip(columns, coded, strict=True):
        values = rows[column.name]
        arrays.append(in_numbers(_codes(values) if levels else values).to_numpy())
    return np.column_stack(arrays), coded


def _codes(values: pl.Series) -> pl.Series:
    """Give the commonest levels numbers from 0; all other levels share one."""
    counts = counted(values.drop_nulls())
    ordered = counts.sort(["rows", "value"], descending=[True, False])["value"]
    levels = ordered.head(MOST_LEVELS)
    return values.replace_strict(
        levels, np.arange(len(levels)), default=len(levels), return_dtype=pl.Float64
    ).set(values.is_null(), None)


def _halves(rows: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.arange(rows) % 2)


def _least_area(n: int, m: int) -> float:
    """Return the least area with p = 5% on its own, in both halves of n and m rows.

    It is 0.5 + 1.96 √((n + m + 1) / (12 n m)), as each p-value has to be 2.5% then.
    """
    error = np.sqrt((n + m + 1) / (12 * n * m))
    return float(0.5 + stats.norm.isf(LEVEL / 2) * error)
