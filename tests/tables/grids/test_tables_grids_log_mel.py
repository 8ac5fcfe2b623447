"""Spectrograms of sounds against sums written out, and against tones of known frequency."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradum.tables.grids.log_mel import BANDS, log_mel, mel_weights


def tone(frequency: float, rate: int, seconds: float = 0.3, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)


def frequency_of(mel: float) -> float:
    """Slaney's scale: 3 mels for 200 Hz up to 1,000 Hz; beyond, 27 for each factor 6.4."""
    return mel * 200 / 3 if mel < 15 else 1_000 * math.exp((mel - 15) * math.log(6.4) / 27)


def edges() -> list[float]:
    """The corners of the triangles, from 50 to 7,600 Hz."""
    low, high = 50 * 3 / 200, 15 + 27 * math.log(7.6) / math.log(6.4)
    return [frequency_of(low + (high - low) * at / 65) for at in range(66)]


def test_each_band_is_a_triangle_on_the_mel_scale():
    corners, weights = edges(), mel_weights()
    expected = np.zeros((64, 257))
    for band, k in np.ndindex(64, 257):
        hertz, (low, middle, high) = k * 31.25, corners[band : band + 3]
        rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
        expected[band, k] = max(0.0, rising if hertz < middle else falling)
    np.testing.assert_allclose(weights, expected, atol=1e-9)
    assert (weights.max(axis=1) > 0.3).all()  # no band falls between two frequencies


def test_bytes_are_decibels_below_the_loudest():
    generator = np.random.default_rng(0)
    wave = generator.normal(size=1_000) * np.linspace(0.001, 0.3, 1_000)
    grid = log_mel(wave, 16_000)
    assert grid.dtype == np.uint8
    assert grid.shape == (64, 5)  # from samples 0, 160, 320, 480 and 640, the last past the end
    padded = np.append(wave, np.zeros(100))
    window = [0.5 - 0.5 * math.cos(2 * math.pi * t / 400) for t in range(400)]
    energy = np.empty((64, 5))
    for frame in range(5):
        part = padded[160 * frame : 160 * frame + 400] * window
        turns = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(400)) / 512)
        energy[:, frame] = mel_weights() @ np.abs(turns @ part) ** 2
    decibels = 10 * np.log10(energy / energy.max())
    expected = np.clip((80 + decibels) * 255 / 80, 0, 255)
    assert np.abs(grid - expected).max() < 0.51
    quieter = log_mel(wave * 0.01, 16_000)
    assert np.abs(quieter.astype(int) - grid).max() <= 1


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_a_tone_is_in_its_band_at_every_rate(rate):
    grid = log_mel(tone(1_500, rate), rate)
    nearest = int(np.argmin(np.abs(np.array(edges()[1:-1]) - 1_500)))
    inner = grid[:, 3:-4]
    assert (inner.argmax(axis=0) == nearest).all()
    assert np.delete(inner, range(nearest - 6, nearest + 7), axis=0).max() < 100  # 48 dB below
    assert grid.shape[1] == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("frequency", "rate"), [(11_000, 48_000), (8_700, 44_100), (20_000, 44_100)]
)
def test_what_is_too_high_to_hear_is_not_folded_down(frequency, rate):
    wave = tone(500, rate, amplitude=0.1) + tone(frequency, rate, amplitude=0.1)
    alone, both = (log_mel(wave, rate)[:, 3:-4] for wave in (tone(500, rate, amplitude=0.1), wave))
    assert np.abs(both.astype(int) - alone).max() <= 20  # of 255: what rises stays 74 dB below


def test_silent_short_and_long_sounds_have_spectrograms():
    assert log_mel(np.zeros(0), 8_000).shape == (64, 1)
    assert not log_mel(np.zeros(8_000), 8_000).any()
    assert log_mel(np.array([0.5]), 44_100).shape == (64, 1)
    hour = np.broadcast_to(np.float32(0.1), (3_600 * 8_000,))
    grid = log_mel(hour, 8_000)
    assert grid.shape[0] == BANDS
    assert 5_990 <= grid.shape[1] <= 6_000
    hiss = 1e-5 * np.random.default_rng(0).normal(size=16_000)  # -100 dB of full scale
    assert log_mel(hiss, 16_000).max() < 191  # 20 dB below a sound


def test_an_odd_rate_costs_no_more():
    assert log_mel(tone(700, 44_101), 44_101).shape == log_mel(tone(700, 44_100), 44_100).shape
