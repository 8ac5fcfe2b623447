"""Leads of changed copies of one row: how far their answers have come towards an aim.

A copy is given in one of two ways: as individual values by column, or as a choice among the
columns' candidates, one number per column. No column's encoding depends on another's, so the
candidates are encoded once and copies are assembled from them.

Shapes: m copies, d columns with candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from gradum.questions.counterfactual.aim import Aim
from gradum.questions.counterfactual.candidates import Candidates
from gradum.rungs.rung import Rung
from gradum.tables.encode import Encoder
from gradum.tables.kinds.design import Design

Changed = Mapping[str, Any]
"""New values by column."""


@dataclass(frozen=True)
class Answers:
    """A rung's answers for changed copies of a row."""

    encoder: Encoder
    rung: Rung
    aim: Aim
    row: pl.DataFrame
    """One row, checked."""

    def leads(self, copies: Sequence[Changed]) -> np.ndarray:
        """Return how far beyond the aim copies are (m,)."""
        return self.aim.lead(self.rung.predict(self.encoder.transform(self.frame(copies))))

    def frame(self, copies: Sequence[Changed]) -> pl.DataFrame:
        """Return the copies as a table."""
        repeated = self.row[np.zeros(len(copies), np.intp)]
        changed = dict.fromkeys(name for copy in copies for name in copy)
        return repeated.with_columns(
            pl.Series(
                name,
                [copy.get(name, self.row[name][0]) for copy in copies],
                # A table may hold numbers as float32 where that is exact; changed ones need more.
                pl.Float64 if self.row[name].dtype.is_numeric() else self.row[name].dtype,
            )
            for name in changed
        )


@dataclass(frozen=True)
class CandidateGrid:
    """A rung's answers for a row whose columns take some of their candidates."""

    answers: Answers
    """The answers for the row."""
    candidates: tuple[Candidates, ...]
    """Of length d. The candidates of each column. A choice (d,) holds, for each column, the index
    of one of its candidates: 0 for the row's own value."""

    def leads(self, choices: np.ndarray) -> np.ndarray:
        """Return how far beyond the aim copies are (m,), given the indices of candidates (m, d)."""
        # One more column, of zeros, stands for columns without candidates, which keep the row's
        # values.
        numbers = np.concatenate([choices, np.zeros((len(choices), 1), choices.dtype)], axis=1)
        design = self._encoded.mixed(numbers, self._places)
        return self.answers.aim.lead(self.answers.rung.predict(design))

    def costs(self, choices: np.ndarray) -> np.ndarray:
        """Return the costs of copies (m,)."""
        return _summed([candidates.costs for candidates in self.candidates], choices)

    def floors(self, choices: np.ndarray) -> np.ndarray:
        """Return the least that copies may cost after refinement (m,)."""
        return _summed([candidates.floors for candidates in self.candidates], choices)

    def changed(self, choice: np.ndarray) -> dict[str, Any]:
        """Return the values by column that a choice (d,) changes."""
        return {
            self.candidates[place].column: self.candidates[place].values[choice[place]]
            for place in np.flatnonzero(choice)
        }

    @cached_property
    def _encoded(self) -> Design:
        """The design whose row k holds candidate k of every column."""
        rows = max((len(candidates.values) for candidates in self.candidates), default=1)
        copies = [
            {
                candidates.column: candidates.values[k]
                for candidates in self.candidates
                if k < len(candidates.values)
            }
            for k in range(rows)
        ]
        return self.answers.encoder.transform(self.answers.frame(copies))

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        """For each column of the design's blocks: whose candidates it shows."""
        order = {candidates.column: place for place, candidates in enumerate(self.candidates)}
        layout, last = self.answers.encoder.layout, len(self.candidates)
        return {
            name: np.array([order.get(column.source, last) for column in columns], np.intp)
            for name, columns in layout.blocks.items()
        }


def _summed(values: Sequence[np.ndarray], choices: np.ndarray) -> np.ndarray:
    """Add up one value per column (m,), given the indices of candidates (m, d)."""
    total = np.zeros(len(choices))
    for place, of_column in enumerate(values):
        total += of_column[choices[:, place]]
    return total
