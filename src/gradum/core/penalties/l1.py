"""The L1 penalty, that of the lasso, which leaves columns out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from gradum.core.penalties.penalty import Params, column_factors, priced_weights


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class L1:
    """L1 penalty, alpha · Σ f·|w|.

    It has a kink at 0. Solvers that know of the kink hold a weight there if it is not worth its
    penalty; for solvers that follow gradients, the slope there is 0, and weights come close to 0
    without reaching it. Under squared error without the factor ½, scikit-learn's ``Lasso(alpha=a)``
    is alpha = 2a. R. Tibshirani, JRSS B 58, 1996.

    Parameters
    ----------
    alpha : float
        Strength, at least 0; 0 is no penalty.
    factor : array of shape (d,), optional
        Factor f >= 0 of each input column's weights; 0 frees a column. 1 if not given, and for all
        other weights.
    """

    name: ClassVar[str] = "l1"

    alpha: Any = 0.0
    factor: Any = None

    def value(self, params: Params) -> Any:
        """Return alpha · Σ f·|w|, a scalar."""
        priced = priced_weights(params, self.factor)
        return self.alpha * sum((factor * abs(weight)).sum() for weight, factor in priced)

    def strengths(self, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return alpha · f and 0 for each column; ShapeError if there are not d columns."""
        return self.alpha * column_factors(self.factor, columns), np.zeros(columns)
