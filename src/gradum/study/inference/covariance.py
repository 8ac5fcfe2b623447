"""The covariance of the estimates: classical, robust to unequal variances, or clustered.

With the score u of a row (the gradient of its log-likelihood), the information I = Tᵀ V T of the
columns T with curvatures V, and H = I + penalty:

    classical   φ H⁻¹ I H⁻¹                  which is φ I⁻¹ without a penalty
    HC0         H⁻¹ (Σ u uᵀ) H⁻¹             White 1980
    HC1         HC0 · n / (n − p)
    HC2, HC3    HC0 with u / √(1 − h), u / (1 − h); h the leverage, the diagonal of V^½ T H⁻¹ Tᵀ V^½
    robust      HC3 for one output, HC1 for several, which have no leverage
    cluster     HC0 with the scores of a group summed up first, · G/(G − 1) · (n − 1)/(n − p)

The classical covariance uses Fisher's expected information, the others the observed information;
these differ for gamma only. A frequency w stands for w rows, each with score u and leverage h; a
precision w belongs to a single row, with score w u and leverage w h. MacKinnon and White, J.
Econometrics 29, 1985; Liang and Zeger, Biometrika 73, 1986; Cameron and Miller, J. Human Resources
50, 2015.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import scipy.linalg

from gradum.margins import EPSILON, TIMES
from gradum.solvers.curvature import numerical_rank
from gradum.study.inference.family import FittedModel, curvature

Covariance = Literal["classical", "robust", "HC0", "HC1", "HC2", "HC3"]
COVARIANCES: tuple[str, ...] = get_args(Covariance)

FULL_LEVERAGE = 1e-10  # for 1 − h, which is 0 up to rounding for a row that the fit goes through
MOST_FULL = 1e-4  # its largest value where columns are ill-conditioned


def covariance_of(asked: str, outputs: int) -> str:
    """Return the requested covariance; ``robust`` is the best available for the number of outputs.

    HC3 is no narrower than HC0 at any n, and tends to it as n grows; with few rows, HC0 covers the
    truth far less often than it claims. Long and Ervin, The American Statistician 54, 2000.
    """
    if asked != "robust":
        return asked
    return "HC3" if outputs == 1 else "HC1"


@dataclass(frozen=True, eq=False)
class FactoredCovariance:
    """A covariance back · inner · backᵀ of the estimates in the units of X, not multiplied out."""

    back: np.ndarray
    """Of shape (m, q). From coordinates in which H is the identity to the estimates."""
    inner: np.ndarray
    """Of shape (q, q)."""

    @property
    def errors(self) -> np.ndarray:
        """Standard errors (m,)."""
        return np.sqrt(np.einsum("ij,ij->i", self.back @ self.inner, self.back))

    def factored(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return R and C of the covariance Rᵀ C R of m of the estimates, (m, m) each.

        C does not depend on how ill-conditioned the columns are, and so shows its rank.
        """
        basis, root = np.linalg.qr(self.back[chosen].T)
        return root, basis.T @ self.inner @ basis


@dataclass(frozen=True, eq=False)
class OneOutput:
    """Coordinates in which H is the identity, for one logit."""

    fitted: FittedModel
    expected: bool
    """Whether H uses Fisher's expected information rather than the observed."""

    @cached_property
    def information(self) -> np.ndarray:
        """V: a row's weight times its curvature (n,)."""
        fitted = self.fitted
        bend = curvature(fitted.loss, fitted.logits, fitted.target, expected=self.expected)
        return fitted.weight * bend

    @cached_property
    def inverse(self) -> np.ndarray:
        """R⁻¹ of H = Rᵀ R, (p, p); by QR, which does not square the columns' condition."""
        triangle = self.fitted.standard.triangle_of(np.sqrt(self.information))
        if self.fitted.penalty.any():
            stacked = np.vstack([triangle, np.diag(np.sqrt(self.fitted.penalty))])
            triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
        return scipy.linalg.solve_triangular(triangle, np.eye(len(triangle)))

    def rows(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows of T R⁻¹ some at a time, (m, p), and which they are."""
        return ((part, block @ self.inverse) for part, block in self.fitted.standard.blocks())

    def coordinates(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of T (m, p), by output, in these coordinates, (m, 1, p)."""
        return (rows @ self.inverse)[:, None]

    @cached_property
    def leverage(self) -> np.ndarray:
        """The diagonal of the hat matrix (n,): a row's share in its own prediction."""
        squares = [np.square(rows).sum(axis=1) for _, rows in self.rows()]
        return self.information * np.concatenate(squares)

    @property
    def effective(self) -> float:
        """The effective number of coefficients, the trace of H⁻¹ I."""
        return float(self.leverage.sum())

    def spread(
        self, covariance: str, groups: np.ndarray | None, dispersion: float
    ) -> FactoredCovariance:
        """Return the covariance of the coefficients, with the intercept last."""
        back = self.fitted.standard.back @ self.inverse
        if covariance == "classical":
            inner = np.eye(len(back))
            if self.fitted.alpha:
                weighted = ((rows, self.information[part, None]) for part, rows in self.rows())
                inner = np.sum([(rows * bend).T @ rows for rows, bend in weighted], axis=0)
            return FactoredCovariance(back, dispersion * inner)
        score = self.fitted.scores(clustered=groups is not None)
        if covariance in ("HC2", "HC3"):
            kept = 1.0 - self.leverage_of_one
            full = self.is_full(kept)
            power = 0.5 if covariance == "HC2" else 1.0
            score = np.where(full, 0.0, score[:, 0] / np.where(full, 1.0, kept) ** power)[:, None]
        degrees = self.fitted.n - float(self.leverage.sum())
        scores = ((part, rows * score[part]) for part, rows in self.rows())
        return FactoredCovariance(back, _meat(scores, groups, covariance, self.fitted.n, degrees))

    def is_full(self, rest: np.ndarray) -> np.ndarray:
        """Whether 1 − h (n,) is 0 up to the rounding of h, which grows with the condition."""
        size = np.linalg.norm(self.inverse, 2) * np.linalg.norm(np.linalg.inv(self.inverse), 2)
        return rest < max(FULL_LEVERAGE, min(TIMES * EPSILON * len(self.inverse) * size, MOST_FULL))

    @property
    def leverage_of_one(self) -> np.ndarray:
        """The leverage (n,) of a single row among those that a frequency stands for."""
        if self.fitted.kind == "precision":
            return self.leverage
        return self.leverage / self.fitted.weight


@dataclass(frozen=True, eq=False)
class SoftmaxCoordinates:
    """Coordinates in which H is the identity, for K > 2 classes.

    All K logits have coefficients; adding one number to a column's coefficients changes nothing.
    The estimates are the differences from the first class's coefficients, in which that number
    cancels. Coordinates are ordered column by column, class by class.
    """

    fitted: FittedModel

    @cached_property
    def information(self) -> np.ndarray:
        """Σ w (diag(p) − p pᵀ) ⊗ t tᵀ, (p K, p K)."""
        fitted = self.fitted
        width, outputs = fitted.standard.width, fitted.outputs
        information = np.zeros((width, outputs, width, outputs))
        for part, rows in fitted.standard.blocks():
            probability, weight = fitted.loss.inverse_link(fitted.logits[part]), fitted.weight[part]
            each = _expanded(rows, np.sqrt(weight)[:, None] * probability)
            information -= (each.T @ each).reshape(information.shape)
            for output in range(outputs):
                own = (weight * probability[:, output])[:, None] * rows
                information[:, output, :, output] += rows.T @ own
        return information.reshape(width * outputs, -1)

    @cached_property
    def factor(self) -> np.ndarray:
        """The lower Cholesky factor of H, with some curvature added where nothing changes.

        Raises
        ------
        numpy.linalg.LinAlgError
            The columns are nearly dependent, and rounding hides the rest.
        """
        outputs = self.fitted.outputs
        size = np.trace(self.information) / len(self.information)
        shift = np.kron(np.eye(len(self.information) // outputs), np.full((outputs,) * 2, size))
        penalty = np.diag(np.repeat(self.fitted.penalty, outputs))
        filled = self.information + penalty + shift
        if numerical_rank(filled) < len(filled):
            raise np.linalg.LinAlgError
        return scipy.linalg.cholesky(filled, lower=True)

    @property
    def effective(self) -> float:
        """The effective number of coefficients, the trace of H⁻¹ I."""
        return float(np.trace(self._whiten(self._whiten(self.information).T)))

    def spread(
        self, covariance: str, groups: np.ndarray | None, dispersion: float
    ) -> FactoredCovariance:
        """Return the covariance by class, with the intercept after the coefficients of each."""
        outputs = self.fitted.outputs
        contrast = np.eye(outputs)[1:] - np.eye(outputs)[0]
        back = self.fitted.standard.back
        both = np.einsum("ij,kl->kijl", back, contrast).reshape(-1, len(self.information))
        back = self._whiten(both.T).T
        if covariance == "classical":
            return FactoredCovariance(
                back, dispersion * self._whiten(self._whiten(self.information).T)
            )
        score = self.fitted.scores(clustered=groups is not None)
        scores = (
            (part, self._whiten(_expanded(rows, score[part]).T).T)
            for part, rows in self.fitted.standard.blocks()
        )
        degrees = self.fitted.n - len(both)
        meat = _meat(scores, groups, covariance, self.fitted.n, degrees)
        return FactoredCovariance(back, meat)

    def coordinates(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of T (m, p), by output, in these coordinates, (m, K, p K)."""
        outputs = self.fitted.outputs
        by_output = np.einsum("mp,kl->mkpl", rows, np.eye(outputs))
        by_output = by_output.reshape(-1, len(self.information))
        return self._whiten(by_output.T).T.reshape(len(rows), outputs, -1)

    def _whiten(self, right: np.ndarray) -> np.ndarray:
        return scipy.linalg.solve_triangular(self.factor, right, lower=True)


def _expanded(rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return each row's products of (m, p) and (m, K), column by column: (m, p K)."""
    return (rows[:, :, None] * factor[:, None, :]).reshape(len(rows), -1)


def _meat(
    scores: Iterable[tuple[slice, np.ndarray]],
    groups: np.ndarray | None,
    covariance: str,
    n: float,
    degrees: float,
) -> np.ndarray:
    """Return Σ u uᵀ with the correction for few rows or groups.

    ``scores`` yields the scores of some rows at a time, (m, q), and which rows these are.
    """
    if groups is None:
        correction = n / degrees if covariance == "HC1" else 1.0
        return correction * np.sum([each.T @ each for _, each in scores], axis=0)
    names, group = np.unique(groups, return_inverse=True)
    sums: np.ndarray | None = None
    for part, each in scores:
        sums = np.zeros((len(names), each.shape[1])) if sums is None else sums
        np.add.at(sums, group[part], each)
    assert sums is not None
    correction = len(names) / (len(names) - 1) * (n - 1.0) / degrees
    return correction * (sums.T @ sums)
