"""Sounds: recordings that a table names, or the bytes of such files."""

from __future__ import annotations

import numpy as np

from gradum.messages import marked, say, say_plural
from gradum.tables.grids.cell import Grid
from gradum.tables.grids.log_mel import FRAMES_PER_SECOND
from gradum.tables.kinds.grid import GridKind
from gradum.tables.kinds.sound import opening
from gradum.tables.kinds.sound.step import Sound

STARTS = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b".snd")


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
        """Return the spectrogram of a file."""
        return opening.opened(content)

    def stated(self, content: bytes) -> int:
        """Return the samples times the channels that are read of a file."""
        return opening.stated(content)

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
        if max(seconds) < opening.MOST_SECONDS - 1:
            return clause
        return say(
            "{clause}; of longer ones, the first {most} seconds",
            clause=clause,
            most=opening.MOST_SECONDS,
        )
