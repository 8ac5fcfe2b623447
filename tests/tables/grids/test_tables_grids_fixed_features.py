"""The fixed features of pictures and sounds: one name a feature, few, and a linear model learns."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

from gradum.randomness import stream
from gradum.tables.grids.fixed_features import PictureFeatures, SoundFeatures
from gradum.tables.grids.log_mel import log_mel
from gradum.tables.grids.whitening import Whitening

MOST_FEATURES = 2_000


def tones(seed: int, sounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Tones that rise, or fall, somewhere in 0.6 seconds; from any pitch, at any loudness."""
    generator = np.random.default_rng(seed)
    rises = generator.integers(0, 2, sounds)
    time = np.arange(2_000) / 8_000
    grids = []
    for up in rises:
        slope = (1 if up else -1) * generator.uniform(1_500, 3_000)
        pitch = generator.uniform(1_200, 2_000)
        wave = 1e-4 * generator.normal(size=4_800)
        at = generator.integers(0, 2_800)
        tone = np.sin(2 * np.pi * (pitch * time + slope * time * (time - 0.25) / 2))
        wave[at : at + 2_000] += generator.uniform(0.05, 0.9) * tone
        grids.append(log_mel(wave, 8_000)[..., None])
    return np.stack(grids), rises


def judged(learner, grids: np.ndarray, y: np.ndarray, learned: int) -> float:
    """The accuracy of a ridge classifier on the rows that are not learned."""
    features = learner.fit(grids[:learned], stream(0, "features"))
    numbers = features.measured(grids)
    assert numbers.dtype == np.float32
    assert numbers.shape[1] == len(features.names) == len(set(features.names)) <= MOST_FEATURES
    read = msgspec.json.decode(msgspec.json.encode(features), type=learner)
    np.testing.assert_array_equal(read.measured(grids[3:5]), numbers[3:5])
    scaled = StandardScaler().fit(numbers[:learned]).transform(numbers)
    model = RidgeClassifier(alpha=30.0).fit(scaled[:learned], y[:learned])
    return float(model.score(scaled[learned:], y[learned:]))


def test_a_linear_model_of_digits_on_features_beats_one_on_pixels():
    digits = load_digits()
    grids = np.rint(digits.images[:500, ..., None] * 15).astype(np.uint8)
    y = digits.target[:500]
    pixels = grids.reshape(500, -1).astype(np.float32)
    on_pixels = RidgeClassifier(alpha=30.0).fit(pixels[:300], y[:300]).score(pixels[300:], y[300:])
    on_features = judged(PictureFeatures, grids, y, 300)
    assert on_features >= on_pixels + 0.03


def test_a_linear_model_hears_whether_a_tone_rises():
    grids, rises = tones(0, 110)
    assert judged(SoundFeatures, grids, rises, 70) >= 0.95


def test_sounds_refuse_the_patches_of_pictures():
    pictures = PictureFeatures.fit(np.zeros((1, 16, 16, 1), np.uint8), stream(0, "features"))
    with pytest.raises(ValueError, match="another size"):
        SoundFeatures(
            pictures.patches, Whitening.fit(np.zeros((1, 2), np.float32), stream(0, "features"))
        )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_colour_is_a_feature(channels):
    grids = np.zeros((2, 20, 24, channels), np.uint8)
    grids[1, :5, 18:, -1] = 200
    features = PictureFeatures.fit(grids, stream(0, "features"))
    one = features.measured(grids)[1, features.names.index(f"area (0,3,{channels - 1})")]
    assert one == 200.0
