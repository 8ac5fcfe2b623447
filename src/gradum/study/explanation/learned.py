"""Rows that a run learned from, as a rung sees them, and background rows drawn from them.

Background rows fill in the columns outside a coalition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradum.core.models.opened import LastLayer
from gradum.errors import SpecError
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Rung
from gradum.tables.encode import Unencoded
from gradum.tables.split import Part

if TYPE_CHECKING:
    from gradum.run.run import Run

NUMBERS_AT_ONCE = 2**22  # at the last layer

BACKGROUND_ROWS = 200


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """n rows of a run's table that a rung learned from."""

    fitted: Fitted
    rung: Rung
    frame: pl.DataFrame
    """Their feature columns."""
    numbers: np.ndarray
    """Integers of shape (n,). Their numbers in the table, from 1."""
    target: np.ndarray
    """Of shape (n,). Numbers in raw units, or class codes."""
    weight: np.ndarray
    """Of shape (n,). Their weights in the rung's training; where classes are balanced, times the
    weight of the class."""

    @classmethod
    def of(cls, fitted: Fitted, rung: Rung, dataset: Dataset, parts: np.ndarray) -> LearnedRows:
        """Select them from a run's rows and their parts.

        Validation rows that only stopped a fit are left out.

        Raises
        ------
        SpecError
            The rung looks at no column.
        """
        if rung.input_layer is None:
            raise SpecError("The baseline looks at no column.", "Choose another model (--rung).")
        if fitted.spec.refit:
            learned = np.arange(len(dataset))
        else:
            only_stopping = rung.stopped_early & (parts == Part.VALIDATION)
            learned = np.flatnonzero((parts != Part.TEST) & ~only_stopping)
        weight = dataset.weight[learned]
        target = dataset.target[learned]
        if rung.class_weight is not None:
            weight = weight * np.asarray(rung.class_weight)[target]
        features = [column.name for column in fitted.schema.features]
        frame = dataset.frame[learned].select(features)
        return cls(fitted, rung, frame, dataset.numbers[learned] + 1, target, weight)

    def __len__(self) -> int:
        return len(self.frame)

    def without(self, number: int) -> LearnedRows:
        """Return all rows but the one with a given number."""
        kept = self.numbers != number
        return LearnedRows(
            self.fitted,
            self.rung,
            self.frame.filter(kept),
            self.numbers[kept],
            self.target[kept],
            self.weight[kept],
        )

    def last_layers(self, frame: pl.DataFrame | None = None) -> Iterator[LastLayer]:
        """Yield, block by block, these rows or those of another frame at the last layer.

        Raises
        ------
        SpecError
            The rung's architecture has no last layer.
        """
        rung, encoder = self.rung, self.fitted.encoder
        assert rung.input_layer is not None
        width = max(1, *rung.network.widths)
        design = Unencoded(encoder, self.frame if frame is None else frame)
        for block in design.blocks(max(1, NUMBERS_AT_ONCE // width)):
            inputs = rung.input_layer(block.arrays, dtype=rung.dtype)
            layer = rung.network.last_layer(rung.params, inputs)
            if layer is None:
                raise SpecError(
                    "The model {rung!r} has no last layer whose sum is its answer and by which "
                    "rows could be compared.",
                    "Choose another model (--rung).",
                    rung=rung.name,
                )
            yield layer


def given_background(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return up to `BACKGROUND_ROWS` of the rows given as a background."""
    return drawn_rows(rows, BACKGROUND_ROWS, stream(seed, "study", "background"))


def background_rows(run: Run) -> pl.DataFrame:
    """Return up to `BACKGROUND_ROWS` of the rows that a run learned from, without the target."""
    learned = (run.parts != Part.TEST) | run.fitted.spec.refit
    return background_among(run, learned, BACKGROUND_ROWS)


def background_among(run: Run, learned: np.ndarray, most: int) -> pl.DataFrame:
    """Return up to ``most`` of a run's rows where a mask (n,) holds, without the target.

    They are drawn by weight and then count equally.
    """
    dataset, spec = run.dataset, run.fitted.spec
    places = np.flatnonzero(learned)
    rng = stream(spec.seed, "study", "background")
    places = places[drawn_by_weight(dataset.weight[places], min(most, len(places)), rng)]
    columns = [column.name for column in run.fitted.schema.features]
    return dataset.frame[places].select(columns)


def drawn_by_weight(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw positions of rows, rising: each count · w / Σ w times, rounded up or down.

    With equal weights no row comes twice; a row may do so if it weighs more than Σ w / count.
    Systematic sampling of shuffled rows: W. G. Madow, On the theory of systematic sampling, II
    (1949).
    """
    order = rng.permutation(len(weight))
    reached = np.cumsum(weight[order])
    points = (rng.random() + np.arange(count)) / count * reached[-1]
    return np.sort(order[np.searchsorted(reached, points, side="right")])


def drawn_rows(rows: pl.DataFrame, most: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return up to ``most`` of some rows, drawn without replacement, in their order."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]
