"""Rows to learn from, checked and made from what a caller passes to ``fit``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from gradum.core.losses import check_shapes
from gradum.core.models.input_blocks import of_matrix
from gradum.errors import SpecError
from gradum.solvers.rows_to_learn import Data

MatrixLike: TypeAlias = ArrayLike | sparray | spmatrix
"""n rows of d columns: an array, a data frame, lists, or a sparse matrix."""

FLOATS = [np.float64, np.float32]


@dataclass(frozen=True)
class CheckedRows:
    """n checked rows, all with a weight above 0."""

    matrix: Any
    """Of shape (n, d). The columns, float64 or float32."""
    target: np.ndarray
    """Of shape (n,). Numbers, labels, or class codes."""
    weight: np.ndarray | None = None
    """Of shape (n,). Weights, if there are any."""

    def __len__(self) -> int:
        return self.matrix.shape[0]

    def take(self, rows: np.ndarray) -> CheckedRows:
        """Return the selected rows."""
        weight = None if self.weight is None else self.weight[rows]
        return CheckedRows(self.matrix[rows], self.target[rows], weight)

    def with_target(self, target: np.ndarray, weight: np.ndarray | None) -> CheckedRows:
        """Return the rows with another target and other weights."""
        return replace(self, target=target, weight=weight)

    @property
    def data(self) -> Data:
        """The data in the form that a first-order solver takes."""
        return Data(of_matrix(self.matrix), self.target, self.weight)

    def hold_out(
        self, fraction: float, seed: int, *, stratify: bool
    ) -> tuple[CheckedRows, CheckedRows]:
        """Split into rows to train on and rows that determine when to stop.

        Raises
        ------
        SpecError
            The fraction is not between 0 and 1.
        """
        if not 0.0 < fraction < 1.0:
            raise SpecError(
                "validation_fraction is {fraction!r}.",
                "Give a number above 0 and below 1.",
                fraction=fraction,
            )
        train, held = train_test_split(
            np.arange(len(self)),
            test_size=fraction,
            random_state=seed % 2**32,
            stratify=self.target if stratify else None,
        )
        return self.take(np.asarray(train)), self.take(np.asarray(held))


def checked_rows(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    numeric: bool,
    reset: bool = True,
    dtype: Any = None,
) -> CheckedRows:
    """Check what ``fit`` was given, as scikit-learn does.

    A row of weight 0 counts as absent and is dropped.

    Raises
    ------
    ShapeError
        The target has more than one column; the message gives the shapes of target and predictions.
    ValueError
        Anything else that scikit-learn's estimators refuse: NaN, strings, unequal lengths…
    """
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=dtype or FLOATS,
        multi_output=True,
        y_numeric=numeric,
        reset=reset,
    )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_shapes(np.broadcast_to(0.0, (X.shape[0], 1)), y)
    if numeric:
        y = y.astype(np.float64)
    if sample_weight is None:
        return CheckedRows(X, y)
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    rows = CheckedRows(X, y, weight)
    return rows if weight.all() else rows.take(np.flatnonzero(weight))
