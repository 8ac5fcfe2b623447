"""A model from an ONNX file, with any operators, which ONNX Runtime runs for its answers only.

Unlike an `OnnxNetwork`, it is not inspected: its file may hold trees, or steps before a network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from msgspec import MsgspecError, Struct
from msgspec.json import decode

from gradum.errors import ModelFileError
from gradum.isolation import Bounds, IsolationError, isolated
from gradum.messages import listed, say
from gradum.ship.exchange import onnx_file
from gradum.ship.exchange.onnx_session import outputs_by_block
from gradum.tables.extra import needs
from gradum.tables.wording import shortened

TYPES = {
    "FLOAT": np.float32,
    "DOUBLE": np.float64,
    "INT64": np.int64,
    "INT32": np.int32,
    "BOOL": np.bool_,
    "STRING": np.object_,
}
"""The types of inputs, with their NumPy equivalents."""
BLOCK_ROWS = 10_000
BOUNDS = Bounds(memory=2**33, seconds=30)
TIMES_IN_MEMORY = 4  # the further memory allowed, over the size of the file and its inputs
ROWS_A_SECOND = 50  # for each further second; even for a network of a gigaflop, rare for tables


@dataclass(frozen=True)
class OnnxInput:
    """An input of a model."""

    name: str
    type: type
    """The NumPy type of its values."""
    shape: tuple[int | None, ...]
    """None for an axis of no stated length, such as that of rows."""
    missing: str | None = None
    """What stands for a missing value, "NaN" for numbers; None if the file does not say."""

    @property
    def width(self) -> int | None:
        """How many values a row has; None if the file does not say."""
        return 1 if len(self.shape) < 2 else self.shape[1]


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A model that answers rows."""

    data: bytes = field(repr=False)
    inputs: tuple[OnnxInput, ...]
    answer: int | None = None
    """Which output has the probabilities or the numbers; None if the file does not say."""
    logits: str | None = None
    """The output with what these come from: the logits, or the numbers themselves."""

    def run(self, values: Mapping[str, np.ndarray]) -> list[Any]:
        """Return the outputs for n rows of values [n, d] of each input, in the file's order.

        Each is an array [n, …], or a list of n dicts from a label to its probability, or None if it
        is neither.

        Raises
        ------
        ModelFileError
            ONNX Runtime refuses the network or the values, or exceeds ``BOUNDS``.
        """
        rows = len(next(iter(values.values())))
        size = len(self.data) + sum(array.nbytes for array in values.values())
        bounds = Bounds(
            BOUNDS.memory + TIMES_IN_MEMORY * size, BOUNDS.seconds + rows // ROWS_A_SECOND
        )
        try:
            blocks = list(
                isolated(outputs_by_block, self.data, dict(values), BLOCK_ROWS, bounds=bounds)
            )
        except IsolationError as error:
            raise ModelFileError(
                "The network cannot be run: {cause}.",
                "Give a smaller one, or fewer rows.",
                cause=str(error),
            ) from None
        except Exception as error:  # errors of its native code have no common class
            cause = shortened(" ".join(str(error).split()), 200)
            raise ModelFileError(
                "ONNX Runtime refuses the network: {cause}.", cause=cause
            ) from None
        return [_of_rows(list(parts), rows) for parts in zip(*blocks, strict=True)]


def read_model(path: str | os.PathLike) -> OnnxModel:
    """Read a model from an ONNX file.

    Raises
    ------
    ModelFileError
        The packages are not installed; or the file cannot be read, is too large or damaged, points
        to other files, holds anything not on the list of `onnx_contents`, or has inputs of types
        not in `TYPES`.
    """
    onnx_file.onnx_package()
    needs("onnxruntime", "onnx", say("Networks in ONNX"), ModelFileError)
    data = onnx_file.read_bytes(path)
    with onnx_file.naming(path):
        proto = onnx_file.decoded(data)
        graph, said = proto.graph, _of_gradum(proto)
        inputs = tuple(map(_input, onnx_file.inputs(graph)))
        if not inputs:
            raise ModelFileError("It is not an ONNX file, or has no inputs.")
        if said is None:
            return OnnxModel(data, inputs)
        missing = {entry.name: entry.missing for entry in said.inputs}
        inputs = tuple(replace(value, missing=missing.get(value.name)) for value in inputs)
        names = [output.name for output in graph.output]
        answer = names.index(said.answer) if said.answer in names else None
        return OnnxModel(data, inputs, answer, said.logits if said.logits in names else None)


class _Input(Struct):
    name: str
    missing: str


class _OfGradum(Struct):
    """What a file of gradum says of itself, see `gradum.ship.forms.described.metadata`."""

    inputs: list[_Input]
    outputs: dict[str, str]

    @property
    def answer(self) -> str | None:
        return self.outputs.get("probability", self.outputs.get("prediction"))

    @property
    def logits(self) -> str | None:
        return self.outputs.get("logits", self.outputs.get("prediction"))


def _of_gradum(proto: Any) -> _OfGradum | None:
    """Return what a file says of itself; None for a file that is not of gradum."""
    known = {entry.key: entry.value for entry in proto.metadata_props}
    try:
        inputs, outputs = (known[f"gradum.{name}"] for name in ("inputs", "outputs"))
        return _OfGradum(decode(inputs, type=list[_Input]), decode(outputs, type=dict[str, str]))
    except (KeyError, MsgspecError):
        return None


def _input(value: Any) -> OnnxInput:
    types = onnx_file.onnx_package().TensorProto.DataType
    tensor = value.type.tensor_type
    kind = types.Name(tensor.elem_type) if tensor.elem_type in types.values() else "?"
    if kind not in TYPES:
        raise ModelFileError(
            "Its input {name!r} is of type {type}; {known} are read.",
            name=shortened(value.name),
            type=kind,
            known=listed(list(TYPES), "and"),
        )
    shape = tuple(
        axis.dim_value if axis.HasField("dim_value") else None for axis in tensor.shape.dim
    )
    return OnnxInput(value.name, TYPES[kind], shape)


def _of_rows(blocks: list[Any], rows: int) -> Any:
    """Return an output of several blocks of rows as one; None if it is not by rows."""
    if all(isinstance(block, list) for block in blocks):
        joined = [row for block in blocks for row in block]
        return (
            joined if len(joined) == rows and all(isinstance(row, dict) for row in joined) else None
        )
    shapes = {np.shape(block)[1:] for block in blocks if isinstance(block, np.ndarray)}
    if len(shapes) != 1 or not all(np.ndim(block) for block in blocks):
        return None
    joined = np.concatenate(blocks)
    return joined if len(joined) == rows and joined.size else None
