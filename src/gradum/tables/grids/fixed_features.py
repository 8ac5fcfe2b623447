"""The fixed features of pictures and of sounds: which are measured together, and their names."""

from __future__ import annotations

from itertools import product

import msgspec
import numpy as np

from gradum.messages import say
from gradum.tables.grids.cepstra import cepstral_features, cepstral_names
from gradum.tables.grids.gradients import gradient_features, gradient_length
from gradum.tables.grids.patches import PatchFilters
from gradum.tables.grids.resize import averaged, levelled, sounding, stretched
from gradum.tables.grids.whitening import Whitening

AREAS = 4  # a side: the brightness, or colour, of the parts of a picture
SOUND_BANDS, SOUND_FRAMES = 16, 32  # of a spectrogram in which patches are looked for
SOUND_PATCHES = {"size": 5, "count": 32, "cells": 4}


class PictureFeatures(msgspec.Struct, frozen=True):
    """Patches, histograms of gradients, and the mean colours of 4 × 4 areas of pictures."""

    patches: PatchFilters
    """Of pictures of one size."""

    @classmethod
    def fit(cls, grids: np.ndarray, generator: np.random.Generator) -> PictureFeatures:
        """Draw the patches from training pictures, uint8 (n, h, w, c), n at least 1."""
        return cls(PatchFilters.fit(grids, generator))

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, F."""
        gradients = (f"gradient {at}" for at in range(gradient_length()))
        areas = product(range(AREAS), range(AREAS), range(self.patches.channels))
        colours = (f"area ({row},{column},{channel})" for row, column, channel in areas)
        return (*self.patches.names, *gradients, *colours)

    def measured(self, grids: np.ndarray) -> np.ndarray:
        """Return the features of pictures, float32 (n, F); a row's do not hang on other rows."""
        colours = averaged(grids, AREAS, AREAS).reshape(len(grids), -1).astype(np.float32)
        return np.hstack([self.patches.features(grids), gradient_features(grids), colours])


class SoundFeatures(msgspec.Struct, frozen=True):
    """Patches of spectrograms brought to one length, and their cepstra, whitened.

    Silent ends make no difference, nor does the length of what sounds; what voice and microphone
    add to each band counts half (`levelled`).
    """

    patches: PatchFilters
    """Of spectrograms of 16 bands and 32 frames."""
    whitening: Whitening
    """Of patches and cepstra."""

    def __post_init__(self) -> None:
        """Refuse patches that no fit yields but that a damaged model file could hold."""
        of = self.patches.height, self.patches.width, self.patches.channels
        if of != (SOUND_BANDS, SOUND_FRAMES, 1):
            raise ValueError(say("the patches of sounds are of grids of another size"))
        if self.whitening.numbers != self.patches.length + len(cepstral_names()):
            raise ValueError(say("the features of sounds are whitened as if there were others"))

    @classmethod
    def fit(cls, grids: np.ndarray, generator: np.random.Generator) -> SoundFeatures:
        """Draw the patches from training sounds, uint8 (n, 64, frames, 1), n at least 1."""
        short = stretched(_heard(grids), SOUND_BANDS, SOUND_FRAMES)
        patches = PatchFilters.fit(short, generator, **SOUND_PATCHES)
        return cls(patches, Whitening.fit(sound_numbers(patches, grids), generator))

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, F."""
        return tuple(f"component {at}" for at in range(self.whitening.count))

    def measured(self, grids: np.ndarray) -> np.ndarray:
        """Return the features of sounds, float32 (n, F); a row's do not hang on other rows."""
        return self.whitening.applied(sound_numbers(self.patches, grids))


def sound_numbers(patches: PatchFilters, grids: np.ndarray) -> np.ndarray:
    """Return the responses to patches of sounds (n, 64, frames, 1), and their cepstra, float32."""
    heard = _heard(grids)
    short = stretched(heard, SOUND_BANDS, SOUND_FRAMES)
    return np.hstack([patches.features(short), cepstral_features(heard)])


def _heard(grids: np.ndarray) -> list[np.ndarray]:
    return [levelled(sounding(grid)) for grid in grids]
