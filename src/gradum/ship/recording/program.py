"""A program: named operations on arrays, from raw columns to answers, in the terms of NumPy.

It is what leaves gradum. A form, such as ONNX, writes each operation of `OPERATIONS` in its own
words; there are no others.

Shapes: axis lengths of `RecordedProgram.rows` stand for any number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.special

ROWS_AXIS = 8191
"""The number of rows with which a model is recorded, unless it divides one of its own axes.

It is a prime, so that the length of an axis that hangs on the rows is known as its multiple.
"""

OTHER_ROWS = (8179, 8171, 8167, 8161, 8147, 8123, 8117, 8111)
"""The next smaller primes, for models with such an axis."""

rows_axis: ContextVar[int] = ContextVar("rows_axis", default=ROWS_AXIS)
"""The number of rows of what is being recorded."""


@contextmanager
def without_axes_of(lengths: Collection[int]) -> Iterator[int]:
    """Record with a number of rows that divides none of these lengths, and yield it."""
    primes = (ROWS_AXIS, *OTHER_ROWS)
    free = [prime for prime in primes if all(length % prime for length in lengths if length)]
    token = rows_axis.set(free[0] if free else ROWS_AXIS)
    try:
        yield rows_axis.get()
    finally:
        rows_axis.reset(token)


@dataclass(frozen=True, eq=False)
class RecordedNode:
    """A value of a program: an input, a constant, or what an operation makes of others."""

    operation: str
    """A name in `OPERATIONS`; ``input`` and ``constant`` take no other nodes."""
    parents: tuple[RecordedNode, ...]
    """What the operation takes, in its order."""
    dtype: np.dtype
    """Of its numbers; ``object`` for texts."""
    shape: tuple[int, ...]
    """An axis of length `RecordedProgram.rows` is that of the rows."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The arguments that are known in advance, such as an axis."""


@dataclass(frozen=True, eq=False)
class RecordedProgram:
    """What is computed of raw columns [n, 1], and the answers."""

    inputs: Mapping[str, RecordedNode]
    """The raw columns by name: float64 with NaN where a value is missing, or texts."""
    outputs: Mapping[str, RecordedNode]
    """The answers by name, each [n, ...]."""
    rows: int = ROWS_AXIS
    """The length of an axis that stands for any number of rows."""

    @cached_property
    def nodes(self) -> tuple[RecordedNode, ...]:
        """Every node that an output needs, and every input; parents come first."""
        order: dict[RecordedNode, None] = dict.fromkeys(self.inputs.values())
        waiting = [(node, False) for node in reversed(list(self.outputs.values()))]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                order[node] = None
            elif node not in order:
                waiting.append((node, True))
                waiting += [(parent, False) for parent in reversed(node.parents)]
        return tuple(order)

    def __call__(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the answers to raw columns [n, 1], computed operation by operation in NumPy."""
        values: dict[RecordedNode, Any] = {}
        names = {node: name for name, node in self.inputs.items()}
        for node in self.nodes:
            if node in names:
                values[node] = np.asarray(columns[names[node]])
            else:
                taken = [values[parent] for parent in node.parents]
                values[node] = OPERATIONS[node.operation](*taken, **node.settings)
        return {name: values[node] for name, node in self.outputs.items()}


def _looked_up(words: np.ndarray, keys: tuple, values: tuple, default: Any) -> np.ndarray:
    table = dict(zip(keys, values, strict=True))
    found = [table.get(word, default) for word in words.ravel().tolist()]
    return np.array(found, np.int64).reshape(words.shape)


def _looked_up_folded(
    words: np.ndarray, letters: tuple, become: tuple, keys: tuple, values: tuple
) -> np.ndarray:
    table = str.maketrans(dict(zip(letters, become, strict=True)))
    folded = [word.translate(table) for word in words.ravel().tolist()]
    return _looked_up(np.array(folded, object).reshape(words.shape), keys, values, 0)


def _split(texts: np.ndarray, separator: str, place: int) -> np.ndarray:
    """Return one part of each text; without a separator, parts stand between blanks."""
    parts = [text.split(separator or None)[place] for text in texts.ravel().tolist()]
    return np.array(parts, object).reshape(texts.shape)


def _matching(texts: np.ndarray, pattern: str) -> np.ndarray:
    found = [re.fullmatch(pattern, text) is not None for text in texts.ravel().tolist()]
    return np.array(found, bool).reshape(texts.shape)


def _tokens(
    texts: np.ndarray, pattern: str, joint: str, longest: int, padding: str, ngrams: tuple[str, ...]
) -> np.ndarray:
    """Return how many tokens each text [n, 1] has, then the count of each n-gram, [n, 1 + k]."""
    counts = np.zeros((len(texts), 1 + len(ngrams)), np.float32)
    place = {ngram: 1 + k for k, ngram in enumerate(ngrams)}
    for row, text in zip(counts, texts.ravel().tolist(), strict=True):
        tokens = re.findall(pattern, padding + text.lower() + padding)
        row[0] = len(tokens)
        for length in range(1, longest + 1):
            for begin in range(len(tokens) - length + 1):
                ngram = joint.join(tokens[begin : begin + length])
                if ngram in place:
                    row[place[ngram]] += 1
    return counts


def _sliced(x: np.ndarray, axis: int, start: int, stop: int) -> np.ndarray:
    return x[(slice(None),) * axis + (slice(start, stop),)]


UFUNCS: dict[str, np.ufunc] = {
    function.__name__: function
    for function in (
        *(np.add, np.subtract, np.multiply, np.divide, np.matmul, np.maximum, np.minimum),
        *(np.negative, np.absolute, np.exp, np.log, np.sqrt, np.tanh, np.sin, np.cos, np.rint),
        *(np.floor, np.isnan, np.isinf, scipy.special.expit, scipy.special.erf),
        *(np.equal, np.less, np.less_equal, np.greater, np.greater_equal),
        *(np.logical_not, np.logical_and, np.logical_or),
    )
}
"""The operations that are NumPy's or SciPy's universal functions, by their names."""

OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    **UFUNCS,
    "constant": lambda value: value,
    "cast": lambda x, dtype: x.astype(dtype),
    "where": np.where,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, axes: x.transpose(axes),
    "concatenate": lambda *parts, axis: np.concatenate(parts, axis),
    "expand": lambda x, shape: np.broadcast_to(x, np.broadcast_shapes(x.shape, shape)),
    "take": lambda x, places, axis: np.take(x, places, axis),
    "slice": _sliced,
    "sum": lambda x, axis, keepdims: x.sum(axis=axis, keepdims=keepdims),
    "max": lambda x, axis, keepdims: x.max(axis=axis, keepdims=keepdims),
    "min": lambda x, axis, keepdims: x.min(axis=axis, keepdims=keepdims),
    "argmax": lambda x, axis: x.argmax(axis=axis),
    "sort": lambda x, axis: np.sort(x, axis=axis),
    "zeros": lambda x: np.zeros(x.shape),
    "look_up": _looked_up,
    "look_up_folded": _looked_up_folded,
    "join": np.add,
    "split": _split,
    "matches": _matching,
    "tokens": _tokens,
}
"""Every operation there is, with what it means.

``look_up`` puts a number for each text that is a key; ``look_up_folded`` replaces letters of the
text by what they become, one by one, before; ``join`` appends a text; ``split`` returns
one part of each text; ``matches`` tells which texts match a pattern as a whole; ``tokens`` counts
what a pattern finds in lower-cased and padded texts [n, 1], in all, then the n-grams of neighbours,
joined; ``zeros`` has the shape of what it takes;
``expand`` broadcasts, where the axis of rows has length 1.
"""
