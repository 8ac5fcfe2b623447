"""Sounds: recordings that a table names, or the bytes of such files."""

from __future__ import annotations

import io

import numpy as np

from gradum.messages import marked, say, say_plural
from gradum.tables.extra import needs
from gradum.tables.grids.cell import Grid
from gradum.tables.grids.log_mel import FRAMES_PER_SECOND, log_mel
from gradum.tables.grids.opening import CannotOpen
from gradum.tables.kinds.grid import GridKind
from gradum.tables.kinds.sound.step import Sound

STARTS = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b".snd")
MOST_SECONDS = 60  # of a recording that is listened to, from its beginning
MOST_CHANNELS = 64
RATES = 1_000, 400_000  # samples a second
LOUDEST = 1e12  # times full scale: the powers of what is louder would be infinite in float32


class SoundKind(GridKind):
    """Sounds, each a cell with a spectrogram."""

    name, turn = "sound", -1
    step = Sound
    in_words = marked("sounds")
    letter, package, extra = b"s", "soundfile", "audio"
    endings = (
        *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
        *(".aif", ".aiff", ".au", ".w64"),
    )

    goes_up = True
    axes = marked("Time runs from left to right, and low tones are below high ones.")
    regions = (
        *(marked("the high tones at the beginning"), marked("the high tones in the middle")),
        *(marked("the high tones at the end"), marked("the middle tones at the beginning")),
        *(marked("the middle tones in the middle"), marked("the middle tones at the end")),
        *(marked("the low tones at the beginning"), marked("the low tones in the middle")),
        marked("the low tones at the end"),
    )

    def starts(self, content: bytes) -> bool:
        """Whether a file's first bytes are those of a sound."""
        return content.startswith(STARTS) or content[:4] + content[8:12] in (
            b"RIFFWAVE",
            b"FORMAIFF",
            b"FORMAIFC",
        )

    def opened(self, content: bytes) -> np.ndarray:
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

    def stated(self, content: bytes) -> int:
        """Return how many samples of all channels are read of a file; 0 for what is no sound."""
        soundfile = needs("soundfile", "audio", say("Sounds"))
        try:
            with soundfile.SoundFile(io.BytesIO(content)) as file:
                return min(file.frames, MOST_SECONDS * file.samplerate) * file.channels
        except (soundfile.LibsndfileError, RuntimeError, ValueError):
            return 0

    def described(self, grids: list[Grid]) -> str:
        """Say how many sounds there are, and how long they are."""
        seconds = [grid.pixels.shape[1] / FRAMES_PER_SECOND for grid in grids]
        clause = say_plural(
            "{count:,} sound of {low:.2g} to {high:.2g} seconds",
            "{count:,} sounds of {low:.2g} to {high:.2g} seconds",
            len(grids),
            low=min(seconds),
            high=max(seconds),
        )
        if max(seconds) < MOST_SECONDS - 1:
            return clause
        return say(
            "{clause}; of longer ones, the first {most} seconds",
            clause=clause,
            most=MOST_SECONDS,
        )
