"""The estimated size of a table before it is read, against the table."""

import bz2
import gzip
import lzma

import numpy as np
import polars as pl
import pytest

from gradum.tables.sources import extent as module
from gradum.tables.sources.extent import NOTHING, extent_of
from gradum.tables.sources.read import read

ROWS = 30_000


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "a": rng.standard_normal(ROWS),
            "b": rng.integers(0, 9, ROWS),
            "c": rng.choice(["no", "yes"], ROWS),
        }
    )


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_a_file_that_states_its_rows_is_taken_by_its_word(frame, name, tmp_path):
    write = frame.write_parquet if name == "t.parquet" else frame.write_ipc
    write(tmp_path / name)
    found = extent_of(tmp_path / name)
    assert (found.rows, found.held, found.divisible) == (ROWS, 0, True)
    assert found.head.frame.equals(frame.head(module.HEAD_ROWS))


def test_the_rows_of_a_text_are_reckoned_from_its_first(frame, tmp_path):
    path = tmp_path / "t.csv"
    frame.write_csv(path)
    found = extent_of(path)
    assert found.rows == pytest.approx(ROWS, rel=0.01)
    assert (found.size, found.held) == (path.stat().st_size, 0)
    assert not found.head.typed
    assert found.head.frame.columns == ["a", "b", "c"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_packed_counts_unpacked(frame, pack, tmp_path):
    text = frame.write_csv().encode()
    path = tmp_path / "t.csv.packed"
    path.write_bytes(pack(text))
    found = extent_of(path)
    assert found.size == found.held == len(text)
    assert found.rows == pytest.approx(ROWS, rel=0.01)


def test_of_what_is_packed_only_a_part_is_unpacked(frame, tmp_path, monkeypatch):
    text = frame.write_csv().encode()
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text * 8))
    monkeypatch.setattr(module, "HEAD_BYTES", len(text) // 4)
    monkeypatch.setattr(module, "MOST_UNPACKED", 4 * len(text))  # the rest is taken to be like it
    assert extent_of(path).size == pytest.approx(8 * len(text), rel=0.1)


def test_json_is_in_memory_and_cannot_be_divided(frame, tmp_path):
    frame.write_ndjson(tmp_path / "t.jsonl")
    found = extent_of(tmp_path / "t.jsonl")
    assert found.held == found.size == (tmp_path / "t.jsonl").stat().st_size
    assert found.head is None
    assert not found.divisible


def test_several_files_count_together(frame, tmp_path):
    frame[:100].write_parquet(tmp_path / "1.parquet")
    frame[100:300].write_parquet(tmp_path / "2.parquet")
    paths = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    assert extent_of(paths).rows == extent_of(tmp_path / "*.parquet").rows == 300


def test_of_a_table_in_memory_the_frame_tells(frame):
    assert extent_of(read(frame)).rows == ROWS


@pytest.mark.parametrize("content", [b"", b"PAR1", b"ARROW1\0\0", b"\x1f\x8b\x08"])
def test_what_cannot_be_read_has_its_size_alone(content, tmp_path):
    path = tmp_path / "odd"
    path.write_bytes(content)
    found = extent_of(path)
    assert (found.rows, found.size, found.head) == (0, len(content), None)
    for nothing in ("-", tmp_path, tmp_path / "none.csv", None, iter([])):
        assert extent_of(nothing) == NOTHING
