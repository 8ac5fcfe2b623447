"""Networks from ONNX files: as a graph, of which bounds are taken, and as ONNX Runtime runs them.

Shapes: n rows, d inputs, k outputs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.bounds import INPUT, Graph
from gradum.errors import ModelFileError, ShapeError
from gradum.messages import say
from gradum.ship.exchange import onnx_file
from gradum.ship.exchange.onnx_folding import folded
from gradum.ship.exchange.onnx_operators import OPERATORS, Call, Computed, Nodes, Value
from gradum.ship.exchange.onnx_session import open_session
from gradum.tables.sources.extra import needs
from gradum.tables.wording import shortened

_MISFITS = (ValueError, TypeError, IndexError, KeyError, OverflowError)


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network from an ONNX file, of one input and one output, each flattened in row-major order.

    Parameters
    ----------
    graph : Graph
        What one row of it computes, with the file's weights in float64.
    shape : tuple of int
        The shape of one row, with 1 for a first axis of any length.
    data : bytes
        The file.
    """

    graph: Graph
    shape: tuple[int, ...]
    data: bytes = field(repr=False)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs [n, k] in float32 that ONNX Runtime has for inputs [n, d].

        Inputs are rounded to float32, and each row is run by itself, on one thread.

        Raises
        ------
        ShapeError
            The inputs are not [n, d].
        ModelFileError
            ONNX Runtime is not installed, or refuses the network.
        """
        x = np.asarray(x, np.float32)
        if x.ndim != 2 or x.shape[1] != self.graph.inputs:
            raise ShapeError(
                say(
                    "The network takes rows of {inputs:,} numbers, not an array of shape {shape}.",
                    inputs=self.graph.inputs,
                    shape=x.shape,
                )
            )
        try:
            (name,) = (value.name for value in self._session.get_inputs())
            rows = [self._session.run(None, {name: row.reshape(self.shape)})[0] for row in x]
        except ModelFileError:
            raise
        except Exception as error:  # those of its native code have no class in common
            cause = shortened(" ".join(str(error).split()), 200)
            raise ModelFileError(
                say("ONNX Runtime refuses the network: {cause}.", cause=cause)
            ) from None
        outputs = self.graph.widths[-1]
        return np.reshape(rows, (len(x), outputs)).astype(np.float32)

    @cached_property
    def _session(self) -> Any:
        needs("onnxruntime", "onnx", say("Networks in ONNX"), ModelFileError)
        return open_session(self.data)


def read_network(path: str | os.PathLike) -> OnnxNetwork:
    """Read a network from an ONNX file.

    Raises
    ------
    ModelFileError
        The package onnx is not installed; or the file cannot be read, is too large or damaged,
        points to other files, has several inputs or outputs, or uses an operator that is not
        read. One line, which names the file.
    """
    onnx_file.onnx_package()
    data = onnx_file.read_bytes(path)
    try:
        return parsed_network(data)
    except ModelFileError as error:
        raise ModelFileError(
            say("{path}: {cause}", path=path, cause=error.message), error.remedy
        ) from None


def parsed_network(data: bytes) -> OnnxNetwork:
    """Return the network in the bytes of an ONNX file; ModelFileError as of `read_network`."""
    model = onnx_file.parsed(data)
    shape = onnx_file.input_shape(onnx_file.inputs(model.graph)[0])
    return OnnxNetwork(_graph(model.graph, shape), shape, data)


def _graph(onnx_graph: Any, shape: tuple[int, ...]) -> Graph:
    nodes = Nodes(math.prod(shape))
    values: dict[str, Value | None] = {"": None}  # an input of no name is one left out
    for tensor in onnx_graph.initializer:
        _define(values, tensor.name, onnx_file.constant(tensor))
    _define(values, onnx_file.inputs(onnx_graph)[0].name, Computed(INPUT, shape))
    for number, node in enumerate(onnx_graph.node, 1):
        _define(values, node.output[0] if node.output else "", _value(node, number, values, nodes))
    output = values.get(onnx_graph.output[0].name)
    if not isinstance(output, Computed):
        raise ModelFileError(say("Its output does not depend on its input."))
    return nodes.graph(output)


def _define(values: dict[str, Value | None], name: str, value: Value) -> None:
    if name in values:
        raise ModelFileError(
            say("{name} is empty or defined twice in it.", name=repr(shortened(name)))
        )
    values[name] = value


def _value(node: Any, number: int, values: dict[str, Value | None], nodes: Nodes) -> Value:
    """Return the value of an operator of the file, whose operations are added to nodes."""
    kind = (
        node.op_type
        if node.domain in onnx_file.STANDARD_DOMAINS
        else (f"{node.domain}.{node.op_type}")
    )
    operator = OPERATORS.get(kind)
    if operator is None:
        raise ModelFileError(
            say(
                "Operator {number}, {kind}, is not one of those that are read.",
                number=number,
                kind=repr(shortened(kind)),
            )
        )
    try:
        least, most = operator.inputs
        if not least <= len(node.input) <= most or len(node.output) != 1:
            raise ModelFileError(say("it has another number of inputs or outputs than it should"))
        attributes = _attributes(node, operator.attributes)
        for name in node.input:
            if name not in values:
                raise ModelFileError(
                    say("nothing before it computes {name}", name=repr(shortened(name)))
                )
        call = Call([values[name] for name in node.input], attributes, nodes)
        constant = folded(kind, call)
        return operator.read(call) if constant is None else constant
    except ModelFileError as error:
        cause = error.message
    except _MISFITS:
        cause = say("its shapes do not fit each other")
    raise ModelFileError(
        say(
            "Operator {number}, {kind}, is not read: {cause}.",
            number=number,
            kind=kind,
            cause=cause,
        )
    )


def _attributes(node: Any, types: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes of an operator, which have to be known and of their types."""
    onnx = onnx_file.onnx_package()
    attributes: dict[str, Any] = {}
    for attribute in node.attribute:
        name = attribute.name
        kind = types.get(name)
        if (
            kind is None
            or name in attributes
            or attribute.type != getattr(onnx.AttributeProto, kind)
        ):
            raise ModelFileError(
                say("its attribute {name} is not read", name=repr(shortened(name)))
            )
        value = onnx.helper.get_attribute_value(attribute)
        attributes[name] = onnx_file.constant(value) if kind == "TENSOR" else value
        if kind in ("FLOAT", "FLOATS") and not np.all(np.isfinite(value)):
            raise ModelFileError(
                say("its attribute {name} is not finite", name=repr(shortened(name)))
            )
    return attributes
