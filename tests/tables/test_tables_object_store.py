"""Tables in a store of objects: as those of files, and refused in one line without a secret."""

import errno
import gzip
import itertools
import os
import pickle
import shutil
import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gradum.errors import DiskError, GradumError, OutputError, TableError
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources import object_store as reader
from gradum.tables.sources import store_access
from gradum.tables.sources.fetched import fetched
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.origin import Origin, folder_of_processes
from gradum.tables.sources.read import read
from object_store import SECRET, Store, serving

FRAME = pl.DataFrame(
    {
        "x": [1, 2, None, 4],
        "word": ["é", None, "a\nb", ""],
        "kind": pl.Series(["b", "a", "b", None], dtype=pl.Categorical),
        "at": pl.Series([0, 1, 2, 3]).cast(pl.Datetime("us", "UTC")),
    }
)
buckets = (f"homes-{number}" for number in itertools.count())  # polars keeps what it knows of one


@pytest.fixture(scope="module", autouse=True)
def store():
    with pytest.MonkeyPatch.context() as patched, serving() as environment:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3"):
            patched.delenv(name, raising=False)
        for name, value in environment.items():
            patched.setenv(name, value)
        yield


@pytest.fixture
def bucket():
    name = next(buckets)
    yield name
    for key in [key for key in Store.objects if key.startswith(f"{name}/")]:
        del Store.objects[key]


def put(bucket, objects):
    Store.objects.update({f"{bucket}/{name}": content for name, content in objects.items()})


def written(frame, method="write_parquet"):
    buffer = BytesIO()
    getattr(frame, method)(buffer)
    return buffer.getvalue()


def refused(address, *words, reading=None):
    with pytest.raises(GradumError) as caught:
        read(address, reading or ReadingOptions())
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in message
    assert SECRET not in message
    for word in words:
        assert word in message
    return message


OBJECTS = {
    "t.csv": b'\xef\xbb\xbfx;word\r\n"1,5";"a\nb"\r\n2;\xc3\xa9',
    "t.csv.gz": gzip.compress(b"x,y\n1,2\n3,4\n"),
    "t.jsonl": b'{"x": 1, "y": {"z": "a"}}\n{"x": 2, "y": {"z": "b"}}\n',
    "t.parquet": written(FRAME),
    "t.arrow": written(FRAME, "write_ipc"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_read_as_the_file_is(name, bucket, tmp_path):
    put(bucket, OBJECTS)
    (tmp_path / name).write_bytes(OBJECTS[name])
    address = f"s3://{bucket}/{name}"
    here, there = read(tmp_path / name), read(address)
    assert there.frame.equals(here.frame)
    assert (there.source, there.typed, there.decimal) == (address, here.typed, here.decimal)
    if "json" not in name:
        with opened(address) as stream:
            rows = pl.concat([block.frame for block in stream.blocks()])
        assert rows.rows() == here.frame.rows()


def test_a_pattern_stacks_objects_in_the_order_of_their_names(bucket):
    texts = {f"part-{number}.csv": f"x,y\n{number},a\n".encode() for number in (2, 0, 1)}
    put(bucket, {**texts, "other.csv": b"z\n9\n"})
    assert read(f"s3://{bucket}/part-*.csv").frame["x"].to_list() == ["0", "1", "2"]
    put(bucket, {"part-3.csv": b"x,y\n3\xff,a\n"})
    refused(f"s3://{bucket}/part-*.csv", "not UTF-8")


def test_folders_are_columns(bucket):
    put(
        bucket,
        {
            "sales/year=2023/city=a/0.parquet": written(FRAME.head(1)),
            "sales/year=2024/city=b%2Fc/0.parquet": written(FRAME.tail(2)),
            "sales/year=2024/_SUCCESS": b"done",
        },
    )
    expected = [(1, 2023, "a"), (None, 2024, "b/c"), (4, 2024, "b/c")]
    for address in ("sales/", "sales/year=*/**/*.parquet"):
        frame = read(f"s3://{bucket}/{address}").frame
        assert frame.select("x", "year", "city").rows() == expected


def test_the_hash_is_that_of_the_content(bucket):
    def hashes(name):
        with fetched(f"s3://{bucket}/{name}") as here:
            return dict(here.sha256)

    for name, one, other in (
        ("t.parquet", written(FRAME), written(FRAME.reverse())),
        ("t.csv", b"x,y\n1,2\n", b"x,y\n1,3\n"),
    ):
        put(bucket, {name: one})
        before = hashes(name)
        assert list(before) == [f"s3://{bucket}/{name}"]
        assert hashes(name) == before
        put(bucket, {name: other})
        assert hashes(name) != before


def test_what_is_not_there(bucket):
    put(bucket, {"t.parquet": written(FRAME), "bad.parquet": b"no columns", "void.csv": b""})
    refused(f"s3://{bucket}/absent.csv", f"There is no s3://{bucket}/absent.csv")
    refused(f"s3://{bucket}/absent.parquet", "There is no", "ends with /")
    refused(f"s3://{bucket}/part-*.csv", "No file matches")
    refused(f"s3://{bucket}/part-*.parquet", "No file matches")
    refused(f"s3://{bucket}/sales/", "No file matches")
    refused(f"s3://{bucket}/bad.parquet", "damaged")
    refused(f"s3://{bucket}/void.csv", "is empty")
    refused("s3://no-such-bucket/*.csv", "no bucket 'no-such-bucket'")
    refused("s3://no-such-bucket/t.parquet", "no-such-bucket")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not let you"),
        (403, "does not let you"),
        (301, "AWS_REGION"),
        (418, "answers 418"),
    ],
)
def test_a_store_that_refuses(status, words):
    for name in ("t.parquet", "*.csv"):
        refused(f"s3://status-{status}/{name}", words)


POLARS_1 = pl.__version__.startswith("1.")  # asks twice as often, and names no time that is over


@pytest.mark.slow
def test_a_store_that_fails_is_asked_a_few_times():
    before = len(Store.asked)
    refused("s3://status-503/t.parquet", "answers 503", "Try later")
    times = 4 if POLARS_1 else 2
    assert len(Store.asked) - before <= times * (1 + store_access.RETRIES)


@pytest.mark.slow
def test_a_silent_store_is_given_up(monkeypatch):
    for module in (store_access, reader):
        monkeypatch.setattr(module, "SECONDS", 1)
    said = "cannot be reached" if POLARS_1 else "gave nothing for 1 seconds"
    refused("s3://silent/t.parquet", said)


@pytest.mark.slow
def test_a_store_that_is_not_there(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    refused(f"s3://{next(buckets)}/t.parquet", "cannot be reached")


def test_addresses_that_are_refused(bucket):
    before = len(Store.asked)
    for address in (
        f"s3://key:{SECRET}@{bucket}/t.csv",
        f"s3://{bucket}/t.csv?X-Amz-Signature={SECRET}",
        f"az://box/t.csv?sig={SECRET}",
    ):
        refused(address, "which gradum does not send", "Give credentials")
    refused(f"s3://{bucket}", "names no object")
    refused(f"s3://{bucket}/a b.csv", "holds a space")
    refused(f"s3://{bucket}/t.xlsx", "Download it")
    refused(f"s3://{bucket}/t.csv", "UTF-8", reading=ReadingOptions(encoding="latin-1"))
    asked = [path for path in Store.asked[before:] if not path.startswith(f"/{bucket}")]
    assert asked == []


def test_keys_come_from_a_profile(monkeypatch, tmp_path):
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = d\naws_secret_access_key = {SECRET}\n"
        f"[work]\naws_access_key_id = w\naws_secret_access_key = {SECRET}-2\n"
    )
    (tmp_path / "config").write_text("[profile work]\nregion = eu-1\n[profile sso]\nx = 1\n")
    monkeypatch.setattr(store_access.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_REGION")

    def keys():
        return {
            name: value
            for name, value in store_access.options("s3://homes/t.csv").items()
            if name.startswith(("aws", "region"))
        }

    assert keys() == {}  # the environment has some
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert keys() == {"aws_access_key_id": "d", "aws_secret_access_key": SECRET}
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert keys() == {
        "aws_access_key_id": "w",
        "aws_secret_access_key": f"{SECRET}-2",
        "region": "eu-1",
    }
    monkeypatch.setenv("AWS_PROFILE", "sso")
    refused("s3://homes/t.csv", "'sso'", "pip install boto3")


@pytest.fixture
def stream(bucket):
    put(bucket, {f"t{k}.parquet": written(FRAME.with_columns(x=pl.lit(k))) for k in range(3)})
    with opened(f"s3://{bucket}/t*.parquet") as stream:
        yield stream


def elsewhere(stream):
    """Return the stream as a task on a machine gets it that has none of the copies."""
    stream = pickle.loads(pickle.dumps(stream.for_tasks(elsewhere=True)))
    gone = tuple(path.with_name(f"not-{path.name}") for path in stream.files)
    return replace(stream, files=gone, rows_in_block=5)


def rows_of(stream):
    """Return the rows as the tasks of all partitions read them."""
    return pl.concat(
        [block.frame for rows in stream.partitions for block in stream.blocks(rows=rows)]
    )


def test_tasks_elsewhere_copy_the_rows_from_the_same_origin(stream):
    here = replace(stream, rows_in_block=5)
    there = elsewhere(stream)
    for rows in here.partitions:
        [one], [two] = (list(each.blocks(rows=rows)) for each in (here, there))
        assert one.frame.equals(two.frame)
        assert (one.numbers == two.numbers).all()
    assert there.sample(100, np.random.default_rng(0)).frame.equals(here.take(np.arange(12)).frame)


def test_a_task_elsewhere_refuses_rows_that_are_no_longer_the_same(stream, bucket):
    there = elsewhere(stream)
    put(bucket, {"t1.parquet": written(FRAME.with_columns(x=pl.lit(7)))})
    with pytest.raises(TableError, match=r"t\*\.parquet has changed since the run began to read"):
        list(there.blocks(rows=there.partitions[0]))
    del Store.objects[f"{bucket}/t1.parquet"]
    with pytest.raises(TableError):
        list(there.blocks(rows=there.partitions[1]))


def test_several_addresses_are_several_origins(bucket):
    put(bucket, {"a.parquet": written(FRAME), "b.parquet": written(FRAME[::-1])})
    with opened([f"s3://{bucket}/{name}.parquet" for name in "ab"]) as stream:
        assert [(origin.address[-9:], origin.first) for origin in stream.origins] == [
            ("a.parquet", 0),
            ("b.parquet", 0),
        ]
        assert rows_of(elsewhere(stream)).equals(stream.take(np.arange(8)).frame)


def test_an_address_that_is_given_twice_begins_anew(bucket):
    put(bucket, {"a.parquet": written(FRAME)})
    with opened([f"s3://{bucket}/a.parquet"] * 2) as stream:
        assert rows_of(elsewhere(stream)).equals(pl.concat([FRAME, FRAME]))


NESTED = {
    "lists": [[[1, 2], None, [3]], [[1, 2], None, [4]]],
    "records": [[{"a": "x"}, {"a": None}], [{"a": "x"}, {"a": "y"}]],
    "bytes": [[b"ab", b"c"], [b"a", b"bc"]],
}


@pytest.mark.parametrize("name", NESTED)
def test_a_task_elsewhere_sees_changes_in_lists_records_and_bytes(name, bucket):
    before, after = (pl.DataFrame({"x": range(len(each)), name: each}) for each in NESTED[name])
    put(bucket, {"t.parquet": written(before)})
    with opened(f"s3://{bucket}/t.parquet") as stream:
        there, late = elsewhere(stream), elsewhere(stream)
        late = replace(late, origins=(replace(late.origins[0], token=f"{bucket}-late"),))
        assert rows_of(there).equals(before)
        put(bucket, {"t.parquet": written(after)})
        with pytest.raises(TableError, match="has changed since the run began"):
            rows_of(late)


@pytest.mark.slow
def test_a_wide_table_is_copied_in_groups_that_need_no_rewriting(bucket):
    wide = pl.DataFrame({f"x{k}": np.zeros(9_000) for k in range(2_000)})
    put(bucket, {"t.parquet": written(wide)})
    with opened(f"s3://{bucket}/t.parquet") as stream:
        assert [origin.rows for origin in stream.origins] == [9_000]


def test_a_copy_that_is_gone_is_made_anew_only_for_tasks_elsewhere(bucket):
    put(bucket, {"t.parquet": written(FRAME)})
    with opened(f"s3://{bucket}/t.parquet") as stream:
        there, here = elsewhere(stream), stream.for_tasks(elsewhere=False)
        stream.files[0].unlink()
        with pytest.raises(TableError, match="is not where the run began to read it"):
            rows_of(here)
    [origin] = there.origins
    blocks = there.blocks(rows=there.partitions[0])
    assert rows_of(there).equals(FRAME)
    shutil.rmtree(folder_of_processes(origin.token))
    assert next(blocks).frame.equals(FRAME)


def test_a_copy_that_its_process_removes_meanwhile_is_another_attempt_s(stream, monkeypatch):
    there = elsewhere(stream)
    gone = Path(tempfile.gettempdir()) / "not-there.parquet"
    monkeypatch.setattr(Origin, "copied", lambda origin, name: gone)
    with pytest.raises(FileNotFoundError):
        rows_of(there)


def test_copies_go_to_no_folder_that_somebody_else_made(stream, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", f"{tmp_path}")
    there = elsewhere(stream)
    theirs = tmp_path / f".gradum-{there.origins[0].token}"
    theirs.symlink_to(tmp_path)
    with pytest.raises(OutputError, match=r"\.gradum-\w+ cannot be written: File exists"):
        rows_of(there)
    theirs.unlink()
    theirs.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(OutputError, match="File exists"):
        rows_of(there)
    assert not any(theirs.iterdir())


def test_a_full_disk_of_a_task_elsewhere_is_no_damage(stream, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    there = elsewhere(stream)
    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(DiskError, match=r"does not take s3://homes-\d+/t\*.parquet: No space"):
        rows_of(there)
