"""The scale of a numeric target and the way back, logarithm and smearing included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradum.rungs.target_scale import TargetScale


def lognormal(rows=40_000, spread=0.8, seed=0):
    """A column x and a target whose logarithm is 1 + x / 2 + N(0, spread²)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    return x, np.exp(1 + x / 2 + rng.normal(0, spread, rows))


def test_the_scaled_target_has_mean_0_and_deviation_1_under_the_weights():
    x, target = lognormal(500)
    weight = np.exp(x)
    for log in (False, True):
        scaled = TargetScale.fit(target, weight, log=log).forward(target)
        assert np.average(scaled, weights=weight) == pytest.approx(0, abs=1e-12)
        assert np.average(scaled**2, weights=weight) == pytest.approx(1)


@pytest.mark.parametrize("log", [False, True])
def test_inverse_undoes_forward(log):
    _, target = lognormal(500)
    scale = TargetScale.fit(target, np.ones(500), log=log)
    np.testing.assert_allclose(scale.inverse(scale.forward(target), clamp=True), target, rtol=1e-12)


def test_duans_smearing_finds_the_mean_that_the_plain_exponential_misses():
    """E[y | x] = exp(1 + x/2 + 0.8²/2) is known; exp of the mean log is low by exp(0.32)."""
    x, target = lognormal()
    weight = np.ones(len(x))
    scale = TargetScale.fit(target, weight, log=True)
    scaled = (1 + x / 2 - scale.centre) / scale.scale
    known = np.exp(1 + x / 2 + 0.32)
    smeared = scale.with_smearing(target, scaled, weight)
    # The factor is a mean of 40,000 lognormals: standard error 0.0066.
    assert smeared.smearing == pytest.approx(np.exp(0.32), abs=4 * 0.0066)
    np.testing.assert_allclose(smeared.inverse(scaled, clamp=False), known, rtol=0.02)
    np.testing.assert_allclose(scale.inverse(scaled, clamp=False), known / np.exp(0.32))


def test_smearing_weighs_rows_as_repetition_does():
    x, target = lognormal(300)
    times = np.random.default_rng(1).integers(1, 4, 300)
    scale = TargetScale.fit(target, times.astype(float), log=True)
    scaled = (1 + x / 2 - scale.centre) / scale.scale
    weighted = scale.with_smearing(target, scaled, times.astype(float))
    repeated = scale.with_smearing(
        np.repeat(target, times), np.repeat(scaled, times), np.ones(times.sum())
    )
    assert weighted.smearing == pytest.approx(repeated.smearing)


def test_without_the_logarithm_there_is_no_smearing():
    _, target = lognormal(50)
    scale = TargetScale.fit(target, np.ones(50), log=False)
    assert scale.with_smearing(target, np.zeros(50), np.ones(50)) is scale


def test_clamped_predictions_stay_within_the_training_targets():
    _, target = lognormal(200)
    scale = TargetScale.fit(target, np.ones(200), log=True)
    clamped = scale.inverse(np.array([-1e3, 0.0, 1e6]), clamp=True)
    assert clamped[[0, 2]].tolist() == [target.min(), target.max()]
    assert target.min() < clamped[1] < target.max()


@given(st.floats(-1e6, 1e6))
def test_a_constant_target_is_predicted_as_itself(value):
    target = np.full(7, value)
    scale = TargetScale.fit(target, np.ones(7), log=False)
    assert np.isfinite(scale.forward(target)).all()
    np.testing.assert_allclose(scale.inverse(scale.forward(target), clamp=False), target)


def test_the_exponential_never_overflows():
    _, target = lognormal(50)
    scale = TargetScale.fit(target, np.ones(50), log=True)
    assert np.isfinite(scale.inverse(np.array([1e9]), clamp=False)).all()
