"""The summary of rows in a model file: whatever a stranger writes there is used or refused."""

import re

import msgspec
import numpy as np
import pytest

import gradum
from gradum.errors import ModelFileError
from gradum.files import archive


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    rng = np.random.default_rng(0)
    x, level = rng.normal(size=200), rng.choice(["u", "v"], 200)
    frame = {"x": x, "c": level, "y": x + (level == "u") + rng.normal(size=200)}
    path = tmp_path_factory.mktemp("saved") / "m.gradum"
    gradum.fit(frame, "y", model="linear").save(path)
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
        (["surprise"], 1, "surprise"),
    ],
)
def test_contradictions_are_refused(saved, tmp_path, path, value, cause):
    with pytest.raises(ModelFileError) as refused:
        gradum.load(changed(saved, tmp_path, path, value))
    assert re.search(cause, str(refused.value))


def test_kinds_of_columns_are_those_of_the_schema(saved, tmp_path):
    manifest, _ = archive.read(saved)
    levels = msgspec.json.decode(msgspec.json.encode(manifest["reference"]["columns"]["c"]))
    with pytest.raises(ModelFileError, match="other kinds"):
        gradum.load(changed(saved, tmp_path, ["columns", "x"], levels))
