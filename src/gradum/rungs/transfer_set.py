"""A transfer set: rows with a teacher's answers, from which a smaller model learns to answer alike.

Of a row that it has learned from, a teacher says in part what it remembers. So a real row carries
the answer of those parts of the teacher that have not learned from it. Further rows are mixed from
real ones, and there the whole teacher answers: a smaller model has to see what the teacher says
between the rows too, or it learns little more than their labels tell (R. Fakoor et al., "Fast,
accurate, and simple models for tabular data via augmented distillation", NeurIPS 2020).

Shapes: n real rows, m rows of the set, S columns of the table, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.tables.kinds.design import Design

MIXED = 0.2
"""The share of a mixed row's columns that come from other rows."""

TIMES, FEWEST, MOST = 40, 20_000, 400_000
"""How many rows are mixed: so many times the real ones, but at least and at most so many.

On training rows of five public tables, 40 times the rows in 16 epochs left 9% of the way from a
plain network to the ensemble; 16 times in 24 epochs left 28%, and 4 times in 64 epochs 37%.
"""

CELLS = 2**24
"""Beyond so many cells, fewer rows are mixed: each cell takes some thirty bytes."""


@dataclass(frozen=True, eq=False)
class TransferSet:
    """Rows with a teacher's answers."""

    teacher: Rung
    rows: Rows
    """The n real rows."""
    held_out: np.ndarray
    """Of shape (n, k). The logits of the parts of the teacher that have not learned from a row; NaN
    where there are none."""
    design: Design
    """The m rows: the real ones for which there are such logits, then the mixed ones."""
    answers: np.ndarray
    """Of shape (m, k). The teacher's logits for them."""
    weight: np.ndarray
    """Of shape (m,)."""

    @classmethod
    def of(
        cls, teacher: Rung, rows: Rows, held_out: np.ndarray, rng: np.random.Generator
    ) -> TransferSet:
        """Mix rows, and ask the teacher about them."""
        known, columns = _known(held_out), max(len(rows.design.layout.sources), 1)
        wanted = min(int(np.clip(TIMES * len(rows), FEWEST, MOST)), max(FEWEST, CELLS // columns))
        further = np.resize(rng.permutation(len(rows)), wanted)
        design = mixed_rows(rows.design.encoded(), known, further, rng)
        said = teacher.logits(design.stretch(slice(len(known), None)))
        weight = rows.weight[np.concatenate([known, further])]
        return cls(teacher, rows, held_out, design, np.concatenate([held_out[known], said]), weight)

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def known(self) -> np.ndarray:
        """The real rows that it has, by their places among all n."""
        return _known(self.held_out)

    @cached_property
    def soft(self) -> np.ndarray:
        """The answers as a loss takes them: numbers, or shares of the second class or of each."""
        return soft_targets(self.teacher, self.answers)


def _known(held_out: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.isfinite(held_out).all(axis=1))


def soft_targets(teacher: Rung, logits: np.ndarray) -> np.ndarray:
    """Return logits (m, k) as a loss takes targets.

    These are numbers on the teacher's scale (m,), the probability of the second of two classes
    (m,), or that of each class (m, K).
    """
    answers = np.asarray(teacher.learned_by.inverse_link(logits))
    return answers[:, 1] if answers.shape[1:] == (2,) else answers


def mixed_rows(
    design: Design, whole: np.ndarray, further: np.ndarray, rng: np.random.Generator
) -> Design:
    """Return some rows of a design as they are, and others with columns that come from any row.

    All that is made of one column of the table stays together, missing or not.

    Parameters
    ----------
    design : Design
        n rows.
    whole : ndarray
        The rows that stay as they are.
    further : ndarray
        The rows that are mixed with others.
    rng : Generator
    """
    sources = {source: place for place, source in enumerate(design.layout.sources)}
    base = np.concatenate([whole, further])
    shape = (len(base), max(len(sources), 1))
    foreign = rng.random(shape) < MIXED
    foreign[: len(whole)] = False
    rows = np.where(foreign, rng.integers(len(design), size=shape), base[:, None])
    of = {
        name: np.array([sources[column.source] for column in columns], np.intp)
        for name, columns in design.layout.blocks.items()
    }
    return design.mixed(rows, of)
