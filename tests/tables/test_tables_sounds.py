"""Sounds in tables: files beneath the table's folder, their bytes, and what cannot be opened."""

import io
import sys

import numpy as np
import polars as pl
import pytest
import soundfile

from gradum.tables.grids.cell import unpacked, why_failed
from gradum.tables.grids.log_mel import BANDS, log_mel, mel_weights
from gradum.tables.grids.opening import CannotOpen
from gradum.tables.kinds.sound import SoundKind, step
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from grids import sounds

RATE = 8_000


def tone(hertz, seconds=0.5, rate=RATE, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def file_of(wave, rate=RATE, kind="WAV", subtype=None):
    out = io.BytesIO()
    soundfile.write(out, wave, rate, format=kind, subtype=subtype)
    return out.getvalue()


def loudest(pixels):
    """The band with the most in the middle of a spectrogram."""
    return int(pixels[:, pixels.shape[1] // 2, 0].argmax())


@pytest.mark.parametrize(
    ("kind", "subtype", "rate"),
    [
        ("WAV", "PCM_16", 8_000),
        ("WAV", "PCM_U8", 8_000),
        ("WAV", "FLOAT", 44_100),
        ("FLAC", "PCM_24", 48_000),
        ("OGG", "VORBIS", 22_050),
        ("MP3", None, 16_000),
        ("AIFF", "PCM_16", 11_025),
    ],
)
def test_a_tone_is_in_its_band_whatever_the_format_and_rate(kind, subtype, rate):
    weights = mel_weights()
    for hertz in (300, 1_000, 2_500):
        pixels = SoundKind().opened(file_of(tone(hertz, rate=rate), rate, kind, subtype))
        assert pixels.shape[::2] == (BANDS, 1)
        weight = weights[loudest(pixels)]
        centre = weight @ (np.arange(257) * 16_000 / 512) / weight.sum()
        assert abs(centre - hertz) < max(16_000 / 512, 0.04 * hertz)  # a line, or half a band


def test_channels_are_averaged():
    both = np.column_stack([tone(500)[:, 0], tone(1_500)[:, 0]])
    mixed = SoundKind().opened(file_of(both, subtype="FLOAT"))
    expected = log_mel(both.mean(axis=1).astype(np.float32), RATE)
    np.testing.assert_array_equal(mixed[:, :, 0], expected)


def test_of_an_hour_the_first_minute_is_heard():
    hour = np.zeros((3_600 * 1_000, 1), np.float32)
    hour[70_000:] = 0.9  # after the first minute, a click and a level that would outweigh all
    hour[:60_000] = tone(100, 60, 1_000)
    heard = SoundKind().opened(file_of(hour, 1_000))
    np.testing.assert_array_equal(heard, SoundKind().opened(file_of(hour[:60_000], 1_000)))


@pytest.fixture
def folder(tmp_path):
    contents = {
        "a.wav": file_of(tone(400)),
        "b.FLAC": file_of(tone(900, channels=2), kind="FLAC"),
        "silent.wav": file_of(np.zeros((800, 1))),
        "short.wav": file_of(tone(400, 0.001)),
        "none.wav": file_of(np.zeros((0, 1))),
        "text.mp3": b"no sound",
        "cut.wav": file_of(tone(400))[:30],
        "slow.wav": file_of(tone(4, 9, 10), 10),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    pl.DataFrame({"x": list(contents), "y": range(8)}).write_csv(tmp_path / "t.csv")
    return tmp_path


def test_what_is_no_sound_says_why(folder):
    table = read(folder / "t.csv")
    cells = table.frame["x"]
    opened = [unpacked(cell, b"s") is not None for cell in cells]
    assert opened == [True] * 4 + [False] * 4
    why = [why_failed(cell) for cell in cells[4:]]
    for said, word in zip(why, ("no samples", "no sound", "no sound", "rate"), strict=True):
        assert word in said
    column = infer(table).column("x")
    assert (column.kind, column.missing) == ("sound", 4)
    assert not unpacked(cells[2], b"s").pixels.any()  # silence


def test_samples_that_are_no_numbers_are_silent_and_nothing_else_is_no_sound():
    wave = tone(1_000)
    wave[100] = np.nan
    for bad in (np.full_like(wave, np.nan), 1e300 * tone(1_000)):
        with pytest.raises(CannotOpen, match="most samples are no numbers"):
            SoundKind().opened(file_of(bad, subtype="DOUBLE"))
    assert SoundKind().opened(file_of(wave, subtype="FLOAT")).any()


@pytest.mark.filterwarnings("error")
def test_a_sound_far_beyond_full_scale_is_heard():
    pixels = SoundKind().opened(file_of(1e30 * tone(1_000), subtype="FLOAT"))
    plain = SoundKind().opened(file_of(tone(1_000), subtype="FLOAT"))
    np.testing.assert_allclose(pixels.astype(int), plain, atol=1)


def speakers(name, count=6):
    """The schema of 30 sounds, and a column of who speaks."""
    who = [f"s{row % count}" for row in range(30)]
    return infer(read(pl.DataFrame({"x": sounds(*[20] * 30), name: who, "y": range(30)})))


def test_a_column_of_speakers_is_offered_as_group():
    for name in ("speaker", "Patient ID", "说话人"):
        (doubt,) = speakers(name).column(name).doubts
        assert (doubt.matter, doubt.option) == ("identifier", f"--group {name!r}")
    assert not speakers("microphone").column("microphone").doubts
    plain = pl.DataFrame({"speaker": ["a", "b", "c"] * 10, "y": range(30)})
    assert not infer(read(plain)).column("speaker").doubts


def test_the_bytes_of_files_are_sounds(folder):
    names = ["a.wav", "b.FLAC"]
    content = [(folder / name).read_bytes() for name in names]
    given = read(pl.DataFrame({"x": content, "y": [1, 2]})).frame["x"]
    pixels = [unpacked(cell, b"s").pixels for cell in given]
    for one, path in zip(pixels, names, strict=True):
        np.testing.assert_array_equal(one, SoundKind().opened((folder / path).read_bytes()))


def test_without_soundfile_names_stay_names_and_say_what_would_open_them(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    column = infer(read(folder / "t.csv")).column("x")
    assert column.role == "unused"
    assert "gradum[audio]" in column.reason


def test_a_short_sound_is_shrunk_like_a_long_one():
    long = 3 * step.MOST_FRAMES
    cells = sounds(long, long, step.MOST_FRAMES)
    fitted = step.Sound.fit(cells)
    assert (fitted.shrunk, fitted.width) == (3, step.MOST_FRAMES)
    grids = fitted.pixels(cells)
    own = unpacked(cells[2], b"s").pixels  # of the very size that others become
    np.testing.assert_array_equal(grids[2], fitted.fixed(own))
    assert not grids[2][:, 0].any()
    np.testing.assert_array_equal(fitted.pixels(fitted.cells(grids)), grids)
