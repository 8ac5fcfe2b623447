"""A quick model: a ridge regression, and a forest on its residuals.

It is strong enough to make use of rows that belong together, takes a fraction of a second, and
predicts the rows that it learned from as it predicts others: its ridge leaves each row out in turn,
its trees hold the row out. So both kinds of rows are scored by models of equally many rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy import linalg

from gradum.margins import first_least
from gradum.run.alarms.forest import forest
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Schema

PENALTIES = 10.0 ** np.arange(-2, 6)
MOST_LEVELS = 40  # with so many or fewer, each has a step of its own in the ridge
MOST_COLUMNS = 150  # of the ridge
FARTHEST = 5.0  # standard deviations beyond which numbers are clipped
LEAST_LEFT = 1e-3  # of 1 - leverage


@dataclass(frozen=True)
class EncodedColumns:
    """Encoded columns (n, d), the table's column of each, and which are places in a cycle."""

    values: np.ndarray
    source: np.ndarray
    cycle: np.ndarray

    def keeping(self, kept: np.ndarray) -> EncodedColumns:
        """Return the columns for which a mask (d,) is true."""
        return EncodedColumns(self.values[:, kept], self.source[kept], self.cycle[kept])

    def take(self, places: np.ndarray) -> EncodedColumns:
        """Return the rows at some places."""
        return replace(self, values=self.values[places])


@dataclass(frozen=True)
class QuickColumns:
    """Encoded rows in the form in which the quick model reads them."""

    straight: EncodedColumns
    """For the ridge: standardised numbers, and steps of columns with few levels."""
    cut: EncodedColumns
    """For the trees: the same numbers, and levels as their places."""

    @classmethod
    def of(cls, frame: pl.DataFrame, schema: Schema) -> QuickColumns:
        """Encode the features of checked rows; texts are left out."""
        encoder = Encoder.fit(frame, schema)
        design, layout = encoder.transform(frame), encoder.layout
        units = design.standard_units()
        numbers = np.clip((design.dense - units.centre) / units.scale, -FARTHEST, FARTHEST)
        coded = list(design.coded_columns())
        few = [(column, codes) for column, codes in coded if len(column.levels) <= MOST_LEVELS]
        steps = [codes[:, None] == np.arange(len(column.levels)) + 1 for column, codes in few]
        of_steps = [column.source for column, _ in few for _ in column.levels]
        of_numbers = [feature.source for feature in layout.dense]
        cycle = [feature.traits.is_cyclic for feature in layout.dense]
        return cls(
            _block(numbers, of_numbers, cycle, steps, of_steps),
            _block(
                numbers,
                of_numbers,
                cycle,
                [codes[:, None] for _, codes in coded],
                [column.source for column, _ in coded],
            ),
        )

    def take(self, places: np.ndarray) -> QuickColumns:
        """Return the rows at some places."""
        return QuickColumns(*(block.take(places) for block in self._blocks))

    def without(self, name: str) -> QuickColumns:
        """Leave out what was made from a column of the table."""
        straight, cut = (block.keeping(block.source != name) for block in self._blocks)
        return QuickColumns(straight, cut)

    def with_less_of(self, name: str) -> tuple[QuickColumns, ...]:
        """Return them unchanged, without the cycles of a date, and without the named column."""
        cycles = [(block.source == name) & block.cycle for block in self._blocks]
        if not cycles[0].any():
            return (self, self.without(name))
        straight, cut = (b.keeping(~cycle) for b, cycle in zip(self._blocks, cycles, strict=True))
        return (self, QuickColumns(straight, cut), self.without(name))

    @property
    def _blocks(self) -> tuple[EncodedColumns, EncodedColumns]:
        return self.straight, self.cut


def _block(
    numbers: np.ndarray,
    of_numbers: Sequence[str],
    cycle: Sequence[bool],
    others: Sequence[np.ndarray],
    of_others: Sequence[str],
) -> EncodedColumns:
    """Put numbers next to other columns, which are no cycles."""
    source = np.array([*of_numbers, *of_others], dtype=object)
    return EncodedColumns(
        np.hstack([numbers, *others]), source, np.array([*cycle, *[False] * len(of_others)], bool)
    )


def answers(
    columns: QuickColumns,
    target: np.ndarray,
    learned: np.ndarray,
    rng: np.random.Generator,
    about: str,
    group: np.ndarray | None = None,
) -> np.ndarray:
    """Return the quick model's prediction (n, k) for every row without learning from that row.

    Parameters
    ----------
    target : ndarray of shape (n, k)
        A number, or one indicator per class; read only for the rows that are learned from.
    learned : ndarray of shape (n,)
        Which rows are learned from.
    rng : numpy.random.Generator
    about : str
        The table's column that every node of a tree tries.
    group : ndarray of shape (n,), optional
        Codes of groups, whose means may be learned as well.
    """
    straight = ridge_answers(columns.straight.values, target, learned)
    rest = np.where(learned[:, None], target - straight, 0.0)
    always = np.flatnonzero(columns.cut.source == about).tolist()
    more = forest(columns.cut.values, rest, learned, rng, always)
    known, left = more[learned], rest[learned]
    # The trees count in so far as they agree with rows that they held out.
    share = np.sum(known * left) / max(float(np.sum(known**2)), np.finfo(float).tiny)
    said = straight + np.clip(share, 0.0, 1.0) * more
    if group is None:
        return said
    return said + group_means(np.where(learned[:, None], target - said, 0.0), learned, group)


def group_means(errors: np.ndarray, learned: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the mean error of the other rows in each row's group, shrunk towards 0: (n, k).

    If groups have variance b, and rows within them variance w, the best factor for the mean of m
    rows is m / (m + w / b). Both variances come from the products of the errors of rows in the same
    group.
    """
    sums = np.stack([np.bincount(group, column) for column in errors.T], axis=1)
    count = np.bincount(group, learned)
    squares = np.sum(errors**2)
    pairs = np.sum(count * (count - 1))
    between = (np.sum(sums**2) - squares) / max(pairs, 1.0)
    within = squares / learned.sum() - between
    if between <= 0:
        return np.zeros_like(errors)
    others = np.maximum(count[group] - learned, 0.0)
    return (sums[group] - errors) / (others + max(within, 0.0) / between + 1e-9)[:, None]


def ridge_answers(columns: np.ndarray, target: np.ndarray, learned: np.ndarray) -> np.ndarray:
    """Return a ridge regression's predictions (n, k), for each row learned from without that row.

    Its penalty minimises the squared error of rows left out one at a time, which the diagonal of
    the hat matrix gives without refitting: eᵢ / (1 - hᵢ).
    """
    if not columns.shape[1]:
        columns = np.zeros((len(columns), 1))
    known = columns[learned]
    if known.shape[1] > MOST_COLUMNS:
        kept = _telling(known, target[learned])
        columns, known = columns[:, kept], known[:, kept]
    centre, level = known.mean(axis=0), target[learned].mean(axis=0)
    centred, deviations = known - centre, target[learned] - level
    values, vectors = linalg.eigh(centred.T @ centred)
    scores = centred @ vectors
    given = scores.T @ deviations
    left_out, losses = [], []
    for penalty in PENALTIES:
        shrunk = 1 / (np.maximum(values, 0.0) + penalty)
        leverage = 1 / len(known) + scores**2 @ shrunk
        error = deviations - scores @ (given * shrunk[:, None])
        left_out.append(error / np.maximum(1 - leverage, LEAST_LEFT)[:, None])
        losses.append(float(np.sum(left_out[-1] ** 2)))
    best = int(first_least(np.array(losses)))
    shrunk = 1 / (np.maximum(values, 0.0) + PENALTIES[best])
    said = level + (columns - centre) @ (vectors @ (given * shrunk[:, None]))
    said[learned] = target[learned] - left_out[best]
    return said


def _telling(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the places of the columns that are most correlated with the target."""
    centred = columns - columns.mean(axis=0)
    size = np.maximum(np.sqrt((centred**2).sum(axis=0)), np.finfo(float).tiny)
    strength = np.abs(centred.T @ (target - target.mean(axis=0))).max(axis=1) / size
    return np.sort(np.argsort(-strength, kind="stable")[:MOST_COLUMNS])
