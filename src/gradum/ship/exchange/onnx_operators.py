"""The supported operators of ONNX: each becomes operations on the numbers of one row.

A value is a constant, or numbers computed from the input: a node of the graph and their shape in
ONNX. A node has its numbers in row-major order of that shape, so an operator that changes only the
shape needs no operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradum.core.bounds import (
    INPUT,
    Affine,
    Concatenated,
    Cosine,
    Graph,
    Leaky,
    Node,
    Operation,
    Relu,
    Sigmoid,
    Sum,
    Tanh,
)
from gradum.errors import ModelFileError
from gradum.ship.exchange.onnx_file import PART_LIMIT, VALUE_LIMIT

WEIGHT_LIMIT = 2**27
"""The most numbers in all weight matrices of a network: as many float32 as `FILE_LIMIT` holds."""


@dataclass(frozen=True)
class Computed:
    """Numbers that depend on the input: those of a node, in a given shape."""

    node: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)


Value = np.ndarray | Computed


@dataclass
class Nodes:
    """The nodes of a graph that is being built."""

    inputs: int
    """How many numbers the input has."""
    nodes: list[Node] = field(default_factory=list)
    weights: int = 0

    def add(
        self, operation: Operation, parents: Sequence[Computed], shape: Sequence[int]
    ) -> Computed:
        """Add an operation on other values, and return its numbers in the given shape."""
        self.nodes.append(Node(operation, tuple(parent.node for parent in parents)))
        return Computed(len(self.nodes) - 1, tuple(shape))

    def affine(
        self, value: Computed, weight: np.ndarray, bias: np.ndarray | None, shape: Sequence[int]
    ) -> Computed:
        """Add y W + b, whose weights were reserved; b is 0 if left out."""
        bias = np.zeros(weight.shape[1]) if bias is None else bias
        return self.add(Affine(weight, bias), [value], shape)

    def scaled(
        self, value: Computed, scale: np.ndarray, bias: np.ndarray | None, shape: Sequence[int]
    ) -> Computed:
        """Add y · scale + b, number by number."""
        self.reserve(value.size**2)
        return self.affine(value, np.diag(scale), bias, shape)

    def shifted(self, value: Computed, shift: np.ndarray, shape: Sequence[int]) -> Computed:
        """Add y + shift; if y is a product with weights without a bias, as that product's bias."""
        if not np.any(shift):
            return Computed(value.node, tuple(shape))
        if value.node != INPUT:
            node = self.nodes[value.node]
            if isinstance(node.operation, Affine) and not np.any(node.operation.bias):
                self.nodes.append(Node(Affine(node.operation.weight, shift), node.parents))
                return Computed(len(self.nodes) - 1, tuple(shape))
        return self.scaled(value, np.ones(value.size), shift, shape)

    def selected(self, value: Computed, places: np.ndarray) -> Computed:
        """Return the numbers of a value at the given places, in the shape of the places."""
        flat = places.ravel()
        if np.array_equal(flat, np.arange(value.size)):
            return Computed(value.node, places.shape)
        self.reserve(value.size * flat.size)
        weight = np.zeros((value.size, flat.size))
        weight[flat, np.arange(flat.size)] = 1.0
        return self.affine(value, weight, None, places.shape)

    def reserve(self, numbers: int) -> None:
        """Count weights before they are made, and refuse too many."""
        self.weights += numbers
        if self.weights > WEIGHT_LIMIT:
            raise ModelFileError(
                "Its weights come to more than {limit:,} numbers.", limit=WEIGHT_LIMIT
            )

    def graph(self, output: Computed) -> Graph:
        """Return the graph of everything that an output needs."""
        if output.node == INPUT:
            output = self.scaled(output, np.ones(output.size), None, output.shape)
        needed = {output.node}
        for place in range(output.node, -1, -1):
            if place in needed:
                needed.update(self.nodes[place].parents)
        kept = sorted(needed - {INPUT})
        place_of = {INPUT: INPUT} | {old: new for new, old in enumerate(kept)}
        nodes = (
            Node(node.operation, tuple(place_of[parent] for parent in node.parents))
            for node in (self.nodes[old] for old in kept)
        )
        return Graph(self.inputs, tuple(nodes))


@dataclass(frozen=True)
class Call:
    """An operator of a file, with its inputs and attributes."""

    inputs: list[Value | None]
    """Their values, None for an input that is left out."""
    attributes: Mapping[str, Any]
    """The attributes that the file states."""
    nodes: Nodes
    """The nodes to which its operations are added."""

    @property
    def given(self) -> list[Value]:
        """Its inputs except those left out."""
        return [value for value in self.inputs if value is not None]

    def computed(self, place: int = 0) -> Computed:
        """Return an input that must depend on the network's input."""
        value = self._given(place)
        if not isinstance(value, Computed):
            raise ModelFileError("it works on constants alone")
        return value

    def constant(self, place: int) -> np.ndarray:
        """Return an input that must be constant."""
        value = self._given(place)
        if isinstance(value, Computed):
            raise ModelFileError("it takes what should be constant from the network's input")
        return value

    def weights(self, place: int) -> np.ndarray:
        """Return a constant input in float64."""
        return self.constant(place).astype(np.float64, copy=False)

    def axes(self) -> tuple[int, ...] | None:
        """Return the axes, which newer opsets give as an input and older ones as an attribute."""
        if self.has(1):
            return tuple(int(axis) for axis in self.constant(1).ravel())
        return tuple(self.attributes["axes"]) if "axes" in self.attributes else None

    def has(self, place: int) -> bool:
        """Whether an input is given."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def _given(self, place: int) -> Value:
        value = self.inputs[place] if place < len(self.inputs) else None
        if value is None:
            raise ModelFileError("it lacks an input")
        return value


def _moving(move: Callable[[Call, np.ndarray], np.ndarray]) -> Callable[[Call], Value]:
    """Make an operator from a function that moves numbers, by applying it to their places."""

    def operator(call: Call) -> Value:
        value = call.inputs[0] if call.inputs else None
        if isinstance(value, np.ndarray):
            return move(call, value)
        value = call.computed()
        return call.nodes.selected(value, move(call, np.arange(value.size).reshape(value.shape)))

    return operator


def _flatten(call: Call, values: np.ndarray) -> np.ndarray:
    axis = call.attributes.get("axis", 1)
    if not -values.ndim <= axis <= values.ndim:
        raise ValueError(axis)
    axis += values.ndim if axis < 0 else 0
    return values.reshape(math.prod(values.shape[:axis]), -1)


def _reshape(call: Call, values: np.ndarray) -> np.ndarray:
    shape = [int(length) for length in call.constant(1).ravel()]
    if not call.attributes.get("allowzero", 0):
        shape = [values.shape[axis] if length == 0 else length for axis, length in enumerate(shape)]
    return values.reshape(shape)


def _transpose(call: Call, values: np.ndarray) -> np.ndarray:
    return values.transpose(call.attributes.get("perm"))


def _unsqueeze(call: Call, values: np.ndarray) -> np.ndarray:
    return np.expand_dims(values, call.axes() or ())


def _slice(call: Call, values: np.ndarray) -> np.ndarray:
    if call.has(1):
        starts, ends = (call.constant(place).ravel().tolist() for place in (1, 2))
        axes = call.constant(3).ravel().tolist() if call.has(3) else list(range(len(starts)))
        steps = call.constant(4).ravel().tolist() if call.has(4) else [1] * len(starts)
    else:  # before opset 10
        starts, ends = call.attributes["starts"], call.attributes["ends"]
        axes, steps = call.attributes.get("axes", range(len(starts))), [1] * len(starts)
    axes = [range(values.ndim)[axis] for axis in axes]
    if len(set(axes)) < len(axes):
        raise ValueError(axes)
    taken = [slice(None)] * values.ndim
    for axis, *part in zip(axes, starts, ends, steps, strict=True):
        taken[axis] = slice(*part)
    part = values[tuple(taken)]
    if not part.size:
        raise ModelFileError("it leaves nothing")
    return part


def _concat(call: Call) -> Value:
    axis = call.attributes["axis"]
    if sum(value.size for value in call.inputs if value is not None) > VALUE_LIMIT:
        raise ModelFileError("it joins more than {limit:,} numbers", limit=VALUE_LIMIT)
    arrays = [value for value in call.inputs if isinstance(value, np.ndarray)]
    if arrays and len(arrays) == len(call.inputs):
        return np.concatenate(arrays, axis)
    values = [call.computed(place) for place in range(len(call.inputs))]
    starts = np.cumsum([0, *(value.size for value in values)])
    places = np.concatenate(
        [
            np.arange(start, start + value.size).reshape(value.shape)
            for start, value in zip(starts[:-1], values, strict=True)
        ],
        axis,
    )
    joined = call.nodes.add(Concatenated(), values, (int(starts[-1]),))
    return call.nodes.selected(joined, places)


def _matmul(call: Call) -> Value:
    if isinstance(call.inputs[0], np.ndarray):  # W x, of a column x
        weight, value = call.weights(0), call.computed(1)
        column = len(value.shape) == 1
        if not (weight.ndim == 2 and (column or value.shape[-1] == 1)):
            raise ModelFileError("it multiplies several rows at once")
        _check_row(value, weight.shape[1])
        shape = (len(weight),) if column else (*value.shape[:-2], len(weight), 1)
        call.nodes.reserve(weight.size)
        return call.nodes.affine(value, weight.T, None, shape)
    value, weight = call.computed(0), call.weights(1)
    if weight.ndim != 2 or value.shape[-1] != value.size:
        raise ModelFileError("it multiplies several rows at once")
    _check_row(value, len(weight))
    call.nodes.reserve(weight.size)
    return call.nodes.affine(value, weight, None, (*value.shape[:-1], weight.shape[1]))


def _gemm(call: Call) -> Value:
    value, weight = call.computed(0), call.weights(1)
    rows = value.shape[-1 if call.attributes.get("transA", 0) else 0]
    if len(value.shape) != 2 or weight.ndim != 2 or rows != 1:
        raise ModelFileError("it multiplies several rows at once")
    weight = weight.T if call.attributes.get("transB", 0) else weight
    _check_row(value, len(weight))
    call.nodes.reserve(weight.size)
    weight = call.attributes.get("alpha", 1.0) * weight
    bias = None
    if call.has(2):
        bias = np.broadcast_to(call.weights(2), (1, weight.shape[1]))[0]
        bias = call.attributes.get("beta", 1.0) * bias
    return call.nodes.affine(value, weight, bias, (1, weight.shape[1]))


def _check_row(value: Computed, numbers: int) -> None:
    if value.size != numbers:
        raise ModelFileError(
            "its weights are for {numbers:,} numbers, but it takes {taken:,}",
            numbers=numbers,
            taken=value.size,
        )


def _sum(call: Call, sign: float) -> Value:
    """Return a ± b of two values, or of one and a constant on either side."""
    first, second = call.inputs
    if isinstance(first, Computed) and isinstance(second, Computed):
        shape = _common_shape(first, second.shape)
        _common_shape(second, first.shape)
        return call.nodes.add(Sum((1.0, sign)), [first, second], shape)
    if isinstance(first, np.ndarray):
        value = call.computed(1)
        shift, shape = _spread(first, value)
        if sign < 0:
            return call.nodes.scaled(value, np.full(value.size, sign), shift, shape)
        return call.nodes.shifted(value, shift, shape)
    value = call.computed(0)
    shift, shape = _spread(call.constant(1), value)
    return call.nodes.shifted(value, sign * shift, shape)


def _multiply(call: Call) -> Value:
    place = 0 if isinstance(call.inputs[0], Computed) else 1
    value = call.computed(place)
    scale, shape = _spread(call.constant(1 - place), value)
    return call.nodes.scaled(value, scale, None, shape)


def _divide(call: Call) -> Value:
    value = call.computed(0)
    divisor, shape = _spread(call.constant(1), value)
    if not np.all(divisor):
        raise ModelFileError("it divides by 0")
    return call.nodes.scaled(value, 1.0 / divisor, None, shape)


def _negate(call: Call) -> Value:
    value = call.computed()
    return call.nodes.scaled(value, np.full(value.size, -1.0), None, value.shape)


def _reduce_sum(call: Call) -> Value:
    value = call.computed()
    axes, keep = summed_axes(call)
    places = np.arange(value.size).reshape(value.shape)
    sums = np.sum(places, axes, keepdims=True)
    of_sum = np.broadcast_to(np.arange(sums.size).reshape(sums.shape), value.shape)
    call.nodes.reserve(value.size * sums.size)
    weight = np.zeros((value.size, sums.size))
    weight[places.ravel(), of_sum.ravel()] = 1.0
    return call.nodes.affine(value, weight, None, np.sum(places, axes, keepdims=keep).shape)


def summed_axes(call: Call) -> tuple[tuple[int, ...] | None, bool]:
    """Return the axes over which ReduceSum sums (None for all), and whether it keeps them."""
    axes = call.axes() or None
    if axes is None and call.attributes.get("noop_with_empty_axes", 0):
        axes = ()
    return axes, bool(call.attributes.get("keepdims", 1))


def _spread(constant: np.ndarray, value: Computed) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return a constant broadcast over a value, and their common shape."""
    shape = _common_shape(value, constant.shape)
    return np.broadcast_to(constant, shape).ravel().astype(np.float64), shape


def _common_shape(value: Computed, other: tuple[int, ...]) -> tuple[int, ...]:
    shape = np.broadcast_shapes(value.shape, other)
    if math.prod(shape) != value.size:
        raise ModelFileError("it repeats what is computed along an axis")
    return shape


def _elementwise(operation: Callable[[Call], Operation]) -> Callable[[Call], Value]:
    def operator(call: Call) -> Value:
        value = call.computed()
        return call.nodes.add(operation(call), [value], value.shape)

    return operator


def _wave(shift: float) -> Callable[[Call], Operation]:
    """Make the operator cos(z − shift)."""
    return lambda _: Cosine(np.full(1, shift), np.full(1, 0.5 / math.pi))


def _leaky(call: Call) -> Operation:
    slope = float(call.attributes.get("alpha", np.float32(0.01)))
    if not slope <= 1.0:  # otherwise max(z, slope z) is another function
        raise ModelFileError("its slope is greater than 1")
    return Leaky(np.full(call.computed().size, slope))


def _constant(call: Call) -> Value:
    ((kind, value),) = call.attributes.items()
    return np.asarray(value, np.float64 if kind.startswith("value_float") else None)


@dataclass(frozen=True)
class Operator:
    """The reading of an operator."""

    read: Callable[[Call], Value]
    """Adds its operations, and returns its value. It raises ModelFileError with a clause that says
    why it cannot, or ValueError where shapes do not fit."""
    inputs: tuple[int, int] = (1, 1)
    """The least and the greatest number of inputs."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """The attributes that it may state, with their types' names in ONNX."""


OPERATORS: dict[str, Operator] = {
    "Add": Operator(lambda call: _sum(call, 1.0), (2, 2)),
    "Concat": Operator(_concat, (1, PART_LIMIT), {"axis": "INT"}),
    "Constant": Operator(
        _constant,
        (0, 0),
        {
            "value": "TENSOR",
            "value_float": "FLOAT",
            "value_floats": "FLOATS",
            "value_int": "INT",
            "value_ints": "INTS",
        },
    ),
    "Cos": Operator(_elementwise(_wave(0.0))),
    "Div": Operator(_divide, (2, 2)),
    "Flatten": Operator(_moving(_flatten), attributes={"axis": "INT"}),
    "Gemm": Operator(
        _gemm, (2, 3), {"alpha": "FLOAT", "beta": "FLOAT", "transA": "INT", "transB": "INT"}
    ),
    "Identity": Operator(_moving(lambda _, values: values)),
    "LeakyRelu": Operator(_elementwise(_leaky), attributes={"alpha": "FLOAT"}),
    "MatMul": Operator(_matmul, (2, 2)),
    "Mul": Operator(_multiply, (2, 2)),
    "Neg": Operator(_negate),
    "ReduceSum": Operator(
        _reduce_sum, (1, 2), {"axes": "INTS", "keepdims": "INT", "noop_with_empty_axes": "INT"}
    ),
    "Relu": Operator(_elementwise(lambda _: Relu())),
    "Reshape": Operator(_moving(_reshape), (2, 2), {"allowzero": "INT"}),
    "Sigmoid": Operator(_elementwise(lambda _: Sigmoid())),
    "Sin": Operator(_elementwise(_wave(math.pi / 2))),
    "Slice": Operator(_moving(_slice), (1, 5), dict.fromkeys(("axes", "ends", "starts"), "INTS")),
    "Squeeze": Operator(
        _moving(lambda call, values: np.squeeze(values, call.axes())), (1, 2), {"axes": "INTS"}
    ),
    "Sub": Operator(lambda call: _sum(call, -1.0), (2, 2)),
    "Tanh": Operator(_elementwise(lambda _: Tanh())),
    "Transpose": Operator(_moving(_transpose), attributes={"perm": "INTS"}),
    "Unsqueeze": Operator(_moving(_unsqueeze), (1, 2), {"axes": "INTS"}),
}
