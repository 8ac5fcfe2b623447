"""Compressed content, in any encoding, and files that were cut or damaged."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys

import polars as pl
import pytest
from refusals import refused_by_name as refused

from gradum.tables.formats import content as module
from gradum.tables.formats import size_limits
from gradum.tables.formats.content import zstd
from gradum.tables.sources.read import read


def zstd_with_checksum(content):
    """As the program zstd writes."""
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd_with_checksum,
}
FRAME = pl.DataFrame({"a": [1, 2, 3] * 50, "b": ["x", "é", "z"] * 50})
TEXT = FRAME.select(pl.all().cast(pl.String)).rows()
every_packing = pytest.mark.parametrize("packing", PACKERS)


def write(path, content):
    path.write_bytes(content)
    return path


@every_packing
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_compressed_text_is_read_whatever_its_encoding(tmp_path, packing, encoding):
    content = FRAME.write_csv(separator=";").encode(encoding)
    table = read(write(tmp_path / "t", PACKERS[packing](content)))
    assert table.frame.rows() == TEXT
    assert not table.typed


@every_packing
def test_any_kind_of_file_may_be_compressed(tmp_path, packing):
    pack = PACKERS[packing]
    lines = "".join(json.dumps(row) + "\n" for row in FRAME.to_dicts()).encode()
    FRAME.write_parquet(tmp_path / "t.parquet")
    FRAME.write_ipc(tmp_path / "t.arrow")
    for content in (lines, *((tmp_path / name).read_bytes() for name in ("t.parquet", "t.arrow"))):
        assert read(write(tmp_path / "t", pack(content))).frame.equals(FRAME)


@every_packing
def test_parts_packed_one_after_the_other_are_one_file(tmp_path, packing):
    content, pack = FRAME.write_csv().encode(), PACKERS[packing]
    half = len(content) // 2
    path = write(tmp_path / "t.csv", pack(content[:half]) + pack(content[half:]))
    assert read(path).frame.rows() == TEXT


@every_packing
def test_a_file_cut_anywhere_is_one_clear_error(tmp_path, packing):
    content = PACKERS[packing](FRAME.write_csv().encode() * 20)
    for end in {8, 9, 20, len(content) // 3, len(content) // 2, len(content) - 5, len(content) - 1}:
        refused(write(tmp_path / "t.csv", content[:end]), "damaged or truncated", packing)


@every_packing
def test_a_damaged_file_is_one_clear_error(tmp_path, packing):
    content = bytearray(PACKERS[packing](FRAME.write_csv().encode() * 20))
    content[len(content) // 2] ^= 0xFF
    refused(write(tmp_path / "t.csv", bytes(content)), "t.csv")


@every_packing
def test_a_file_packed_twice_is_refused(tmp_path, packing):
    content = PACKERS[packing](PACKERS[packing](FRAME.write_csv().encode()))
    refused(write(tmp_path / "t.csv", content), "compressed twice")


@every_packing
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, packing, monkeypatch):
    monkeypatch.setattr(module, "ALWAYS_ALLOWED", 2**20)
    path = write(tmp_path / "t.csv", PACKERS[packing](b"a,b\n" + b"1,2\n" * 2**19))
    refused(path, "unpacks to more than 1.0 MB", "more than a table would")


def test_what_does_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "t.csv", gzip.compress(FRAME.write_csv().encode() * 100))
    monkeypatch.setattr(module, "available_memory", lambda: 20_000)
    refused(path, "more than 10 kB", "half of the memory")


@pytest.mark.slow
def test_a_bomb_of_ten_gigabytes_takes_bounded_memory(tmp_path):
    path = write(tmp_path / "t.csv", zstd.compress(bytes(2**27), 1) * 80)
    script = f"""
import resource
from gradum.errors import TableError
from gradum.tables.sources.read import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read({str(path)!r})
except TableError as error:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print("unpacks to more" in str(error), grown < 2**20)  # kB
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


def test_available_memory_is_the_least_that_any_limit_leaves(tmp_path, monkeypatch):
    for name, text in (
        ("memory.max", "1000000\n"),
        ("memory.current", "700000\n"),
        ("memory.stat", "anon 1\ninactive_file 50000\n"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(size_limits, "CGROUP", tmp_path)
    assert size_limits.available_memory() == 350_000
    (tmp_path / "memory.max").write_text("max\n")
    free = size_limits.available_memory()
    assert free is None or free > 10**7
