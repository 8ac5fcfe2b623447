"""Whitened random patches of training grids as filters, and how much a grid is like them."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import pairwise, product

import msgspec
import numpy as np

from gradum.messages import say

SIZE = 6  # pixels a side of a patch
COUNT = 56  # patches
CELLS = 3  # a side of the lattice in which responses are averaged
THRESHOLD = 0.25
SAMPLE = 20_000  # patches that tell what is usual, of which the filters are the first
FLAT = 25.0  # grey levels²: a patch whose variance is at most this is no filter, if others are
CONTRAST = 10.0  # grey levels², added to a patch's variance
WHITENING = 0.1  # added to the variances of patches with contrast 1
MOST_NUMBERS = 256  # of a patch, so that its sums of squared grey levels are exact in float32
LARGEST = 64.0  # of a filter's numbers: |F| ≤ 1 / √0.1, and |b| ≤ √d times that
MOST_RESPONSES = 2**25  # of one grid to all filters, and shares of its cells: 128 MiB


class PatchFilters(msgspec.Struct, frozen=True, dict=True):
    """Filters made of whitened random patches of training grids.

    A patch x of grey levels, with mean μ and variance v, has the contrast c = (x − μ) / √(v + 10).
    Over training patches, c has mean m and covariance V diag(λ) Vᵀ; Z = V diag(1 / √(λ + 0.1)) Vᵀ
    whitens. A filter is Z (c − m) of a random patch, divided by its length, f. The response of
    another patch is z = f · Z (c − m) = F x / √(v + 10) + b, where F = Z f less its mean, and
    b = −f · Z m. A grid's features are the means of max(z − t, 0) and of max(−z − t, 0) over all
    patches of each cell of a lattice.

    References
    ----------
    Coates and Ng, "The importance of encoding versus training with sparse coding and vector
    quantization", ICML 2011.
    """

    height: int
    width: int
    channels: int
    """The shape of the grids."""
    size: int
    """Pixels a side of a patch."""
    cells: int
    """Cells a side of the lattice."""
    threshold: float
    """t, at least 0."""
    filters: bytes
    """F, float32 (little-endian) of shape (k, size · size · channels), in the order row, column,
    channel."""
    bias: bytes
    """b, float32 (little-endian) of shape (k,)."""

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        least = min(self.height, self.width)
        numbers = self.size * self.size * self.channels
        count = len(self.bias) // 4
        if not (
            0 < self.size <= least
            and self.channels in (1, 3)
            and numbers <= MOST_NUMBERS
            and 0 < self.cells <= least - self.size + 1
            and max(count, self.cells**2) * math.prod(self.places) <= MOST_RESPONSES
            and 0.0 <= self.threshold < math.inf
        ):
            raise ValueError(say("the patches of a grid have sizes that no fit yields"))
        if len(self.bias) != 4 * max(count, 1) or len(self.filters) != 4 * count * numbers:
            raise ValueError(say("the patches of a grid have another length than their sizes say"))
        largest = [np.abs(self._numbers(data)).max() for data in (self.filters, self.bias)]
        if not all(size <= LARGEST for size in largest):  # NaN is not
            raise ValueError(say("the patches of a grid hold numbers that no fit yields"))

    @classmethod
    def fit(
        cls,
        grids: np.ndarray,
        generator: np.random.Generator,
        *,
        size: int = SIZE,
        count: int = COUNT,
        cells: int = CELLS,
    ) -> PatchFilters:
        """Draw filters from training grids.

        Parameters
        ----------
        grids : ndarray of uint8, shape (n, h, w, c)
            At least one.
        generator : numpy.random.Generator
            Draws the patches.
        size, count, cells : int
            As wanted; less where the grids are too small, or all flat.
        """
        _, height, width, channels = grids.shape
        size = min(size, height, width, math.isqrt(MOST_NUMBERS // channels))
        contrasts = _contrasts(_drawn(grids, generator, size))
        mean = contrasts.mean(axis=0)
        deviations = contrasts - mean
        spreads, axes = np.linalg.eigh(deviations.T @ deviations / len(contrasts))
        whitening = (axes / np.sqrt(np.maximum(spreads, 0.0) + WHITENING)) @ axes.T
        white = deviations[:count] @ whitening
        lengths = np.linalg.norm(white, axis=1, keepdims=True)
        filters = white / np.where(lengths > 0, lengths, 1.0) @ whitening
        bias = -filters @ mean
        filters -= filters.mean(axis=1, keepdims=True)
        return cls(
            height,
            width,
            channels,
            size=size,
            cells=min(cells, height - size + 1, width - size + 1),
            threshold=THRESHOLD,
            filters=filters.astype("<f4").tobytes(),
            bias=bias.astype("<f4").tobytes(),
        )

    @property
    def places(self) -> tuple[int, int]:
        """The places of a patch in a grid, downwards and across."""
        return self.height - self.size + 1, self.width - self.size + 1

    @property
    def count(self) -> int:
        """k, the filters."""
        return len(self.bias) // 4

    @property
    def length(self) -> int:
        """The number of features a grid."""
        return 2 * self.count * self.cells**2

    @property
    def names(self) -> tuple[str, ...]:
        """The names of `features`: + what is like a patch, - its opposite; (cell)."""
        cells = product("+-", range(self.count), range(self.cells), range(self.cells))
        return tuple(f"patch{sign}{at} ({row},{column})" for sign, at, row, column in cells)

    def features(self, grids: np.ndarray) -> np.ndarray:
        """Return the features of grids, float32 of shape (n, 2 · k · cells²).

        Parameters
        ----------
        grids : ndarray of uint8, shape (n, height, width, channels)

        Returns
        -------
        ndarray of float32, shape (n, length)
            Of each filter what is like it, by cell, row by row; then of each what is its opposite.

        Notes
        -----
        A row's features are the same to the bit, whichever rows are computed with it: each grid is
        a product of its own.
        """
        numbers, places = self.size * self.size * self.channels, math.prod(self.places)
        patches = np.ones((numbers + 1, places), dtype=np.float32)  # the last row bears the bias
        responses = np.empty((self.count, places), dtype=np.float32)
        opposite = np.empty_like(responses)
        features = np.empty((len(grids), 2, self.count, self.cells**2), dtype=np.float32)
        threshold = np.float32(self.threshold)
        for grid, row in zip(grids, features, strict=True):
            self._gather(grid, patches[:-1])
            np.matmul(self._weights, patches, out=responses)
            np.negative(responses, out=opposite)
            for side, means in zip((responses, opposite), row, strict=True):
                side -= threshold
                np.maximum(side, 0, out=side)
                np.matmul(side, self._lattice, out=means)
        return features.reshape(len(grids), self.length)

    def _gather(self, grid: np.ndarray, patches: np.ndarray) -> None:
        """Write all patches of a grid, divided by √(v + 10), as columns (numbers, places)."""
        windows = np.lib.stride_tricks.sliding_window_view(
            grid.astype(np.float32), self.places, axis=(0, 1)
        )
        patches.reshape(self.size, self.size, self.channels, *self.places)[...] = windows
        patches *= 1 / _contrast_scale(patches, axis=0)

    @cached_property
    def _weights(self) -> np.ndarray:
        """F and, as last column, b, shape (k, numbers + 1)."""
        filters = self._numbers(self.filters).reshape(self.count, -1)
        return np.column_stack([filters, self._numbers(self.bias)])

    @cached_property
    def _lattice(self) -> np.ndarray:
        """The share of each place in the mean of each cell, shape (places, cells²)."""
        down, across = (_cell_means(length, self.cells) for length in self.places)
        return np.kron(down, across).astype(np.float32)

    @staticmethod
    def _numbers(data: bytes) -> np.ndarray:
        return np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)


def _drawn(grids: np.ndarray, generator: np.random.Generator, size: int) -> np.ndarray:
    """Draw patches, those that are not flat if there are any, as float32 rows."""
    n, height, width, _ = grids.shape
    at = np.column_stack(
        [generator.integers(0, most, SAMPLE) for most in (n, height - size + 1, width - size + 1)]
    )
    windows = np.lib.stride_tricks.sliding_window_view(grids, (size, size), axis=(1, 2))
    drawn = windows[at[:, 0], at[:, 1], at[:, 2]]  # (patches, channels, size, size)
    patches = drawn.transpose(0, 2, 3, 1).reshape(SAMPLE, -1).astype(np.float32)
    varied = _contrast_scale(patches, axis=1) > math.sqrt(FLAT + CONTRAST)
    return patches[varied] if varied.any() else patches


def _contrasts(patches: np.ndarray) -> np.ndarray:
    """Return (x − μ) / √(v + 10) of rows, float64."""
    scale = _contrast_scale(patches, axis=1)
    return (patches - patches.mean(axis=1, keepdims=True, dtype=float)) / scale[:, None]


def _contrast_scale(patches: np.ndarray, axis: int) -> np.ndarray:
    """Return √(v + 10) of patches along an axis, float32; the sums in v are exact."""
    numbers = patches.shape[axis]
    sums = patches.sum(axis=axis).astype(float)
    squares = np.square(patches).sum(axis=axis).astype(float)
    variances = (numbers * squares - sums * sums) / (numbers * numbers)
    return np.sqrt(variances + CONTRAST).astype(np.float32)


def _cell_means(length: int, cells: int) -> np.ndarray:
    """Return the share of each place of a side in the mean of each cell, (length, cells)."""
    edges = np.round(np.linspace(0, length, cells + 1)).astype(int)
    weights = np.zeros((length, cells))
    for cell, (begin, end) in enumerate(pairwise(edges)):
        weights[begin:end, cell] = 1 / (end - begin)
    return weights
