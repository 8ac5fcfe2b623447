"""The models that judged, in a file of their own: the same bits again, and nobody else's."""

import json
import shutil

import numpy as np
import pytest

import gradum
from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.files.atomic import claim_folder
from gradum.ship import run_folder
from gradum.ship.run_spec import RunSpec
from synthetic import QUICK, task

NEW = task("grade", 30, seed=3)


@pytest.fixture(scope="module")
def folds():
    """A linear rung that three folds judged."""
    return gradum.fit(task("grade", 300), "grade", cv=3, model="linear", **QUICK)


@pytest.fixture(scope="module")
def folders(folds, tmp_path_factory):
    """The run folders of two cross-validations of different rows."""
    at = tmp_path_factory.mktemp("runs")
    other = gradum.fit(task("grade", 200), "grade", cv=3, model="linear", **QUICK)
    for name, model in {"three": folds, "other": other}.items():
        fingerprint = model.fitted.provenance.fingerprint
        asked = RunSpec(str(at / f"{name}.csv"), model.fitted.spec, fingerprint=fingerprint)
        run_folder.write(claim_folder(at / name), model.run, asked)
    return at


def test_a_loaded_run_gives_the_same_sets_and_the_same_guarantee(folders, folds):
    loaded = gradum.load(folders / "three")
    for coverage in (0.5, 0.9):
        assert loaded.predict_set(NEW, coverage) == folds.predict_set(NEW, coverage)
        assert loaded.guarantee(coverage) == folds.guarantee(coverage)
    assert loaded.guarantee().name == "cross"
    metrics = json.loads((folders / "three" / "metrics.json").read_text("utf-8"))
    assert metrics["guarantee"]["name"] == "cross"
    assert metrics["guarantee"]["folds"] == 3


def test_without_the_judges_there_are_sets_but_no_guarantee(folders):
    alone = gradum.load(folders / "three" / "model.gradum")
    statement = alone.guarantee()
    assert (statement.name, statement.at_least) == ("none", None)
    assert "judges.gradum" in statement.sentence
    assert len(alone.predict_set(NEW)) == len(NEW)
    other = next(name for name in alone.fitted.rungs if name != alone.used)
    statement = gradum.load(folders / "three").guarantee(rung=other)
    assert statement.name == "none"
    assert alone.used in statement.sentence


def test_judges_of_another_model_are_refused(folders, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(folders / "three", run)
    shutil.copy(folders / "other" / "judges.gradum", run)
    with pytest.raises(ModelFileError, match="not those that judged"):
        gradum.load(run).predict_set(NEW)


def test_an_altered_judge_is_refused(folders, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(folders / "three", run)
    manifest, arrays = archive.read(run / "judges.gradum")
    name = next(name for name, array in arrays.items() if array.dtype.kind == "f" and array.size)
    changes = [
        (manifest, {**arrays, name: arrays[name] + np.ones(1, arrays[name].dtype)}),
        (manifest, {**arrays, "9/linear/layers/0/bias": arrays[name]}),
        ({**manifest, "judges": manifest["judges"][:2]}, arrays),
        ({**manifest, "judges": []}, {}),
        ({**manifest, "more": 1}, arrays),
    ]
    for changed in changes:
        archive.write(run / "judges.gradum", *changed)
        with pytest.raises(ModelFileError) as refused:
            gradum.load(run).predict_set(NEW)
        assert "\n" not in str(refused.value)


def test_scores_that_contradict_their_model_are_refused(folders, tmp_path):
    manifest, arrays = archive.read(folders / "three" / "model.gradum")
    path = tmp_path / "m.gradum"
    score = next(name for name in arrays if name.startswith("guarantee/score/"))
    terms = manifest["guarantee"]
    less = {name: array for name, array in arrays.items() if name != score}
    changes = [
        (manifest, less),
        (manifest, {**arrays, score: -arrays[score] - 1}),
        (manifest, {**arrays, score: arrays[score][:-1]}),
        (manifest, {**arrays, score: arrays[score].astype(np.float32)}),
        (manifest, {**arrays, "guarantee/label": arrays["guarantee/label"] + np.int32(5)}),
        (manifest, {**arrays, "guarantee/fold": arrays["guarantee/fold"] - np.int32(1)}),
        (manifest, {**arrays, "guarantee/more": arrays["guarantee/fold"]}),
        ({**manifest, "guarantee": None}, arrays),
        ({**manifest, "guarantee": {**terms, "name": "certain"}}, arrays),
        ({**manifest, "guarantee": {**terms, "folds": 1}}, arrays),
        ({**manifest, "guarantee": {**terms, "rows": 3}}, arrays),
        ({**manifest, "guarantee": {**terms, "by": "colour", "levels": ["red"]}}, arrays),
    ]
    for changed in changes:
        archive.write(path, *changed)
        with pytest.raises(ModelFileError):
            gradum.load(path)


def test_a_file_without_scores_still_loads_and_says_what_to_do(folders, tmp_path):
    """As files of earlier versions are."""
    manifest, arrays = archive.read(folders / "three" / "model.gradum")
    del manifest["guarantee"]
    weights = {n: array for n, array in arrays.items() if not n.startswith("guarantee/")}
    archive.write(tmp_path / "m.gradum", manifest, weights)
    model = gradum.load(tmp_path / "m.gradum")
    assert len(model.predict(NEW)) == len(NEW)
    with pytest.raises(gradum.errors.SpecError, match="Fit again"):
        model.predict_set(NEW)
