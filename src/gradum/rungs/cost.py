"""The costs of rungs: seconds per operation on the machine that was measured, bytes per value.

`gradum.run.memory.estimate` and `gradum.run.memory.memory` combine them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradum.tables.kinds.design import Layout

# seconds per operation
IN_NETWORK = 2e-11  # training a network: 6 operations per weight and row
IN_PACK = 1.5e-11  # the same for a pack; 2 operations per weight and held-out row
ADAM = 3e-9  # a step of a pack, per weight: its moments are read and written, however few rows
IN_FACTORISATION = 4e-11  # Gram matrices and Cholesky factors
IN_PRODUCT = 5e-10  # a matrix times a vector, which waits for memory
# seconds
COMPILING = 1.5
PACK_COMPILING = 2.0
STEP = 6e-5  # a step of a network's training, besides its arithmetic

EPOCHS = 0.8  # fraction of the most epochs that early stopping leaves
PENALTIES = 0.8  # fraction of the penalties on the path that are tried
NEWTON_STEPS = 3  # per penalty, each fit starting from the one before
PASSES = 8  # of Newton's method over rows in blocks
HELD_ROWS = 250_000  # at most, of a table in blocks: those on which the penalty is chosen
HESSIANS = 0.7  # per penalty, as all folds share them
PRODUCTS = 30  # of conjugate gradients, per penalty
NONZERO_NGRAMS = 200  # per text
DENSE_LEVELS = 12  # up to so many levels of a column, the linear rung does not keep them sparse
CODED_ROWS = 40_000  # about how many rows the members of a pack hold codes of at a time


@dataclass(frozen=True)
class Taken:
    """The bytes that a rung takes at its worst moment, besides the table as it was read."""

    number: float
    """For each number of the design: a value, a missing indicator, a part of a date."""
    code: float
    """For each categorical value."""
    level: float
    """For each column that the codes of a value are expanded to."""
    entry: float
    """For each n-gram that occurs in a text."""
    share: float
    """For each class of a row."""
    row: float
    """For each row, whatever it holds."""
    fixed: float
    """For compiled programs, and for all that does not grow with the rows."""
    coded: float = 0.0
    """For each row, up to `CODED_ROWS`."""


LEARNED = Taken(number=9, code=28, level=1, entry=30, share=36, row=40, fixed=50e6)


@dataclass(frozen=True)
class Fit:
    """What decides how long a fit takes."""

    train: int
    validation: int
    """Rows."""
    layout: Layout
    """The columns of the Design."""
    classes: int
    """0 for a regression."""

    @property
    def rows(self) -> int:
        """All rows that are learned from."""
        return self.train + self.validation

    @property
    def numbers(self) -> int:
        """Columns of numbers."""
        return len(self.layout.dense)

    @property
    def ngrams(self) -> int:
        """N-grams of texts that are looked for."""
        return len(self.layout.sparse)

    @property
    def entries(self) -> int:
        """N-grams that occur in a row, as a guess."""
        return min(self.ngrams, NONZERO_NGRAMS)

    @property
    def outputs(self) -> int:
        """Outputs of the model."""
        return self.classes if self.classes > 2 else 1


def one_hot(levels: int) -> int:
    """Return how many columns represent a column with so many levels."""
    return 1 if levels == 2 else levels


def product(rows: int, nonzeros: int, outputs: int) -> float:
    """Return the seconds of one step of conjugate gradients."""
    return rows * outputs * (4 * nonzeros + 40) * IN_PRODUCT  # 40: the loss's curvature


def encoded_bytes(layout: Layout) -> int:
    """Return the bytes of a row on disk: numbers, codes, n-grams that occur, target and weight."""
    entries = min(len(layout.sparse), NONZERO_NGRAMS)
    return 4 * len(layout.dense) + 4 * len(layout.level_counts) + 8 * entries + 16


def expanded_levels(layout: Layout) -> int:
    """Return how many columns represent the levels that are not kept sparse."""
    return sum(count for count in layout.level_counts if count <= DENSE_LEVELS)
