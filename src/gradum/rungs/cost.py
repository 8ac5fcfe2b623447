"""The costs of rungs: seconds an operation on the machine that was measured, bytes a value.

`gradum.run.estimate` and `gradum.run.memory` put them together.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradum.tables.kinds.design import Layout

# seconds an operation
IN_NETWORK = 2e-11  # training a network: 6 a weight and row
IN_PACK = 1.5e-11  # the same for a pack; 2 a weight and held-out row
ADAM = 3e-9  # a step of a pack, each weight: its moments are read and written, however few rows
IN_FACTORISATION = 4e-11  # Gram matrices and Cholesky factors
IN_PRODUCT = 5e-10  # a matrix times a vector, which waits for memory
# seconds
COMPILING = 1.5
PACK_COMPILING = 2.0
STEP = 6e-5  # of a network's training, besides its arithmetic

EPOCHS = 0.8  # of the most, as early stopping leaves
PENALTIES = 0.8  # of those on the path
NEWTON_STEPS = 3  # a penalty, each starting from the one before
HESSIANS = 0.7  # a penalty, all folds sharing them
PRODUCTS = 30  # conjugate gradients a penalty
NONZERO_NGRAMS = 60  # a text
DENSE_LEVELS = 12  # of a column, up to which the linear rung does not keep them sparse
CODED_ROWS = 40_000  # of which members of a pack hold codes at a time, about


@dataclass(frozen=True)
class Taken:
    """Bytes that a rung takes at its worst moment, besides the table as it was read.

    Parameters
    ----------
    number : float
        For each number of the design: a value, a missing indicator, a part of a date.
    code : float
        For each categorical value.
    level : float
        For each column that the codes of a value are expanded to.
    entry : float
        For each n-gram that occurs in a text.
    share : float
        For each class of a row.
    row : float
        For each row, whatever it holds.
    fixed : float
        Compiled programs, and what does not grow with the rows.
    coded : float
        For each row, up to `CODED_ROWS`.
    """

    number: float
    code: float
    level: float
    entry: float
    share: float
    row: float
    fixed: float
    coded: float = 0.0


LEARNED = Taken(number=9, code=28, level=1, entry=30, share=36, row=40, fixed=50e6)


@dataclass(frozen=True)
class Fit:
    """What decides how long a fit takes.

    Parameters
    ----------
    train, validation : int
        Rows.
    layout : Layout
        The columns of the Design.
    classes : int
        0 for a regression.
    """

    train: int
    validation: int
    layout: Layout
    classes: int

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
    """Return how many columns stand for a column of so many levels."""
    return 1 if levels == 2 else levels


def product(rows: int, nonzeros: int, outputs: int) -> float:
    """Return the seconds of a step of conjugate gradients."""
    return rows * outputs * (4 * nonzeros + 40) * IN_PRODUCT  # 40: the loss's curvature


def expanded_levels(layout: Layout) -> int:
    """Return how many columns stand for the levels that are not kept sparse."""
    return sum(count for count in layout.level_counts if count <= DENSE_LEVELS)
