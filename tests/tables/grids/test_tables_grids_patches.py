"""Whitened random patches against responses computed from the definition."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import scipy.linalg
from msgspec import structs

from gradum.randomness import stream
from gradum.tables.grids.patches import PatchFilters


def random_grids(*shape: int, seed: int = 0) -> np.ndarray:
    """Grids whose neighbours are alike, as in pictures."""
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = sum(np.roll(noise, shift, axis) for shift in range(3) for axis in (1, 2))
    return np.clip(128 + 30 * np.asarray(smooth), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def grids() -> np.ndarray:
    return random_grids(40, 11, 13, 3)


@pytest.fixture(scope="module")
def filters(grids) -> PatchFilters:
    return PatchFilters.fit(grids, stream(0, "patches"), size=4, count=5, cells=3)


def arrays(filters: PatchFilters) -> tuple[np.ndarray, np.ndarray]:
    bias = np.frombuffer(filters.bias, "<f4")
    return np.frombuffer(filters.filters, "<f4").reshape(len(bias), -1), bias


def test_features_are_means_of_rectified_responses(grids, filters):
    weights, bias = (array.astype(float) for array in arrays(filters))
    responses = np.empty((8, 10, 5))
    for i, j in np.ndindex(8, 10):
        patch = grids[7, i : i + 4, j : j + 4].astype(float).ravel()
        contrast = (patch - patch.mean()) / np.sqrt(patch.var() + 10)
        responses[i, j] = weights @ contrast + bias
    expected = []
    for sign in (1, -1):
        rectified = np.maximum(sign * responses - filters.threshold, 0)
        cells = [
            rectified[top:bottom, left:right].mean(axis=(0, 1))
            for top, bottom in ((0, 3), (3, 5), (5, 8))
            for left, right in ((0, 3), (3, 7), (7, 10))
        ]
        expected.append(np.stack(cells, axis=1).ravel())
    features = filters.features(grids[7:8])
    assert features.dtype == np.float32
    assert features.shape == (1, filters.length)
    np.testing.assert_allclose(features[0], np.concatenate(expected), atol=1e-5)


def test_every_filter_is_a_whitened_patch():
    """By another root of the covariance, that of all patches instead of a sample."""
    grids = random_grids(60, 12, 12, 1)
    filters, _ = arrays(PatchFilters.fit(grids, stream(1, "patches"), size=3, count=7))
    windows = np.lib.stride_tricks.sliding_window_view(grids[..., 0], (3, 3), axis=(1, 2))
    patches = windows.reshape(-1, 9).astype(float)
    patches = patches[patches.var(axis=1) > 25]
    contrasts = patches - patches.mean(axis=1, keepdims=True)
    contrasts /= np.sqrt(patches.var(axis=1, keepdims=True) + 10)
    covariance = np.cov(contrasts.T)
    assert np.ptp(np.linalg.eigvalsh(covariance)[1:]) > 1  # there is something to whiten
    whitening = np.linalg.inv(np.real(scipy.linalg.sqrtm(covariance + 0.1 * np.eye(9))))
    white = (contrasts - contrasts.mean(axis=0)) @ whitening
    expected = white / np.linalg.norm(white, axis=1, keepdims=True) @ whitening
    expected -= expected.mean(axis=1, keepdims=True)
    apart = np.linalg.norm(filters[:, None] - expected, axis=2).min(axis=1)
    assert (apart < 0.05 * np.linalg.norm(filters, axis=1)).all()


def test_the_same_stream_draws_the_same_filters_and_json_keeps_them(grids, filters):
    again = PatchFilters.fit(grids, stream(0, "patches"), size=4, count=5, cells=3)
    assert again == filters
    other = PatchFilters.fit(grids, stream(1, "patches"), size=4, count=5, cells=3)
    assert other.filters != filters.filters
    read = msgspec.json.decode(msgspec.json.encode(filters), type=PatchFilters)
    assert read == filters
    np.testing.assert_array_equal(read.features(grids), filters.features(grids))


def test_features_do_not_hang_on_the_rows_beside(grids):
    filters = PatchFilters.fit(grids, stream(0, "patches"))
    features = filters.features(grids)
    for at, end in ((0, 1), (39, 40), (3, 30)):
        np.testing.assert_array_equal(filters.features(grids[at:end]), features[at:end])
    assert filters.features(grids[:0]).shape == (0, filters.length)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 9, 3), (2, 6, 6, 1)])
def test_small_and_flat_grids_have_filters_too(shape):
    for grids in (np.full(shape, 9, np.uint8), random_grids(*shape)):
        filters = PatchFilters.fit(grids, stream(0, "patches"))
        features = filters.features(grids)
        assert features.shape == (len(grids), filters.length)
        assert np.isfinite(features).all()


@pytest.mark.parametrize(
    "damage",
    [
        {"height": 3},
        {"size": 0},
        {"size": 12},
        {"channels": 2},
        {"channels": 0},
        {"cells": 0},
        {"cells": 9},
        {"height": 10**9, "width": 10**9},
        {"height": 300, "width": 300, "cells": 290},
        {"threshold": float("nan")},
        {"threshold": -1.0},
        {"bias": b""},
        {"bias": b"\0" * 19},
        {"bias": b"\0" * 16},
        {"filters": b"\0" * 12},
        {"bias": b"\xff" * 20},
        {"bias": np.full(5, 1e9, "<f4").tobytes()},
        {"filters": b"\0" * 956 + np.array([np.inf], "<f4").tobytes()},
    ],
)
def test_what_no_fit_yields_is_refused(filters, damage):
    assert len(filters.filters) == 960
    with pytest.raises(ValueError, match="patches of a grid"):
        structs.replace(filters, **damage)
