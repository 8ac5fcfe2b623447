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


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n-1,0.5,0\n1,-0.25,1\n0,0.75,0\n", encoding="utf-8")
    return path


def test_pairs_of_rows_are_asked_of_a_network_in_words_of_a_table(network, rows):
    # |a| + |b| differs by 1 at most between two a of −1, 0 and 1, and so between any two a.
    words = ("verify", network, rows, "--target", "y", "--property")
    ended = run(*words, "irrelevant a within 1.001", "--json")
    record = json.loads(ended.out)
    assert (ended.code, record["verdict"]) == (0, "proved")
    domain = {part["column"]: part for part in record["domain"]}
    assert (domain["a"]["low"], domain["a"]["high"], domain["a"]["whole"]) == (-1, 1, True)
    assert (domain["b"]["low"], domain["b"]["high"], domain["b"]["whole"]) == (-0.25, 0.75, False)
    ended = run(*words, "irrelevant a within 0.9", "--where", "b 0..0.5")
    assert ended.code == 3
    assert ended.out.startswith("refuted: irrelevant a within 0.9, where b 0..0.5\n")
    assert "Counterexample: a from" in ended.out
    assert "confirmed by ONNX Runtime" in ended.out.replace("\n", " ")
    assert run(*words, "irrelevant a to class at 3").code == 0
    assert run(*words, "irrelevant a to class at 0.9", "--quiet").code == 3


def test_the_box_of_a_property_file_and_a_file_of_properties(network, stated, tmp_path):
    file = tmp_path / "asked.toml"
    file.write_text(
        '[[property]]\nholds = "irrelevant x0 within 1.001"\n[[property]]\n'
        'holds = "irrelevant x0 within 0.1"\nwhere = "x0 0..0.05"\n',
        encoding="utf-8",
    )
    ended = run("verify", network, stated(1), "--properties", file, "--quiet")
    assert (ended.code, ended.out.count("proved: ")) == (0, 2)
    ended = run("verify", network, "--property", "irrelevant x0", "--where", "x0 0..1, x1 2")
    assert ended.code == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Nothing says what 'x0', 'x1' can be."),
        (("ROWS",), "takes rows of 2 numbers, and rows.csv has 3 columns"),
        (("ROWS", "-t", "z"), "rows.csv has no column 'z'."),
        (("ROWS", "-t", "y", "--rung", "mlp"), "A network is a single model."),
        (("TWO",), "two.vnnlib states several boxes of inputs."),
        (("HOLE", "-t", "y"), "Column 'b' of hole.csv has no number in row 2"),
    ],
)
def test_pairs_that_cannot_be_asked_are_refused_in_a_line(
    network, rows, stated, tmp_path, words, message
):
    (tmp_path / "hole.csv").write_text("a,b,y\n1,2,0\n2,,0\n3,1,1\n", encoding="utf-8")
    boxes = "".join(
        f"(and (>= X_0 {i}) (<= X_0 9) (>= X_1 0) (<= X_1 1) (>= Y_0 1))" for i in (1, 2)
    )
    text = stated(1).read_text(encoding="utf-8").partition("(assert")[0]
    (tmp_path / "two.vnnlib").write_text(f"{text}(assert (or {boxes}))", encoding="utf-8")
    files = {"ROWS": rows, "TWO": tmp_path / "two.vnnlib", "HOLE": tmp_path / "hole.csv"}
    given = [files.get(word, word) for word in words]
    ended = run("verify", network, *given, "--property", "irrelevant x0")
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
