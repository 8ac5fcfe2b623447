"""No penalty at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from gradum.core.penalties.penalty import Params


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Unpenalised:
    """No penalty: maximum likelihood, ordinary least squares."""

    name: ClassVar[str] = "none"
    alpha: ClassVar[float] = 0.0
    factor: ClassVar[None] = None

    def value(self, params: Params) -> Any:
        """Return 0."""
        return 0.0

    def strengths(self, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return zeros."""
        return np.zeros(columns), np.zeros(columns)
