"""Models of ONNX by the rows of a table: what they answer, and what is refused in one line."""

import numpy as np
import polars as pl
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from gradum.api.trust.onnx_predictions import predictions_of_onnx  # noqa: E402
from gradum.errors import GradumError  # noqa: E402
from gradum.ship.exchange import onnx_model  # noqa: E402
from gradum.tables.sources.read import read  # noqa: E402

WEIGHT = np.array([[1.5, -0.5], [-1.0, 0.25], [0.0, 1.0]], np.float32)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({name: rng.normal(size=80).astype(np.float32) for name in "abc"})
    rows = frame.to_numpy() @ WEIGHT
    label = pl.Series("y", np.where(rows[:, 0] > rows[:, 1], "no", "yes"))
    return frame.with_columns(label, amount=pl.Series(rows[:, 0]))


def written(path, nodes, inputs, outputs, weights, domains=(("", 13),)):
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    opsets = [helper.make_opsetid(*domain) for domain in domains]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.save(model, path)
    return path


def value(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def softmax_nodes():
    return [
        helper.make_node("MatMul", ["x", "weight"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["shares"]),
    ]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "classes.onnx"
    outputs = [value("shares", None, 2)]
    return written(path, softmax_nodes(), [value("x", None, 3)], outputs, {"weight": WEIGHT})


def shares_of(table):
    rows = np.exp(table.select("a", "b", "c").to_numpy() @ WEIGHT)
    return rows / rows.sum(axis=1, keepdims=True)


def test_a_matrix_is_fed_the_columns_in_their_order(classifier, table):
    examined = predictions_of_onnx(classifier, read(table.drop("amount")), "y")
    found = examined.evidence.prediction
    np.testing.assert_allclose(found.probability, shares_of(table), rtol=1e-5)
    assert examined.evidence.outcome.predicted.tolist() == [
        int(label == "yes") for label in table["y"]
    ]


def test_groups_may_stand_beside_the_inputs(classifier, table):
    grouped = table.drop("amount").with_columns(g=pl.Series(["one", "two"] * 40))
    examined = predictions_of_onnx(classifier, read(grouped), "y", by=["g"])
    assert examined.evidence.frame["g"].to_list() == grouped["g"].to_list()


def test_inputs_are_found_by_their_names(table, tmp_path):
    nodes = [
        helper.make_node("Concat", ["c", "a"], ["x"], axis=1),
        helper.make_node("MatMul", ["x", "weight"], ["amount_out"]),
    ]
    path = written(
        tmp_path / "named.onnx",
        nodes,
        [value("c", None, 1), value("a", None, 1)],
        [value("amount_out", None, 1)],
        {"weight": np.array([[2.0], [-3.0]], np.float32)},
    )
    found = predictions_of_onnx(path, read(table), "amount").evidence.prediction.value
    np.testing.assert_allclose(found, 2 * table["c"] - 3 * table["a"], rtol=1e-5)


def test_labels_with_their_probabilities_are_put_in_order(table, tmp_path):
    zipped = helper.make_node(
        "ZipMap", ["shares"], ["named"], domain="ai.onnx.ml", classlabels_strings=["yes", "no"]
    )
    sequence = helper.make_sequence_type_proto(
        helper.make_map_type_proto(
            TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        )
    )
    path = written(
        tmp_path / "zipped.onnx",
        [*softmax_nodes(), zipped],
        [value("x", None, 3)],
        [helper.make_value_info("named", sequence)],
        {"weight": WEIGHT},
        (("", 13), ("ai.onnx.ml", 1)),
    )
    found = predictions_of_onnx(path, read(table.drop("amount")), "y").evidence.prediction
    np.testing.assert_allclose(found.probability, shares_of(table)[:, ::-1], rtol=1e-5)


def test_weights_in_another_file_are_refused(classifier, table, tmp_path):
    model = onnx.load(classifier)
    onnx.save(
        model,
        tmp_path / "outside.onnx",
        save_as_external_data=True,
        size_threshold=0,
        location="weights",
    )
    with pytest.raises(GradumError, match="lies in another file"):
        predictions_of_onnx(tmp_path / "outside.onnx", read(table.drop("amount")), "y")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t, "takes rows of 3 numbers"),
        (lambda t: t.drop("amount", "c"), "has 2 columns"),
        (lambda t: t.drop("amount").with_columns(c=pl.lit("red")), "'c'"),
        (lambda t: t.drop("amount", "y"), "'y'"),
        (
            lambda t: t.drop("amount").with_columns(
                y=pl.Series([["p", "q", "r"][i % 3] for i in range(80)])
            ),
            "3 classes, and 2",
        ),
    ],
)
def test_mistakes_are_one_line(classifier, table, change, words):
    with pytest.raises(GradumError) as raised:
        predictions_of_onnx(classifier, read(change(table)), "y")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_a_network_without_end_is_stopped(table, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_model, "BOUNDS", onnx_model.BOUNDS._replace(seconds=1))
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Abs", ["in"], ["out"])],
        "body",
        [value("step", kind=TensorProto.INT64), value("on", kind=TensorProto.BOOL), value("in")],
        [value("still", kind=TensorProto.BOOL), value("out")],
    )
    path = written(
        tmp_path / "loop.onnx",
        [helper.make_node("Loop", ["steps", "yes", "x"], ["y"], body=body)],
        [value("x", None, 3)],
        [value("y", None, 3)],
        {"steps": np.array(2**62), "yes": np.array(True)},
    )
    with pytest.raises(GradumError, match=r"cannot be run: it takes more than 2 seconds"):
        predictions_of_onnx(path, read(table.drop("y")), "amount")


ANSWERS = {
    "a single number": ([helper.make_node("ReduceSum", ["x"], ["out"], keepdims=0)], value("out")),
    "fewer rows": (
        [helper.make_node("ReduceMean", ["x"], ["out"], axes=[0])],
        value("out", 1, 3),
    ),
    "no columns": (
        [helper.make_node("Slice", ["x", "zero", "zero", "one"], ["out"])],
        value("out", None, 0),
    ),
    "an empty sequence": (
        [helper.make_node("SequenceEmpty", [], ["out"])],
        helper.make_tensor_sequence_value_info("out", TensorProto.FLOAT, None),
    ),
    "nothing": (
        [
            helper.make_node(
                "Optional",
                [],
                ["out"],
                type=helper.make_tensor_type_proto(TensorProto.FLOAT, [1]),
            )
        ],
        helper.make_value_info(
            "out",
            helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [1])),
        ),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_not_by_rows_are_one_line(name, table, tmp_path):
    nodes, output = ANSWERS[name]
    constants = {"zero": np.array([0]), "one": np.array([1])}
    domains = (("", 16),)
    path = written(
        tmp_path / "odd.onnx", nodes, [value("x", None, 3)], [output], constants, domains
    )
    with pytest.raises(GradumError, match="no output of numbers for each row"):
        predictions_of_onnx(path, read(table.drop("y")), "amount")


def test_a_file_is_opened_as_what_it_was_checked_to_be(classifier, table, tmp_path):
    """Those of ONNX Runtime's own format have this word at the fifth byte."""
    model = onnx.load(classifier)
    model.producer_name = "ORTM of another format"
    data = model.SerializeToString()
    assert data[4:8] == b"ORTM"
    (tmp_path / "both.onnx").write_bytes(data)
    examined = predictions_of_onnx(tmp_path / "both.onnx", read(table.drop("amount")), "y")
    found = examined.evidence.prediction.probability
    np.testing.assert_allclose(found, shares_of(table), rtol=1e-5)


def test_a_damaged_file_is_one_line(table, tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x07" + b"nothing" * 9)
    with pytest.raises(GradumError, match=r"broken\.onnx") as raised:
        predictions_of_onnx(tmp_path / "broken.onnx", read(table), "y")
    assert "\n" not in str(raised.value)
