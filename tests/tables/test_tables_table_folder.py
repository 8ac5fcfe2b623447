"""Folders of Parquet files: partitions are columns, and what is not a table stays out."""

import polars as pl
import pytest

from gradum.errors import TableError
from gradum.run.spec.spec import Spec
from gradum.ship.run_spec import RunSpec, changed_files, file_states, moved
from gradum.tables.sources.fetched import fetched
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

ROWS = [(1, "u", 2023, "a b"), (2, None, 2023, "a b"), (3, "w", 2024, None)]


@pytest.fixture
def sales(tmp_path):
    """A folder of partitions, beneath a folder whose name looks like one, with others' files."""
    folder = tmp_path / "run=5" / "sales"
    frame = pl.DataFrame(ROWS, schema=["x", "word", "year", "city"], orient="row")
    frame.write_parquet(pl.PartitionBy(folder, key=["year", "city"], include_key=False), mkdir=True)
    (folder / "_SUCCESS").write_text("done")
    (folder / "year=2023" / ".0.parquet.crc").write_bytes(b"\0\1")
    (folder / "_temporary").mkdir()
    (folder / "_temporary" / "0.parquet").write_bytes(b"half")
    return folder


def test_partitions_are_columns(sales):
    for table in (sales, sales / "*" / "*" / "*.parquet", sales / "year=*" / "**" / "*.parquet"):
        found = read(str(table))
        assert found.frame.rows() == ROWS
        assert found.frame.columns == ["x", "word", "year", "city"]
        with opened(str(table)) as stream:
            assert [row for block in stream.blocks() for row in block.frame.rows()] == ROWS
    assert read(str(sales)).source == "sales"


def test_one_partition_is_no_column(sales):
    found = read(str(sales / "year=2023" / "*" / "*.parquet"))
    assert found.frame.rows() == [(1, "u", "a b"), (2, None, "a b")]
    file = next((sales / "year=2023").rglob("*.parquet"))
    assert read(file).frame.columns == ["x", "word"]


def test_a_folder_without_partitions(tmp_path):
    for number in range(3):
        pl.DataFrame({"x": [number]}).write_parquet(tmp_path / f"{number}.parquet")
    assert read(tmp_path).frame["x"].to_list() == [0, 1, 2]
    with fetched(tmp_path) as here:
        assert dict(here.sha256) == {}
    pl.DataFrame({"y": [1]}).write_parquet(tmp_path / "3.parquet")
    with pytest.raises(TableError) as caught:
        read(tmp_path)
    assert str(caught.value).count("\n") == 0


def test_a_folder_without_a_table(tmp_path):
    (tmp_path / "notes.txt").write_text("no table")
    with pytest.raises(TableError, match="is a folder"):
        read(tmp_path)


def test_a_run_knows_the_content_of_a_folder(sales):
    asked = RunSpec(str(sales), Spec("x"))
    hashes = {name: state.sha256 for name, state in file_states(asked).items()}
    assert list(hashes) == [str(sales)]
    run = RunSpec(str(sales), Spec("x"), sha256=hashes)
    assert changed_files(run) == []
    elsewhere = sales.rename(sales.with_name("moved"))
    assert changed_files(moved(run, str(elsewhere))) == []
    pl.DataFrame({"x": [4], "word": ["z"]}).write_parquet(elsewhere / "year=2023" / "1.parquet")
    assert changed_files(moved(run, str(elsewhere))) == [str(elsewhere)]
