"""The elastic net: a mixture of the lasso's penalty and ridge regression's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from gradum.core.penalties.l1 import L1
from gradum.core.penalties.l2 import L2
from gradum.core.penalties.penalty import Params


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ElasticNet:
    """Elastic net, alpha · Σ f·(ρ·|w| + (1 − ρ)·½w²).

    Of columns with the same content, the lasso keeps one and the elastic net all. Under squared
    error without the factor ½, scikit-learn's ``ElasticNet(alpha=a, l1_ratio=ρ)`` is alpha = 2a. H.
    Zou and T. Hastie, JRSS B 67, 2005.

    Parameters
    ----------
    alpha : float
        Strength, at least 0; 0 is no penalty.
    l1_ratio : float
        ρ, from 0 (L2) to 1 (L1).
    factor : array of shape (d,), optional
        Factor f >= 0 of each input column's weights; 0 frees a column. 1 if not given, and for all
        other weights.
    """

    name: ClassVar[str] = "elastic_net"

    alpha: Any = 0.0
    l1_ratio: Any = 0.5
    factor: Any = None

    def value(self, params: Params) -> Any:
        """Return alpha · Σ f·(ρ·|w| + (1 − ρ)·½w²), a scalar."""
        return self._l1.value(params) + self._l2.value(params)

    def strengths(self, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return alpha·ρ·f and alpha·(1 − ρ)·f; ShapeError if there are not d columns."""
        return self._l1.strengths(columns)[0], self._l2.strengths(columns)[1]

    @property
    def _l1(self) -> L1:
        return L1(self.alpha * self.l1_ratio, self.factor)

    @property
    def _l2(self) -> L2:
        return L2(self.alpha * (1.0 - self.l1_ratio), self.factor)
