"""The numeric core of a file that gradum exported: its numbers are free, its texts are fixed.

What depends on texts alone is computed once, by ONNX Runtime. Numbers are those of rows without
missing values: a number of float32 is never NaN, and never beyond the limits of float32.

Shapes: n rows, d columns of numbers, k outputs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.bounds import INPUT, Affine, Graph, Relu, SmoothClip
from gradum.core.bounds.s_shaped import SMOOTH_CLIP
from gradum.errors import ModelFileError
from gradum.messages import listed
from gradum.ship.exchange import onnx_file
from gradum.ship.exchange.onnx_model import OnnxInput, OnnxModel
from gradum.ship.exchange.onnx_network import define, value_of
from gradum.ship.exchange.onnx_operators import OPERATORS, Call, Computed, Nodes, Operator, Value
from gradum.ship.exchange.onnx_session import open_session

LARGEST = float(np.finfo(np.float32).max)
MARK = b"gradum.outputs"
"""An entry of the metadata of exported files."""


@dataclass(frozen=True, eq=False)
class NumericCore:
    """What a file computes of its numbers, with its texts fixed."""

    graph: Graph
    """What it computes of one row's numbers [d], in the order of the file's inputs."""
    names: tuple[str, ...]
    """The columns of numbers."""
    texts: Mapping[str, str]
    """The text of each other column."""
    output: str
    """The output that is read: the logits or the number."""
    data: bytes = field(repr=False)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs [n, k] that ONNX Runtime computes for numbers [n, d] of float32."""
        columns = np.asarray(x, np.float32).astype(np.float64).T
        values: dict[str, np.ndarray] = {
            name: column[:, None] for name, column in zip(self.names, columns, strict=True)
        }
        for name, text in self.texts.items():
            values[name] = np.full((len(x), 1), text, object)
        (answers,) = self._session.run([self.output], values)
        return np.reshape(answers, (len(x), -1))

    @cached_property
    def _session(self) -> Any:
        return open_session(self.data)


def is_exported(path: str | os.PathLike) -> bool:
    """Return whether a file says that gradum exported it."""
    onnx_file.onnx_package()
    data = onnx_file.read_bytes(path)
    if MARK not in data:
        return False
    return MARK.decode() in {entry.key for entry in onnx_file.decoded(data).metadata_props}


def core_of(model: OnnxModel, path: str | os.PathLike, texts: Mapping[str, str]) -> NumericCore:
    """Return the numeric core of a model that gradum exported, read from ``path``.

    Raises
    ------
    ModelFileError
        A text is not fixed, or the file computes what no bounds are known of. The message is one
        line, which names the file.
    """
    with onnx_file.naming(path):
        return _core(model, texts)


def columns_of(model: OnnxModel) -> tuple[list[str], list[str]]:
    """Return the columns of numbers, and those of texts, of a file that gradum exported."""
    texts = [value.name for value in model.inputs if value.type is np.object_]
    return [value.name for value in model.inputs if value.name not in texts], texts


def _core(model: OnnxModel, texts: Mapping[str, str]) -> NumericCore:
    graph = onnx_file.decoded(model.data).graph
    names, others = columns_of(model)
    if left := [name for name in others if name not in texts]:
        raise ModelFileError(
            "The values of {columns} are not fixed.",
            'Fix them by --where, such as "{column} (missing)".',
            columns=listed(left, "and"),
            column=left[0],
        )
    if model.logits is None or not names:
        raise ModelFileError("It has no columns of numbers, or no answer that is known.")
    nodes = Nodes(len(names))
    values: dict[str, Value | None] = {"": None}
    row = Computed(INPUT, (len(names),))
    for place, name in enumerate(names):
        define(values, name, nodes.selected(row, np.array([[place]])))
    raw = {value.node for value in values.values() if isinstance(value, Computed)}
    free, fixed = _divided(graph, model.logits, set(names))
    for name, value in _fixed(model, graph, fixed, free, texts).items():
        define(values, name, value)
    needed = {name for node in free for name in node.input}
    for tensor in graph.initializer:
        if tensor.name in needed:
            define(values, tensor.name, onnx_file.constant(tensor))
    numbers = {id(node): number for number, node in enumerate(graph.node, 1)}
    for node in free:
        read = value_of(node, numbers[id(node)], values, nodes, _operators(raw))
        define(values, node.output[0], read)
    output = values.get(model.logits)
    if not isinstance(output, Computed):
        raise ModelFileError("Its answer does not depend on its numbers.")
    return NumericCore(nodes.graph(output), tuple(names), dict(texts), model.logits, model.data)


def _divided(graph: Any, output: str, numbers: set[str]) -> tuple[list[Any], list[Any]]:
    """Return the nodes behind an output that depend on numbers, and those that do not."""
    wanted, behind = {output}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            behind.append(node)
    free, fixed, moving = [], [], set(numbers)
    for node in reversed(behind):
        (free if moving.intersection(node.input) else fixed).append(node)
        if free and free[-1] is node:
            moving.update(node.output)
    return free, fixed


def _fixed(
    model: OnnxModel, graph: Any, fixed: list[Any], free: list[Any], texts: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Return what the nodes that depend on numbers take from the others, by ONNX Runtime."""
    helper = onnx_file.onnx_package().helper
    made = {name for node in fixed for name in node.output}
    taken = sorted(made.intersection(name for node in free for name in node.input))
    if not taken:
        return {}
    whole = onnx_file.decoded(model.data)
    inputs = [value for value in graph.input if value.name in texts]
    outputs = [helper.make_empty_tensor_value_info(name) for name in taken]
    part = helper.make_graph(fixed, "texts", inputs, outputs, list(graph.initializer))
    proto = helper.make_model(
        part, opset_imports=list(whole.opset_import), ir_version=whole.ir_version
    )
    known = [OnnxInput(value.name, np.object_, (None, 1)) for value in inputs]
    row = {value.name: np.array([[texts[value.name]]], object) for value in known}
    answers = OnnxModel(proto.SerializeToString(), tuple(known)).run(row)
    return dict(zip(taken, answers, strict=True))


@dataclass(frozen=True)
class Magnitude:
    """|x| of numbers of the row."""

    of: Computed


@dataclass(frozen=True)
class Squares:
    """z², or 1 + z², of numbers z."""

    of: Computed
    and_one: bool = False


@dataclass(frozen=True)
class Root:
    """√(1 + z²) times constants."""

    of: Computed
    scale: np.ndarray


def _operators(raw: set[int]) -> dict[str, Operator]:
    """Return the operators of networks, and those that only a whole model has."""

    def size(call: Call) -> Any:
        if call.computed().node not in raw:
            raise _unbounded()
        return Magnitude(call.computed())

    def within(call: Call) -> Any:
        value, limit = call.inputs[0], call.constant(1)
        if not isinstance(value, Magnitude) or np.any(limit < LARGEST):
            raise _unbounded()
        return np.ones(np.broadcast_shapes(value.of.shape, limit.shape), bool)

    return OPERATORS | {
        "Abs": Operator(size),
        "Add": Operator(_added, (2, 2)),
        "Cast": Operator(_cast, attributes={"to": "INT", "saturate": "INT"}),
        "Concat": Operator(_concat, OPERATORS["Concat"].inputs, {"axis": "INT"}),
        "Div": Operator(_divide, (2, 2)),
        "LessOrEqual": Operator(within, (2, 2)),
        "Max": Operator(lambda call: _limited(call, 1.0), (2, 2)),
        "Min": Operator(lambda call: _limited(call, -1.0), (2, 2)),
        "Mul": Operator(_multiply, (2, 2)),
        "Not": Operator(lambda call: ~call.constant(0).astype(bool)),
        "Sqrt": Operator(_root),
        "Where": Operator(_where, (3, 3)),
    }


def _unbounded() -> ModelFileError:
    return ModelFileError("no bounds of what it computes are known")


def _cast(call: Call) -> Any:
    """Take numbers as they are: a proof is about exact arithmetic."""
    types = onnx_file.onnx_package().TensorProto
    if isinstance(call.inputs[0], np.ndarray):
        return call.constant(0).astype(np.float64)
    if call.attributes.get("to") not in (types.FLOAT, types.DOUBLE):
        raise _unbounded()
    return call.computed()


def _concat(call: Call) -> Value:
    """Join constants to what is computed, as products with 0."""
    nodes, inputs = call.nodes, call.inputs
    row = Computed(INPUT, (nodes.inputs,))
    joined = []
    for value in inputs:
        if isinstance(value, np.ndarray) and not all(isinstance(v, np.ndarray) for v in inputs):
            nodes.reserve(nodes.inputs * value.size)
            nothing = np.zeros((nodes.inputs, value.size))
            value = nodes.affine(row, nothing, value.ravel().astype(np.float64), value.shape)
        joined.append(value)
    return OPERATORS["Concat"].read(Call(joined, call.attributes, nodes))


def _limited(call: Call, sign: float) -> Value:
    """Return max(z, c) = c + relu(z − c), or min(z, c) = c − relu(c − z)."""
    place = 0 if isinstance(call.inputs[0], Computed) else 1
    value, limit = call.computed(place), call.weights(1 - place)
    limit = np.broadcast_to(limit, value.shape).ravel()
    nodes = call.nodes
    if sign > 0 and not np.any(limit):
        return nodes.add(Relu(), [value], value.shape)
    beyond = nodes.scaled(value, np.full(value.size, sign), -sign * limit, value.shape)
    excess = nodes.add(Relu(), [beyond], value.shape)
    return nodes.scaled(excess, np.full(value.size, sign), limit, value.shape)


def _where(call: Call) -> Any:
    """Choose between values by what is known."""
    condition = call.constant(0).astype(bool)
    if condition.all() or not condition.any():
        return call.inputs[1 if condition.all() else 2]
    raise _unbounded()


def _multiply(call: Call) -> Any:
    first, second = call.inputs
    if isinstance(first, Computed) and first == second:
        return Squares(first)
    if isinstance(first, Root):
        return Root(first.of, first.scale * call.weights(1))
    return OPERATORS["Mul"].read(call)


def _added(call: Call) -> Any:
    for place in (0, 1):
        value = call.inputs[place]
        if isinstance(value, Squares) and np.all(call.constant(1 - place) == 1):
            return Squares(value.of, and_one=True)
    return OPERATORS["Add"].read(call)


def _root(call: Call) -> Any:
    (value,) = call.inputs
    if isinstance(value, Squares) and value.and_one:
        return Root(value.of, np.ones(1))
    raise _unbounded()


def _divide(call: Call) -> Value:
    """Read z / (√(1 + (z / 3)²) · c), a smooth clip, and what other networks divide by."""
    value, root = call.inputs
    if not isinstance(root, Root):
        return OPERATORS["Div"].read(call)
    third, value = call.nodes.nodes[root.of.node], call.computed()
    scaled = third.operation.weight if isinstance(third.operation, Affine) else np.zeros(0)
    of_same = third.parents == (value.node,)
    if not (of_same and np.array_equal(scaled, np.eye(value.size) / SMOOTH_CLIP)):
        raise _unbounded()
    clipped = call.nodes.add(SmoothClip(), [value], value.shape)
    scale = np.broadcast_to(1.0 / root.scale, value.shape).ravel()
    return call.nodes.scaled(clipped, scale, None, value.shape)
