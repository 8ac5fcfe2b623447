"""A model from an ONNX file as ONNX Runtime runs it: of any operators, asked for answers alone.

Unlike `OnnxNetwork` it is not looked into: its file may hold trees, or steps before a network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.errors import ModelFileError
from gradum.messages import listed, say
from gradum.ship.exchange import onnx_file
from gradum.tables.sources.extra import needs
from gradum.tables.wording import shortened

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
"""Of inputs, as NumPy has them."""
BLOCK_ROWS = 10_000
_FATAL = 4  # of ONNX Runtime's levels of what it logs; errors are raised as well


@dataclass(frozen=True)
class OnnxInput:
    """An input of a model.

    Parameters
    ----------
    name : str
    type : type
        Of its values, as NumPy has it.
    shape : tuple of int or None
        None for an axis of no stated length, such as that of rows.
    """

    name: str
    type: type
    shape: tuple[int | None, ...]

    @property
    def width(self) -> int | None:
        """How many values a row has; None where the file does not say."""
        return 1 if len(self.shape) < 2 else self.shape[1]


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A model that answers rows.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    inputs : tuple of OnnxInput
    """

    session: Any
    inputs: tuple[OnnxInput, ...]

    def run(self, values: Mapping[str, np.ndarray]) -> list[Any]:
        """Return the outputs for n rows of values [n, d] of each input, in the file's order.

        Each is an array [n, …], or a list of n dicts from a label to its probability.

        Raises
        ------
        ModelFileError
            ONNX Runtime refuses the values.
        """
        rows = len(next(iter(values.values())))
        blocks = []
        for start in range(0, rows, BLOCK_ROWS):
            block = {name: array[start : start + BLOCK_ROWS] for name, array in values.items()}
            try:
                blocks.append(self.session.run(None, block))
            except Exception as error:  # those of its native code have no class in common
                raise ModelFileError(_refused(error)) from None
        return [_joined(list(parts)) for parts in zip(*blocks, strict=True)]


def read_model(path: str | os.PathLike) -> OnnxModel:
    """Read a model from an ONNX file.

    Raises
    ------
    ModelFileError
        The packages are not installed; or the file cannot be read, is too large or damaged, points
        to other files, or has inputs of other types than `TYPES`.
    """
    onnx_file.onnx_package()
    runtime = needs("onnxruntime", "onnx", say("Networks in ONNX"), ModelFileError)
    data = onnx_file.read_bytes(path)
    try:
        model = onnx_file.decoded(data)
        if any(tensor.data_location == tensor.EXTERNAL for tensor in _tensors(model.graph)):
            raise ModelFileError(say("It points to other files, which are not read."))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        try:
            session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # as above
            raise ModelFileError(_refused(error)) from None
        return OnnxModel(session, tuple(map(_input, session.get_inputs())))
    except ModelFileError as error:
        raise ModelFileError(
            say("{path}: {cause}", path=path, cause=error.message), error.remedy
        ) from None


def _tensors(graph: Any) -> Iterator[Any]:
    """Yield every constant of a graph and of the graphs within its operators."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _input(value: Any) -> OnnxInput:
    if value.type not in TYPES:
        raise ModelFileError(
            say(
                "Its input {name!r} is of type {type}; {known} are read.",
                name=value.name,
                type=value.type,
                known=listed(list(TYPES), "and"),
            )
        )
    shape = tuple(axis if isinstance(axis, int) else None for axis in value.shape)
    return OnnxInput(value.name, TYPES[value.type], shape)


def _refused(error: Exception) -> str:
    cause = shortened(" ".join(str(error).split()), 200)
    return say("ONNX Runtime refuses the network: {cause}.", cause=cause)


def _joined(blocks: list[Any]) -> Any:
    if isinstance(blocks[0], list):
        return [row for block in blocks for row in block]
    return np.concatenate(blocks)
