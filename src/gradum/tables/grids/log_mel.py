"""Log-mel spectrograms of sounds, as grids of bytes, and cepstral features of them."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy import sparse

BANDS = 64
FRAMES_PER_SECOND = 100
MOST_SECONDS = 60  # of a sound, from its beginning

RATE = 16_000  # samples a second, to which every sound is brought
WINDOW = 400  # samples, 25 ms
HOP = RATE // FRAMES_PER_SECOND
TRANSFORM = 512  # samples, the window and zeros
LOWEST, HIGHEST = 50.0, 7_600.0  # Hz
RANGE = 80.0  # decibels below the loudest that are told apart
QUIETEST = 1e-8  # of a full-scale tone's power: sounds that stay below it are shown as quiet
FULL_SCALE = (WINDOW / 4) ** 2  # the power of a tone of amplitude 1 in a Hann window
FINEST_RATIO = 1_000  # the largest denominator of a ratio of rates
KAISER = 8.0  # of the filter that resamples: 80 dB beyond 8 % above half of the slower rate
REACH = 32  # samples of the slower rate, on either side


def log_mel(wave: np.ndarray, rate: int) -> np.ndarray:
    """Return the log-mel spectrogram of a sound, uint8 (64, frames).

    The first 60 seconds are brought to 16 kHz, so that a band means the same frequencies in every
    file; of a slower file, the upper bands are empty. Each frame, 25 ms in a periodic Hann window,
    every 10 ms, has the powers |FFT|² of its 512 samples, which 64 triangles from 50 to 7,600 Hz
    sum up. A triangle has height 1; its corners are equally far apart on Slaney's mel scale. The
    decibels from 80 below the file's loudest band and frame to that become 0 to 255. In a file that
    stays 80 dB below a full-scale tone, that level takes the loudest's place: silence is 0
    throughout.

    Parameters
    ----------
    wave : ndarray of float, shape (samples,)
        Full scale is 1. Finite.
    rate : int
        Samples a second, at least 1.

    Returns
    -------
    ndarray of uint8, shape (64, frames)
        The lowest band first. A frame begins every 10 ms until one reaches the end, which zeros
        fill up; at least one.

    References
    ----------
    Slaney, "Auditory Toolbox", version 2, 1998. Stevens, Volkmann and Newman 1937 (mel).
    """
    wave = _at_rate(wave[: MOST_SECONDS * rate].astype(np.float32), rate)
    frames = 1 + max(0, -(-(len(wave) - WINDOW) // HOP))
    wave = np.pad(wave, (0, (frames - 1) * HOP + WINDOW - len(wave)))
    windows = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * _hann()
    spectrum = np.fft.rfft(windows, TRANSFORM, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    energy = _few_weights() @ power.T
    loudest = max(float(energy.max()), QUIETEST * FULL_SCALE)
    decibels = 10.0 * np.log10(np.maximum(energy / np.float32(loudest), 1e-30))
    return np.rint(np.maximum(1 + decibels / RANGE, 0.0) * 255).astype(np.uint8)


@lru_cache(maxsize=1)
def mel_weights() -> np.ndarray:
    """Return how much each frequency counts in each band, float64 (64, 257)."""
    edges = _frequency(np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2))
    frequency = np.arange(TRANSFORM // 2 + 1) * RATE / TRANSFORM
    low, middle, high = (edges[at : at + BANDS, None] for at in range(3))
    rising, falling = (frequency - low) / (middle - low), (high - frequency) / (high - middle)
    return np.maximum(0.0, np.minimum(rising, falling))


@lru_cache(maxsize=1)
def _few_weights() -> sparse.csr_array:
    """Return the weights without zeros; BLAS would wake threads for so small a product."""
    return sparse.csr_array(mel_weights().astype(np.float32))


def _mel(frequency: float) -> float:
    """Slaney's scale: linear to 1,000 Hz, then logarithmic."""
    linear = 3 * frequency / 200
    return linear if frequency < 1_000 else 15 + 27 * float(np.log(frequency / 1_000) / np.log(6.4))


def _frequency(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, 200 * mel / 3, 1_000 * 6.4 ** ((mel - 15) / 27))


def _hann() -> np.ndarray:
    turns = np.arange(WINDOW) / WINDOW
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


def _at_rate(wave: np.ndarray, rate: int) -> np.ndarray:
    """Return a wave of another rate, without what that cannot hold."""
    if rate == RATE or not len(wave):
        return wave
    import scipy.signal  # takes longer to load than all of a table without sounds

    ratio = Fraction(RATE, rate).limit_denominator(FINEST_RATIO)
    up, down = ratio.numerator, ratio.denominator
    brought = scipy.signal.resample_poly(wave, up, down, window=_low_pass(max(up, down)))
    return np.asarray(brought)


@lru_cache(maxsize=4)
def _low_pass(times: int) -> np.ndarray:
    """Return a filter that keeps what a rate holds that is so many times slower, float32."""
    time = np.arange(-REACH * times, REACH * times + 1) / times
    response = np.sinc(time) * np.kaiser(len(time), KAISER)
    return (response / response.sum()).astype(np.float32)
