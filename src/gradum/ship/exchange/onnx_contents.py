"""Permitted contents of an ONNX file, and the memory that the file can take when parsed.

Two bytes can make an empty operator or attribute of a hundred bytes in memory. So the fields of a
file are counted before it is parsed, from its bytes alone. Content unknown to this module counts by
the byte. Protocol Buffers, "Encoding": a message is a sequence of fields; a field is a tag, which
is eight times its number plus its wire type, and a value: a varint (0), eight bytes (1), a length
and as many bytes (2), or four bytes (5).

Once the file is parsed, whatever is not on an allow-list is refused. The parts are traversed as
Protocol Buffers describe them, so that none is missed, wherever it lies: in operators, in graphs
within operators, in functions or in sparse constants. A tensor's numbers must be in the file
itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gradum.errors import ModelFileError
from gradum.messages import marked, say
from gradum.tables.wording import shortened

FIELD_LIMIT = 2**20
"""The limit on a file's fields plus the bytes of unknown content."""

_LENGTHS = {1: 8, 5: 4}
_VARINT_LENGTH = 10
_FLAT: Mapping[int, Mapping] = {}

# For each message: the fields that are messages, with their own fields in turn, and the flat
# fields, which are texts, bytes and packed numbers and take at most eight times their bytes.
_TENSOR = dict.fromkeys((1, 4, 5, 7, 8, 9, 10, 11, 12), _FLAT)
_ATTRIBUTE = {**dict.fromkeys((1, 4, 7, 8, 13, 21), _FLAT), 5: _TENSOR}
_NODE = {**dict.fromkeys((1, 2, 3, 4, 6, 7, 8), _FLAT), 5: _ATTRIBUTE}
_GRAPH = {**dict.fromkeys((2, 10), _FLAT), 1: _NODE, 5: _TENSOR}
_MODEL = {**dict.fromkeys((2, 3, 4, 6), _FLAT), 7: _GRAPH}

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
"""The domains of operators, besides those of functions that the file defines."""

OTHERS = {("com.microsoft", "Tokenizer")}
"""Operators of other domains: the one that splits texts into words."""

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
"""The fields that a message may have, by the name of the message."""

ONE_FILE = marked("Save the network with its weights in one file.")


class _Field(NamedTuple):
    number: int
    start: int
    stop: int
    has_length: bool


def is_small(data: bytes) -> bool:
    """Return whether a file has at most ``FIELD_LIMIT`` fields and unknown bytes.

    Raises
    ------
    ValueError
        The bytes are not fields.
    """
    count = 0
    unread: list[tuple[int, int, Mapping[int, Mapping]]] = [(0, len(data), _MODEL)]
    while unread:
        start, stop, known = unread.pop()
        for field in _fields(data, start, stop):
            count += 1
            if field.has_length and field.number not in known:
                count += field.stop - field.start
            elif field.has_length and known[field.number]:
                unread.append((field.start, field.stop, known[field.number]))
            if count > FIELD_LIMIT:
                return False
    return True


def _fields(data: bytes, position: int, stop: int) -> Iterator[_Field]:
    while position < stop:
        tag, position = _varint(data, position, stop)
        number, wire_type = tag >> 3, tag & 7
        start = position
        if wire_type == 0:
            _, position = _varint(data, position, stop)
        elif wire_type == 2:
            length, start = _varint(data, position, stop)
            position = start + length
        elif wire_type in _LENGTHS:
            position += _LENGTHS[wire_type]
        else:
            raise ValueError(wire_type)
        if position > stop:
            raise ValueError(position)
        yield _Field(number, start, position, wire_type == 2)


def _varint(data: bytes, position: int, stop: int) -> tuple[int, int]:
    """Return a number stored as seven bits per byte, lowest first, and where it ends."""
    value = 0
    for place in range(_VARINT_LENGTH):
        if position + place >= stop:
            break
        byte = data[position + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, position + place + 1
    raise ValueError(position)


def refuse_contents(model: Any) -> None:
    """Refuse a ``ModelProto`` that holds anything not on the list, or points to another file.

    Raises
    ------
    ModelFileError
        The message names the part, the tensor or the operator.
    """
    size = model.ByteSize()
    model.DiscardUnknownFields()
    if model.ByteSize() != size:
        raise ModelFileError(
            "It has parts that the package onnx does not know.",
            "Update that package, or export the network for an older version of ONNX.",
        )
    defined = {(function.domain, function.name) for function in model.functions}
    for part in _parts(model):
        kind = part.DESCRIPTOR.name
        if kind == "TensorProto":
            _refuse_outside(part)
        for field, _ in part.ListFields():
            if field.name not in PARTS.get(kind, ()):
                raise ModelFileError(
                    "It has a part that is not read: {field} of {kind}.",
                    field=field.name,
                    kind=kind,
                )
        if kind == "NodeProto" and part.domain not in DOMAINS:
            _refuse_unknown(part, defined)


def _parts(message: Any) -> Iterator[Any]:
    """Yield a message and all messages within it."""
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
    if (node.domain, node.op_type) not in defined | OTHERS:
        raise ModelFileError(
            "Operator {kind} is none of ONNX's own.",
            "Export the network with the operators of ONNX alone.",
            kind=repr(shortened(f"{node.domain}.{node.op_type}")),
        )
