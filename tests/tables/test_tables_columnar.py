"""Parquet and Arrow files: recognised, read, and refused where they are damaged."""

import contextlib
import datetime as dt
import io
import struct

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from refusals import refused_by_name as refused

from gradum.errors import TableError
from gradum.tables.formats import columnar
from gradum.tables.formats.columnar import refuse_false_lengths
from gradum.tables.sources.extent import extent_of
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

FRAME = pl.DataFrame(
    {
        "whole": [1, None, 3],
        "real": [0.5, float("inf"), None],
        "text": ["x", None, "a text that is not short"],
        "level": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
        "day": [dt.date(2024, 1, 31), None, dt.date(1970, 1, 1)],
        "flag": [True, False, None],
        "tags": [[1], [], None],
    }
)

ZSTD = b"\x28\xb5\x2f\xfd"  # with which what it packs begins
ROWS = 1000


def written(write, **options):
    file = io.BytesIO()
    write(FRAME, file, **options)
    return file.getvalue()


WAYS = {
    "parquet": written(pl.DataFrame.write_parquet),
    "arrow": written(pl.DataFrame.write_ipc),
    "arrow, zstd": written(pl.DataFrame.write_ipc, compression="zstd"),
    "arrow stream": written(pl.DataFrame.write_ipc_stream),
    "arrow stream, lz4": written(pl.DataFrame.write_ipc_stream, compression="lz4"),
}
every_way = pytest.mark.parametrize("way", WAYS)


@every_way
@pytest.mark.parametrize("name", ["t.feather", "data[1]*.x"])
def test_a_file_is_recognised_by_its_content_whatever_its_name(tmp_path, way, name):
    (tmp_path / name).write_bytes(WAYS[way])
    table = read(tmp_path / name)
    assert table.frame.equals(FRAME)
    assert table.frame.schema == FRAME.schema
    assert table.typed
    assert table.source == name


def test_what_pyarrow_writes_is_read(tmp_path):
    table = pa.table(
        {
            "whole": pa.array([1, None, 3], pa.int32()),
            "level": pa.array(["u", "v", "u"]).dictionary_encode(),
            "time": pa.array(
                [dt.datetime(2024, 7, 1, 12)] * 3, pa.timestamp("ms", "Europe/Berlin")
            ),
        }
    )
    pyarrow.feather.write_feather(table, tmp_path / "t.feather")
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    for name in ("t.feather", "t.parquet"):
        frame = read(tmp_path / name).frame
        assert frame["whole"].to_list() == [1, None, 3]
        assert frame["level"].cast(pl.String).to_list() == ["u", "v", "u"]
        assert frame["time"].dt.convert_time_zone("UTC").dt.hour().to_list() == [12, 12, 12]


@every_way
def test_a_file_cut_anywhere_is_one_clear_error(tmp_path, way):
    content = WAYS[way]
    ends = [6, 8, 12, *range(16, len(content), len(content) // 25), len(content) - 1]
    if "stream" in way:  # without its end mark, and between batches, a stream is whole
        ends = [end for end in ends if end < len(content) - 100]
    for end in ends:
        (tmp_path / "t.bin").write_bytes(content[:end])
        refused(tmp_path / "t.bin")


def test_files_without_rows_and_files_of_another_kind_are_refused(tmp_path):
    FRAME.clear().write_ipc(tmp_path / "none.arrow")
    refused(tmp_path / "none.arrow", "no rows")
    FRAME.clear().write_ipc_stream(tmp_path / "none.arrows")
    refused(tmp_path / "none.arrows", "no rows")
    (tmp_path / "old.feather").write_bytes(b"FEA1" + bytes(100))
    refused(tmp_path / "old.feather", "version 1", "version 2")
    (tmp_path / "text.arrow").write_text("a,b\n1,2\n")
    refused(tmp_path / "text.arrow", "not an Arrow file")


def packed(way, compression):
    file = io.BytesIO()
    frame = pl.DataFrame({"a": range(ROWS), "b": range(ROWS)})
    if way == "feather":
        pa.feather.write_feather(frame.to_arrow(), file, compression=compression, chunksize=600)
    else:
        getattr(frame, way)(file, compression=compression)
    return file.getvalue()


PACKED_WAYS = ("write_ipc", "write_ipc_stream", "feather")


@pytest.mark.parametrize("way", PACKED_WAYS)
def test_lengths_are_those_of_the_columns(way):
    def lengths(data):
        with contextlib.suppress(EOFError):  # the end of a stream
            yield from columnar._unpacked_lengths(io.BytesIO(data))

    assert sum(lengths(packed(way, "zstd"))) == 2 * 8 * ROWS
    assert sum(lengths(packed(way, "lz4"))) == 2 * 8 * ROWS
    assert list(lengths(packed(way, "uncompressed"))) == []


@pytest.mark.parametrize("way", PACKED_WAYS)
def test_a_length_beyond_all_memory_is_refused(way, tmp_path):
    """As polars takes it, it ends the process."""
    data = packed(way, "zstd")
    place = data.rindex(ZSTD) - 8
    assert struct.unpack_from("<q", data, place) == (8 * (ROWS if "ipc" in way else 400),)
    false = data[:place] + struct.pack("<q", 2**52) + data[place + 8 :]
    path = tmp_path / "t.arrow"
    path.write_bytes(false)
    with pytest.raises(TableError, match=r"t\.arrow holds 4,503,600 GB of values"):
        read(path)
    assert extent_of(path).rows == 0
    if way != "write_ipc_stream":
        with pytest.raises(TableError, match="GB of values"), opened(path, tmp_path):
            pass


@pytest.mark.parametrize("way", PACKED_WAYS)
def test_what_is_damaged_otherwise_is_left_to_the_reader(way):
    data = packed(way, "zstd")
    for place in range(0, len(data) - 9, 7):
        refuse_false_lengths(data[:place], "t")
        with contextlib.suppress(TableError):
            refuse_false_lengths(data[:place] + b"\xff" * 9 + data[place + 9 :], "t")


def test_messages_that_are_listed_over_and_over_are_refused():
    """A file of a megabyte could list them 40,000 times."""
    data = packed("feather", "zstd")
    (length,) = struct.unpack_from("<i", data, len(data) - 10)
    footer = data[-10 - length : -10]
    fields = columnar._fields(footer, columnar._offset(footer, 0))
    place = fields[columnar.BATCHES]
    start = columnar._offset(footer, place)
    listed = struct.pack("<I", 5000) + footer[start + 4 : start + 28] * 5000
    again = footer[:place] + struct.pack("<I", length - place) + footer[place + 4 :] + listed
    longer = data[: -10 - length] + again + struct.pack("<i", len(again)) + b"ARROW1"
    with pytest.raises(TableError, match="GB of values"):
        refuse_false_lengths(longer, "t")
