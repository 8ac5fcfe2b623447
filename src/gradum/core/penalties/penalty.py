"""The base of all penalties."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from gradum.errors import ShapeError, SpecError

Params = dict[str, Any]


class Penalty(Protocol):
    """A penalty on the size of the weights, and never on a bias or an intercept.

    A penalty is a sum of l1·|w| + l2·½w² over the weights w.
    """

    @property
    def alpha(self) -> Any:
        """Strength, at least 0; 0 means no penalty."""
        ...

    @property
    def factor(self) -> Any:
        """Factor of each input column's weights, [d]; None where all are 1."""
        ...

    def value(self, params: Params) -> Any:
        """Return the penalty of the parameters, a scalar."""
        ...

    def strengths(self, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return l1 and l2 of each input column's weights, float64 [columns] each.

        Raises
        ------
        ShapeError
            There is not one factor per column.
        """
        ...


def priced_weights(params: Params, factor: Any) -> list[tuple[Any, Any]]:
    """Pair every weight matrix, the embedding table too, with the factor of its entries.

    The factors of the input columns belong to the rows of the first matrix.
    """
    first, *others = [layer["weight"] for layer in params["layers"]]
    priced = [(first, 1.0 if factor is None else factor[:, None])]
    priced += [(weight, 1.0) for weight in others]
    if "embedding" in params:
        priced.append((params["embedding"], 1.0))
    return priced


def column_factors(factor: Any, columns: int) -> np.ndarray:
    """Return one factor per column, float64 [columns]; ones for None.

    Raises
    ------
    ShapeError
        There is not one factor per column; both numbers are named.
    SpecError
        A factor is not a number of at least 0.
    """
    if factor is None:
        return np.ones(columns)
    try:
        factors = np.asarray(factor, np.float64)
    except (TypeError, ValueError):
        raise SpecError(
            "The penalty's factors are {factor!r}.",
            "Give numbers from 0 up, one a column.",
            factor=factor,
        ) from None
    if not (np.isfinite(factors) & (factors >= 0)).all():
        raise SpecError(
            "A factor of the penalty is below 0 or no number.", "Give numbers from 0 up."
        )
    if factors.shape != (columns,):
        raise ShapeError(
            "The penalty has factors of shape {shape} for {columns} columns.",
            "Give one factor a column, which is 1 for ordinary columns.",
            shape=factors.shape,
            columns=columns,
        )
    return factors
