"""A network's inputs: named blocks of rows, and functions that work without naming a block.

Shapes: n rows; d dense columns, v sparse columns after them, and c coded columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

Inputs = Mapping[str, Any]
"""``dense`` [n, d]; also, if there are such columns, ``codes`` int32 [n, c], ``sparse`` [n, v] and,
for a layer that lets them through, ``grids``, cells of bytes [n, g]."""

GridShape = tuple[int, int, int]
"""Height, width and channels of a column of grids."""


def is_flat(shape: GridShape) -> bool:
    """Whether grids are one row high, as those of series are."""
    return shape[0] == 1


def of_matrix(matrix: Any) -> Inputs:
    """Return columns [n, d], an array or a SciPy sparse matrix, as inputs."""
    if sparse.issparse(matrix):
        nothing = np.zeros((matrix.shape[0], 0), matrix.dtype)
        return {"dense": nothing, "sparse": sparse.csr_array(matrix)}
    return {"dense": matrix}


def numbers_in(inputs: Inputs) -> tuple[Any, Any]:
    """Return the dense columns [n, d], and the sparse columns [n, v] or None."""
    return inputs["dense"], inputs.get("sparse")


def codes_in(inputs: Inputs) -> Any:
    """Return the coded columns [n, c]: rows of the embedding table."""
    return inputs["codes"] if "codes" in inputs else np.empty((len(inputs["dense"]), 0), np.int32)


def grids_in(inputs: Inputs, shapes: Sequence[GridShape]) -> list[np.ndarray]:
    """Return each column of grids: uint8 [n, h, w, c]."""
    cells = np.ascontiguousarray(inputs["grids"])
    flat = cells.view(np.uint8).reshape(*cells.shape, cells.dtype.itemsize)
    return [
        flat[:, place, : math.prod(shape)].reshape(len(cells), *shape)
        for place, shape in enumerate(shapes)
    ]


def take(inputs: Inputs, rows: Any) -> dict[str, Any]:
    """Return some rows of every block."""
    return {name: block[rows] for name, block in inputs.items()}


def join(several: Sequence[Inputs]) -> dict[str, Any]:
    """Return the rows of several inputs, one after the other."""
    return {name: _joined([inputs[name] for inputs in several]) for name in several[0]}


def made_dense(inputs: Inputs, dtype: Any) -> dict[str, np.ndarray]:
    """Return the same in NumPy with that dtype, and sparse columns made dense after the others."""
    dense, wide = numbers_in(inputs)
    parts = [dense] if wide is None else [dense, wide.toarray()]
    others = {name: np.asarray(inputs[name]) for name in inputs if name == "codes"}
    return {"dense": np.concatenate(parts, axis=1).astype(dtype)} | others


def side_by_side(inputs: Inputs) -> Iterator[tuple[str, Any, int]]:
    """Yield each block, the block that holds it once all are dense, and its first column there."""
    for name, block in inputs.items():
        if name == "sparse":
            yield "dense", block, inputs["dense"].shape[1]
        else:
            yield name, block, 0


def _joined(blocks: Sequence[Any]) -> Any:
    if sparse.issparse(blocks[0]):
        return sparse.csr_array(sparse.vstack(blocks))
    return np.concatenate(blocks)
