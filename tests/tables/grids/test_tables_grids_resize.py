"""Grids of another size against means written out pixel by pixel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from gradum.tables.grids.resize import averaged, fitted_frames, resized


def random_grids(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def mean_of_area(grid: np.ndarray, top: Fraction, left: Fraction, tall: Fraction, wide: Fraction):
    """The mean over a rectangle of a grid (h, w), in fractions."""
    total = Fraction(0)
    for i, j in np.ndindex(grid.shape):
        high = max(min(top + tall, i + 1) - max(top, i), Fraction(0))
        broad = max(min(left + wide, j + 1) - max(left, j), Fraction(0))
        total += high * broad * int(grid[i, j])
    return total / (tall * wide)


@pytest.mark.parametrize(("height", "width"), [(3, 2), (4, 7), (1, 1)])
def test_means_are_those_of_the_areas(height, width):
    grid = random_grids(6, 5, 2)
    expected = np.empty((height, width, 2))
    tall, wide = Fraction(6, height), Fraction(5, width)
    for i, j, channel in np.ndindex(height, width, 2):
        area = mean_of_area(grid[..., channel], i * tall, j * wide, tall, wide)
        expected[i, j, channel] = float(area)
    np.testing.assert_array_equal(averaged(grid, height, width), expected)
    np.testing.assert_array_equal(resized(grid, height, width), np.rint(expected))


def test_whole_factors_are_means_of_blocks_and_the_same_size_is_the_grid():
    grids = random_grids(4, 12, 18, 3)
    blocks = grids.reshape(4, 4, 3, 3, 6, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(averaged(grids, 4, 3), blocks, rtol=1e-14)
    np.testing.assert_array_equal(resized(grids, 12, 18), grids)
    np.testing.assert_array_equal(resized(grids[0], 24, 36)[1::2, ::2], grids[0])


def test_a_short_sound_stands_in_the_middle_of_silence():
    grid = random_grids(64, 5, 1) | 1
    fitted = fitted_frames(grid, 10)
    assert fitted.shape == (64, 10, 1)
    np.testing.assert_array_equal(fitted[:, 2:7], grid)
    assert fitted.sum() == grid.sum()
    assert not fitted_frames(np.zeros((64, 0, 1), np.uint8), 3).any()


def test_of_a_long_sound_the_loudest_stretch_is_kept():
    grid = np.zeros((64, 1_000, 1), np.uint8)
    grid[:, 700:720] = 200
    np.testing.assert_array_equal(fitted_frames(grid, 20), grid[:, 700:720])
    assert fitted_frames(grid, 40).sum() == grid.sum()
    silent = np.zeros((64, 1_000, 1), np.uint8)
    assert fitted_frames(silent, 40).shape == (64, 40, 1)
    np.testing.assert_array_equal(fitted_frames(grid, 1_000), grid)
