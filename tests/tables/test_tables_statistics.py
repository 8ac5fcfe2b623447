"""Files of Stata, SPSS and SAS, as their own writer makes them."""

import sys

import polars as pl
import pyreadstat
import pytest

from gradum.errors import TableError
from gradum.tables.sources import statistics
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

FRAME = pl.DataFrame(
    {
        "price": [1.5, 2.0, None, 4.0],
        "kind": [1.0, 2.0, 1.0, None],
        "name": ["x", "y", "é", "z"],
    }
)
LABELS = {"kind": {1: "house", 2: "flat"}}
ROWS = [(1.5, "house", "x"), (2.0, "flat", "y"), (None, "house", "é"), (4.0, None, "z")]


def write(path):
    if path.suffix == ".xpt":
        pyreadstat.write_xport(FRAME, path, file_format_version=5)
    else:
        function = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta}[path.suffix]
        function(FRAME, path, variable_value_labels=LABELS)
    return path


def told(frame):
    """The rows, with texts that are empty as missing ones: these programs know no difference."""
    return frame.with_columns(pl.col(pl.String).replace("", None)).rows()


@pytest.mark.parametrize("name", ["a.sav", "a.dta"])
@pytest.mark.parametrize("cells", [1_000_000, 6])
def test_values_come_by_their_labels_in_batches(tmp_path, monkeypatch, name, cells):
    monkeypatch.setattr(statistics, "BATCH_CELLS", cells)
    path = write(tmp_path / name)
    assert told(read(path).frame) == ROWS
    with opened(path) as stream:
        assert told(pl.concat([block.frame for block in stream.blocks()])) == ROWS


def test_a_transport_file_of_sas(tmp_path):
    table = read(write(tmp_path / "a.xpt"))
    assert table.frame["price"].to_list() == [1.5, 2.0, None, 4.0]


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dta")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(TableError, match=r"a\.dta is damaged, or of a kind"):
        read(path)
    path = write(tmp_path / "a.sav")
    path.write_bytes(path.read_bytes().replace(b"NAME    ", b"\xff" * 8))
    with pytest.raises(TableError, match=r"a\.sav is damaged, or of a kind .* no name"):
        read(path)
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(TableError, match=r"pip install 'gradum\[stats\]'"):
        read(path)
