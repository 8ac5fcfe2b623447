"""The operations of a program as nodes of ONNX, in opset 20 and ai.onnx.ml 4.

Sources: the operator specifications of ONNX 1.15 (opset 20), which also has `ai.onnx.ml` 4, and
those of ONNX Runtime's own operators, of which `com.microsoft` 1 has the only one for words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradum.ship.exchange.onnx_file import onnx_package
from gradum.ship.recording.program import OPERATIONS, RecordedNode, RecordedProgram

IR_VERSION = 10
ML, MICROSOFT = "ai.onnx.ml", "com.microsoft"
VERSIONS = {"": 20, ML: 4, MICROSOFT: 1}
"""The version of each set of operators."""

LOCALE = "C.UTF-8"
"""By which letters are put in lower case; ONNX Runtime's own default is missing in containers."""

LONGEST_PATTERN = 10_000
"""Characters; RE2 refuses patterns that take it more than 8 MB."""


class OnnxGraph:
    """A graph of ONNX under construction.

    Parameters
    ----------
    program : Program
        What is written; its inputs and outputs keep their names.
    """

    def __init__(self, program: RecordedProgram) -> None:
        self._onnx = onnx_package()
        self._nodes: list[Any] = []
        self._constants: dict[bytes, Any] = {}
        self._names = {node: name for name, node in program.inputs.items()}
        self._taken = {*program.inputs, *program.outputs}
        self.domains = {""}
        for node in program.nodes:
            if node not in self._names:
                self._names[node] = WRITTEN[node.operation](self, node)
        for name, node in program.outputs.items():
            self._nodes.append(self._onnx.helper.make_node("Identity", [self._names[node]], [name]))
        self._program = program

    def proto(self) -> Any:
        """Return the ``GraphProto``."""
        inputs = [self._info(name, node, 2) for name, node in self._program.inputs.items()]
        outputs = [
            self._info(name, node, len(node.shape)) for name, node in self._program.outputs.items()
        ]
        constants = list(self._constants.values())
        make = self._onnx.helper.make_graph
        return make(self._nodes, "gradum", inputs, outputs, initializer=constants)

    def _info(self, name: str, node: RecordedNode, axes: int) -> Any:
        shape = ["rows", *node.shape[1:axes]]
        return self._onnx.helper.make_tensor_value_info(name, self.type_of(node.dtype), shape)

    def type_of(self, dtype: np.dtype) -> int:
        """Return ONNX's number for a type."""
        if dtype.kind == "O":
            return self._onnx.TensorProto.STRING
        return self._onnx.helper.np_dtype_to_tensor_dtype(dtype)

    def of(self, node: RecordedNode) -> list[str]:
        """Return the names of what a node takes."""
        return [self._names[parent] for parent in node.parents]

    def add(
        self,
        kind: str,
        inputs: list[str],
        domain: str = "",
        *,
        second: bool = False,
        **attributes: Any,
    ) -> str:
        """Add a node, and return its output's name; ``second`` if it has another, not needed."""
        name = self._fresh()
        outputs = [name, self._fresh()] if second else [name]
        self.domains.add(domain)
        self._nodes.append(
            self._onnx.helper.make_node(kind, inputs, outputs, domain=domain, **attributes)
        )
        return name

    def scanned(
        self, rows: list[str], node: RecordedNode, shape: list[int], write: Callable[[str], str]
    ) -> str:
        """Add what is written of each row of texts [n, 1] by itself: [n, *shape]."""
        outer, self._nodes, row = self._nodes, [], self._fresh()
        result = write(row)
        make = self._onnx.helper.make_tensor_value_info
        body = self._onnx.helper.make_graph(
            self._nodes,
            "row",
            [make(row, self._onnx.TensorProto.STRING, [1])],
            [make(result, self.type_of(node.dtype), shape)],
        )
        self._nodes = outer
        return self.add("Scan", rows, body=body, num_scan_inputs=1)

    def constant(self, value: Any) -> str:
        """Add a constant, once however often it is needed, and return its name."""
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        content = repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes()
        key = hashlib.sha256(repr((array.dtype.str, array.shape)).encode() + content).digest()
        if key not in self._constants:
            self._constants[key] = self.tensor(array, self._fresh())
        return self._constants[key].name

    def tensor(self, array: np.ndarray, name: str = "") -> Any:
        """Return an array as a ``TensorProto``."""
        return self._onnx.numpy_helper.from_array(array, name)

    def _fresh(self) -> str:
        """Return a name that no input and no output has."""
        number = len(self._nodes) + len(self._constants)
        name = f"n{number}"
        while name in self._taken:
            number += 1
            name = f"n{number}"
        self._taken.add(name)
        return name


Written = Callable[[OnnxGraph, RecordedNode], str]


def _same(kind: str, **attributes: Any) -> Written:
    """Write an operation that ONNX has too."""
    return lambda graph, node: graph.add(kind, graph.of(node), **attributes)


def _integers(kind: str, setting: str) -> Written:
    """Write an operation whose setting is an input of integers in ONNX."""

    def write(graph: OnnxGraph, node: RecordedNode) -> str:
        return graph.add(kind, [*graph.of(node), _whole(graph, node.settings[setting])])

    return write


def _whole(graph: OnnxGraph, numbers: Any) -> str:
    return graph.constant(np.atleast_1d(np.asarray(numbers, np.int64)))


def _reduced(kind: str) -> Written:
    def write(graph: OnnxGraph, node: RecordedNode) -> str:
        axes = _whole(graph, node.settings["axis"])
        keepdims = int(node.settings["keepdims"])
        return graph.add(kind, [*graph.of(node), axes], keepdims=keepdims)

    return write


def _cast(graph: OnnxGraph, node: RecordedNode) -> str:
    return graph.add("Cast", graph.of(node), to=graph.type_of(node.settings["dtype"]))


def _slice(graph: OnnxGraph, node: RecordedNode) -> str:
    ends = (_whole(graph, node.settings[name]) for name in ("start", "stop", "axis"))
    return graph.add("Slice", [*graph.of(node), *ends])


def _sort(graph: OnnxGraph, node: RecordedNode) -> str:
    axis = node.settings["axis"]
    inputs = [*graph.of(node), _whole(graph, node.shape[axis])]
    return graph.add("TopK", inputs, second=True, axis=axis, largest=0, sorted=1)


def _cosine(graph: OnnxGraph, node: RecordedNode) -> str:
    if node.dtype == np.float32:
        return graph.add("Cos", graph.of(node))
    # Not every ONNX Runtime has a cosine of float64.
    quarter = graph.constant(np.float64(np.pi / 2))
    return graph.add("Sin", [graph.add("Add", [*graph.of(node), quarter])])


def _zeros(graph: OnnxGraph, node: RecordedNode) -> str:
    shape = graph.add("Shape", graph.of(node))
    return graph.add("ConstantOfShape", [shape], value=graph.tensor(np.zeros(1)))


def _look_up(graph: OnnxGraph, node: RecordedNode) -> str:
    keys = [key.encode() for key in node.settings["keys"]]
    values = [int(value) for value in node.settings["values"]]
    default = int(node.settings["default"])
    if not keys:  # a table cannot be empty
        keys, values = [b""], [default]
    return graph.add(
        "LabelEncoder",
        graph.of(node),
        ML,
        keys_strings=keys,
        values_int64s=values,
        default_int64=default,
    )


def _look_up_folded(graph: OnnxGraph, node: RecordedNode) -> str:
    """Find each bit of the number by patterns of the keys that have it.

    No operator of ONNX replaces letters of a text; the one for lower case hangs on the machine.
    """
    written: dict[str, str] = {}
    for letter, becomes in zip(node.settings["letters"], node.settings["become"], strict=True):
        written[becomes] = written.get(becomes, re.escape(becomes)) + re.escape(letter)
    written = {letter: f"[{ways}]" for letter, ways in written.items()}
    patterns = [
        "".join(written.get(letter) or re.escape(letter) for letter in key)
        for key in node.settings["keys"]
    ]
    numbers = [int(value) for value in node.settings["values"]]
    total = graph.constant(np.zeros((1, 1), np.int64))
    for bit in range(max(numbers, default=0).bit_length()):
        having = [p for p, number in zip(patterns, numbers, strict=True) if number >> bit & 1]
        for pattern in _alternations(having):
            found = graph.add("RegexFullMatch", graph.of(node), pattern=pattern)
            digit = graph.add("Cast", [found], to=graph.type_of(node.dtype))
            value = graph.add("Mul", [digit, graph.constant(np.int64(1 << bit))])
            total = graph.add("Add", [total, value])
    return total


def _alternations(patterns: Sequence[str]) -> Iterator[str]:
    """Yield patterns, none too long, that together match what one of these matches."""
    joined = ""
    for pattern in patterns:
        if joined and len(joined) + len(pattern) > LONGEST_PATTERN:
            yield joined
            joined = ""
        joined += f"|{pattern}" if joined else pattern
    if joined:
        yield joined


def _split(graph: OnnxGraph, node: RecordedNode) -> str:
    parts = graph.add(
        "StringSplit", graph.of(node), second=True, delimiter=node.settings["separator"]
    )
    return graph.add("Gather", [parts, graph.constant(np.int64(node.settings["place"]))], axis=-1)


def _tokens(graph: OnnxGraph, node: RecordedNode) -> str:
    """Text by text: of all at once, each would take the memory of the longest."""
    shape = [len(node.settings["ngrams"]) + 1]
    each = partial(_tokens_of_one, graph, node)
    return graph.scanned(graph.of(node), node, shape, each)


def _tokens_of_one(graph: OnnxGraph, node: RecordedNode, text: str) -> str:
    """Return how many tokens a text [1] has, then how often each n-gram occurs."""
    if padding := node.settings["padding"]:
        around = graph.constant(np.array([padding], object))
        text = graph.add("StringConcat", [graph.add("StringConcat", [around, text]), around])
    lower = {"case_change_action": "LOWER", "is_case_sensitive": 1, "locale": LOCALE}
    lowered = graph.add("StringNormalizer", [text], **lower)
    how = {"mark": 0, "mincharnum": 1, "pad_value": "", "tokenexp": node.settings["pattern"]}
    tokens = graph.add("Tokenizer", [lowered], MICROSOFT, **how)
    length = graph.add("Shape", [tokens], start=1)
    count = graph.add("Cast", [length], to=graph.type_of(node.dtype))
    joint, longest = node.settings["joint"], node.settings["longest"]
    ngrams = [ngram.split(joint) if joint else list(ngram) for ngram in node.settings["ngrams"]]
    if not ngrams:
        return count
    places = sorted(range(len(ngrams)), key=lambda place: len(ngrams[place]))  # singles first
    occurrences = graph.add(
        "TfIdfVectorizer",
        [tokens],
        mode="TF",
        min_gram_length=1,
        max_gram_length=longest,
        max_skip_count=0,
        ngram_counts=[
            sum(len(n) * (len(n) < length) for n in ngrams) for length in range(1, longest + 1)
        ],
        ngram_indexes=places,
        pool_strings=[token for place in places for token in ngrams[place]],
    )
    flat = graph.add("Reshape", [occurrences, _whole(graph, -1)])
    return graph.add("Concat", [count, flat], axis=0)


WRITTEN: dict[str, Written] = {
    "constant": lambda graph, node: graph.constant(node.settings["value"]),
    "cast": _cast,
    "where": _same("Where"),
    "reshape": _integers("Reshape", "shape"),
    "transpose": lambda graph, node: graph.add(
        "Transpose", graph.of(node), perm=list(node.settings["axes"])
    ),
    "concatenate": lambda graph, node: graph.add(
        "Concat", graph.of(node), axis=node.settings["axis"]
    ),
    "expand": _integers("Expand", "shape"),
    "take": lambda graph, node: graph.add("Gather", graph.of(node), axis=node.settings["axis"]),
    "slice": _slice,
    "sum": _reduced("ReduceSum"),
    "max": _reduced("ReduceMax"),
    "min": _reduced("ReduceMin"),
    "argmax": lambda graph, node: graph.add(
        "ArgMax", graph.of(node), axis=node.settings["axis"], keepdims=0
    ),
    "sort": _sort,
    "zeros": _zeros,
    "look_up": _look_up,
    "look_up_folded": _look_up_folded,
    "join": _same("StringConcat"),
    "split": _split,
    "matches": lambda graph, node: graph.add(
        "RegexFullMatch", graph.of(node), pattern=node.settings["pattern"]
    ),
    "tokens": _tokens,
    "add": _same("Add"),
    "subtract": _same("Sub"),
    "multiply": _same("Mul"),
    "divide": _same("Div"),
    "matmul": _same("MatMul"),
    "maximum": _same("Max"),
    "minimum": _same("Min"),
    "negative": _same("Neg"),
    "absolute": _same("Abs"),
    "exp": _same("Exp"),
    "log": _same("Log"),
    "sqrt": _same("Sqrt"),
    "tanh": _same("Tanh"),
    "sin": _same("Sin"),
    "cos": _cosine,
    "rint": _same("Round"),
    "floor": _same("Floor"),
    "isnan": _same("IsNaN"),
    "isinf": _same("IsInf"),
    "expit": _same("Sigmoid"),
    "erf": _same("Erf"),
    "equal": _same("Equal"),
    "less": _same("Less"),
    "less_equal": _same("LessOrEqual"),
    "greater": _same("Greater"),
    "greater_equal": _same("GreaterOrEqual"),
    "logical_not": _same("Not"),
    "logical_and": _same("And"),
    "logical_or": _same("Or"),
}
"""How each operation of `OPERATIONS` is written."""

assert WRITTEN.keys() == OPERATIONS.keys()
