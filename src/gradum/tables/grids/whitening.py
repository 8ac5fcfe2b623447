"""Whitening: many numbers that vary together become fewer that vary by themselves."""

from __future__ import annotations

from functools import cached_property

import msgspec
import numpy as np

from gradum.messages import say

COUNT = 800  # components that are kept at most
SHRINKAGE = 1.0  # added to the variance of each component; each number by itself has 1
FLAT = 1e-3  # a number that varies less is left out
LARGEST = 1_000.0  # of a component
LARGEST_WEIGHT, LARGEST_BIAS = 1e4, 1e9  # more than any fit yields


class Whitening(msgspec.Struct, frozen=True, dict=True):
    """Components of d numbers, nearly uncorrelated and of about equal variance.

    The numbers x of training rows, less their means m and divided by their standard deviations s,
    have the covariance V diag(λ) Vᵀ. For the k greatest λ, the components are
    z = Q diag(1 / √(λ + 1)) Vᵀ ((x − m) / s). A penalty on the weights of z does not ask to ignore
    a direction because others vary more, and what varies hardly, mostly noise, stays small. Q is a
    random rotation: without it, models that scale each column to variance 1 would make that large.

    References
    ----------
    Friedman, "Regularized discriminant analysis", 1989 (a covariance that is shrunk).
    """

    numbers: int
    """d."""
    weights: bytes
    """W, float32 (little-endian) of shape (k, d): z = W x − b."""
    bias: bytes
    """b, float32 (little-endian) of shape (k,)."""

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        whole = self.numbers > 0 and len(self.weights) == len(self.bias) * self.numbers
        if not (whole and len(self.bias) % 4 == 0 and 0 < self.count <= COUNT):
            raise ValueError(say("the whitening has another length than it says"))
        weights, bias = (np.abs(array).max() for array in self._arrays)
        if not (weights <= LARGEST_WEIGHT and bias <= LARGEST_BIAS):  # NaN is not
            raise ValueError(say("the whitening holds numbers that no fit yields"))

    @classmethod
    def fit(
        cls,
        numbers: np.ndarray,
        generator: np.random.Generator,
        shrinkage: float = SHRINKAGE,
        most: int = COUNT,
    ) -> Whitening:
        """Find the components of training rows (n, d), n at least 1: up to ``most``, fewer than n.

        ``shrinkage`` replaces the 1 that is added to λ; the greater it is, the less a component
        that varies little is enlarged.
        """
        rows = numbers.astype(np.float64)
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        scale = np.where(spread > FLAT, spread, np.inf)
        deviations = (rows - mean) / scale
        count = max(1, min(most, len(rows) - 1, rows.shape[1]))
        kept, axes = _components(deviations, count)
        turned = np.linalg.qr(generator.normal(size=(count, count)))[0]
        weights = turned @ (axes / np.sqrt(kept + shrinkage)).T / scale
        return cls(
            numbers.shape[1],
            weights=weights.astype("<f4").tobytes(),
            bias=(weights @ mean).astype("<f4").tobytes(),
        )

    @property
    def count(self) -> int:
        """k, the components."""
        return len(self.bias) // 4

    def applied(self, numbers: np.ndarray) -> np.ndarray:
        """Return the components of n rows, float32 (n, k); a row's do not hang on other rows."""
        weights, bias = self._arrays
        found = np.empty((len(numbers), self.count), np.float32)
        for row, of in zip(numbers, found, strict=True):
            np.subtract(weights @ row, bias, out=of)
        return np.clip(found, -LARGEST, LARGEST)

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        weights, bias = (
            np.frombuffer(data, "<f4").astype(np.float32, copy=False)
            for data in (self.weights, self.bias)
        )
        return weights.reshape(self.count, self.numbers), bias


def _components(deviations: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the greatest variances λ (k,) of rows (n, d) and their directions V (d, k).

    They are found by products of columns or of rows, whichever are fewer: with X Xᵀ / n = U Λ Uᵀ,
    V = Xᵀ U / √(n Λ).
    """
    rows, columns = deviations.shape
    if columns <= rows:
        variances, axes = np.linalg.eigh(deviations.T @ deviations / rows)
    else:
        variances, axes = np.linalg.eigh(deviations @ deviations.T / rows)
    kept, axes = np.maximum(variances[::-1][:count], 0.0), axes[:, ::-1][:, :count]
    if columns <= rows:
        return kept, axes
    lengths = np.sqrt(rows * np.where(kept > kept[0] * FLAT**2, kept, np.inf))
    return kept, deviations.T @ (axes / lengths)
