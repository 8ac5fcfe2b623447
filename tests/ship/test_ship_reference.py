"""The summary of rows in a model file: whatever a stranger writes there is used or refused."""

import re

import msgspec
import numpy as np
import pytest

import gradum
from gradum.errors import ModelFileError
from gradum.files import archive
from synthetic import ONCE


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    rng = np.random.default_rng(0)
    x, level = rng.normal(size=200), rng.choice(["u", "v"], 200)
    frame = {"x": x, "c": level, "y": x + (level == "u") + rng.normal(size=200)}
    path = tmp_path_factory.mktemp("saved") / "m.gradum"
    gradum.fit(frame, "y", model="linear", **ONCE).save(path)
    return path


def changed(saved, tmp_path, path, value):
    """Write the file anew with another value at a path of its summary."""
    manifest, arrays = archive.read(saved)
    manifest = msgspec.json.decode(msgspec.json.encode(manifest))
    *way, last = ["reference", *path]
    there = manifest
    for step in way:
        there = there[step]
    there[last] = value
    archive.write(tmp_path / "changed.gradum", manifest, arrays)
    return tmp_path / "changed.gradum"


def test_unchanged_it_loads(saved, tmp_path):
    manifest, _ = archive.read(saved)
    rows = manifest["reference"]["rows"]
    assert gradum.load(changed(saved, tmp_path, ["rows"], rows)).fitted.reference.rows == rows


@pytest.mark.parametrize(
    ("path", "value", "cause"),
    [
        (["columns"], {}, "other columns"),
        (["rows"], 7, "counts others"),
        (["columns", "x", "missing"], 7, "counts others"),
        (["columns", "x", "values", "edges"], [1.0], "counts others"),
        (["columns", "x", "values", "edges", 0], 1e9, "counts others"),
        (["columns", "x", "values", "deviation"], -1.0, "counts others"),
        (["columns", "x", "values", "at_most", 0], 199, "counts others"),
        (["columns", "c", "values", "named"], {"u": 1}, "counts others"),
        (["columns", "c", "values", "others"], [200], "counts others"),
        (["columns", "c", "values", "unseen"], -1.0, "counts others"),
        (["answers", 0, "place"], 1, "other answers"),
        (["answers", 0, "place"], -1, "other answers"),
        (["errors", "errors"], 201, "judged errors"),
        (["errors", "independent"], 0.0, "judged errors"),
        (["errors", "beyond"], None, "judged errors"),
        (["judged", "bins"], [], "judged rows"),
        (["judged", "bins", 0, "rows"], 10**13, "judged rows"),
        (["judged", "bins", 0, "rows"], 2**63, "judged rows"),
        (["judged", "bins", 0, "prediction"], 1e300, "judged rows"),
        (["judged", "bins", 0, "error"], -1.0, "judged rows"),
        (["surprise"], 1, "surprise"),
    ],
)
def test_contradictions_are_refused(saved, tmp_path, path, value, cause):
    with pytest.raises(ModelFileError) as refused:
        gradum.load(changed(saved, tmp_path, path, value))
    assert re.search(cause, str(refused.value))


def test_a_summary_of_no_rows_is_refused(saved, tmp_path):
    nothing = {
        "x": {"type": "numbers", "rows": 0, "edges": [], "at_most": [], "deviation": 0.0},
        "c": {"type": "levels", "rows": 0, "named": {}, "others": [0] * 32, "unseen": 0.0},
    }
    nothing["x"]["stepped"] = False
    columns = {name: {"missing": 0, "values": values} for name, values in nothing.items()}
    path = changed(saved, tmp_path, ["columns"], columns)
    with pytest.raises(ModelFileError, match="counts others"):
        gradum.load(changed(path, tmp_path, ["rows"], 0))


def test_kinds_of_columns_are_those_of_the_schema(saved, tmp_path):
    manifest, _ = archive.read(saved)
    levels = msgspec.json.decode(msgspec.json.encode(manifest["reference"]["columns"]["c"]))
    with pytest.raises(ModelFileError, match="other kinds"):
        gradum.load(changed(saved, tmp_path, ["columns", "x"], levels))
