"""Tables of a real server of PostgreSQL: the values of its types, batches, and what it refuses."""

import datetime
import sys

import polars as pl
import pytest

from gradum.errors import GradumError
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.paths import without_secrets
from gradum.tables.sources import parquet_rows, postgresql
from gradum.tables.sources.fetched import fetched
from gradum.tables.sources.fingerprint import Fingerprint
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read
from servers import ADDRESS, PASSWORD, SHOWN, WITHOUT_PASSWORD, needs_postgresql, tell

QUERY = "SELECT n AS i, n / 2.0::float8 AS half, 't' || n AS word FROM generate_series(1, {}) n"
EXPECTED = [(n, n / 2, f"t{n}") for n in range(1, 5001)]


def refused(query, *words, address=ADDRESS):
    with pytest.raises(GradumError) as caught:
        read(address, ReadingOptions(query=query))
    message = str(caught.value)
    assert "\n" not in message
    assert not PASSWORD or PASSWORD not in message
    for word in words:
        assert word in message
    assert caught.value.exit_code == 2


@needs_postgresql
def test_the_values_of_each_type():
    query = """SELECT 1::smallint AS s, 2.5::real AS r, 1.25::numeric AS n, 'NaN'::numeric AS nan,
        'x'::varchar AS v, true AS b, date '2020-01-02' AS d, null::int AS none,
        timestamptz '2020-01-01 10:00+02' AS at, '{"a": 1}'::jsonb AS j, array[1, 2] AS l
        -- a comment at its end;"""
    table = read(ADDRESS, ReadingOptions(query=query))
    ((s, r, n, nan, v, b, d, none, at, j, listed),) = table.frame.rows()
    assert (s, r, n, v, b, d, none) == (1, 2.5, 1.25, "x", True, datetime.date(2020, 1, 2), None)
    assert nan != nan
    assert at == datetime.datetime(2020, 1, 1, 8, tzinfo=datetime.UTC)
    assert (j, listed) == ('{"a": 1}', [1, 2])
    assert table.frame["n"].dtype == pl.Float64
    assert (table.source, table.typed) == (SHOWN, True)


@needs_postgresql
def test_rows_come_in_batches_and_the_hash_does_not_tell(monkeypatch):
    monkeypatch.setattr(postgresql, "BATCH_BYTES", 20_000)
    monkeypatch.setattr(parquet_rows, "FILE_ROWS", 1000)
    reading = ReadingOptions(query=QUERY.format(5000))
    with fetched(ADDRESS, reading) as here:
        assert len(here.files) > 3
        assert read(here).frame.rows() == EXPECTED
        with opened(here) as stream:
            assert pl.concat([block.frame for block in stream.blocks()]).rows() == EXPECTED
        assert list(here.sha256) == [SHOWN]
    monkeypatch.undo()
    with fetched(ADDRESS, reading) as whole:
        assert len(whole.files) == 1
        assert whole.sha256 == here.sha256
    with fetched(ADDRESS, ReadingOptions(query=QUERY.format(4999))) as fewer:
        assert fewer.sha256 != here.sha256


@needs_postgresql
def test_the_only_table_is_taken_and_several_are_listed():
    tell("DROP SCHEMA IF EXISTS s CASCADE", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    refused(None, "holds no table")
    tell("CREATE SCHEMA s", 'CREATE TABLE s."od""d" AS SELECT 7 AS seven')
    assert read(ADDRESS).frame.rows() == [(7,)]
    tell("CREATE TABLE second (x int)")
    refused(None, "2 tables: 'public.second', 's.od\"d'", "--query")


@needs_postgresql
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1; DROP TABLE kept", ["more than one statement"]),
        ("DELETE FROM kept", ["not 'DELETE'"]),
        ("WITH a AS (DELETE FROM kept RETURNING x) SELECT * FROM a", ["reading alone"]),
        ("SELECT set_config('transaction_read_only', 'off', false), x FROM kept", ["read-write"]),
        ("SELECT * FROM absent", ['relation "absent" does not exist']),
        ("SELECT 1 / (n - 9000) FROM generate_series(1, 9999) n", ["division by zero"]),
        ("SELECT 1 WHERE false", ["returns no rows"]),
        ("SELECT 1 AS a, 2 AS a", ["several columns named 'a'"]),
        ("SELECT interval '1 day' AS i", ["'i'", "holds intervals", "EXTRACT"]),
    ],
)
def test_queries_that_are_refused(query, words):
    tell("DROP TABLE IF EXISTS kept", "CREATE TABLE kept AS SELECT 1 AS x")
    refused(query, *words)
    assert read(ADDRESS, ReadingOptions(query="SELECT x FROM kept")).frame.rows() == [(1,)]


@needs_postgresql
def test_a_user_who_may_not_read():
    tell(
        "DROP TABLE IF EXISTS closed",
        "CREATE TABLE closed AS SELECT 1 AS x",
        "DROP ROLE IF EXISTS guest",
        f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'",
    )
    guest = ADDRESS.replace("gradum:", "guest:")
    refused("SELECT * FROM public.closed", "does not let you: permission", address=guest)


@needs_postgresql
def test_passwords_come_from_the_environment_or_a_file(monkeypatch, tmp_path):
    reading = ReadingOptions(query="SELECT 1 AS x")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    refused("SELECT 1", "PGPASSWORD or ~/.pgpass", address=WITHOUT_PASSWORD)
    wrong = ADDRESS.replace(PASSWORD, "s3cret")
    refused("SELECT 1", "password authentication failed", address=wrong)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert len(read(WITHOUT_PASSWORD, reading).frame) == 1
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{PASSWORD}\n")
    (tmp_path / "pgpass").chmod(0o600)
    assert len(read(WITHOUT_PASSWORD, reading).frame) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://u:s3cret@127.0.0.1:1/d", ["127.0.0.1:1/d cannot be reached", "refused"]),
        ("postgresql://u:s3%zzcret@127.0.0.1:1/d", ["cannot be reached"]),
        ("postgresql://127.0.0.1:1/d?user=u&password=s3cret", ["cannot be reached"]),
        ("postgresql://u:s3/cret@127.0.0.1:1/d", ["cannot be read", "%2F"]),
    ],
)
def test_servers_that_are_not_reached(address, words):
    with pytest.raises(GradumError) as caught:
        read(address, ReadingOptions(query="SELECT 1"))
    message = str(caught.value)
    assert "cret" not in message
    for word in words:
        assert word in message


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    refused("SELECT 1", "pip install 'gradum[sql]'", address="postgresql://h/d")


def test_secrets_are_taken_out_of_texts():
    address = "postgresql://u:s3%20cret@h/d?password=other"
    text = "for user u: s3%20cret, s3 cret and other"
    assert without_secrets(text, address) == "for user u: …, … and …"
    assert without_secrets("plain", "postgresql://h/d") == "plain"


def test_a_fingerprint_tells_values_nulls_order_and_names():
    frame = pl.DataFrame({"a": [1, None, 3], "b": ["x", "", None], "c": [[1], [2], None]})

    def of(*frames):
        fingerprint = Fingerprint()
        for each in frames:
            fingerprint.update(each)
        return fingerprint.hexdigest()

    whole = of(frame)
    assert of(frame[:1], frame[1:]) == whole
    others = [
        frame[::-1],
        frame.fill_null(0),
        frame.with_columns(b=pl.Series(["x", None, ""])),
        frame.with_columns(b=pl.Series(["", "x", None])),
        frame.with_columns(pl.col("a").cast(pl.Float64)),
        frame.rename({"a": "d"}),
    ]
    assert len({whole, *map(of, others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("cells", "others"),
    [
        ([[1], [2], None], [[[1], [3], None], [[1], [2], []], [[1, 2], [], None]]),
        ([{"a": 1}, {"a": None}, None], [[{"a": 1}, {"a": None}, {"a": None}]]),
        ([[{"a": "x"}], [], [None]], [[[{"a": "y"}], [], [None]], [[{"a": "x"}], [None], []]]),
        ([[[1.5]], [[], [2]], []], [[[[1.5], []], [[2]], []]]),
        ([b"ab", b"", None], [[b"a", b"b", None], [b"ab", None, b""]]),
    ],
)
def test_a_fingerprint_tells_lists_records_and_bytes(cells, others):
    def of(cells, cut):
        frame, fingerprint = pl.DataFrame({"x": pl.Series(cells, dtype=dtype)}), Fingerprint()
        for each in (frame[:cut], frame[cut:]):
            fingerprint.update(each)
        return fingerprint.hexdigest()

    dtype = pl.Series(cells).dtype
    assert len({of(cells, cut) for cut in range(4)}) == 1
    assert len({of(each, 1) for each in (cells, *others)}) == 1 + len(others)


def test_a_fingerprint_tells_arrays():
    def of(*rows):
        fingerprint = Fingerprint()
        fingerprint.update(pl.DataFrame({"x": pl.Series(rows, dtype=pl.Array(pl.Int64, (2, 2)))}))
        return fingerprint.hexdigest()

    assert of([[1, 2], [3, 4]], None) == of([[1, 2], [3, 4]], None)
    assert of([[1, 2], [3, 4]], None) != of([[1, 2], [3, 5]], None)
