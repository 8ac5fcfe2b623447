"""``gradum trust`` on a network: properties that its thresholds ask for."""

import itertools
import json

import numpy as np
import polars as pl
import pytest

from command_line import run

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


@pytest.fixture
def files(tmp_path):
    """Write a network σ(a + b / 10), rows with a truth, and thresholds that ask of both columns."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=60), rng.integers(0, 2, 60)
    truth = np.where(a + rng.normal(size=60) > 0, "yes", "no")
    pl.DataFrame({"a": a, "b": b, "y": truth}).write_csv(tmp_path / "rows.csv")
    weight = numpy_helper.from_array(np.array([[1.0], [0.1]], np.float32), "w")
    (tmp_path / "asked.toml").write_text(
        '[properties]\nask = ["irrelevant b within 0.03", "irrelevant a within 0.03"]\n',
        encoding="utf-8",
    )

    def write(*last):
        kinds = ("MatMul", *last)
        names = ["x", *(f"n{place}" for place in range(len(kinds) - 1)), "p"]
        nodes = [
            helper.make_node(kind, [name, "w"] if kind == "MatMul" else [name], [made])
            for kind, (name, made) in zip(kinds, itertools.pairwise(names), strict=True)
        ]
        ends = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])]
            for name, width in (("x", 2), ("p", 1))
        ]
        graph = helper.make_graph(nodes, "network", *ends, [weight])
        opsets = [helper.make_opsetid("", 13)]
        onnx.save(
            helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "net.onnx"
        )
        return tmp_path

    return write


def lines_of(folder, *words):
    ended = run(
        "trust", folder / "net.onnx", folder / "rows.csv", "--target", "y", "--json", *words
    )
    checks = json.loads(ended.out)["checks"]
    return {
        check["about"]: check for check in checks if check["name"] == "properties.proved"
    }, ended.code


def test_a_column_that_may_not_matter_is_asked_of_a_network(files):
    folder = files("Sigmoid")
    (line,) = lines_of(folder)[0].values()
    assert line["status"] == "not checked"
    assert "irrelevant COLUMN to class" in line["remedy"]
    lines, code = lines_of(folder, "--thresholds", folder / "asked.toml")
    assert code == 3
    assert lines["irrelevant b within 0.03"]["status"] == "held"
    failed = lines["irrelevant a within 0.03"]
    assert failed["status"] == "failed"
    assert "Counterexample: a from" in failed["reason"]


def test_a_network_without_bounds_is_not_checked(files):
    folder = files("Sigmoid", "Sign", "Abs")
    lines, _ = lines_of(folder, "--thresholds", folder / "asked.toml")
    for line in lines.values():
        assert line["status"] == "not checked"
        assert "Operator 3, 'Sign', is not one of those that are read." in line["reason"]
