"""Lengths of packed buffers in Arrow files: as they are, and as damaged files claim them."""

import contextlib
import io
import struct

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest

from gradum.errors import TableError
from gradum.tables import arrow_buffers
from gradum.tables.arrow_buffers import refuse_false_lengths
from gradum.tables.extent import extent_of
from gradum.tables.read import read
from gradum.tables.stream import opened

ZSTD = b"\x28\xb5\x2f\xfd"  # with which what it packs begins
ROWS = 1000


def written(way, compression):
    file = io.BytesIO()
    frame = pl.DataFrame({"a": range(ROWS), "b": range(ROWS)})
    if way == "feather":
        pa.feather.write_feather(frame.to_arrow(), file, compression=compression, chunksize=600)
    else:
        getattr(frame, way)(file, compression=compression)
    return file.getvalue()


WAYS = ("write_ipc", "write_ipc_stream", "feather")


@pytest.mark.parametrize("way", WAYS)
def test_lengths_are_those_of_the_columns(way):
    def lengths(data):
        with contextlib.suppress(EOFError):  # the end of a stream
            yield from arrow_buffers._unpacked_lengths(io.BytesIO(data))

    assert sum(lengths(written(way, "zstd"))) == 2 * 8 * ROWS
    assert sum(lengths(written(way, "lz4"))) == 2 * 8 * ROWS
    assert list(lengths(written(way, "uncompressed"))) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_length_beyond_all_memory_is_refused(way, tmp_path):
    """As polars takes it, it ends the process."""
    data = written(way, "zstd")
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


@pytest.mark.parametrize("way", WAYS)
def test_what_is_damaged_otherwise_is_left_to_the_reader(way):
    data = written(way, "zstd")
    for place in range(0, len(data) - 9, 7):
        refuse_false_lengths(data[:place], "t")
        with contextlib.suppress(TableError):
            refuse_false_lengths(data[:place] + b"\xff" * 9 + data[place + 9 :], "t")


def test_messages_that_are_listed_over_and_over_are_refused():
    """A file of a megabyte could list them 40,000 times."""
    data = written("feather", "zstd")
    (length,) = struct.unpack_from("<i", data, len(data) - 10)
    footer = data[-10 - length : -10]
    fields = arrow_buffers._fields(footer, arrow_buffers._offset(footer, 0))
    place = fields[arrow_buffers.BATCHES]
    start = arrow_buffers._offset(footer, place)
    listed = struct.pack("<I", 5000) + footer[start + 4 : start + 28] * 5000
    again = footer[:place] + struct.pack("<I", length - place) + footer[place + 4 :] + listed
    longer = data[: -10 - length] + again + struct.pack("<i", len(again)) + b"ARROW1"
    with pytest.raises(TableError, match="GB of values"):
        refuse_false_lengths(longer, "t")
