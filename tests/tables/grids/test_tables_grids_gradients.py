"""Histograms of gradients against a loop over pixels, written from the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradum.tables.grids.gradients import gradient_features, gradient_length


def random_grids(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def by_definition(grid: np.ndarray, cells: int, bins: int) -> np.ndarray:
    """One grid's histograms: every pixel votes, one at a time."""
    height, width, channels = grid.shape
    histograms = np.zeros((cells, cells, bins))

    def at(i: int, j: int) -> np.ndarray:
        return grid[min(max(i, 0), height - 1), min(max(j, 0), width - 1)].astype(float)

    for i, j in np.ndindex(height, width):
        right, down = at(i, j + 1) - at(i, j - 1), at(i + 1, j) - at(i - 1, j)
        longest = max(range(channels), key=lambda c: math.hypot(right[c], down[c]))
        length = math.hypot(right[longest], down[longest])
        angle = math.atan2(down[longest], right[longest]) % math.pi
        y, x = (i + 0.5) / height * cells - 0.5, (j + 0.5) / width * cells - 0.5
        for row, column, b in np.ndindex(cells, cells, bins):
            apart = abs(angle / math.pi * bins - (b + 0.5))
            apart = min(apart, bins - apart)
            near = max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column)) * max(0, 1 - apart)
            histograms[row, column, b] += length * near
    histograms *= cells**2 / (height * width)
    features = []
    for row, column in np.ndindex(cells - 1, cells - 1):
        block = histograms[row : row + 2, column : column + 2].ravel()
        block = np.minimum(block / math.sqrt(block @ block + 1), 0.2)
        features.append(block / max(math.sqrt(block @ block), 1e-19))
    return np.concatenate(features)


@pytest.mark.parametrize(("channels", "cells", "bins"), [(1, 3, 9), (3, 4, 6)])
def test_features_are_those_of_the_definition(channels, cells, bins):
    grids = random_grids(3, 10, 13, channels)
    features = gradient_features(grids, cells=cells, bins=bins)
    assert features.dtype == np.float32
    assert features.shape == (3, gradient_length(cells=cells, bins=bins))
    expected = np.stack([by_definition(grid, cells, bins) for grid in grids])
    np.testing.assert_allclose(features, expected, atol=2e-6)


def test_a_slope_has_the_orientation_of_its_gradient():
    across = np.tile(np.arange(0, 160, 8, dtype=np.uint8), (20, 1))[None, :, :, None]
    features = gradient_features(across, cells=2, bins=2).reshape(2, 2, 2)
    np.testing.assert_allclose(features[..., 0], features[..., 1], rtol=1e-5)  # 0 is between both
    diagonal = across + across.transpose(0, 2, 1, 3) // 2
    inverted = 255 - diagonal
    np.testing.assert_allclose(gradient_features(diagonal), gradient_features(inverted), atol=1e-5)


def test_flat_grids_have_no_gradients():
    assert not gradient_features(np.full((2, 9, 9, 3), 77, np.uint8)).any()
    assert gradient_features(np.zeros((0, 9, 9, 1), np.uint8)).shape == (0, gradient_length())


def test_features_do_not_hang_on_the_rows_beside():
    grids = random_grids(150, 12, 12, 3)
    features = gradient_features(grids)
    for at, end in ((0, 1), (149, 150), (3, 80), (60, 131)):
        np.testing.assert_array_equal(gradient_features(grids[at:end]), features[at:end])
