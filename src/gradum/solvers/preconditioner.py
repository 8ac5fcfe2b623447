"""The preconditioner of conjugate gradients: the Hessian with every row's curvature averaged.

Output k's own block of the Hessian, with the curvature of each row replaced by its mean c_k, is
c_k G + P, for G = ZᵀWZ and the penalty's curvature P. Under one strength for all columns,
P = alpha S⁻², and with the eigenvectors of S G S = Q Λ Qᵀ,

    (c_k G + alpha S⁻²)⁻¹ = S Q (c_k Λ + alpha)⁻¹ Qᵀ S,

so that one decomposition serves every output, iteration and penalty of a problem. Under a
strength for each column, the mean strength takes the place of alpha. Sparse columns,
and dense ones beyond `LARGEST_COUPLED`, enter by their diagonal; the intercept is alone because
the columns are centred.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gradum.solvers.standard import StandardColumns

LARGEST_COUPLED = 1000
RIDGE = 1e-10  # of the largest eigenvalue: stands in for alpha where that is 0
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Preconditioner:
    """The decomposition, measured once.

    Parameters
    ----------
    basis : ndarray of shape (d, d)
        S Q of the d coupled columns.
    eigenvalues : ndarray of shape (d,)
        Λ.
    scale : ndarray of shape (d,)
        The diagonal of S.
    squares : ndarray of shape (D - d,)
        The diagonal of G beyond them.
    """

    basis: np.ndarray
    eigenvalues: np.ndarray
    scale: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, columns: StandardColumns, weight: np.ndarray) -> Preconditioner:
        """Decompose, for row weights [n] that sum to 1."""
        dense = columns.dense_part
        coupled = dense.shape[1] if dense.shape[1] <= LARGEST_COUPLED else 0
        gram = dense.gram(weight) if coupled else np.zeros((0, 0))
        scale = columns.scale[:coupled]
        values, vectors = scipy.linalg.eigh(scale[:, None] * gram * scale, check_finite=False)
        squares = columns.squares(weight)[coupled:]
        return cls(scale[:, None] * vectors, np.maximum(values, 0.0), scale, squares)

    def at(
        self, mean_curvature: np.ndarray, penalty: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return residual [D + 1, k] → step, for c_k [k] and the penalty's curvature [D, 1]."""
        coupled = len(self.eigenvalues)
        curved = self.eigenvalues[:, None] * mean_curvature
        alpha = np.mean(penalty[:coupled, 0] * self.scale**2) if coupled else 0.0
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
