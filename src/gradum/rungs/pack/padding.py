"""Columns of zeros that bring inputs to a round width, so that similar tables share a program.

Folds of one table differ by a level or two, and so in their width. A program is compiled for each
width, and on a small table compiling takes longer than running it.

Shapes: M members, d columns of the input layer, D numbers before the first layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import structs

from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork

COLUMNS, EMBEDDING_ROWS = 16, 64  # widths are multiples of these


@dataclass(frozen=True)
class Padding:
    """A network as it is, and as it is compiled.

    The added entries are 0 and stay 0: no row has a value there, so nothing is learned there.
    """

    true: PackNetwork

    @cached_property
    def network(self) -> PackNetwork:
        """The network whose widths are round."""
        embedding = self.true.embedding
        if embedding is not None:
            embedding = replace(embedding, rows=_round(embedding.rows, EMBEDDING_ROWS))
        inputs = _round(self.true.inputs, COLUMNS)
        coded = tuple(self._columns(inputs)[list(self.true.coded)].tolist())
        return structs.replace(self.true.flattened, inputs=inputs, coded=coded, embedding=embedding)

    @cached_property
    def places(self) -> np.ndarray:
        """The place of each of the D numbers among the padded ones."""
        behind = np.arange(self.true.inputs, self.true.first)
        surplus = self.network.inputs - self.true.inputs
        return np.concatenate([self._columns(self.network.inputs), behind + surplus])

    def _columns(self, inputs: int) -> np.ndarray:
        """Return the place of each of the d columns; pairs, wherever they were, go to the end."""
        columns, pairs = np.arange(self.true.inputs), self.true.pair_places
        moved = np.where(columns < pairs.start, columns, columns - len(pairs))
        moved[pairs.start : pairs.stop] = np.arange(inputs - len(pairs), inputs)
        return moved

    @cached_property
    def _nothing_moves(self) -> bool:
        return np.array_equal(self.places, np.arange(self.network.first))

    def dense(self, dense: np.ndarray) -> np.ndarray:
        """Return dense [..., d] with the columns of zeros added."""
        if self._nothing_moves:
            return dense
        padded = np.zeros((*dense.shape[:-1], self.network.inputs), dense.dtype)
        padded[..., self.places[: dense.shape[-1]]] = dense
        return padded

    def fill(self, params: Params) -> Params:
        """Return the parameters [M, …] of the padded network."""

        def filled(value: np.ndarray, size: int, places: Any) -> np.ndarray:
            if value.shape[1] == size and (isinstance(places, slice) or self._nothing_moves):
                return value
            padded = np.zeros((len(value), size, *value.shape[2:]), value.dtype)
            padded[:, places] = value
            return padded

        return self._mapped(params, filled)

    def cut(self, params: Params) -> Params:
        """Return the parameters [M, …] of the true network, given those of the padded one."""
        return self._mapped(params, lambda value, _, places: value[:, places])

    def _mapped(self, params: Params, change: Any) -> Params:
        """Apply ``change`` to what has an axis of inputs or of embedding rows."""
        changed: Params = dict(params)
        for name in ("wide", "scale"):
            if name in params:
                changed[name] = change(params[name], self.network.first, self.places)
        if "layers" in params:
            first, *others = params["layers"]
            weight = change(first["weight"], self.network.first, self.places)
            changed["layers"] = [first | {"weight": weight}, *others]
        if "embedding" in params and self.true.embedding and self.network.embedding:
            rows = slice(self.true.embedding.rows)
            changed["embedding"] = change(params["embedding"], self.network.embedding.rows, rows)
        return changed

    def directions(self, directions: list[np.ndarray]) -> list[np.ndarray]:
        """Return the padded network's directions, layer by layer; its zeros have none."""
        first, *others = directions
        padded = np.zeros(self.network.first, first.dtype)
        padded[self.places] = first
        return [padded, *others]

    def source(self, source: np.ndarray) -> np.ndarray:
        """Return source (D,), column numbers, as [C, padded D]: 1 where that is the source."""
        indicator = np.zeros((source.max(initial=-1) + 1, self.network.first), np.float32)
        indicator[source, self.places] = 1
        return indicator


def _round(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
