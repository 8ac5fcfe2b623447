"""``gradum export``: a file, what is said of it, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.errors import ExportError, OutputError
from gradum.questions.rows.judges import conformal_of
from gradum.ship.forms.export import export
from gradum.ship.forms.onnx import file as onnx_file
from gradum.ship.forms.sql import file as sql_file
from node import needs_node, predicted

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from gradum.ship.exchange.onnx_session import open_session  # noqa: E402


@pytest.fixture(scope="module")
def exported(linear_run, gradum_command, tmp_path_factory):
    """What the command said of a run, and the file."""
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    ended = gradum_command("export", linear_run[0], "-o", path, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out), path


def test_the_judged_rows_are_answered_as_in_gradum(exported, linear_run):
    said, path = exported
    judged = pl.read_parquet(linear_run[0] / "predictions.parquet")
    assert said["parity"]["rows"] == judged["row"].n_unique()
    assert said["parity"]["largest"] < 1e-5
    assert not said["parity"]["flipped"]
    assert said["bytes"] == path.stat().st_size


def test_it_says_what_it_takes_and_where_it_comes_from(exported, linear_run):
    said, path = exported
    model = gradum.load(linear_run[0])
    proto = onnx.load(path)
    known = {p.key.removeprefix("gradum."): p.value for p in proto.metadata_props}
    assert [entry["name"] for entry in json.loads(known["inputs"])] == list(model.features)
    assert [value.name for value in proto.graph.input] == list(model.features)
    assert (known["target"], known["task"]) == (model.target, model.task)
    assert known["version"] == proto.producer_version == gradum.__version__
    assert known["fingerprint"] == model.fitted.provenance.fingerprint
    score = model.scores.filter(pl.col("rung") == said["rung"], pl.col("part") == "test").row(
        0, named=True
    )
    assert json.loads(known["scores"])["test"][score["metric"]]["value"] == score["value"]
    assert not any("licen" in key for key in known)
    versions = {o.domain: o.version for o in proto.opset_import}
    assert (proto.ir_version, versions) == (10, {"": 20, "ai.onnx.ml": 4})


@pytest.mark.parametrize(("least", "verdict", "code"), [(1e6, "unsat", 0), (-1e6, "sat", 3)])
def test_verify_takes_the_file(exported, gradum_command, tmp_path, least, verdict, code):
    graph = onnx.load(exported[1]).graph
    text = onnx.TensorProto.STRING
    numbers = [v.name for v in graph.input if v.type.tensor_type.elem_type != text]
    texts = [f"{v.name} (missing)" for v in graph.input if v.name not in numbers]
    (outputs,) = (v.type.tensor_type.shape.dim[1].dim_value for v in graph.output[-1:])
    lines = [f"(declare-const X_{k} Real)" for k in range(len(numbers))]
    lines += [f"(declare-const Y_{k} Real)" for k in range(outputs)]
    lines += [f"(assert (>= X_{k} -1.0))\n(assert (<= X_{k} 2.0))" for k in range(len(numbers))]
    stated = tmp_path / "property.vnnlib"
    stated.write_text("\n".join([*lines, f"(assert (>= Y_0 {least:f}))"]))
    where = ("--where", ", ".join(texts)) if texts else ()
    ended = gradum_command("verify", exported[1], stated, *where)
    assert (ended.code, ended.out.split("\n")[0]) == (code, verdict)


def test_texts_that_the_file_does_not_have_are_refused(exported, gradum_command, tmp_path):
    (tmp_path / "property.vnnlib").write_text("")
    ended = gradum_command(
        "verify", exported[1], tmp_path / "property.vnnlib", "--where", "no such column"
    )
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "no such column" in ended.err


def test_a_file_that_is_there_stays_unless_forced(exported, linear_run, gradum_command, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_text("mine")
    ended = gradum_command("export", linear_run[0], "-o", path)
    assert (ended.code, ended.err.count("\n"), path.read_text()) == (2, 1, "mine")
    ended = gradum_command("export", linear_run[0], "-o", path, "--force")
    assert (ended.code, path.read_bytes()) == (0, exported[1].read_bytes())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("model.pickle", ()),
        ("none/model.onnx", ()),
        ("m.onnx", ("--rung", "x")),
        ("m.onnx", ("--to", "pickle")),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(
    linear_run, gradum_command, tmp_path, name, option
):
    ended = gradum_command("export", linear_run[0], "-o", tmp_path / name, *option)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_fitted_model_is_held_against_its_own_judged_rows(classifier, tmp_path):
    found = classifier.export(tmp_path / "m.onnx", rung="linear")
    assert found.parity.rows == len(np.unique(classifier.run.judged.rows))
    assert (found.parity.flipped, found.rung) == (0, "linear")
    assert found.parity.largest < 1e-5
    session = open_session((tmp_path / "m.onnx").read_bytes())
    assert {value.name for value in session.get_inputs()} == set(classifier.features)


def test_the_form_may_be_said_instead_of_the_ending(classifier, tmp_path):
    for name, to in (("m.onnx", None), ("m.bin", "onnx")):
        classifier.export(tmp_path / name, rung="linear", to=to)
    assert (tmp_path / "m.onnx").read_bytes() == (tmp_path / "m.bin").read_bytes()


def test_rows_may_be_given(classifier, tmp_path):
    table = classifier.run.dataset.frame.select(classifier.features)[:7]
    found = classifier.export(tmp_path / "m.onnx", table)
    assert found.parity.rows == 7


def test_without_rows_or_a_runtime_the_file_is_written_and_said_unchecked(
    classifier, tmp_path, monkeypatch
):
    classifier.save(tmp_path / "m.gradum")
    alone = gradum.load(tmp_path / "m.gradum")
    found = alone.export(tmp_path / "a.onnx")
    assert found.parity is None
    assert found.unchecked
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    found = classifier.export(tmp_path / "b.onnx")
    assert found.parity is None
    assert "ONNX Runtime" in found.unchecked
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_nothing_is_written_where_the_file_cannot_answer(classifier, tmp_path, monkeypatch):
    def broken(*_):
        raise ExportError("no")

    with pytest.raises(OutputError):
        classifier.export(tmp_path / "m.txt")
    monkeypatch.setattr(onnx_file.OnnxForm, "data", lambda *_: b"no file of ONNX")
    with pytest.raises(ExportError):
        classifier.export(tmp_path / "m.onnx")
    monkeypatch.setattr(onnx_file.OnnxForm, "data", broken)
    with pytest.raises(ExportError):
        classifier.export(tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_intervals_of_a_hold_out_are_in_the_file(regressor, tmp_path):
    table = regressor.run.dataset.frame.select(regressor.features)
    found = regressor.export(tmp_path / "m.onnx", table, interval=0.8)
    own = regressor.predict_interval(table, 0.8)
    deviation = regressor.fitted.rung().target_scale.scale
    answers = answers_of(regressor, table, tmp_path / "m.onnx")
    for name, end in zip(("low", "high"), own.T, strict=True):
        np.testing.assert_allclose(answers[name] / deviation, end / deviation, atol=1e-5)
    assert found.parity.largest < 1e-5
    assert found.promise == regressor.guarantee(0.8)


def test_sets_of_a_hold_out_are_in_the_file(classifier, tmp_path):
    table = classifier.run.dataset.frame.select(classifier.features)
    found = classifier.export(tmp_path / "m.onnx", table, interval=0.95)
    chosen = answers_of(classifier, table, tmp_path / "m.onnx")["set"]
    sets = [tuple(np.array(classifier.classes)[row]) for row in chosen]
    assert sets == classifier.predict_set(table, 0.95)
    assert {len(held) for held in sets} == {1, 2}
    assert found.parity.sets == 0


@needs_node
def test_promises_of_a_hold_out_are_in_a_module(classifier, regressor, tmp_path):
    for model in (classifier, regressor):
        path = tmp_path / f"{model.target}.mjs"
        table = model.run.dataset.frame.select(model.features)[:40]
        found = model.export(path, table, interval=0.8)
        assert (found.parity.rows, found.runtime) == (40, "Node")
        assert found.parity.largest < 1e-5
        rows = json.loads(table[:9].write_json())
        answers = predicted(path.read_bytes(), rows)
        own = model.predict(table[:9])
        if model is classifier:
            assert found.parity.sets == 0
            assert [answer["prediction"] for answer in answers] == list(own)
            sets = [tuple(answer["set"]) for answer in answers]
            assert sets == model.predict_set(table[:9], 0.8)
            continue
        ends = [[answer["prediction"], answer["low"], answer["high"]] for answer in answers]
        expected = np.column_stack([own, model.predict_interval(table[:9], 0.8)])
        np.testing.assert_allclose(ends, expected, rtol=1e-5)


@pytest.mark.parametrize("rung", ["linear", "mlp"])
def test_sets_and_probabilities_are_in_a_query(classifier, tmp_path, rung):
    table = classifier.run.dataset.frame.select(classifier.features)
    found = classifier.export(tmp_path / "m.sql", table, interval=0.95, rung=rung)
    assert (found.parity.flipped, found.parity.sets, found.runtime) == (0, 0, "SQLite")
    assert found.parity.largest < 1e-5
    text = (tmp_path / "m.sql").read_text()
    for answer in ("prediction", *(f"probability_{label}" for label in classifier.classes)):
        assert f'AS "{answer}"' in text


def test_intervals_are_in_a_query(regressor, tmp_path):
    table = regressor.run.dataset.frame.select(regressor.features)
    found = regressor.export(tmp_path / "m.sql", table, interval=0.8)
    assert found.parity.largest < 1e-5
    assert found.promise == regressor.guarantee(0.8)


def test_a_query_is_written_unchecked_where_sqlite_has_no_functions(
    classifier, tmp_path, monkeypatch
):
    monkeypatch.setattr(sql_file, "_computes", lambda: False)
    found = classifier.export(tmp_path / "m.sql", rung="linear")
    assert found.parity is None
    assert "SQLite" in found.unchecked


def answers_of(model, table, path):
    raw = {
        column.name: column.traits.as_raw(table[column.name])[:, None]
        for column in model.fitted.schema.features
    }
    session = open_session(path.read_bytes())
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(None, raw), strict=True))


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"name": "cross"}, "cross-validation"),
        ({"name": "adaptive"}, "outcomes"),
        ({"by": "its column"}, "its column"),
        ({"name": "none", "reason": "Nothing judged."}, "Nothing judged."),
    ],
)
def test_a_promise_of_more_than_one_model_and_its_scores_stays(
    classifier, tmp_path, monkeypatch, terms, reason
):
    fitted = classifier.fitted
    other = structs.replace(fitted.guarantee.terms, **terms)
    changed = replace(fitted, guarantee=replace(fitted.guarantee, terms=other))
    predictor = replace(conformal_of(classifier, 0.9), terms=other)
    with pytest.raises(ExportError, match=reason):
        export(changed, tmp_path / "m.onnx", "", promise=predictor)
    assert list(tmp_path.iterdir()) == []


def test_a_cross_validated_promise_says_why_it_stays(grader, tmp_path):
    with pytest.raises(ExportError, match="cross-validation"):
        grader.export(tmp_path / "m.onnx", interval=0.9)
    assert grader.export(tmp_path / "m.onnx").parity.flipped == 0
