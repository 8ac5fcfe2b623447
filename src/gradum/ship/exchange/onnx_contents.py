"""The allow-list of what an ONNX file may consist of; whatever is not on it is refused.

The parts are walked through as Protocol Buffers describe them, so that none is missed, wherever it
lies: in operators, in graphs within operators, in functions or in sparse constants. A tensor has
its numbers in the file itself, never in another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradum.errors import ModelFileError
from gradum.messages import marked, say
from gradum.tables.wording import shortened

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
"""Of operators, besides those of functions that the file defines."""

_NAMED = {"name", "doc_string", "metadata_props"}
PARTS: dict[str, set[str]] = {
    "ModelProto": {
        *_NAMED - {"name"},
        *("ir_version", "opset_import", "producer_name", "producer_version", "domain"),
        *("model_version", "graph", "functions"),
    },
    "GraphProto": {
        *_NAMED,
        *("node", "initializer", "sparse_initializer", "input", "output", "value_info"),
        "quantization_annotation",
    },
    "NodeProto": {*_NAMED, "input", "output", "op_type", "domain", "overload", "attribute"},
    "AttributeProto": {
        *("name", "doc_string", "ref_attr_name", "type"),
        *("f", "i", "s", "t", "g", "tp", "sparse_tensor"),
        *("floats", "ints", "strings", "tensors", "graphs", "type_protos", "sparse_tensors"),
    },
    "FunctionProto": {
        *_NAMED,
        *("input", "output", "attribute", "attribute_proto", "node", "opset_import", "domain"),
        *("overload", "value_info"),
    },
    "TensorProto": {
        *_NAMED,
        *("dims", "data_type", "data_location", "raw_data", "string_data"),
        *("float_data", "double_data", "int32_data", "int64_data", "uint64_data"),
    },
    "SparseTensorProto": {"values", "indices", "dims"},
    "TensorAnnotation": {"tensor_name", "quant_parameter_tensor_names"},
    "ValueInfoProto": {*_NAMED, "type"},
    "TypeProto": {
        *("tensor_type", "sparse_tensor_type", "sequence_type", "map_type", "optional_type"),
        "denotation",
    },
    "Tensor": {"elem_type", "shape"},
    "SparseTensor": {"elem_type", "shape"},
    "Sequence": {"elem_type"},
    "Map": {"key_type", "value_type"},
    "Optional": {"elem_type"},
    "TensorShapeProto": {"dim"},
    "Dimension": {"dim_value", "dim_param", "denotation"},
    "OperatorSetIdProto": {"domain", "version"},
    "StringStringEntryProto": {"key", "value"},
}
"""By the name of a message, the fields that it may have."""

ONE_FILE = marked("Save the network with its weights in one file.")


def refuse_contents(model: Any) -> None:
    """Refuse a ``ModelProto`` that holds what is not on the list, or points to another file.

    Raises
    ------
    ModelFileError
        It names the part, the tensor or the operator.
    """
    size = model.ByteSize()
    model.DiscardUnknownFields()
    if model.ByteSize() != size:
        raise ModelFileError(
            say("It has parts that the package onnx does not know."),
            say("Update that package, or export the network for an older version of ONNX."),
        )
    defined = {(function.domain, function.name) for function in model.functions}
    for part in _parts(model):
        kind = part.DESCRIPTOR.name
        if kind == "TensorProto":
            _refuse_outside(part)
        for field, _ in part.ListFields():
            if field.name not in PARTS.get(kind, ()):
                raise ModelFileError(
                    say(
                        "It has a part that is not read: {field} of {kind}.",
                        field=field.name,
                        kind=kind,
                    )
                )
        if kind == "NodeProto" and part.domain not in DOMAINS:
            _refuse_unknown(part, defined)


def _parts(message: Any) -> Iterator[Any]:
    """Yield a message and all messages in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in [value] if hasattr(value, "ListFields") else value:
            yield from _parts(part)


def _refuse_outside(tensor: Any) -> None:
    if tensor.external_data or tensor.data_location != tensor.DEFAULT:
        raise ModelFileError(
            say(
                "Constant {name} lies in another file, which is not opened.",
                name=repr(shortened(tensor.name)),
            ),
            say(ONE_FILE),
        )


def _refuse_unknown(node: Any, defined: set[tuple[str, str]]) -> None:
    if (node.domain, node.op_type) not in defined:
        raise ModelFileError(
            say(
                "Operator {kind} is none of ONNX's own.",
                kind=repr(shortened(f"{node.domain}.{node.op_type}")),
            ),
            say("Export the network with the operators of ONNX alone."),
        )
