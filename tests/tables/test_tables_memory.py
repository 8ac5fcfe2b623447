"""The memory that the way from a file to a Design takes, measured in a process of its own."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

pytest.importorskip("resource")
ROWS, COLUMNS = 400_000, 10
OWN = 8 * ROWS * COLUMNS / 2**20  # MiB of the numbers

SCRIPT = """
import resource, sys
import numpy as np
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.sources.read import read
from gradum.tables.schema.schema import infer

def steps(path):
    table = read(path)
    yield
    schema = infer(table)
    frame = check(table, schema).frame
    encoder = Encoder.fit(frame, schema, np.arange(0, len(frame), 2))
    design = encoder.transform(frame)
    yield
    assert design.dense.shape == (len(frame), frame.width)

list(steps(sys.argv[1]))  # code and threads are loaded
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in steps(sys.argv[2]):
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peaks are counted otherwise elsewhere")
def test_numbers_are_copied_once_into_a_frame_and_once_into_a_design(tmp_path):
    values = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
    frame = pl.DataFrame(values, schema=[f"x{j}" for j in range(COLUMNS)])
    frame.write_parquet(tmp_path / "many.parquet")
    frame.head(1000).write_parquet(tmp_path / "few.parquet")
    paths = [str(tmp_path / f"{name}.parquet") for name in ("few", "many")]
    # The allocator keeps pages by chance, in about one process of six; copies always take them.
    assert any(copied_once(*peaks(paths)) for _ in range(4))


def copied_once(read, encoded):
    assert 0.9 * OWN < read < 1.8 * OWN  # 2 with the file's bytes beside the frame
    return encoded < 3.1 * OWN  # 3.7 with the training rows and the encoded columns copied


def peaks(paths):
    """MiB at most after each step, in a process of its own."""
    # By way of a small process: a new one's peak begins with the size of its parent.
    launch = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True)"
    done = subprocess.run(
        [sys.executable, "-c", launch, "-c", SCRIPT, *paths],
        capture_output=True,
        text=True,
        check=True,
    )
    return (int(line) / 1024 for line in done.stdout.split())
