"""Grids of another size against means written out pixel by pixel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from gradum.tables.grids.resize import averaged, fitted_frames, levelled, resized


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


def test_a_filter_between_voice_and_file_counts_half():
    """A microphone adds its own decibels to each band, at every time."""
    grid = 100 + random_grids(64, 30, 1) // 8
    response = np.rint(20 * np.sin(np.arange(64) / 5)).astype(int)[:, None, None]
    heard = (grid.astype(int) + response).astype(np.uint8)
    apart = levelled(heard).astype(float) - levelled(grid)
    left = response - (response - response.mean()) / 2
    np.testing.assert_allclose(apart, np.broadcast_to(left, apart.shape), rtol=0, atol=1.0)
    assert not levelled(np.zeros((64, 1, 1), np.uint8)).any()


def test_a_short_sound_stands_in_silence_its_loudness_in_the_middle():
    grid = random_grids(64, 5, 1) | 128
    fitted = fitted_frames(np.pad(grid, ((0, 0), (9, 2), (0, 0))), 11)
    np.testing.assert_array_equal(fitted[:, 3:8], grid)
    assert fitted.sum() == grid.sum()
    loud_end = np.full((64, 10, 1), 120, np.uint8)
    loud_end[:, 8:] = 250
    loudness = np.array([120] * 8 + [250] * 2)
    centre = (loudness * (np.arange(10) + 0.5)).sum() / loudness.sum()
    begin = round(20 - centre)
    assert begin != 15
    np.testing.assert_array_equal(fitted_frames(loud_end, 40)[:, begin : begin + 10], loud_end)
    np.testing.assert_array_equal(fitted_frames(loud_end, 11)[:, :10], loud_end)
    assert not fitted_frames(np.zeros((64, 0, 1), np.uint8), 3).any()


def test_of_a_long_sound_the_loudest_stretch_is_kept():
    grid = np.zeros((64, 1_000, 1), np.uint8)
    grid[:, 100:900] = 150
    grid[:, 700:720] = 200
    np.testing.assert_array_equal(fitted_frames(grid, 20), grid[:, 700:720])
    assert fitted_frames(grid, 850).sum() == grid.sum()
    np.testing.assert_array_equal(fitted_frames(grid, 800), grid[:, 100:900])
    assert fitted_frames(np.zeros((64, 1_000, 1), np.uint8), 40).shape == (64, 40, 1)
