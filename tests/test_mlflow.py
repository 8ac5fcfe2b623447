"""Models in MLflow: logged, loaded and served as they are, without a pickle or a network.

`.ci/run` runs this file in an environment with full MLflow, which takes a gigabyte.
"""

import http.client
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gradum
import gradum.mlflow
from command_line import short_reports
from gradum.api import save_run
from gradum.errors import ModelFileError, SpecError
from gradum.ship.run_spec import RunSpec
from synthetic import ONCE, QUICK, task

in_mlflow = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None,
    reason="MLflow is in an environment of its own, see .ci/run",
)
GUIDE = Path(__file__).parent.parent / "docs/track.md"
ROWS = 6

# What Python tells of each connection; any but to this machine is written down and refused.
GUARD = """
import ipaddress, os, sys

def hear(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    try:
        local = host in (None, "", "localhost") or ipaddress.ip_address(host).is_loopback
        local = local or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        local = False
    if not local:
        with open(os.environ["GRADUM_STRANGERS"], "a") as file:
            print(event, host, file=file)
        raise OSError(f"no connection to {host}")

sys.addaudithook(hear)
"""


def test_without_mlflow_a_line_says_what_brings_it(classifier, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.pyfunc", None)
    with pytest.raises(SpecError, match=r"pip install 'gradum\[mlflow\]'"):
        gradum.mlflow.save_model(classifier, tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


@in_mlflow
def test_importing_gradum_imports_no_mlflow():
    code = "import sys, gradum, gradum.mlflow; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of MLflow in a folder, and the file of addresses elsewhere that were asked for."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "sitecustomize.py").write_text(GUARD)
    strangers = folder / "strangers"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/store.db")
        patched.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patched.setenv("GRADUM_STRANGERS", str(strangers))
        patched.chdir(folder)
        exec(GUARD, {})
        yield folder
    assert not strangers.exists(), strangers.read_text()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, classifier):
    folder = tmp_path_factory.mktemp("run")
    with short_reports():
        save_run(classifier, folder, RunSpec("t.csv", classifier.fitted.spec))
    return folder


@pytest.fixture(scope="module")
def logged(store, run_folder):
    return gradum.mlflow.log_model(run_folder, registered_model_name="label")


@pytest.fixture(scope="module")
def frame(classifier):
    return task("label").head(ROWS).select(classifier.features).to_pandas()


@in_mlflow
def test_a_run_has_scores_courses_what_was_asked_and_the_report(logged, run_folder, classifier):
    import mlflow

    client = mlflow.MlflowClient()
    run = client.get_run(logged.run_id)
    for rung, part, metric, *found in classifier.scores.iter_rows():
        if rung == classifier.used:
            name = f"{part}/{metric}"
            kept = [run.data.metrics.get(f"{name}{end}") for end in ("", "_low", "_high")]
            assert kept == [value if np.isfinite(value) else None for value in found]
    for course in ("objective", "validation_loss"):
        kept = client.get_metric_history(run.info.run_id, f"mlp/{course}")
        history = classifier.fitted.rungs["mlp"].history
        assert {m.step: m.value for m in kept} == {e["epoch"]: e[course] for e in history}
    growth = classifier.findings.growth
    kept = client.get_metric_history(run.info.run_id, f"learning_curve/{growth.metric}")
    assert {m.step: m.value for m in kept} == {rows: found.value for rows, found in growth.points}
    assert run.data.params["mlp.max_epochs"] == str(QUICK["mlp"].max_epochs)
    assert run.data.params["target"] == "label"
    assert run.data.tags["gradum.fingerprint"] == classifier.fitted.provenance.fingerprint
    for name in ("report.html", "metrics.json"):
        path = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/{name}")
        assert Path(path).read_bytes() == (run_folder / name).read_bytes()


@in_mlflow
def test_nothing_kept_is_a_pickle_or_names_where_it_was_made(logged, run_folder, tmp_path):
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(logged.model_uri, dst_path=str(tmp_path)))
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = {path.name for path in files if path.parent == folder / "data/model"}
    assert kept == {"model.gradum", "background.parquet"}
    for path in files:
        content = path.read_bytes()
        assert not content.startswith(b"\x80")  # of a pickle
        assert path.suffix not in (".pkl", ".py")
        assert str(run_folder).encode() not in content


@in_mlflow
def test_answers_are_the_models(logged, classifier, frame):
    import mlflow

    loaded = mlflow.pyfunc.load_model(logged.model_uri)
    assert loaded.predict(frame).columns.tolist() == ["prediction"]
    assert loaded.predict(frame)["prediction"].tolist() == classifier.predict(frame).tolist()
    asked = {"probability": True, "coverage": 0.8, "rung": "linear"}
    found = loaded.predict(frame, params=asked)
    shares = found[[f"probability_{label}" for label in classifier.classes]]
    assert np.array_equal(shares, classifier.predict_proba(frame, rung="linear"))
    sets = classifier.predict_set(frame, 0.8, rung="linear")
    assert list(map(tuple, found["set"])) == sets
    (why,) = loaded.predict(frame[:1], params={"explain": True})["explanation"]
    expected = classifier.explain(frame[:1]).frame
    assert [part["value"] for part in why] == expected["value"].to_list()
    assert [part["column"] for part in why] == expected["column"].to_list()


@in_mlflow
def test_intervals_keep_the_promise_of_a_cross_validation(store, tmp_path):
    import mlflow

    model = gradum.fit(task("amount", 300), "amount", cv=3, **{**QUICK, "model": "linear"})
    gradum.mlflow.save_model(model, tmp_path / "saved")
    frame = task("amount", 9, 5).drop("amount").to_pandas()
    found = mlflow.pyfunc.load_model(str(tmp_path / "saved")).predict(frame, {"coverage": 0.8})
    assert np.array_equal(found[["low", "high"]], model.predict_interval(frame, 0.8))
    again = gradum.mlflow.load_model(str(tmp_path / "saved"))
    assert model.guarantee(0.8).name == "cross"
    assert again.guarantee(0.8) == model.guarantee(0.8)


@in_mlflow
def test_the_signature_is_the_schema(logged, classifier):
    columns = {column.name: column for column in logged.signature.inputs}
    features = {column.name: column for column in classifier.fitted.schema.features}
    assert list(columns) == list(features)
    assert all(column.required for column in columns.values())
    types = {name: str(column.type) for name, column in columns.items()}
    assert types["colour"] == types["city"] == "DataType.string"
    assert types["size"] == "DataType.double"
    assert repr(columns["member"].type) == "Any"
    assert logged.signature.outputs.input_names() == ["prediction"]


@in_mlflow
def test_rows_may_have_any_type_that_the_model_reads(store, tmp_path):
    import mlflow

    rng = np.random.default_rng(0)
    count, when = rng.integers(0, 9, 120), pd.date_range("2024-01-01", periods=120)
    weight = [f"{grams} g" if grams > 500 else f"{grams / 1000} kg" for grams in 9 * count + 490]
    sure = rng.random(120) < 0.5
    frame = pd.DataFrame({"count": count, "when": when, "weight": weight, "sure": sure})
    frame["y"] = count + sure + rng.normal(0, 0.1, 120)
    model = gradum.fit(frame, "y", model="linear", **ONCE)
    gradum.mlflow.save_model(model, tmp_path / "saved")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "saved"))
    rows = frame.drop(columns="y").head(ROWS)
    expected = loaded.predict(rows)
    assert expected["prediction"].tolist() == model.predict(rows).tolist()
    other = rows.assign(count=rows["count"].astype(float), when=rows["when"].astype(str))
    assert loaded.predict(other).equals(expected)
    gap = rows.astype({"sure": object})
    gap.loc[0, "sure"] = None  # is not no
    assert loaded.predict(gap)["prediction"].tolist() == model.predict(gap).tolist()


@in_mlflow
def test_a_column_may_be_empty_and_not_absent(logged, classifier, frame):
    import mlflow
    from mlflow.exceptions import MlflowException

    loaded = mlflow.pyfunc.load_model(logged.model_uri)
    may = [column.name for column in classifier.fitted.schema.features if column.missing]
    empty = loaded.predict(frame.assign(**dict.fromkeys(may)), {"probability": True})
    assert empty["prediction"].notna().all()
    for name in may:
        with pytest.raises(MlflowException, match=name):
            loaded.predict(frame.drop(columns=name))


@in_mlflow
def test_what_cannot_be_used_is_refused_in_a_line(logged, store, frame, tmp_path):
    import mlflow
    from mlflow.exceptions import MlflowException

    loaded = mlflow.pyfunc.load_model(logged.model_uri)
    with pytest.raises(MlflowException, match="colour"):
        loaded.predict(frame.drop(columns="colour"))
    for params, word in (({"coverage": 7.0}, "7"), ({"rung": "forest"}, "forest")):
        with pytest.raises(MlflowException, match=word) as refused:
            loaded.predict(frame, params=params)
        assert "\n" not in refused.value.message
    (tmp_path / "none").mkdir()
    for path in (tmp_path / "none", tmp_path / "absent"):
        with pytest.raises(ModelFileError):
            gradum.mlflow.log_model(path)
    with pytest.raises(ModelFileError, match="none"):
        gradum.mlflow.load_model(str(tmp_path / "none"))
    assert mlflow.active_run() is None


def free_port():
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


@pytest.fixture(scope="module")
def port(logged, store):
    """The port of MLflow's own server, which serves the logged model."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/label/1"]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    # The package may lie where only this process knows.
    places = [str(store), str(Path(gradum.__file__).parents[1])]
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places), "PATH": scripts}
    with (store / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        while ask(port, "GET", "/ping") != 200:
            assert server.poll() is None, (store / "log").read_text()
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait()


def ask(port, method, path, content=None):
    """The status of an answer, and with content, its JSON too."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, json.dumps(content), headers)
            answer = connection.getresponse()
        except ConnectionError:
            return None
        return answer.status if content is None else (answer.status, json.loads(answer.read()))


@in_mlflow
def test_mlflow_serves_it(port, classifier, frame):
    records = json.loads(frame.to_json(orient="records"))
    asked = {"dataframe_records": records, "params": {"probability": True}}
    status, found = ask(port, "POST", "/invocations", asked)
    assert status == 200
    predictions = [answer["prediction"] for answer in found["predictions"]]
    assert predictions == classifier.predict(frame).tolist()
    shares = [answer["probability_yes"] for answer in found["predictions"]]
    place = classifier.classes.index("yes")
    assert np.allclose(shares, classifier.predict_proba(frame)[:, place], rtol=0, atol=1e-6)
    for wrong in (records[0] | {"size": "large"}, {"size": 1.0}):
        status, refused = ask(port, "POST", "/invocations", {"dataframe_records": [wrong]})
        assert status == 400
        assert "stack_trace" not in refused
    asked["params"] = {"coverage": 7.0}
    status, refused = ask(port, "POST", "/invocations", asked)
    assert status == 400
    assert "stack_trace" not in refused


@in_mlflow
def test_mlflow_follows_a_fit(store):
    import mlflow

    with mlflow.start_run() as run:
        model = gradum.fit(
            task("amount", 300), "amount", on_event=gradum.tracked(mlflow.log_metric), **ONCE
        )
    client = mlflow.MlflowClient()
    kept = {m.step: m.value for m in client.get_metric_history(run.info.run_id, "mlp/objective")}
    history = model.fitted.rungs["mlp"].history
    assert kept == {entry["epoch"]: entry["objective"] for entry in history}
    found = model.scores.filter(rung=model.used, part="test", metric="rmse")
    assert client.get_run(run.info.run_id).data.metrics["test/rmse"] == found["value"].item()


@in_mlflow
def test_the_guide_does_what_it_says(store, tmp_path, monkeypatch):
    penguins = pl.read_csv(Path(__file__).parent.parent / "examples/penguins.csv")
    penguins.write_csv(store / "penguins.csv")
    fit = gradum.fit
    monkeypatch.setattr(gradum, "fit", lambda *a, **k: fit(*a, **k, model="linear", **ONCE))
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (block,) = (block for block in blocks if "import mlflow" in block)
    with short_reports():
        exec(compile(block, str(GUIDE), "exec"), {})
