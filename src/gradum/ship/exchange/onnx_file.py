"""ONNX files from strangers: what is refused before any part of them is used.

A file is only data: it may have any content, but must not be large or point to another file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradum.errors import ModelFileError
from gradum.files.bounded import read_unpacked
from gradum.messages import say
from gradum.ship.exchange.onnx_contents import FIELD_LIMIT, is_small, refuse_contents
from gradum.tables.extra import needs
from gradum.tables.wording import shortened

FILE_LIMIT = 512 * 2**20
"""Most bytes of a file, unpacked."""
PART_LIMIT = 10_000
"""The most operators of a file, and the most constants."""
VALUE_LIMIT = 2**20
"""The most numbers of the input, and of values that operators join."""
OLDEST_OPSET = 7
"""Before this opset, operators broadcast in another way."""

STANDARD_DOMAINS = ("", "ai.onnx")

_STORED = {"FLOAT": np.float64, "DOUBLE": np.float64, "INT32": np.int64, "INT64": np.int64}


SUFFIXES = (".onnx", ".onnx.gz")


def is_network(path: str | os.PathLike) -> bool:
    """Return whether a file is named like a network."""
    return os.fspath(path).lower().endswith(SUFFIXES)


def onnx_package() -> Any:
    """Import the package onnx, which the extra of that name brings."""
    return needs("onnx", "onnx", say("Networks in ONNX"), ModelFileError)


def read_bytes(path: str | os.PathLike) -> bytes:
    """Return the content of a file of at most ``FILE_LIMIT`` bytes, which may be packed by gzip.

    Raises
    ------
    ModelFileError
        It cannot be read, or is larger.
    """
    return read_unpacked(path, FILE_LIMIT, ModelFileError)


@contextmanager
def naming(path: str | os.PathLike) -> Iterator[None]:
    """Name the file in the message of a ModelFileError that is raised within."""
    try:
        yield
    except ModelFileError as error:
        raise ModelFileError(
            say("{path}: {cause}", path=path, cause=error.message), error.remedy
        ) from None


def parsed(data: bytes) -> Any:
    """Return the ``ModelProto`` of a file's bytes, with the checks that apply to all operators.

    Raises
    ------
    ModelFileError
        The bytes are no ONNX file; or the file has too many parts, functions of its own, sparse
        constants, an unsupported opset, or not exactly one input and one output.
    """
    model = decoded(data)
    graph = model.graph
    if not graph.node:
        raise ModelFileError("It is not an ONNX file, or has no operators.")
    if max(len(graph.node), len(graph.initializer)) > PART_LIMIT:
        raise ModelFileError("It has more than {limit:,} operators or constants.", limit=PART_LIMIT)
    if model.functions:
        raise ModelFileError("It defines functions of its own, which are not read.")
    if graph.sparse_initializer:
        raise ModelFileError("It has sparse constants, which are not read.")
    if opset(model) < OLDEST_OPSET:
        raise ModelFileError(
            "It is of ONNX opset {opset}; opset {oldest} is the oldest that is read.",
            opset=opset(model),
            oldest=OLDEST_OPSET,
        )
    if len(inputs(graph)) != 1:
        raise ModelFileError(
            "It has {count:,} inputs, where one is read.", count=len(inputs(graph))
        )
    if len(graph.output) != 1:
        raise ModelFileError(
            "It has {count:,} outputs, where one is read.", count=len(graph.output)
        )
    return model


def decoded(data: bytes) -> Any:
    """Return the ``ModelProto`` of bytes; refuse them before they take too much memory.

    It holds nothing but what `onnx_contents` lists, and points to no other file.
    """
    onnx = onnx_package()
    damage = needs("google.protobuf.message", "onnx", say("Networks in ONNX"), ModelFileError)
    try:
        small = is_small(data)
        model = onnx.ModelProto.FromString(data if small else b"")
    except (ValueError, damage.DecodeError):
        raise ModelFileError("It is not an ONNX file, or a damaged one.") from None
    if not small:
        raise ModelFileError(
            "It has more than {limit:,} parts and unknown bytes.", limit=FIELD_LIMIT
        )
    refuse_contents(model)
    return model


def opset(model: Any) -> int:
    """Return the version of the standard operators that a model uses, 0 if it names none."""
    return max((o.version for o in model.opset_import if o.domain in STANDARD_DOMAINS), default=0)


def inputs(graph: Any) -> list[Any]:
    """Return the inputs of a graph without its constants, which older files list among them."""
    constants = {constant.name for constant in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def input_shape(value: Any) -> tuple[int, ...]:
    """Return the shape of one row of an input: a first axis of no stated length becomes 1.

    Raises
    ------
    ModelFileError
        The input is not of float32, or its shape is not stated or too large.
    """
    types = onnx_package().TensorProto.DataType
    tensor = value.type.tensor_type
    if tensor.elem_type != types.Value("FLOAT"):
        raise ModelFileError("Its input is not of type float32, the only one that is read.")
    axes = [axis.dim_value if axis.HasField("dim_value") else 0 for axis in tensor.shape.dim]
    if axes and not tensor.shape.dim[0].HasField("dim_value"):
        axes[0] = 1
    if not axes or min(axes) < 1:
        raise ModelFileError(
            "The shape of its input is not stated; only the first axis may have any length."
        )
    if math.prod(axes) > VALUE_LIMIT:
        raise ModelFileError("Its input has more than {limit:,} numbers.", limit=VALUE_LIMIT)
    return tuple(axes)


def constant(tensor: Any) -> np.ndarray:
    """Return a constant of a file as float64 or int64.

    Raises
    ------
    ModelFileError
        It is of another type, does not fit its shape, or is not finite.
    """
    onnx = onnx_package()
    name = repr(shortened(tensor.name))
    types = onnx.TensorProto.DataType
    kind = types.Name(tensor.data_type) if tensor.data_type in types.values() else "?"
    if kind not in _STORED:
        raise ModelFileError(
            "Constant {name} is of type {kind}, which is not read.", name=name, kind=kind
        )
    try:
        with np.errstate(invalid="ignore"):  # a NaN is refused below
            values = onnx.numpy_helper.to_array(tensor).astype(_STORED[kind])
    except (ValueError, TypeError, OverflowError):
        raise ModelFileError(
            "Constant {name} does not have as many numbers as its shape.", name=name
        ) from None
    if not np.all(np.isfinite(values)):
        raise ModelFileError("Constant {name} has numbers that are not finite.", name=name)
    return values
