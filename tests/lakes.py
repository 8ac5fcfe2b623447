"""What only heavy packages make, from an environment of their own: GRADUM_LAKES is its Python.

It has gradum with the extras delta and iceberg, and moto, whose server speaks S3. Run as a script,
this file is that server: it puts tables into a bucket and a folder, and says where it listens.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = os.environ.get("GRADUM_LAKES", "")
AZURITE = os.environ.get("GRADUM_AZURITE", "")
needs_lakes = pytest.mark.skipif(
    not PYTHON, reason="No GRADUM_LAKES, an environment with moto: see .ci/run."
)
needs_azurite = pytest.mark.skipif(not AZURITE, reason="No GRADUM_AZURITE: see .ci/run.")
SECRET = "a-very-secret-key"
ROWS = [(1, "u"), (2, "v"), (3, None)]


def asked(code, **environment):
    """Run code in that environment, and return what it printed."""
    ended = subprocess.run(
        [PYTHON, "-W", "error::DeprecationWarning:gradum", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert ended.returncode == 0, ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
    return ended.stdout


def read_there(table, **environment):
    """Read a table by gradum in that environment: its rows, versions and notes, or the refusal."""
    code = f"""
import json
from gradum.errors import GradumError
from gradum.tables.sources.fetched import fetched
from gradum.tables.sources.read import read
try:
    with fetched({str(table)!r}) as here:
        found = read(here)
        print(json.dumps([sorted(found.frame.rows()), dict(here.versions), list(here.sha256)]))
except GradumError as error:
    print(json.dumps(str(error)))
"""
    return asked(code, **environment)


def _serve(folder):
    import boto3
    import deltalake
    import pyarrow
    from moto.server import ThreadedMotoServer
    from pyiceberg.catalog.sql import SqlCatalog

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    boto3.client("s3").create_bucket(Bucket="homes")
    rows = pyarrow.table({"x": [1, 2, 3], "word": ["u", "v", None]})
    for place in (str(folder / "delta"), "s3://homes/delta"):
        deltalake.write_deltalake(place, rows.slice(1), storage_options={"AWS_ALLOW_HTTP": "true"})
        deltalake.write_deltalake(
            place, rows, mode="overwrite", storage_options={"AWS_ALLOW_HTTP": "true"}
        )
    newest = []
    for name, place in (("here", f"file://{folder}/iceberg"), ("there", "s3://homes/iceberg")):
        catalog = SqlCatalog(
            name,
            uri=f"sqlite:///{folder}/{name}.db",
            warehouse=place,
            **{
                "s3.endpoint": endpoint,
                "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
                "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
                "s3.region": "us-east-1",
            },
        )
        catalog.create_namespace("n")
        table = catalog.create_table("n.t", schema=rows.schema)
        table.append(rows.slice(1))
        table.overwrite(rows)
        newest.append(table.metadata_location)
    print(endpoint, newest[1], flush=True)
    sys.stdin.read()  # until whoever asked has gone
    server.stop()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
