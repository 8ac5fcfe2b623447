"""Tables too large to be read are refused before anything takes long, or the memory."""

import gzip
import json
import resource
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from gradum.errors import TableError
from gradum.tables.formats import content, delimited, size_limits
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

NAMES = [f"c{k}" for k in range(12)]


@pytest.fixture
def narrow(monkeypatch):
    """At most ten columns."""
    for module in (size_limits, delimited):
        monkeypatch.setattr(module, "MOST_COLUMNS", 10)


def little_memory(monkeypatch, left):
    for module in (size_limits, content, delimited):
        monkeypatch.setattr(module, "available_memory", lambda: left)


WIDE = {
    "t.csv": f"{','.join(NAMES)}\n{','.join('1' * 12)}\n",
    "one line.csv": "a," * 12,
    "t.json": json.dumps(dict.fromkeys(NAMES, 1)),
    "records.json": json.dumps([{"c0": 1}, dict.fromkeys(NAMES[1:], 1)]),
    "columns.json": json.dumps({key: [1, 2] for key in NAMES}),
    "t.jsonl": "\n".join(json.dumps({name: 1}) for name in NAMES),
}


@pytest.mark.parametrize("name", WIDE)
def test_texts_of_too_many_columns_are_refused_by_name(name, narrow, tmp_path):
    path = tmp_path / name
    path.write_text(WIDE[name])
    with pytest.raises(TableError, match=f"{name} has more than 10 columns"):
        read(path)


def test_frames_of_too_many_columns_are_refused(narrow, tmp_path):
    frame = pl.DataFrame({key: [1, 2] for key in NAMES})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    tables = [frame, frame.lazy(), frame.to_pandas(), frame.to_dict(as_series=False)]
    tables += [frame.to_dicts(), np.zeros((2, 12)), tmp_path / "t.parquet", tmp_path / "t.arrow"]
    for data in tables:
        with pytest.raises(TableError, match="has more than 10 columns"):
            read(data)
    for name in ("t.parquet", "t.arrow"):
        with pytest.raises(TableError, match="more than 10"), opened(tmp_path / name, tmp_path):
            pass
    assert read(frame[:, :10]).frame.width == 10


def test_commas_in_quotes_are_no_columns(narrow, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"' + "a," * 30 + '",b\n' + "1,2\n" * 5)
    assert read(path).frame.width == 2


def test_text_whose_values_memory_does_not_hold_is_refused(monkeypatch, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "0,0\n" * 5000)
    little_memory(monkeypatch, 200_000)
    with pytest.raises(
        TableError, match=r"holds about 10,00\d values, which take 220 kB of memory"
    ):
        read(path)
    with opened(path, tmp_path) as rows:  # which holds a block at a time
        assert len(rows) == 5000
    path.write_text("a,b\n" + "a long text,0\n" * 5000)
    little_memory(monkeypatch, 280_000)  # fewer values in as many bytes
    assert read(path).frame.height == 5000


def test_typed_rows_and_json_that_memory_does_not_hold_are_refused(monkeypatch, tmp_path):
    pl.DataFrame({"a": np.zeros(50_000), "b": [""] * 50_000}).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.json").write_text(json.dumps([{"a": 1}] * 5000))
    little_memory(monkeypatch, 800_000)
    with pytest.raises(TableError, match=r"t.parquet holds 50,000 rows, which take 1.2 MB"):
        read(tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t.json holds 50 kB of JSON, which take 1.0 MB"):
        read(tmp_path / "t.json")


def test_a_pipe_without_end_is_refused_at_half_of_the_memory(monkeypatch, tmp_path):
    little_memory(monkeypatch, 3_000_000)
    with subprocess.Popen(["yes", "1,2"], stdout=subprocess.PIPE) as endless:
        with pytest.raises(TableError, match=r"gives more than 1\.5 MB, half of the memory"):
            read(f"/dev/fd/{endless.stdout.fileno()}")
        endless.kill()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2_500_000_000, resource.RLIM_INFINITY))
from gradum.tables.formats.size_limits import available_memory
from gradum.tables.sources.read import read
assert available_memory() < 1_500_000_000
try:
    read(sys.argv[1])
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
def test_a_small_file_of_many_values_does_not_end_the_process(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0,0\n" * 25_000_000, 1))  # a gigabyte as values
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True, timeout=100
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("TableError bomb.csv.gz holds about 50,000,00")


def test_the_limit_of_addresses_counts(monkeypatch):
    monkeypatch.setattr(size_limits, "CGROUP", size_limits.Path("/nosuch"))
    monkeypatch.setattr(resource, "getrlimit", lambda which: (2**36, 2**36))
    used = size_limits.available_memory()
    monkeypatch.setattr(resource, "getrlimit", lambda which: (0, 0))
    assert size_limits.available_memory() == 0 < used
