"""Parquet files of large row groups, read in stretches of columns."""

import numpy as np
import polars as pl
import pytest

from gradum.tables.formats import parquet
from gradum.tables.formats.parquet import columns_together, first_rows, has_large_groups, row_groups
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import opened

pyarrow = pytest.importorskip("pyarrow.parquet")

ROWS = 1_000
FRAME = pl.DataFrame(
    {f"x{j}": np.random.default_rng(j).standard_normal(ROWS) for j in range(7)}
    | {"word": [f"a longer word {i % 11}" for i in range(ROWS)], "on": [True, False] * (ROWS // 2)}
)


@pytest.mark.parametrize("by", ["polars", "pyarrow"])
@pytest.mark.parametrize("rows", [1, 64, ROWS])
def test_row_groups_are_those_that_pyarrow_lists(by, rows, tmp_path):
    path = tmp_path / "t.parquet"
    if by == "polars":
        FRAME.write_parquet(path, row_group_size=rows)
    else:
        pyarrow.write_table(FRAME.to_arrow(), path, row_group_size=rows)
    meta = pyarrow.ParquetFile(path).metadata
    listed = [meta.row_group(i) for i in range(meta.num_row_groups)]
    assert row_groups(path) == [(each.num_rows, each.total_byte_size) for each in listed]


def test_a_list_that_is_damaged_lists_nothing(tmp_path):
    path = tmp_path / "t.parquet"
    FRAME.write_parquet(path, row_group_size=100)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(1, 400, 3):
            damaged[-int(place)] = int(rng.integers(256))
        path.write_bytes(damaged)
        assert isinstance(row_groups(path), list)
    for length in (0, 3, 8, 100):
        path.write_bytes(whole[:length])
        assert row_groups(path) == []


def test_rows_of_large_groups_are_the_same_rows(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    FRAME.write_parquet(path)
    assert columns_together(path) == [FRAME.columns]
    monkeypatch.setattr(stream, "BLOCK_ROWS", 300)
    with opened(path) as rows:
        assert rows.files == (path,)
    monkeypatch.setattr(parquet, "GROUP_BYTES", 8 * ROWS * 3)
    assert has_large_groups(path)
    assert max(map(len, columns_together(path))) <= 3
    assert first_rows(path, 10).equals(FRAME.head(10))
    (tmp_path / "scratch").mkdir()
    with opened(path, tmp_path / "scratch") as rows:
        assert len(rows) == ROWS
        assert all(group.rows <= 300 for file in rows.files for group in row_groups(file))
        assert pl.concat([block.frame for block in rows.blocks()]).equals(FRAME)
    assert list((tmp_path / "scratch").iterdir()) == []
