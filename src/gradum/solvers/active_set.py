"""Quadratics with an L1 term, solved exactly by finding which coefficients are 0.

    minimise over x    ½ xᵀ H x − qᵀ x + Σ_j l1_j |x_j|,        H positive semi-definite,

where some x_j may be held to one sign, s_j x_j ≥ 0: an infinite price on the other side of 0.

If it were known which x_j are not 0, and their signs, x would solve a linear system. This active
set is guessed, and corrected until it is right: coefficients that would change their sign leave it
when they reach 0; those whose slope at 0 exceeds their price enter it. The objective falls at every
change, so that no set occurs twice and the search ends exactly at the minimum, or where rounding
hides the fall.

Source: Lee, Battle, Raina and Ng, "Efficient sparse coding algorithms" (NIPS 2006), feature-sign
search; here, many coefficients may enter at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gradum.margins import EQUAL, falling

TOLERANCE = 1e-13  # of the largest slope, up to which a slope may exceed a price
CHANGES = 20  # the most changes of the set per coefficient
ROUNDING = 4 * np.finfo(np.float64).eps  # of the objective; a smaller fall does not count
(_posv,) = scipy.linalg.get_lapack_funcs(("posv",), (np.empty(1),))


@dataclass
class _Search:
    """The problem, the point, and the signs assumed there."""

    hessian: np.ndarray
    linear: np.ndarray
    l1: np.ndarray
    x: np.ndarray
    allowed: np.ndarray  # the sign that each is held to; 0 if either is allowed
    signs: np.ndarray  # of the active coefficients; 0 for the others
    free: np.ndarray  # without a price or a held sign: always active

    @property
    def active(self) -> np.ndarray:
        return np.flatnonzero((self.signs != 0) | self.free)

    def objective(self, x: np.ndarray) -> float:
        smooth = 0.5 * x @ (self.hessian @ x) - self.linear @ x
        return float(smooth + self.l1 @ np.abs(x))

    def descend(self) -> bool:
        """Go to the minimum under the assumed signs; stop and return False where a sign changes."""
        active = self.active
        matrix = self.hessian[np.ix_(active, active)]
        goal = _solve(matrix, self.linear[active] - self.l1[active] * self.signs[active])
        here = self.x[active]
        crossing = (self.signs[active] * goal < 0) & ~self.free[active]
        if not crossing.any():
            self.x[active] = goal
            return True
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths = np.where(crossing, here / (here - goal), np.inf)
        length = lengths.min()
        self.x[active] = here + length * (goal - here)
        left = active[lengths <= length]
        self.x[left] = self.signs[left] = 0.0
        return False

    def admit(self, most: int) -> bool:
        """Admit coefficients whose slope at 0 most exceeds their price; return whether any does."""
        slope = self.hessian @ self.x - self.linear
        excess = np.where(self.signs == 0, np.abs(slope) - self.l1, 0.0)
        excess[self.free | (self.allowed * slope > 0)] = 0.0
        over = np.flatnonzero(excess > TOLERANCE * np.abs(self.linear).max(initial=0.0))
        if not len(over):
            return False
        entering = over[falling(excess[over])[:most]]
        fresh = entering[~self._repeats(entering)]
        entering = fresh if len(fresh) else entering[:1]
        self.signs[entering] = -np.sign(slope[entering])
        return True

    def _repeats(self, entering: np.ndarray) -> np.ndarray:
        """Tell which entering columns duplicate one that is active or enters before them."""
        before = np.concatenate([self.active, entering])
        root = np.sqrt(np.maximum(np.diag(self.hessian), np.finfo(np.float64).tiny))
        alike = np.abs(self.hessian[np.ix_(entering, before)])
        alike /= root[entering, None] * root[before]
        earlier = np.arange(len(before)) < np.arange(len(self.active), len(before))[:, None]
        return np.asarray(((alike >= 1.0 - EQUAL) & earlier).any(axis=1))


def minimise(
    hessian: np.ndarray,
    linear: np.ndarray,
    l1: np.ndarray,
    start: np.ndarray,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """Return the minimiser x [d], for H [d, d], q [d] and l1 [d] >= 0.

    ``allowed`` [d] is the sign that a coefficient is held to; 0 if either is allowed. ``start`` is
    where the search begins: the closer to the minimum, the fewer systems are solved. Of equally
    good coefficients (H singular), the first in order enters; duplicates of it then add nothing.
    """
    allowed = np.zeros(len(l1)) if allowed is None else allowed
    free, start = (l1 == 0) & (allowed == 0), np.where(allowed * start < 0, 0.0, start)
    signs = np.where(free, 0.0, np.sign(start))
    search = _Search(hessian, linear, l1, start, allowed, signs, free)
    most, before = len(linear), np.inf
    for _ in range(CHANGES * (len(linear) + 1)):
        if not search.descend():
            continue
        after = search.objective(search.x)
        gained = after < before - ROUNDING * abs(before) if np.isfinite(before) else True
        if not gained and most == 1:
            break
        # Too many at once push each other out again; a single one always gains.
        most = min(2 * most, len(linear)) if gained else max(1, most // 4)
        before = min(before, after)
        if not search.admit(most):
            break
    return search.x


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    if not len(right):
        return right
    ridge, size = 0.0, max(np.trace(matrix) / len(matrix), np.finfo(np.float64).tiny)
    while True:
        _, solution, failed = _posv(
            matrix + ridge * np.eye(len(matrix)) if ridge else matrix, right
        )
        if not failed:
            return solution
        ridge = max(1e-12 * size, 100 * ridge)
