"""The L2 penalty, that of ridge regression and of weight decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from gradum.core.penalties.penalty import Params, column_factors, priced_weights


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class L2:
    """L2 penalty, alpha · ½ · Σ f·w².

    The sum runs over the weight matrices and the embedding table, which is the weight matrix of
    one-hot columns; biases and the intercept are not penalised. As the data term is a mean over n
    rows, scikit-learn's ``Ridge(alpha=a)`` is alpha = 2a/n under squared error,
    ``LogisticRegression(C=c)`` is alpha = 1/(c·n), and ``MLPClassifier(alpha=a)`` is alpha = a/n,
    where n is the number of rows in its batch.

    Parameters
    ----------
    alpha : float
        Strength, at least 0; 0 is no penalty. A JAX value works too: changing it compiles nothing
        again.
    factor : array of shape (d,), optional
        Factor f >= 0 of each input column's weights; 0 frees a column. 1 if not given, and for all
        other weights.
    """

    name: ClassVar[str] = "l2"

    alpha: Any = 0.0
    factor: Any = None

    def value(self, params: Params) -> Any:
        """Return alpha · ½ · Σ f·w², a scalar."""
        priced = priced_weights(params, self.factor)
        return self.alpha * 0.5 * sum((factor * weight**2).sum() for weight, factor in priced)

    def strengths(self, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return 0 and alpha · f for each column; ShapeError if there are not d columns."""
        return np.zeros(columns), self.alpha * column_factors(self.factor, columns)
