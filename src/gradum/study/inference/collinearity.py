"""Collinearity: exact dependencies between columns, condition number, variance inflation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from gradum.margins import EQUAL, STILL, of_dependence, of_sums, sizes
from gradum.solvers.byte_columns import Dense

ROWS_AT_ONCE = 8192  # so that a QR of them stays in the processor's cache
LEAST_NAMED = 1e-7  # a column's share, in standard units, from which on it is named


@dataclass(frozen=True)
class Dependency:
    """A column that is a linear combination of earlier ones; −1 stands for the intercept."""

    column: int
    on: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Standard:
    """Columns Z = (X − centre) / scale, (n, D), with a column of ones if there is an intercept.

    They are computed some rows at a time, and never held as a whole.
    """

    columns: Dense
    """Of shape (n, D). X."""
    origin: np.ndarray
    drift: np.ndarray
    """Of shape (D,). The weighted mean is origin + drift (both 0 without an intercept). Measured
    from the origin, a constant column is exactly zero, whatever its value."""
    scale: np.ndarray
    """Of shape (D,). Root mean square about the mean, or 1 where that is 0."""
    varies: np.ndarray
    """Of shape (D,). Whether the root mean square is not 0."""
    share: np.ndarray
    """Of shape (n,). The weights, summing to 1."""
    fit_intercept: bool

    @classmethod
    def of(cls, columns: Dense, weight: np.ndarray, *, fit_intercept: bool) -> Standard:
        """Measure the columns."""
        share = weight / weight.sum()
        nothing = np.zeros(columns.shape[1])
        origin = columns[0].copy() if fit_intercept else nothing
        parts = _parts(len(columns), columns.shape[1] + fit_intercept)
        drift = nothing
        if fit_intercept:
            drift = sum((share[part] @ (columns[part] - origin) for part in parts), nothing)
        squares = (share[part] @ np.square(columns[part] - origin - drift) for part in parts)
        scale = np.sqrt(sum(squares, nothing))
        varies = scale > STILL * np.abs(origin + drift)
        scale = np.where(varies, scale, 1.0)
        return cls(columns, origin, drift, scale, varies, share, fit_intercept)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def width(self) -> int:
        """p: D, and one more with an intercept."""
        return len(self.scale) + self.fit_intercept

    @property
    def centre(self) -> np.ndarray:
        """The weighted mean (D,)."""
        return self.origin + self.drift

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows some at a time: which they are, and Z with the ones, (m, p)."""
        units = np.where(self.varies, 1.0 / self.scale, 0.0)
        for part in _parts(len(self), self.width):
            chosen = self.columns[part]
            block = np.ones((len(chosen), self.width))
            inner = block[:, : len(self.scale)]
            np.subtract(chosen, self.origin, out=inner)
            inner -= self.drift
            inner *= units
            yield part, block

    def triangle_of(self, factor: np.ndarray) -> np.ndarray:
        """Return R of the QR of ``factor[:, None] * Z``, (≤ p, p), some rows at a time.

        Demmel, Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34 (2012).
        """
        parts = [
            np.linalg.qr(factor[part, None] * block, mode="r") for part, block in self.blocks()
        ]
        return np.asarray(parts[0] if len(parts) == 1 else np.linalg.qr(np.vstack(parts), mode="r"))

    @cached_property
    def back(self) -> np.ndarray:
        """The matrix (p, p) that turns coefficients of Z and the ones into those of X."""
        width = len(self.scale)
        back = np.zeros((self.width,) * 2)
        back[np.arange(width), np.arange(width)] = 1.0 / self.scale
        if self.fit_intercept:
            back[width, :width] = -self.centre / self.scale
            back[width, width] = 1.0
        return back

    @cached_property
    def triangle(self) -> np.ndarray:
        """R of the columns' weighted QR, with the intercept foremost, (≤ p, p)."""
        triangle = self.triangle_of(np.sqrt(self.share))
        return np.asarray(np.linalg.qr(np.roll(triangle, self.fit_intercept, axis=1), mode="r"))

    @cached_property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The columns that earlier ones determine, in order."""
        rows, width = len(self), self.width
        rounding = of_sums(10 * max(rows, width), most=EQUAL)
        triangle, first = self.triangle, int(self.fit_intercept)
        size = np.append(np.ones(first), sizes(self.centre, self.scale))
        # The kept columns are the basis times an upper triangle, whose inverse grows with them.
        basis, inverse = np.zeros((len(triangle), width)), np.zeros((width, width))
        kept: list[int] = []
        dependencies = []
        for column in range(width):
            count, rest, parts = len(kept), triangle[:, column], 0.0
            for _ in range(2):  # twice is enough (Kahan)
                part = basis[:, :count].T @ rest
                rest, parts = rest - basis[:, :count] @ part, parts + part
            shares, length = inverse[:count, :count] @ parts, np.linalg.norm(rest)
            margin = rounding + float(of_dependence(shares, size[kept], size[column]))
            if length > margin:
                basis[:, count] = rest / length
                inverse[:count, count], inverse[count, count] = -shares / length, 1.0 / length
                kept.append(column)
                continue
            unsure = margin * np.linalg.norm(inverse[:count, :count], axis=1)
            named = np.flatnonzero(np.abs(shares) > np.maximum(LEAST_NAMED, unsure))
            on = [kept[k] - first for k in named if kept[k] >= first]
            if self._leaves_a_level(column - first, kept, shares, unsure):
                on.insert(0, -1)
            dependencies.append(Dependency(column - first, tuple(on)))
        return tuple(dependencies)

    def _leaves_a_level(
        self, column: int, kept: list[int], shares: np.ndarray, unsure: np.ndarray
    ) -> bool:
        """Whether a column less its combination of others, in units of X, is a nonzero constant."""
        if not self.fit_intercept:
            return False
        offset = np.append(0.0, self.centre / self.scale)[[*kept, column + 1]]
        terms = np.append(-shares, 1.0) * offset
        margin = EQUAL * np.abs(terms).sum() + unsure @ np.abs(offset[:-1])
        return bool(abs(terms.sum()) > margin)

    @cached_property
    def condition(self) -> float:
        """Condition number of Z in the 2-norm; infinite if a column is constant, for example."""
        singular = np.linalg.svd(self.triangle[:, int(self.fit_intercept) :], compute_uv=False)
        if not len(singular):
            return 1.0
        return float(singular[0] / singular[-1]) if singular[-1] > 0 else np.inf

    @cached_property
    def inflation(self) -> np.ndarray:
        """Variance inflation factors (D,): the diagonal of (Zᵀ W Z)⁻¹, for full rank."""
        first = int(self.fit_intercept)
        inverse = scipy.linalg.solve_triangular(self.triangle, np.eye(len(self.triangle)))
        return np.square(inverse).sum(axis=1)[first:]


def _parts(rows: int, width: int) -> list[slice]:
    """Return the slices of rows that are processed together, for p columns."""
    step = max(ROWS_AT_ONCE, 4 * width)
    return [slice(start, start + step) for start in range(0, max(rows, 1), step)]
