"""A table in blocks holds the rows that `read` finds in the same files, in the same order."""

import bz2
import gzip
import io
import sys
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gradum.errors import DiskError, TableError
from gradum.tables.formats import encoding
from gradum.tables.formats.content import zstd
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import is_batches, opened
from gradum.tables.sources.read import read

FRAME = pl.DataFrame(
    {
        "a": range(100),
        "b": [f"text, {k}" for k in range(100)],
        "c": [None if k % 7 == 0 else k / 8 for k in range(100)],
    }
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Blocks of 16 rows, windows of 8, heads of 4, and text decoded 64 bytes at a time."""
    monkeypatch.setattr(stream, "BLOCK_ROWS", 16)
    monkeypatch.setattr(stream, "WINDOW_ROWS", 8)
    monkeypatch.setattr("gradum.tables.sources.open_stream.HEAD_ROWS", 4)
    monkeypatch.setattr("gradum.tables.sources.open_stream.JOINED_ROWS", 5)
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 64)


def assert_as_read(data, scratch):
    """Blocks, sample, some rows and some columns are those of the table that is read whole."""
    whole = read(data)
    with opened(data, scratch) as rows:
        blocks = [block.frame for block in rows.blocks()]
        assert pl.concat(blocks).equals(whole.frame)
        assert [len(block) for block in blocks[:-1]] == [16] * (len(blocks) - 1)
        assert len(rows) == len(whole.frame)
        for name in ("source", "notes", "typed", "decimal"):
            assert getattr(rows.head, name) == getattr(whole, name), name
        assert rows.head.frame.schema == whole.frame.schema
        assert rows.sample(len(rows), np.random.default_rng(0)).frame.equals(whole.frame)
        numbers = np.flatnonzero(np.random.default_rng(1).random(len(rows)) < 0.3)
        assert rows.take(numbers).frame.equals(whole.frame[numbers])
        last = whole.frame.columns[-1:]
        some = [block.frame for block in rows.blocks(last)]
        assert pl.concat(some).equals(whole.frame.select(last))
    assert list(scratch.iterdir()) == []
    return whole


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch [1]*"  # no pattern, whatever it looks like
    folder.mkdir()
    return folder


def refused(data, scratch, *words):
    with pytest.raises(TableError) as caught, opened(data, scratch) as rows:
        for _ in rows.blocks():
            pass
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    assert list(scratch.iterdir()) == []
    return message


def refused_as_read(data, scratch):
    with pytest.raises(TableError) as caught:
        read(data)
    assert refused(data, scratch) == str(caught.value)


def test_parquet_files_follow_one_another(tmp_path, scratch):
    FRAME[:37].write_parquet(tmp_path / "1.parquet", row_group_size=5)
    FRAME[37:38].write_parquet(tmp_path / "2.parquet")
    FRAME[38:].select("c", "b", "a").write_parquet(tmp_path / "3.parquet", row_group_size=11)
    assert_as_read(tmp_path / "*.parquet", scratch)
    assert_as_read([tmp_path / "3.parquet", tmp_path / "1.parquet"], scratch)
    assert_as_read(tmp_path / "1.parquet", scratch)


def test_types_that_differ_are_reconciled_over_all_rows(tmp_path, scratch):
    late = [None] * 30
    parts = [
        {"n": [1, 2], "when": [date(2020, 1, 1), None], "level": ["x", "y"], "late": [1, 2]},
        {"n": [0.5, None], "when": [None, None], "level": ["y", "z"], "late": [3, None]},
        {"n": late, "when": late, "level": late, "late": [*late[1:], 0.25]},
        {"n": [3], "when": [datetime(2020, 1, 2, 3, tzinfo=UTC)], "level": ["x"], "late": [4]},
    ]
    for number, part in enumerate(parts):
        frame = pl.DataFrame(part)
        if number == 1:
            frame = frame.with_columns(pl.col("level").cast(pl.Categorical))
        frame.write_parquet(tmp_path / f"{number}.parquet")
    whole = assert_as_read(tmp_path / "*.parquet", scratch)
    assert whole.frame["late"][33] == 0.25


def test_files_with_the_name_of_a_pattern_are_those_files(tmp_path, scratch):
    FRAME[:20].write_parquet(tmp_path / "t[1].parquet")
    FRAME[20:].write_parquet(tmp_path / "t1.parquet")
    FRAME[:20].write_ipc(tmp_path / "t[1].arrow")
    FRAME[:20].write_csv(tmp_path / "t[1].csv")
    for ending in ("parquet", "arrow", "csv"):
        assert_as_read(tmp_path / f"t[1].{ending}", scratch)


ROWS = "".join(f'{k},"say, {k}",{k}.5\n' for k in range(60))
TEXTS = {
    "comma": "a,b,c\n" + ROWS,
    "semicolon": "a;b;c\n" + "".join(f"{k};x{k};{k},5\n" for k in range(60)),
    "tab": "a\tb\n" + "".join(f"{k}\tx\n" for k in range(60)),
    "windows": ("a,b,c\n" + ROWS).replace("\n", "\r\n"),
    "old macintosh": "a,b\n1,x\n2,y\n".replace("\n", "\r"),
    "lines within quotes": 'a,b\n1,"x\ny"\n2,z\n',
    "quotes within quotes": 'a,b\n1,"say ""so"""\n2,z\n',
    "quotes that are text": 'a,b\n1,5"\n2,6"\n3,7\n',
    "a quote that never closes": 'a,b\n1,"2\n3,4\n',
    "single quotes": "a,b\n" + "".join(f"{k},'x, {k}'\n" for k in range(9)),
    "blank rows": "\n\na,b,c\n" + ROWS + ",,\n\n" + ROWS + "\n\n",
    "no line end": "a,b\n1,2\n3,4",
    "missing at the end": "a,b\n1,\n3,4\n5,\n",
    "spaces, and no name": " a ,,b\n1,2,3\n4,5,6\n",
    "numbers as names": "1,2\n3,4\n5,6\n",
    "one column": "a\n1\n\n3\n",
    "accents": "ä,b\né,1\nñ,2\n",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_is_cut_into_the_same_rows(name, codec, tmp_path, scratch):
    (tmp_path / "t.csv").write_bytes(TEXTS[name].encode(codec))
    assert_as_read(tmp_path / "t.csv", scratch)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstd.compress])
def test_compressed_files_of_any_kind(pack, tmp_path, scratch):
    FRAME.write_parquet(tmp_path / "t.parquet")
    FRAME.write_ipc(tmp_path / "t.arrow")
    FRAME.write_csv(tmp_path / "t.csv", separator=";")
    for name in ("t.parquet", "t.arrow", "t.csv"):
        (tmp_path / f"{name}.packed").write_bytes(pack((tmp_path / name).read_bytes()))
        assert_as_read(tmp_path / f"{name}.packed", scratch)


def test_text_files_with_differing_column_orders(tmp_path, scratch):
    (tmp_path / "1.csv").write_text("a,b\n1,x\n")
    (tmp_path / "2.csv").write_text("b;a\ny;2\n")
    assert_as_read(tmp_path / "*.csv", scratch)


def test_standard_input_is_a_file_like_any_other(scratch, monkeypatch):
    content = TEXTS["comma"].encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    whole = read("-").frame
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with opened("-", scratch) as rows:
        assert pl.concat([block.frame for block in rows.blocks()]).equals(whole)


def test_the_cut_does_not_depend_on_how_the_reader_cuts(tmp_path, scratch):
    FRAME.write_parquet(tmp_path / "1.parquet", row_group_size=3)
    FRAME.write_parquet(tmp_path / "2.parquet", row_group_size=70)
    cuts = []
    for name in ("1.parquet", "2.parquet"):
        with opened(tmp_path / name, scratch) as rows:
            cuts.append([block.frame for block in rows.blocks()])
    assert len(cuts[0]) == len(cuts[1]) == 7
    assert all(first.equals(second) for first, second in zip(*cuts, strict=True))


def test_wide_tables_have_blocks_of_fewer_rows(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_BYTES", 8 * 3 * 10)
    FRAME.write_parquet(tmp_path / "t.parquet")
    with opened(tmp_path / "t.parquet", scratch) as rows:
        assert rows.block_rows == 10
        assert {len(block.frame) for block in rows.blocks()} == {10}
    monkeypatch.setattr(stream, "BLOCK_BYTES", 2)
    with opened(tmp_path / "t.parquet", scratch) as rows:
        assert rows.block_rows == 1


def test_a_sample_is_windows_of_neighbours_from_everywhere(tmp_path, scratch):
    for number in range(25):  # a window of 8 lies in three of these files
        FRAME[4 * number : 4 * number + 4].write_parquet(tmp_path / f"{number:02}.parquet")
    with opened(tmp_path / "*.parquet", scratch) as rows:
        samples = [rows.sample(24, np.random.default_rng(seed)) for seed in range(40)]
        drawn = [sample.frame for sample in samples]
        again = rows.sample(24, np.random.default_rng(3)).frame
    assert again.equals(drawn[3])
    for frame, sample in zip(drawn, samples, strict=True):
        numbers = frame["a"].to_numpy()
        np.testing.assert_array_equal(sample.numbers, numbers)
        assert frame.equals(FRAME[numbers])
        starts = np.unique(numbers // 8) * 8
        assert len(starts) == 3
        expected = np.concatenate([np.arange(start, min(start + 8, 100)) for start in starts])
        np.testing.assert_array_equal(numbers, expected)
    assert set(np.concatenate([frame["a"].to_numpy() for frame in drawn])) == set(range(100))


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3\n",
        "a,b\n1,2\n3,4,5\n",
        "a,b\n" + "1,2\n" * 50 + "3,4,5\n" + "1,2\n" * 50,
        'a,b\n1,"2\n3,4,5\n',
        "a,a\n1,2\n",
        "a,b\n",
        "a,b\n,\n",
        "",
        "\n\n",
        "%PDF-1.4",
        "PK\x03\x04 a workbook",
        "a,b\x00\x01\n1,2\n",
    ],
)
def test_text_that_is_no_table_is_refused_in_the_same_words(content, tmp_path, scratch):
    (tmp_path / "t.csv").write_text(content)
    refused_as_read(tmp_path / "t.csv", scratch)


def test_files_that_are_not_there_or_no_tables(tmp_path, scratch):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    (tmp_path / "u.csv").write_text("a,c\n1,2\n")
    (tmp_path / "t.parquet").write_text("a,b\n1,2\n")
    (tmp_path / "t.gz").write_bytes(gzip.compress(gzip.compress(b"a,b\n1,2\n")))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a,b\n1,2\n" * 9)[:-9])
    pl.DataFrame(schema={"a": pl.Int64}).write_parquet(tmp_path / "none.parquet")
    FRAME.write_parquet(tmp_path / "typed.parquet")
    for name in ("v.csv", "v*.csv", "[tu].csv", "t.parquet", "t.gz", "cut.gz", "none.parquet"):
        refused_as_read(tmp_path / name, scratch)
    refused_as_read(tmp_path, scratch)
    refused_as_read([tmp_path / "t.csv", tmp_path / "typed.parquet"], scratch)
    refused_as_read([tmp_path / "t.csv", tmp_path / "*.csv"], scratch)


@pytest.mark.parametrize("write", [pl.DataFrame.write_parquet, pl.DataFrame.write_ipc])
def test_damaged_files_are_refused_wherever_the_damage_is(write, tmp_path, scratch):
    write(FRAME, tmp_path / "t")
    content = (tmp_path / "t").read_bytes()
    for end in (16, len(content) // 2, len(content) - 1):
        (tmp_path / "t").write_bytes(content[:end])
        refused_as_read(tmp_path / "t", scratch)


def test_a_file_damaged_within_is_found_while_reading(tmp_path, scratch):
    frame = pl.DataFrame({"a": np.random.default_rng(0).random(20_000)})
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=1_000, compression="zstd")
    content = bytearray((tmp_path / "t.parquet").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2_000] = bytes(2_000)
    (tmp_path / "t.parquet").write_bytes(content)
    refused(tmp_path / "t.parquet", scratch, "t.parquet cannot be read to its end", "damaged")


def test_what_is_read_as_a_whole_asks_for_more_memory(tmp_path, scratch):
    (tmp_path / "t.json").write_text('[{"a": 1}, {"a": 2}]')
    refused(tmp_path / "t.json", scratch, "t.json is JSON", "--max-memory")
    FRAME.write_ipc_stream(tmp_path / "t.arrow")
    refused(tmp_path / "t.arrow", scratch, "t.arrow is an Arrow stream", "--max-memory")


def test_batches_are_written_and_read_like_files(scratch):
    kinds = [
        FRAME[:7],
        FRAME[7:7],
        FRAME[7:9].to_pandas(),
        FRAME[9:11].to_dicts(),
        FRAME[11:13].to_dict(as_series=False),
        {"a": [], "b": [], "c": []},
        [],
        FRAME[13:14].to_dicts()[0],
        FRAME[14:60].lazy(),
        FRAME[60:].to_arrow(),
    ]
    for batches in (kinds, iter(kinds), (each for each in kinds), tuple(kinds)):
        assert is_batches(batches)
        with opened(batches, scratch) as rows:
            for _ in range(2):
                found = pl.concat([block.frame for block in rows.blocks()])
                assert found.fill_nan(None).equals(FRAME)
            assert rows.head.source == "the table in batches"
        assert list(scratch.iterdir()) == []


def test_rows_that_come_one_by_one(scratch):
    rows = FRAME.to_dicts()
    with opened(iter([*rows[:33], FRAME[33:40], *rows[40:]]), scratch) as found:
        assert pl.concat([block.frame for block in found.blocks()]).equals(FRAME)


def test_batches_of_arrays_and_of_odd_columns(scratch):
    x = np.arange(60.0).reshape(20, 3)
    with opened(iter(np.split(x, 5)), scratch) as rows:
        (block, rest) = rows.blocks()
        np.testing.assert_array_equal(np.concatenate([block.frame, rest.frame]), x)
    frames = [
        pd.DataFrame({"a": [1, 2], "odd": [[1], None], "late": [None, None]}),
        pd.DataFrame({"a": [3, None], "odd": [{"k": 1}, [2]], "late": ["x", None]}),
    ]
    with opened(frames, scratch) as rows:
        (block,) = rows.blocks()
    assert block.frame["a"].fill_nan(None).to_list() == [1.0, 2.0, 3.0, None]
    assert block.frame["late"].to_list() == [None, None, "x", None]
    assert block.frame["odd"].is_null().to_list() == [False, True, False, False]
    assert block.frame["odd"].dtype.is_nested()


def test_batches_that_do_not_belong_together_are_named(scratch):
    refused(iter([FRAME, FRAME.drop("b")]), scratch, "batch 2", "'b'", "batch 1")
    clash = FRAME.with_columns(pl.col("a").cast(pl.String))
    refused([FRAME, FRAME, clash], scratch, "'a' is String in batch 3", "Int64 in batch 1")
    refused(iter([]), scratch, "no batch")
    refused(iter([FRAME[:0], []]), scratch, "no batch")
    refused(iter([1, 2]), scratch, "'int' is not a table")


def test_what_counts_as_batches():
    assert is_batches(iter("ab"))
    assert is_batches([FRAME, FRAME])
    assert is_batches(np.split(np.zeros((4, 2)), 2))
    whole = [FRAME, FRAME.to_pandas(), FRAME.to_dicts(), FRAME.to_dicts()[0], np.zeros((2, 2))]
    for data in (*whole, FRAME.lazy(), FRAME.to_arrow(), "t.csv", ["t.csv"], [], read(FRAME)):
        assert not is_batches(data)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "arrow", "batches", "latin.csv"])
def test_a_full_disk_is_said_and_leaves_nothing(kind, tmp_path, scratch):
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    frame = pl.DataFrame({"a": np.random.default_rng(0).random(5_000), "b": "é"})
    data = tmp_path / f"t.{kind}"
    content = frame.write_csv().encode("cp1252" if kind == "latin.csv" else "utf-8")
    match kind:
        case "batches":
            data = iter([frame])
        case "arrow":
            frame.write_ipc(data)
        case _:
            data.write_bytes(gzip.compress(content) if kind == "csv.gz" else content)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, before[1]))
    try:
        with (
            pytest.raises(DiskError, match=r"disk does not take .*TMPDIR"),
            opened(data, scratch),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(scratch.iterdir()) == []
