"""Networks in ONNX, against the reference evaluator of ONNX and against ONNX Runtime."""

import gzip
import re
import sys

import numpy as np
import pytest

from gradum.core.bounds import Affine, Box, crown, intervals, zonotopes
from gradum.core.bounds.box import FLOAT32
from gradum.errors import ModelFileError, PropertyError, ShapeError
from gradum.ship.exchange import onnx_contents, onnx_file, onnx_operators
from gradum.ship.exchange.onnx_network import parsed_network, read_network
from gradum.ship.exchange.vnnlib import parsed_property

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402
from packaging.version import Version  # noqa: E402

RANDOM = np.random.default_rng(0)


def weights(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def integers(*values):
    return np.array(values, np.int64)


def model(nodes, constants=None, shape=("batch", 4), opset=17, inputs=1, outputs=("out",)):
    """A network of nodes (operator, inputs, output, attributes) from "x" to "out"."""
    graph = helper.make_graph(
        [helper.make_node(kind, taken, [made], **rest) for kind, taken, made, rest in nodes],
        "network",
        [
            helper.make_tensor_value_info("x" if i == 0 else f"x{i}", TensorProto.FLOAT, shape)
            for i in range(inputs)
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def check(network_model, rows=5):
    """Hold the graph against both, and return the network."""
    network = parsed_network(network_model.SerializeToString())
    x = RANDOM.normal(size=(rows, network.graph.inputs)).astype(np.float32)
    answers = network.graph(x)
    assert answers.dtype == np.float64
    reference = ReferenceEvaluator(network_model)
    expected = [np.ravel(reference.run(None, {"x": row.reshape(network.shape)})[0]) for row in x]
    np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(network.run(x), answers, rtol=1e-5, atol=1e-5)
    return network


W, B = weights(4, 3), weights(3)
CASES = {
    "gemm": ([("Gemm", ["x", "w", "b"], "out", {})], {"w": W, "b": B}),
    "gemm without bias": ([("Gemm", ["x", "w"], "out", {})], {"w": W}),
    "gemm with factors": (
        [("Gemm", ["x", "w", "b"], "out", {"alpha": 0.5, "beta": -2.0, "transB": 1})],
        {"w": weights(3, 4), "b": weights(1)},
    ),
    "gemm of a column": (
        [("Reshape", ["x", "s"], "c", {}), ("Gemm", ["c", "w"], "out", {"transA": 1})],
        {"w": W, "s": integers(4, 1)},
    ),
    "product and sum": (
        [("MatMul", ["x", "w"], "p", {}), ("Add", ["b", "p"], "out", {})],
        {"w": W, "b": B},
    ),
    "weights on the left": (
        [("Reshape", ["x", "s"], "c", {}), ("MatMul", ["w", "c"], "out", {})],
        {"w": weights(3, 4), "s": integers(1, 4, 1)},
    ),
    "weights on the left of a vector": (
        [("Squeeze", ["x"], "c", {}), ("MatMul", ["w", "c"], "out", {})],
        {"w": weights(3, 4)},
    ),
    "scaled input": (
        [("Sub", ["x", "m"], "a", {}), ("Div", ["a", "s"], "out", {})],
        {"m": weights(4), "s": weights(1, 4)},
    ),
    "a constant less the input": ([("Sub", ["m", "x"], "out", {})], {"m": weights(4)}),
    "product by constants": ([("Mul", ["m", "x"], "out", {})], {"m": weights(1, 1, 4)}),
    "activations": (
        [
            ("Relu", ["x"], "a", {}),
            ("LeakyRelu", ["x"], "b", {"alpha": 0.3}),
            ("Sigmoid", ["x"], "c", {}),
            ("Tanh", ["x"], "d", {}),
            ("LeakyRelu", ["d"], "e", {}),
            ("Concat", ["a", "b", "c", "e"], "out", {"axis": 1}),
        ],
        {},
    ),
    "skip connection": (
        [
            ("Gemm", ["x", "w"], "h", {}),
            ("Relu", ["h"], "r", {}),
            ("Add", ["r", "x"], "s", {}),
            ("Sub", ["s", "h"], "out", {}),
        ],
        {"w": weights(4, 4)},
    ),
    "a bias does not reach who takes the product itself": (
        [
            ("MatMul", ["x", "w"], "p", {}),
            ("Add", ["p", "b"], "s", {}),
            ("Add", ["s", "b"], "t", {}),
            ("Concat", ["p", "s", "t"], "out", {"axis": -1}),
        ],
        {"w": W, "b": B},
    ),
    "numbers change places": (
        [
            ("Reshape", ["x", "s"], "a", {}),
            ("Transpose", ["a"], "b", {"perm": [0, 2, 1]}),
            ("Concat", ["b", "b"], "c", {"axis": 2}),
            ("Flatten", ["c"], "out", {}),
        ],
        {"s": integers(0, -1, 2)},
    ),
    "shapes alone": (
        [
            ("Unsqueeze", ["x", "a"], "u", {}),
            ("Transpose", ["u"], "t", {"perm": [1, 2, 0]}),
            ("Squeeze", ["t", "b"], "q", {}),
            ("Identity", ["q"], "i", {}),
            ("Flatten", ["i"], "out", {"axis": 0}),
        ],
        {"a": integers(0), "b": integers(2)},
    ),
    "constants of their own": (
        [
            ("Constant", [], "w", {"value": numpy_helper.from_array(weights(3, 4))}),
            ("Transpose", ["w"], "v", {}),
            ("MatMul", ["x", "v"], "p", {}),
            ("Constant", [], "b", {"value_floats": [1.0, 2.0, 3.0]}),
            ("Constant", [], "f", {"value_float": 0.5}),
            ("Add", ["p", "b"], "q", {}),
            ("Mul", ["q", "f"], "out", {}),
        ],
        {},
    ),
    "products of constants": (
        [
            ("MatMul", ["u", "v"], "w", {}),
            ("Gemm", ["b", "v", "c"], "d", {"alpha": -0.5, "beta": 2.0}),
            ("MatMul", ["x", "w"], "p", {}),
            ("Add", ["p", "d"], "out", {}),
        ],
        {"u": weights(4, 5), "v": weights(5, 3), "b": weights(1, 5), "c": weights(3)},
    ),
    "functions of constants": (
        [
            ("Sin", ["a"], "n0", {}),
            ("Cos", ["n0"], "n1", {}),
            ("Neg", ["n1"], "n2", {}),
            ("Mul", ["n2", "c"], "n3", {}),
            ("LeakyRelu", ["n3"], "n4", {"alpha": 0.2}),
            ("Tanh", ["n4"], "n5", {}),
            ("Sigmoid", ["n5"], "n6", {}),
            ("Sub", ["n6", "a"], "n7", {}),
            ("Relu", ["n7"], "n8", {}),
            ("Div", ["n8", "c"], "n9", {}),
            ("ReduceSum", ["n9", "first"], "n10", {"keepdims": 0}),
            ("Add", ["x", "n10"], "out", {}),
        ],
        {"a": weights(3, 4), "c": weights(3, 1), "first": integers(0)},
    ),
    "whole numbers are divided as such": (
        [
            ("Div", ["m", "n"], "q", {}),
            ("Reshape", ["x", "q"], "r", {}),
            ("Flatten", ["r"], "out", {}),
        ],
        {"m": integers(3, -5, 9), "n": integers(2, 4, 4)},
    ),
    "slices": (
        [
            ("Reshape", ["x", "s"], "a", {}),
            ("Slice", ["a", "from", "to", "axes", "steps"], "b", {}),
            ("Slice", ["x", "two", "end", "last"], "c", {}),
            ("Slice", ["x", "none", "two"], "d", {}),
            ("Flatten", ["b"], "e", {}),
            ("Concat", ["e", "c", "d"], "out", {"axis": 1}),
        ],
        {
            "s": integers(1, 2, 2),
            "from": integers(-1, 5),
            "to": integers(-9, -(2**62)),
            "axes": integers(2, 1),
            "steps": integers(-1, -1),
            "two": integers(2),
            "end": integers(2**62),
            "last": integers(-1),
            "none": integers(0),
        },
    ),
    "sums, negatives and waves": (
        [
            ("Gemm", ["x", "w"], "z", {}),
            ("Sin", ["z"], "s", {}),
            ("Cos", ["z"], "c", {}),
            ("Neg", ["c"], "n", {}),
            ("Concat", ["s", "n"], "j", {"axis": 0}),
            ("ReduceSum", ["j", "first"], "f", {}),
            ("ReduceSum", ["j", "last"], "l", {"keepdims": 0}),
            ("Reshape", ["l", "row"], "r", {}),
            ("ReduceSum", ["j"], "t", {}),
            ("Concat", ["f", "r", "t"], "out", {"axis": 1}),
        ],
        {
            "w": 5 * weights(4, 6),
            "first": integers(0),
            "last": integers(-1),
            "row": integers(1, -1),
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_graph_computes_what_onnx_does(name):
    nodes, constants = CASES[name]
    check(model(nodes, constants))


def test_a_sum_over_no_axes_changes_nothing():
    nodes = [
        ("Gemm", ["x", "w"], "z", {}),
        ("ReduceSum", ["z"], "out", {"noop_with_empty_axes": 1}),
    ]
    network_model = model(nodes, {"w": W})
    network = parsed_network(network_model.SerializeToString())
    x = RANDOM.normal(size=(1, 4)).astype(np.float32)
    (expected,) = ReferenceEvaluator(network_model).run(None, {"x": x})
    np.testing.assert_allclose(network.graph(x), expected, rtol=1e-5, atol=1e-5)
    if Version(onnxruntime.__version__) < Version("1.24"):
        with pytest.raises(ModelFileError, match="ReduceSum"):
            network.run(x)
    else:
        np.testing.assert_allclose(network.run(x), expected, rtol=1e-5, atol=1e-5)


def test_older_opsets_and_inputs_of_several_axes():
    nodes = [
        ("Sub", ["x", "m"], "a", {}),
        ("Squeeze", ["a"], "b", {"axes": [0, 1]}),
        ("Unsqueeze", ["b"], "c", {"axes": [0]}),
        ("Flatten", ["c"], "out", {}),
    ]
    older = model(nodes, {"m": weights(1, 1, 1, 4)}, shape=(1, 1, 2, 2), opset=8)
    older.graph.input.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, (1, 1, 1, 4)))
    older.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights(2), "m"))
    older.graph.input[1].CopyFrom(helper.make_tensor_value_info("m", TensorProto.FLOAT, (2,)))
    assert check(older).shape == (1, 1, 2, 2)


def test_slices_and_sums_of_older_opsets_state_their_axes_as_attributes():
    nodes = [
        ("Slice", ["x"], "s", {"starts": [1], "ends": [2**31], "axes": [1]}),
        ("ReduceSum", ["x"], "t", {"axes": [1], "keepdims": 1}),
        ("Concat", ["s", "t"], "out", {"axis": 1}),
    ]
    assert check(model(nodes, opset=9)).graph.widths[-1] == 4


@pytest.mark.parametrize("scale", [0.01, 0.3, 30.0])
def test_answers_of_waves_in_single_precision_lie_within_their_bounds(scale):
    rng = np.random.default_rng(5)
    layers = {"w": weights(4, 8), "b": weights(8), "v": weights(8, 8), "u": weights(8, 2)}
    nodes = [
        ("Gemm", ["x", "w", "b"], "p", {}),
        ("Sin", ["p"], "s", {}),
        ("Gemm", ["s", "v"], "q", {"alpha": 2.0}),
        ("Cos", ["q"], "c", {}),
        ("Gemm", ["c", "u"], "out", {}),
    ]
    network = parsed_network(model(nodes, layers).SerializeToString())
    low = rng.normal(size=(6, 4)).astype(np.float32)
    high = (low + np.float32(scale)).astype(np.float32)
    box = Box(low.astype(np.float64), high.astype(np.float64))
    x = low + rng.random((60, 6, 4)).astype(np.float32) * (high - low)
    x = np.clip(x, low, high)
    answers = network.run(x.reshape(-1, 4)).reshape(60, 6, 2).astype(np.float64)
    for enclose in (intervals, zonotopes, crown):
        low_end, high_end = enclose(network.graph, box, FLOAT32).output
        assert ((answers >= low_end) & (answers <= high_end)).all()
    if scale < 0.1:
        assert ((high_end - low_end) < 3 * np.ptp(answers, axis=0) + 0.1).all()


def test_a_product_and_its_bias_are_one_node_and_what_is_not_needed_none():
    nodes, constants = CASES["product and sum"]
    network = check(model([*nodes[:1], ("Tanh", ["x"], "unused", {}), nodes[1]], constants))
    (node,) = network.graph.nodes
    assert isinstance(node.operation, Affine)
    np.testing.assert_array_equal(node.operation.weight, W)
    np.testing.assert_array_equal(node.operation.bias, B)
    identity = check(model([("Identity", ["x"], "out", {})]))
    assert identity.graph.widths == (4,)
    shifted = [
        ("Sub", ["x", "z"], "a", {}),
        ("Relu", ["a"], "b", {}),
        ("Add", ["z", "b"], "out", {}),
    ]
    assert len(check(model(shifted, {"z": np.zeros(4, np.float32)})).graph.nodes) == 1


def refused(onnx_model, message):
    data = onnx_model if isinstance(onnx_model, bytes) else onnx_model.SerializeToString()
    with pytest.raises(ModelFileError, match=re.escape(message)) as caught:
        parsed_network(data)
    assert "\n" not in str(caught.value)


SIZES = {"w": weights(5, 3), "c": weights(2, 4), "z": np.zeros(4, np.float32), "t": weights(1)}
SIZES |= {"one": integers(1), "two": integers(2), "far": integers(5)}


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Softmax", ["x"], {}), "Operator 1, 'Softmax', is not one of those that are read."),
        (("Relu", ["x"], {"domain": "ai.onnx.ml"}), "Operator 1, 'ai.onnx.ml.Relu', is not one of"),
        (("Add\n" * 50, ["x"], {}), r"Operator 1, 'Add\nAdd"),
        (("MatMul", ["x", "w"], {}), "MatMul, is not read: its weights are for 5 numbers, but it"),
        (("MatMul", ["x", "x"], {}), "takes what should be constant from the network's input"),
        (("MatMul", ["w", "w"], {}), "its shapes do not fit each other"),
        (("Div", ["t", "z"], {}), "it divides by 0"),
        (("Slice", ["x", "one", "one"], {}), "it leaves nothing"),
        (("Slice", ["x", "one", "two", "far"], {}), "its shapes do not fit each other"),
        (("ReduceSum", ["x", "far"], {}), "its shapes do not fit each other"),
        (("Gemm", ["x", "w"], {"transX": 1}), "its attribute 'transX' is not read"),
        (("Gemm", ["x", "w"], {"alpha": 1}), "its attribute 'alpha' is not read"),
        (("LeakyRelu", ["x"], {"alpha": float("nan")}), "its attribute 'alpha' is not finite"),
        (("LeakyRelu", ["x"], {"alpha": 2.0}), "its slope is greater than 1"),
        (("Add", ["x", "c"], {}), "it repeats what is computed along an axis"),
        (("Add", ["x", "w"], {}), "its shapes do not fit each other"),
        (("Mul", ["x", "x"], {}), "takes what should be constant"),
        (("Div", ["t", "x"], {}), "it works on constants alone"),
        (("Div", ["x", "z"], {}), "it divides by 0"),
        (("Add", ["x", ""], {}), "it lacks an input"),
        (("Add", ["x"], {}), "it has another number of inputs or outputs than it should"),
        (("Add", ["x", "later"], {}), "nothing before it computes 'later'"),
        (("Concat", ["x", "c"], {"axis": 0}), "it works on constants alone"),
        (("Concat", ["x", "x"], {}), "its shapes do not fit each other"),
        (("Constant", [], {}), "its shapes do not fit each other"),
        (("Flatten", ["x"], {"axis": 5}), "its shapes do not fit each other"),
        (("Transpose", ["x"], {"perm": [0, 0]}), "its shapes do not fit each other"),
    ],
)
def test_what_is_not_read_is_refused_by_name(node, message):
    kind, taken, attributes = node
    refused(model([(kind, taken, "out", attributes)], SIZES), message)


def test_files_that_are_no_networks_of_one_input_and_output_are_refused():
    relu = [("Relu", ["x"], "out", {})]
    refused(b"", "It is not an ONNX file, or has no operators.")
    refused(b"\x00" * 100, "It is not an ONNX file")
    refused(model(relu).SerializeToString()[:-5], "It is not an ONNX file")
    refused(model(relu, inputs=2), "It has 2 inputs, where one is read.")
    refused(model(relu, outputs=("out", "x")), "It has 2 outputs, where one is read.")
    refused(model(relu, outputs=("other",)), "Its output does not depend on its input.")
    refused(model(relu, opset=6), "It is of ONNX opset 6")
    refused(model([*relu, *relu]), "'out' is empty or defined twice in it.")
    refused(model(relu, shape=("batch", "n")), "The shape of its input is not stated")
    refused(model(relu, shape=None), "The shape of its input is not stated")
    refused(model(relu, shape=(1, 2**40)), "more than 1,048,576 numbers")
    other = model(relu)
    other.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    refused(other, "Its input is not of type float32")
    other = model(relu)
    other.functions.add(name="f")
    refused(other, "It defines functions of its own")
    other = model(relu)
    other.graph.sparse_initializer.add()
    refused(other, "It has sparse constants")


def test_constants_that_lie_elsewhere_or_are_damaged_are_refused(tmp_path):
    def of(tensor, in_operator=False):
        whole = model([("Relu", ["x"], "out", {})])
        if in_operator:
            whole.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))
        else:
            whole.graph.initializer.append(tensor)
        return whole

    secret = tmp_path / "secret"
    secret.write_bytes(bytes(16))
    outside = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[4])
    outside.external_data.add(key="location", value=str(secret))
    outside.data_location = TensorProto.EXTERNAL
    refused(of(outside), "Constant 'c' lies in another file, which is not opened.")
    refused(of(outside, in_operator=True), "Constant 'c' lies in another file")
    short = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[2**40], raw_data=bytes(8))
    refused(of(short), "Constant 'c' does not have as many numbers as its shape.")
    text = TensorProto(name="c", data_type=TensorProto.STRING, dims=[0])
    refused(of(text), "Constant 'c' is of type STRING")
    refused(of(TensorProto(name="c", data_type=99)), "Constant 'c' is of type ?")
    infinite = numpy_helper.from_array(np.array([np.inf], np.float32), "c")
    refused(of(infinite), "Constant 'c' has numbers that are not finite.")


def test_sizes_are_limited(tmp_path, monkeypatch):
    nodes, constants = CASES["gemm"]
    whole = model(nodes, constants)
    monkeypatch.setattr(onnx_operators, "WEIGHT_LIMIT", 11)
    refused(whole, "Its weights come to more than 11 numbers.")
    square = [("MatMul", ["w", "w"], "v", {}), ("MatMul", ["x", "v"], "out", {})]
    monkeypatch.setattr(onnx_operators, "WEIGHT_LIMIT", 15)
    refused(model(square, {"w": weights(4, 4)}), "MatMul, is not read: Its weights come to more")
    broad = [("Add", ["r", "c"], "s", {}), ("MatMul", ["x", "s"], "out", {})]
    refused(model(broad, {"r": weights(1, 4), "c": weights(4, 1)}), "Its weights come to more")
    monkeypatch.undo()
    squared = [("Mul", [f"n{i}", f"n{i}"], f"n{i + 1}", {}) for i in range(4)]
    large = model([*squared, ("Add", ["x", "n4"], "out", {})], {"n0": np.full(1, 3e38, np.float32)})
    refused(large, "Mul, is not read: it makes numbers that are not finite.")
    doubling = [("Concat", ["x", "x"], "n0", {"axis": 1})]
    doubling += [("Concat", [f"n{i}", f"n{i}"], f"n{i + 1}", {"axis": 1}) for i in range(60)]
    refused(model(doubling), "Concat, is not read: it joins more than 1,048,576 numbers.")
    monkeypatch.setattr(onnx_file, "PART_LIMIT", 1)
    refused(whole, "It has more than 1 operators or constants.")
    monkeypatch.setattr(onnx_file, "FILE_LIMIT", 10)
    path = tmp_path / "net.onnx"
    path.write_bytes(whole.SerializeToString())
    with pytest.raises(ModelFileError, match=r"net\.onnx has more than 10 bytes"):
        read_network(path)


def test_a_file_may_be_packed_by_gzip(tmp_path, monkeypatch):
    whole = model(*CASES["gemm"]).SerializeToString()
    path = tmp_path / "net.onnx.gz"
    path.write_bytes(gzip.compress(whole))
    x = RANDOM.normal(size=(3, 4))
    np.testing.assert_array_equal(read_network(path).run(x), parsed_network(whole).run(x))
    monkeypatch.setattr(onnx_file, "FILE_LIMIT", len(whole) - 1)
    with pytest.raises(ModelFileError, match=r"net\.onnx\.gz has more than"):
        read_network(path)
    monkeypatch.undo()
    path.write_bytes(gzip.compress(whole)[:-9])
    with pytest.raises(ModelFileError, match=r"net\.onnx\.gz cannot be read: .*\.$"):
        read_network(path)


def test_files_that_would_grow_in_memory_are_refused_before_they_are_parsed(monkeypatch):
    def field(number, content):
        assert len(content) < 2**14
        return bytes([8 * number + 2, len(content) & 127 | 128, len(content) >> 7]) + content

    unknown = b"\x7a\x80\x80\x80\x01" + bytes(2**21)
    refused(unknown, "It has more than 1,048,576 parts and unknown bytes.")
    monkeypatch.setattr(onnx_contents, "FIELD_LIMIT", 1000)
    for nodes, constants in CASES.values():
        assert onnx_contents.is_small(model(nodes, constants).SerializeToString())
    many = 1001 * b"\x0a\x00"  # inputs, operators
    assert onnx_contents.is_small(field(7, many[:800] + field(1, many[:900])))
    assert not onnx_contents.is_small(field(7, many))
    assert not onnx_contents.is_small(field(7, field(1, many)))
    assert not onnx_contents.is_small(field(7, field(1, field(5, field(6, many)))))
    for broken in (b"\x3a\x05\x00", b"\x3a", b"\x80" * 20, b"\x3b\x3c", b"\x0d\x00"):
        refused(broken, "It is not an ONNX file, or a damaged one.")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(package, monkeypatch):
    whole = model([("Relu", ["x"], "out", {})]).SerializeToString()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelFileError, match=rf"{package}, .* pip install 'gradum\[onnx\]'"):
        parsed_network(whole).run(np.zeros((1, 4)))


def test_a_file_is_read_and_a_counterexample_run_again(tmp_path):
    nodes, constants = CASES["gemm"]
    path = tmp_path / "net.onnx"
    path.write_bytes(model(nodes, constants).SerializeToString())
    network = read_network(path)
    box = "".join(f"(assert (<= X_{i} 1)) (assert (>= X_{i} -1))" for i in range(4))
    declared = [
        f"(declare-const {name} Real)" for name in ["X_0", "X_1", "X_2", "X_3", "Y_0", "Y_1", "Y_2"]
    ]
    stated = parsed_property("".join(declared) + box + "(assert (<= Y_0 Y_1))")
    stated.check_fits(network.graph)
    x = np.random.default_rng(1).uniform(-1.2, 1.2, (100, 4))
    answers = (x @ W + B).astype(float)
    expected = (np.abs(x).max(axis=1) <= 1) & (answers[:, 0] <= answers[:, 1])
    found = [stated.is_violated(row, y) for row, y in zip(x, network.run(x), strict=True)]
    assert 0 < np.sum(expected) < 100
    np.testing.assert_array_equal(found, expected)
    assert network.run(x[:0]).shape == (0, 3)
    with pytest.raises(ShapeError, match="rows of 4 numbers"):
        network.run(x[:, :3])
    with pytest.raises(PropertyError, match="4 inputs and 3 outputs, but the network has 4 and 4"):
        stated.check_fits(check(model([("Relu", ["x"], "out", {})])).graph)
    path.write_bytes(b"no network")
    with pytest.raises(ModelFileError, match=r"net\.onnx: It is not an ONNX file"):
        read_network(path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_network(tmp_path)
