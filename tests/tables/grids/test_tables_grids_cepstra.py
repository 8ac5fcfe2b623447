"""Cepstra of spectrograms against sums written out from the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradum.tables.grids.cepstra import cepstral_features, cepstral_names
from gradum.tables.grids.resize import sounding, stretched


@pytest.fixture(scope="module")
def grids() -> np.ndarray:
    return np.random.default_rng(0).integers(120, 256, (6, 64, 15, 1), dtype=np.uint8)


def by_definition(bands: np.ndarray, coefficient: int, parts: int) -> np.ndarray:
    """Mean, deviation, mean change and its deviation of one coefficient, in each part of time."""
    count, frames = bands.shape
    scale = math.sqrt((1 if coefficient == 0 else 2) / count)
    cepstrum = [
        scale
        * sum(
            float(bands[band, t]) * math.cos(math.pi * coefficient * (2 * band + 1) / (2 * count))
            for band in range(count)
        )
        for t in range(frames)
    ]
    times = np.arange(-2, 3)
    change = [
        np.polyfit(times, [cepstrum[min(max(t + k, 0), frames - 1)] for k in times], 1)[0]
        for t in range(frames)
    ]
    found = []
    for of in (np.array(cepstrum), np.array(change)):
        fine = np.repeat(of, parts).reshape(parts, frames)  # each frame cut into as many as parts
        found += [fine.mean(axis=1), fine.std(axis=1)]
    return np.stack(found)


def test_features_are_those_of_the_definition(grids):
    features = cepstral_features(grids[:1]).reshape(4, 13, 5)
    assert len(cepstral_names()) == len(set(cepstral_names())) == features.size
    for coefficient in (0, 1, 12):
        expected = by_definition(grids[0, ..., 0], coefficient, 5)
        np.testing.assert_allclose(features[:, coefficient], expected, rtol=1e-5, atol=1e-4)


def test_silent_ends_change_nothing(grids):
    padded = np.pad(grids, ((0, 0), (0, 0), (7, 20), (0, 0)))
    np.testing.assert_array_equal(cepstral_features(padded), cepstral_features(grids))
    np.testing.assert_array_equal(stretched(padded, 16, 32), stretched(grids, 16, 32))
    quiet = np.zeros((64, 9, 1), np.uint8)
    quiet[3, 2:5, 0] = 255, 112, 111
    np.testing.assert_array_equal(sounding(quiet), quiet[:, 2:4])


@pytest.mark.parametrize("frames", [0, 1, 6_000])
def test_silence_one_frame_and_a_minute_have_features(frames):
    for grid in (np.zeros((1, 64, frames, 1), np.uint8), np.full((1, 64, frames, 1), 90, np.uint8)):
        features = cepstral_features(grid)
        assert features.shape == (1, 260)
        assert np.isfinite(features).all()
        assert stretched(grid, 16, 32).shape == (1, 16, 32, 1)


def test_features_do_not_hang_on_the_rows_beside(grids):
    features = cepstral_features(grids)
    np.testing.assert_array_equal(cepstral_features(grids[2:3]), features[2:3])
    assert cepstral_features(grids[:0]).shape == (0, 260)
    assert stretched(grids[:0], 16, 32).shape == (0, 16, 32, 1)
