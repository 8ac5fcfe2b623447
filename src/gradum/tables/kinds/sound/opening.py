"""Opens files of sounds with soundfile: one channel, as the bytes of a spectrogram."""

from __future__ import annotations

import io

import numpy as np

from gradum.messages import say
from gradum.tables.extra import needs
from gradum.tables.grids.log_mel import log_mel
from gradum.tables.grids.opening import CannotOpen

MOST_SECONDS = 60  # of a recording that is listened to, from its beginning
MOST_CHANNELS = 64
RATES = 1_000, 400_000  # samples a second
LOUDEST = 1e12  # times full scale: the powers of what is louder would be infinite in float32


def opened(content: bytes) -> np.ndarray:
    """Return the spectrogram of the first `MOST_SECONDS` of a file: uint8 (bands, frames, 1).

    Channels are averaged.

    Raises
    ------
    CannotOpen
        It is no sound, is damaged, or has no samples, or hardly any that is a number.
    """
    soundfile = needs("soundfile", "audio", say("Sounds"))
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            rate, channels = file.samplerate, file.channels
            if channels > MOST_CHANNELS:
                raise CannotOpen(say("too many channels"))
            if not RATES[0] <= rate <= RATES[1]:
                raise CannotOpen(say("too slow or too fast a rate"))
            wave = file.read(MOST_SECONDS * rate, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        if isinstance(error, CannotOpen):
            raise
        raise CannotOpen(say("damaged, or no sound")) from error
    if not len(wave):
        raise CannotOpen(say("no samples"))
    wave = wave.mean(axis=1)
    if np.isfinite(wave).mean() < 0.5:
        raise CannotOpen(say("most samples are no numbers"))
    wave = np.nan_to_num(wave, nan=0.0, posinf=0.0, neginf=0.0)
    peak = np.abs(wave).max()
    if peak > LOUDEST:
        wave = wave / peak
    return log_mel(wave, rate)[:, :, None]


def stated(content: bytes) -> int:
    """Return how many samples of all channels `opened` reads of a file; 0 for what is no sound."""
    soundfile = needs("soundfile", "audio", say("Sounds"))
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            return min(file.frames, MOST_SECONDS * file.samplerate) * file.channels
    except (soundfile.LibsndfileError, RuntimeError, ValueError):
        return 0
