"""Clients of others: KServe's, Triton's, and what schemathesis makes of the document.

They are installed in an environment of their own, because they take half a gigabyte:
``pip install 'kserve>=0.21' 'tritonclient[http]' schemathesis``. `GRADUM_CLIENTS` is its folder.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import short_reports
from gradum.api import save_run
from gradum.ship.run_spec import RunSpec
from synthetic import task

CLIENTS = os.environ.get("GRADUM_CLIENTS", "")
HERE = Path(__file__).parent
SERVE = "import sys; from gradum.app.start import main; sys.argv[0] = 'gradum'; main()"

pytestmark = pytest.mark.skipif(
    not CLIENTS, reason="GRADUM_CLIENTS names no environment with KServe's and Triton's clients"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory, classifier):
    """Where the model of a run is served."""
    path = tmp_path_factory.mktemp("run")
    with short_reports():
        save_run(classifier, path, RunSpec("t.csv", classifier.fitted.spec))
    words = [sys.executable, "-c", SERVE, "serve", f"label={path}", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().split("//")[1].strip()
        finally:
            server.send_signal(signal.SIGTERM)


def test_clients_of_the_open_inference_protocol_get_the_answers(address, classifier, tmp_path):
    features = classifier.fitted.schema.features
    rows = task("label").drop_nulls().head(5).select(classifier.features).to_dicts()
    missing = next(column.name for column in features if column.missing)
    rows[0][missing] = None
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows, default=str))
    ask = [f"{CLIENTS}/bin/python", str(HERE / "clients.py"), address, "label", str(path)]
    asked = subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(asked.stdout)
    assert set(found) == {f"{c} {way}" for c in ("triton", "kserve") for way in ("json", "binary")}
    for way, answers in found.items():
        rows_asked = rows[1:] if way == "triton json" else rows
        labels = [str(label) for label in classifier.predict(rows_asked)]
        assert answers == [labels, classifier.predict_proba(rows_asked).ravel().tolist()]


def test_requests_made_of_the_document_are_answered_as_it_says(address, tmp_path):
    program, settings = f"{CLIENTS}/bin/schemathesis", str(HERE / "schemathesis.toml")
    run = [program, "--config-file", settings, "run", f"http://{address}/openapi.json"]
    options = ["--generation-deterministic", "--max-examples", "20", "--no-color"]
    done = subprocess.run([*run, *options], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-20_000:]
    assert "generated" in done.stdout
