"""What conjugate gradients start from: the Hessian with every row's curvature averaged.

Output k's own block of the Hessian, with the curvature of each row replaced by its mean c_k, is
c_k G + alpha P, for G = ZᵀWZ and the penalty's curvature alpha P, P = S⁻². With the eigenvectors of
P^-½ G P^-½ = Q Λ Qᵀ,

    (c_k G + alpha P)⁻¹ = P^-½ Q (c_k Λ + alpha)⁻¹ Qᵀ P^-½,

so that one decomposition serves every output, iteration and penalty of a problem. Sparse columns,
and dense ones beyond `LARGEST_COUPLED`, enter by their diagonal; the intercept is alone because
the columns are centred.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gradum.solvers.matrix import Columns, Standardised

LARGEST_COUPLED = 1000
RIDGE = 1e-10  # of the largest eigenvalue: stands in for alpha where that is 0
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Preconditioner:
    """The decomposition, measured once.

    Parameters
    ----------
    basis : ndarray of shape (d, d)
        P^-½ Q of the d coupled columns.
    eigenvalues : ndarray of shape (d,)
        Λ.
    squares : ndarray of shape (D - d,)
        The diagonal of G beyond them.
    """

    basis: np.ndarray
    eigenvalues: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, standardised: Standardised, weight: np.ndarray) -> Preconditioner:
        """Decompose, for row weights [n] that sum to 1."""
        columns = standardised.columns
        width = columns.dense.shape[1]
        coupled = width if width <= LARGEST_COUPLED else 0
        scale = standardised.scale[:coupled]
        gram = Columns(columns.dense[:, :coupled]).gram(weight)
        values, vectors = scipy.linalg.eigh(scale[:, None] * gram * scale, check_finite=False)
        return cls(
            scale[:, None] * vectors, np.maximum(values, 0.0), columns.squares(weight)[coupled:]
        )

    def at(
        self, mean_curvature: np.ndarray, alpha: float, penalty: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return residual [D + 1, k] → step, for c_k [k] and the penalty's curvature [D, 1]."""
        coupled = len(self.eigenvalues)
        curved = self.eigenvalues[:, None] * mean_curvature
        inner = curved + (alpha or RIDGE * curved.max(initial=0.0)) + TINY
        outer = self.squares[:, None] * mean_curvature + penalty[coupled:] + TINY
        level = mean_curvature + TINY

        def precondition(residual: np.ndarray) -> np.ndarray:
            result = np.empty_like(residual)
            turned = self.basis.T @ residual[:coupled]
            result[:coupled] = self.basis @ (turned / inner)
            result[coupled:-1] = residual[coupled:-1] / outer
            result[-1] = residual[-1] / level
            return result

        return precondition
