"""The operations of a program as data of ``runtime.js``, which computes them."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from gradum.ship.recording.program import RecordedNode, RecordedProgram

SETTINGS = (
    *("axis", "axes", "start", "place", "separator", "pattern", "ngrams"),
    *("joint", "longest", "padding"),
    *("keys", "values", "default", "letters", "become"),
)
"""The settings that ``runtime.js`` asks for; types and shapes are those of the node."""


class NodeList:
    """The nodes of a program as what JSON can hold, and the place of each in the list.

    What is computed in the same way of the same values has one place. An entry is the operation,
    the places of what it takes, the type, the shape (-k for k times the rows) and the settings.

    Parameters
    ----------
    program : Program
        What is written.
    """

    def __init__(self, program: RecordedProgram) -> None:
        self.listed: list[list[Any]] = []
        self.places: dict[RecordedNode, int] = {}
        self._known: dict[str, int] = {}
        self._rows = program.rows
        for node in (*program.nodes, *program.outputs.values()):
            if node.operation != "constant":  # who takes it says how it is written
                self._place_of(node)

    def _place_of(self, node: RecordedNode) -> int:
        if node not in self.places:
            parents = node.parents
            if node.operation == "matmul":
                parents = (parents[0], _turned(parents[1]))
            taken = [self._place_of(parent) for parent in parents]
            entry = [node.operation, taken, type_of(node.dtype), self._shape(node), _settings(node)]
            key = f"input {len(self.listed)}" if node.operation == "input" else json.dumps(entry)
            self.places[node] = self._known.setdefault(key, len(self.listed))
            if self.places[node] == len(self.listed):
                self.listed.append(entry)
        return self.places[node]

    def _shape(self, node: RecordedNode) -> list[int]:
        rows = self._rows
        return [-(n // rows) if n and n % rows == 0 else n for n in node.shape]


def _turned(node: RecordedNode) -> RecordedNode:
    """Return matrices with their last two axes exchanged, as the runtime multiplies with them."""
    axes = (*range(len(node.shape) - 2), len(node.shape) - 1, len(node.shape) - 2)
    shape = tuple(node.shape[axis] for axis in axes)
    if node.operation == "constant":
        value = node.settings["value"].transpose(axes)
        return RecordedNode("constant", (), node.dtype, shape, {"value": value})
    return RecordedNode("transpose", (node,), node.dtype, shape, {"axes": axes})


def type_of(dtype: np.dtype) -> str:
    """Return the name of a type in ``runtime.js``."""
    if dtype.kind in "OU":
        return "object"
    return "int64" if dtype.kind in "iu" and dtype != np.int32 else dtype.name


def _settings(node: RecordedNode) -> dict[str, Any]:
    if node.operation == "constant":
        value, name = node.settings["value"], type_of(node.dtype)
        if name == "object":
            return {"texts": value.ravel().tolist()}
        return {"numbers": base64.b64encode(value.astype(name).tobytes()).decode()}
    return {
        name: np.asarray(value).tolist()
        for name, value in node.settings.items()
        if name in SETTINGS
    }
