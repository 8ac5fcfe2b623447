"""Networks from ONNX files: as a graph that bounds are computed on, and as ONNX Runtime runs them.

Operators on constants alone are computed once, in float64, when a file is read.

Source: the ONNX operator specifications.

Shapes: n rows, d inputs, k outputs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.special

from gradum.core.bounds import INPUT, Graph
from gradum.errors import ModelFileError, ShapeError
from gradum.messages import say
from gradum.ship.exchange import onnx_file
from gradum.ship.exchange.onnx_operators import (
    OPERATORS,
    Call,
    Computed,
    Nodes,
    Operator,
    Value,
    summed_axes,
)
from gradum.ship.exchange.onnx_session import open_session
from gradum.tables.extra import needs
from gradum.tables.wording import shortened

PRODUCTS_A_NUMBER = 2**10
"""This many products count as one weight towards `onnx_operators.WEIGHT_LIMIT`."""

Fold = Callable[[Call], np.ndarray]

_MISFITS = (ValueError, TypeError, IndexError, KeyError, OverflowError)


def folded(kind: str, call: Call) -> np.ndarray | None:
    """Return an operator's value on constants; None for other inputs, or operators not in `FOLDS`.

    Raises
    ------
    ModelFileError
        It makes too many numbers, or some that are not finite; the message is a clause.
    """
    if kind not in FOLDS or not all(isinstance(value, np.ndarray) for value in call.given):
        return None
    with np.errstate(all="ignore"):  # what is not finite is refused
        values = FOLDS[kind](call)
    if not np.all(np.isfinite(values)):
        raise ModelFileError("it makes numbers that are not finite")
    return values


def _of_two(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Fold:
    def fold(call: Call) -> np.ndarray:
        first, second = call.constant(0), call.constant(1)
        call.nodes.reserve(math.prod(np.broadcast_shapes(first.shape, second.shape)))
        return function(first, second)

    return fold


def _of_each(function: Callable[[np.ndarray], np.ndarray]) -> Fold:
    def fold(call: Call) -> np.ndarray:
        values = call.constant(0)
        call.nodes.reserve(values.size)
        return function(values)

    return fold


def _quotient(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return a / b; for whole numbers, rounded towards 0."""
    if not np.all(second):
        raise ModelFileError("it divides by 0")
    if first.dtype.kind == second.dtype.kind == "i":
        return np.sign(first) * np.sign(second) * (np.abs(first) // np.abs(second))
    return first / second


def _product(call: Call, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    rows = first.size // max(first.shape[-1], 1)
    columns = second.size // max(second.shape[-2 if second.ndim > 1 else 0], 1)
    stacks = math.prod(np.broadcast_shapes(first.shape[:-2], second.shape[:-2]))
    numbers = rows * columns * (stacks if max(first.ndim, second.ndim) > 2 else 1)
    call.nodes.reserve(numbers + numbers * first.shape[-1] // PRODUCTS_A_NUMBER)
    return first @ second


def _gemm(call: Call) -> np.ndarray:
    first, second = call.weights(0), call.weights(1)
    first = first.T if call.attributes.get("transA", 0) else first
    second = second.T if call.attributes.get("transB", 0) else second
    if first.ndim != 2 or second.ndim != 2:
        raise ValueError
    values = call.attributes.get("alpha", 1.0) * _product(call, first, second)
    if call.has(2):
        added = np.broadcast_to(call.weights(2), values.shape)
        values = values + call.attributes.get("beta", 1.0) * added
    return values


def _leaky(call: Call) -> np.ndarray:
    values, slope = call.weights(0), call.attributes.get("alpha", np.float32(0.01))
    call.nodes.reserve(values.size)
    return np.where(values < 0, float(slope) * values, values)


def _reduce_sum(call: Call) -> np.ndarray:
    axes, keep = summed_axes(call)
    return np.sum(call.constant(0), axes, keepdims=keep)


FOLDS: Mapping[str, Fold] = {
    "Add": _of_two(np.add),
    "Cos": _of_each(np.cos),
    "Div": _of_two(_quotient),
    "Gemm": _gemm,
    "LeakyRelu": _leaky,
    "MatMul": lambda call: _product(call, call.constant(0), call.constant(1)),
    "Mul": _of_two(np.multiply),
    "Neg": _of_each(np.negative),
    "ReduceSum": _reduce_sum,
    "Relu": _of_each(lambda values: np.maximum(values, 0)),
    "Sigmoid": _of_each(scipy.special.expit),
    "Sin": _of_each(np.sin),
    "Sub": _of_two(np.subtract),
    "Tanh": _of_each(np.tanh),
}
"""The functions for constants, by operator; operators that only move numbers move constants too."""


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network from an ONNX file with one input and one output, both flattened row by row."""

    graph: Graph
    """What the network computes for one row, with the file's weights in float64."""
    shape: tuple[int, ...]
    """The shape of one row, with 1 for a first axis of any length."""
    data: bytes = field(repr=False)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs [n, k] in float32 that ONNX Runtime computes for inputs [n, d].

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
                "The network takes rows of {inputs:,} numbers, not an array of shape {shape}.",
                inputs=self.graph.inputs,
                shape=x.shape,
            )
        try:
            (name,) = (value.name for value in self._session.get_inputs())
            rows = [self._session.run(None, {name: row.reshape(self.shape)})[0] for row in x]
        except ModelFileError:
            raise
        except Exception as error:  # errors of its native code have no common class
            cause = shortened(" ".join(str(error).split()), 200)
            raise ModelFileError(
                "ONNX Runtime refuses the network: {cause}.", cause=cause
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
        points to other files, has several inputs or outputs, or uses an unsupported operator. The
        message is one line, which names the file.
    """
    onnx_file.onnx_package()
    data = onnx_file.read_bytes(path)
    with onnx_file.naming(path):
        return parsed_network(data)


def parsed_network(data: bytes) -> OnnxNetwork:
    """Return the network in an ONNX file's bytes; raise ModelFileError as `read_network` does."""
    model = onnx_file.parsed(data)
    shape = onnx_file.input_shape(onnx_file.inputs(model.graph)[0])
    return OnnxNetwork(_graph(model.graph, shape), shape, data)


def _graph(onnx_graph: Any, shape: tuple[int, ...]) -> Graph:
    nodes = Nodes(math.prod(shape))
    values: dict[str, Value | None] = {"": None}  # an input without a name is left out
    for tensor in onnx_graph.initializer:
        define(values, tensor.name, onnx_file.constant(tensor))
    define(values, onnx_file.inputs(onnx_graph)[0].name, Computed(INPUT, shape))
    for number, node in enumerate(onnx_graph.node, 1):
        define(values, node.output[0] if node.output else "", value_of(node, number, values, nodes))
    output = values.get(onnx_graph.output[0].name)
    if not isinstance(output, Computed):
        raise ModelFileError("Its output does not depend on its input.")
    return nodes.graph(output)


def define(values: dict[str, Value | None], name: str, value: Value) -> None:
    """Give a value the name of what computes it; refuse a name that is empty or taken."""
    if name in values:
        raise ModelFileError("{name} is empty or defined twice in it.", name=repr(shortened(name)))
    values[name] = value


def value_of(
    node: Any,
    number: int,
    values: dict[str, Value | None],
    nodes: Nodes,
    operators: Mapping[str, Operator] = OPERATORS,
) -> Value:
    """Return the value of an operator of the file, and add its operations to the nodes."""
    kind = (
        node.op_type
        if node.domain in onnx_file.STANDARD_DOMAINS
        else (f"{node.domain}.{node.op_type}")
    )
    operator = operators.get(kind)
    if operator is None:
        raise ModelFileError(
            "Operator {number}, {kind}, is not one of those that are read.",
            number=number,
            kind=repr(shortened(kind)),
        )
    try:
        least, most = operator.inputs
        if not least <= len(node.input) <= most or len(node.output) != 1:
            raise ModelFileError("it has another number of inputs or outputs than it should")
        attributes = _attributes(node, operator.attributes)
        for name in node.input:
            if name not in values:
                raise ModelFileError(
                    "nothing before it computes {name}", name=repr(shortened(name))
                )
        call = Call([values[name] for name in node.input], attributes, nodes)
        constant = folded(kind, call)
        return operator.read(call) if constant is None else constant
    except ModelFileError as error:
        cause = error.message
    except _MISFITS:
        cause = say("its shapes do not fit each other")
    raise ModelFileError(
        "Operator {number}, {kind}, is not read: {cause}.", number=number, kind=kind, cause=cause
    )


def _attributes(node: Any, types: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes of an operator, which must be known and have their types."""
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
            raise ModelFileError("its attribute {name} is not read", name=repr(shortened(name)))
        value = onnx.helper.get_attribute_value(attribute)
        attributes[name] = onnx_file.constant(value) if kind == "TENSOR" else value
        if kind in ("FLOAT", "FLOATS") and not np.all(np.isfinite(value)):
            raise ModelFileError("its attribute {name} is not finite", name=repr(shortened(name)))
    return attributes
