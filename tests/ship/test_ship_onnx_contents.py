"""Parts of ONNX files: what is listed is taken, and what is not is refused, wherever it lies."""

import re

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import ModelProto, TensorProto, helper  # noqa: E402

from gradum.errors import ModelFileError  # noqa: E402
from gradum.ship.exchange.onnx_contents import PARTS, refuse_contents  # noqa: E402
from gradum.ship.exchange.onnx_model import read_model  # noqa: E402
from gradum.ship.exchange.onnx_network import parsed_network  # noqa: E402


def is_repeated(field):
    return field.default_value == []


def ways(descriptor):
    """Return the shortest way, a tuple of fields, from a message to each kind of message in it."""
    found, unread = {descriptor.full_name: ()}, [(descriptor, ())]
    for message, way in unread:
        for field in message.fields:
            inner = field.message_type
            if inner is not None and inner.full_name not in found:
                found[inner.full_name] = (*way, field)
                unread.append((inner, found[inner.full_name]))
    return found


WAYS = ways(ModelProto.DESCRIPTOR)
TENSOR = TensorProto.DESCRIPTOR.full_name


def kinds():
    messages = {
        way[-1].message_type.full_name: way[-1].message_type for way in WAYS.values() if way
    }
    return [ModelProto.DESCRIPTOR, *messages.values()]


FIELDS = [field for kind in kinds() for field in kind.fields]


def entered(message, way):
    """Make the parts on a way, and return the last."""
    for field in way:
        inner = getattr(message, field.name)
        if is_repeated(field):
            message = inner.add()
        else:
            inner.SetInParent()
            message = inner
    return message


def put(message, field):
    """Give a field the least that it can have."""
    if field.message_type is not None:
        entered(message, [field])
    else:
        texts = {field.CPPTYPE_STRING: b"" if field.type == field.TYPE_BYTES else ""}
        least = texts.get(field.cpp_type, 0)
        if is_repeated(field):
            getattr(message, field.name).append(least)
        else:
            setattr(message, field.name, least)


def test_what_is_listed_is_taken_and_nothing_else():
    taken = set()
    for field in FIELDS:
        way = WAYS[field.containing_type.full_name]
        whole = ModelProto()
        put(entered(whole, way), field)
        if all(step.name in PARTS.get(step.containing_type.name, ()) for step in (*way, field)):
            refuse_contents(whole)
            taken.add(field.full_name)
        else:
            with pytest.raises(ModelFileError, match=r"is not read|in another file") as caught:
                refuse_contents(whole)
            assert "\n" not in str(caught.value)
    assert len(taken) > 70
    assert "onnx.ModelProto.training_info" not in taken


def test_every_listed_part_is_one_of_onnx():
    """A word that is misspelt would allow nothing."""
    known = {}
    for field in FIELDS:
        known.setdefault(field.containing_type.name, set()).add(field.name)
    assert all(fields <= known[kind] for kind, fields in PARTS.items())


TO_TENSORS = [
    (*WAYS[field.containing_type.full_name], field, *ways(field.message_type)[TENSOR])
    for field in FIELDS
    if field.message_type is not None and TENSOR in ways(field.message_type)
]


def test_no_tensor_lies_in_another_file_wherever_it_stands():
    assert len(TO_TENSORS) > 10
    for way in TO_TENSORS:
        by_location, by_key = ModelProto(), ModelProto()
        entered(by_location, way).data_location = TensorProto.EXTERNAL
        entered(by_key, way).external_data.add(key="location", value="secret.bin")
        for whole in (by_location, by_key):
            with pytest.raises(ModelFileError, match=r"lies in another file|is not read"):
                refuse_contents(whole)


def function_of(constant):
    """A network whose function adds a constant, a node with attributes."""
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.append(constant)
    adding = helper.make_function(
        "own",
        "Shifted",
        ["in"],
        ["sum"],
        [node, helper.make_node("Add", ["in", "c"], ["sum"])],
        [helper.make_opsetid("", 17)],
    )
    graph = helper.make_graph(
        [helper.make_node("Shifted", ["x"], ["y"], domain="own")],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, functions=[adding], opset_imports=opsets, ir_version=8)


def test_a_function_is_run_and_reads_no_other_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.array([1, 2], np.float32).tofile("secret.bin")
    inside = TensorProto(data_type=TensorProto.FLOAT, dims=[2], float_data=[1, 2])
    outside = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[2])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="secret.bin")
    onnx.save(function_of(helper.make_attribute("value", inside)), "inside.onnx")
    (answer,) = read_model("inside.onnx").run({"x": np.zeros((3, 2), np.float32)})
    np.testing.assert_array_equal(answer, [[1, 2]] * 3)
    whole = function_of(helper.make_attribute("value", outside)).SerializeToString()
    (tmp_path / "outside.onnx").write_bytes(whole)
    with pytest.raises(ModelFileError, match=r"outside\.onnx: Constant 'c' lies in another file"):
        read_model("outside.onnx")
    with pytest.raises(ModelFileError, match="Constant 'c' lies in another file"):
        parsed_network(whole)


@pytest.mark.parametrize(
    ("domain", "unknown", "words"),
    [
        ("com.microsoft", b"", "Operator 'com.microsoft.Relu' is none of ONNX's own."),
        ("", b"\xa2\x06\x01x", "It has parts that the package onnx does not know."),
    ],
)
def test_operators_and_parts_that_nobody_knows_are_refused(domain, unknown, words):
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], domain=domain)], "g", [], [])
    whole = ModelProto.FromString(helper.make_model(graph).SerializeToString() + unknown)
    with pytest.raises(ModelFileError, match=re.escape(words)):
        refuse_contents(whole)
