"""``gradum verify``: verdicts, exit codes, counterexamples, and what is refused."""

import json

import numpy as np
import pytest

from command_line import run

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PROPERTY = """
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(assert (and (>= X_0 -1) (<= X_0 1) (>= X_1 -1) (<= X_1 1)))
(assert (>= Y_0 {limit}))
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """|x₀| + |x₁|, at most 2 on the box, as a network of four ReLUs."""
    weight = np.array([[1, -1, 0, 0], [0, 0, 1, -1]], np.float32)
    tensor = onnx.numpy_helper.from_array
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["x", "W"], ["z"]),
            onnx.helper.make_node("Relu", ["z"], ["u"]),
            onnx.helper.make_node("MatMul", ["u", "V"], ["y"]),
        ],
        "absolute",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1])],
        [tensor(weight, "W"), tensor(np.ones((4, 1), np.float32), "V")],
    )
    opsets = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    path = tmp_path_factory.mktemp("networks") / "absolute.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def stated(tmp_path):
    def write(limit):
        path = tmp_path / "property.vnnlib"
        path.write_text(PROPERTY.format(limit=limit), encoding="utf-8")
        return path

    return write


def test_a_property_that_holds_is_unsat(network, stated):
    ended = run("verify", network, stated(2.001))
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "unsat"
    assert "Decided by" in ended.out
    assert run("verify", network, stated(2.001), "--quiet").out == "unsat\n"


def test_a_counterexample_stands_below_sat(network, stated):
    ended = run("verify", network, stated(1.9), "--quiet")
    assert ended.code == 3
    first, *lines = ended.out.splitlines()
    assert first == "sat"
    pairs = [line.strip("() ").split() for line in lines]
    assert [name for name, _ in pairs] == ["X_0", "X_1", "Y_0"]
    x, z, y = (float(number) for _, number in pairs)
    assert max(abs(x), abs(z)) <= 1
    assert y == pytest.approx(abs(x) + abs(z), abs=1e-6)
    assert y >= 1.9


def test_it_goes_to_a_file_that_is_not_replaced_unasked(network, stated, tmp_path):
    file = tmp_path / "counterexample.txt"
    words = ("verify", network, stated(1.9), "--counterexample", file)
    ended = run(*words)
    assert ended.code == 3
    assert ended.out.startswith("sat\n")
    assert "X_0" not in ended.out
    assert file.read_text(encoding="utf-8").startswith("((X_0 ")
    assert run(*words).code == 2
    assert run(*words, "--force").code == 3


def test_time_that_runs_out_is_unknown(network, stated):
    closest = np.nextafter(2.0, 3.0)  # beyond what is reached, but rounding hides it
    ended = run("verify", network, stated(closest), "--timeout", "1e-9")
    assert ended.code == 4
    assert ended.out.startswith("unknown\nNot decided: 0.00% of the inputs' volume is certified.")


def test_json_is_one_line(network, stated):
    ended = run("verify", network, stated(1.9), "--json")
    record = json.loads(ended.out)
    assert record["verdict"] == "sat"
    assert record["stage"] == "attack"
    assert np.abs(record["counterexample"]["x"]).sum() >= 1.9
    record = json.loads(run("verify", network, stated(2.001), "--json").out)
    assert (record["verdict"], record["certified"]) == ("unsat", 1)
    assert "counterexample" not in record


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("X_1", "X_2"), "X_2 is declared, but not all"),
        (lambda text: text.replace("(<= X_1 1)", "(<= X_1 -2)"), "property.vnnlib"),
        (
            lambda text: text + "(declare-const Y_1 Real)",
            "The property is of 2 inputs and 2 outputs, but the network has 2 and 1.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(network, stated, change, message):
    path = stated(1)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    ended = run("verify", network, path)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_files_and_seconds_that_cannot_be_are_refused(network, stated, tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(network.read_bytes()[:60])
    for words in (
        (broken, stated(1)),
        (tmp_path / "none.onnx", stated(1)),
        (network, tmp_path / "none.vnnlib"),
        (network, stated(1), "--timeout", "0"),
        (network, stated(1), "--timeout", "nan"),
    ):
        ended = run("verify", *words)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1


def test_the_extra_that_is_missing_is_named(network, stated, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    ended = run("verify", network, stated(1))
    assert ended.code == 2
    assert "pip install 'gradum[onnx]'" in ended.err
