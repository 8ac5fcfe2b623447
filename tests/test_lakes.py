"""Delta, Iceberg, moto's S3 and azurite's Azure, where an environment has them (`lakes.py`)."""

import base64
import email.utils
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import urllib.request
from io import BytesIO

import polars as pl
import pytest

import lakes
from gradum.errors import GradumError
from gradum.tables.sources.fetched import fetched
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read
from lakes import ROWS, SECRET, needs_azurite, needs_lakes, read_there


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A folder with tables, the address of moto's newest metadata, and the way to its server."""
    folder = tmp_path_factory.mktemp("lakes")
    found = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    with subprocess.Popen(
        [lakes.PYTHON, lakes.__file__, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | found,
    ) as server:
        endpoint, newest = server.stdout.readline().split()
        found["AWS_ENDPOINT_URL"] = endpoint
        with pytest.MonkeyPatch.context() as patched:
            for name, value in found.items():
                patched.setenv(name, value)
            yield folder, newest
        server.stdin.close()


def there(table):
    return json.loads(read_there(table))


@needs_lakes
def test_objects_of_moto(store):
    code = """
import boto3, io, polars
def put(name, frame):
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    boto3.client("s3").put_object(Bucket="homes", Key=name, Body=buffer.getvalue())
frame = polars.DataFrame({"x": range(50), "word": ["é"] * 50})
for year in (2023, 2024):
    for part in range(6):
        put(f"sales/year={year}/{part}.parquet", frame[part : part + 1])
put("t.parquet", frame)
boto3.client("s3").put_object(Bucket="homes", Key="t.csv", Body=frame.write_csv().encode())
"""
    lakes.asked(code)
    frame = pl.DataFrame({"x": range(50), "word": ["é"] * 50})
    assert read("s3://homes/t.parquet").frame.equals(frame)
    assert read("s3://homes/t.csv").frame.equals(frame.cast(pl.String))
    sales = read("s3://homes/sales/").frame
    assert len(sales) == 12
    assert sales["year"].value_counts(sort=True)["count"].to_list() == [6, 6]
    with opened("s3://homes/sales/year=*/1.parquet") as stream:
        assert len(stream) == 2
    with pytest.raises(GradumError, match="no bucket 'absent'"):
        read("s3://absent/*.parquet")


@needs_lakes
def test_tables_of_delta(store, tmp_path):
    folder, _ = store
    rows = [list(row) for row in ROWS]
    assert there(folder / "delta") == [rows, {"delta": "Delta version 1"}, []]
    address = "s3://homes/delta/"
    assert there(address) == [rows, {address: "Delta version 1"}, [address]]
    moved = tmp_path / "moved"
    shutil.copytree(folder / "delta", moved)
    log = moved / "_delta_log" / "00000000000000000001.json"
    for place in ("../delta/x.parquet", "s3://elsewhere/x.parquet", "/etc/x.parquet"):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        for line in lines:
            if "add" in line:
                line["add"]["path"] = place
        log.write_text("\n".join(map(json.dumps, lines)))
        said = there(moved)
        assert isinstance(said, str), place
        assert "\n" not in said
    with pytest.raises(GradumError, match="deltalake, which is not installed"):
        read(folder / "delta")


@needs_lakes
def test_tables_of_iceberg(store, tmp_path):
    folder, newest = store
    table = folder / "iceberg" / "n" / "t"
    rows = [list(row) for row in ROWS]
    found, versions, hashes = there(table)
    assert (found, list(versions), hashes) == (rows, ["t"], [])
    assert versions["t"].startswith("Iceberg snapshot ")
    found, versions, hashes = there(newest)
    assert (found, list(versions), hashes) == (rows, [newest], [newest])
    assert "Name its newest file of metadata" in there("s3://homes/iceberg/n/t/")
    moved = tmp_path / "moved"
    shutil.copytree(table, moved)
    assert "names a file outside of itself" in there(moved)
    with pytest.raises(GradumError, match="pyiceberg, which is not installed"):
        read(table)


KEY = base64.b64encode(b"k" * 64).decode()


def _azure(port, place, body=b"", query="", **headers):
    """Put something into azurite, with the signature that it asks for."""
    stated = {
        "x-ms-date": email.utils.formatdate(usegmt=True),
        "x-ms-version": "2021-08-06",
        **headers,
    }
    lines = [f"{name}:{value}" for name, value in sorted(stated.items())]
    asked = [query.replace("=", ":")] if query else []
    kind = "application/octet-stream"
    length = str(len(body)) if body else ""
    text = "\n".join(
        ["PUT", "", "", length, "", kind, *[""] * 6, *lines, f"/home/home/{place}", *asked]
    )
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    signed = {"Authorization": f"SharedKey home:{base64.b64encode(digest).decode()}"}
    url = f"http://127.0.0.1:{port}/home/{place}" + (f"?{query}" if query else "")
    request = urllib.request.Request(
        url, body, {**stated, **signed, "Content-Type": kind}, method="PUT"
    )
    urllib.request.urlopen(request).close()


@needs_azurite
def test_blobs_of_azurite(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = f"--inMemoryPersistence --silent --disableTelemetry --blobPort {port}".split()
    with subprocess.Popen(
        [lakes.AZURITE, *words, "--skipApiVersionCheck"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env=os.environ | {"AZURITE_ACCOUNTS": f"home:{KEY}"},
    ) as server:
        try:
            assert any(b"successfully listens" in line for line in server.stdout)
            _azure(port, "box", query="restype=container")
            frame, buffer = pl.DataFrame({"x": [1, 2], "word": ["é", None]}), BytesIO()
            frame.write_parquet(buffer)
            blob = {"x-ms-blob-type": "BlockBlob"}
            _azure(port, "box/sales/year=2024/0.parquet", buffer.getvalue(), **blob)
            _azure(port, "box/t.csv", b"x,word\n1,a\n", **blob)
            monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "home")
            monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
            monkeypatch.setenv("AZURE_ENDPOINT", f"http://127.0.0.1:{port}/home")
            assert read("az://box/t.csv").frame.rows() == [("1", "a")]
            assert read("az://box/sales/").frame.rows() == [(1, "é", 2024), (2, None, 2024)]
            with fetched("az://box/sales/") as here:
                assert list(here.sha256) == ["az://box/sales/"]
            for address, words in (
                ("az://box/absent.csv", "There is no"),
                ("az://absent/*.csv", "no bucket 'absent'"),
            ):
                with pytest.raises(GradumError, match=words):
                    read(address)
        finally:
            server.terminate()
