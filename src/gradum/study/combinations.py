"""Coefficients as a report shows them: linear combinations of a linear model's weights.

The linear rung's input layer scales numbers, codes two levels as -1 and +1, and codes each of more
levels as a 0/1 column. A report wants raw units. It also wants each level compared with the
commonest one of its column, as in the regression table: the level's weights less those of the
commonest level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.messages import say
from gradum.study.reference_level import compared_levels, level_name
from gradum.tables.kinds.design import Design, Layout

INTERCEPT = "(intercept)"


@dataclass(frozen=True, eq=False)
class Combinations:
    """m linear combinations of an output's D weights and its bias, the intercept first."""

    names: tuple[str, ...]
    sources: tuple[str | None, ...]
    """The table's column for each."""
    matrix: sparse.csr_array
    """Of shape (m, D + 1). For one raw unit of each feature; the bias comes last."""
    deviation: np.ndarray
    """Of shape (m,). The standard deviation of a dense feature; 1 for all others."""

    def __len__(self) -> int:
        return len(self.names)


def of_each_column(layer: InputLayer, layout: Layout) -> Combinations:
    """Return a combination for each column; the intercept is the output where all columns are 0."""
    names, sources = layer.columns(layout)
    every = _chosen(range(len(names)), len(names))
    return _combinations(layer, names, sources, every, np.zeros(len(names)))


def against_reference(layer: InputLayer, design: Design, weight: np.ndarray) -> Combinations:
    """Return the same, but for coded columns the difference of each level from the commonest one.

    The intercept is then the output where every number is 0 and every level is the commonest.

    Parameters
    ----------
    layer : InputLayer
        Without embeddings.
    design : Design
        n rows, whose levels are counted.
    weight : ndarray of shape (n,)
        Above 0.
    """
    layout = design.layout
    columns, its_sources = layer.columns(layout)
    coded = list(design.coded_columns())
    levelled = {column.source for column, _ in coded}
    plain = [k for k, source in enumerate(its_sources) if source not in levelled]
    names, sources = [columns[k] for k in plain], [its_sources[k] for k in plain]
    blocks: list[Any] = [_chosen(plain, len(columns))]
    at_zero = np.zeros(len(columns))
    for (column, values), treatment in zip(coded, layer.treatments, strict=True):
        codes, reference = compared_levels(values, column, weight)
        codes = [code for code in codes if code]  # a code that is no level has no learned weight
        count, against = len(column.levels) + 1, level_name(column, reference)
        places = np.flatnonzero(np.array(its_sources) == column.source)
        levels = _levels(count, treatment, places, len(columns))
        difference = _chosen(codes, count) - _chosen([reference] * len(codes), count)
        blocks.append(difference @ levels)
        at_zero += levels.T @ (np.arange(count) == reference)
        names += [
            say(
                "{column}={level} (against {reference})",
                column=column.source,
                level=level_name(column, code),
                reference=against,
            )
            for code in codes
        ]
        sources += [column.source] * len(codes)
    return _combinations(layer, names, sources, sparse.vstack(blocks), at_zero)


def _chosen(places: Sequence[int], count: int) -> Any:
    """Return the matrix that selects these of ``count`` rows."""
    ones, rows = np.ones(len(places)), np.arange(len(places))
    return sparse.csr_array((ones, (rows, np.array(places, np.intp))), (len(places), count))


def _levels(count: int, treatment: Treatment, at: np.ndarray, width: int) -> Any:
    """Return each code 0 .. L of a coded column as values of the D columns (L + 1, D)."""
    held, columns = np.ones(count - 1), at
    if treatment == "sign":
        held, columns = np.array([-1.0, 1.0]), at[[0, 0]]
    return sparse.csr_array((held, (np.arange(1, count), columns)), (count, width))


def _combinations(
    layer: InputLayer, names: list[str], sources: list[str], weights: Any, at_zero: np.ndarray
) -> Combinations:
    """Put the intercept before sparse combinations of the weights of scaled columns (m, D).

    ``at_zero`` (D,) holds the values of the columns of levels where every number is 0.
    """
    numbers = len(layer.scale)
    deviation = np.ones(1 + len(names))
    deviation[1 : 1 + numbers] = layer.scale  # the numbers come first
    intercept = np.append(at_zero, 1.0)
    intercept[:numbers] = -layer.centre / layer.scale  # the number is 0, not its centred value
    padded = sparse.hstack([weights, sparse.csr_array((len(names), 1))])
    matrix = sparse.vstack([sparse.csr_array(intercept[None, :]), padded])
    matrix = sparse.csr_array(matrix.multiply(1.0 / deviation[:, None]))
    return Combinations((INTERCEPT, *names), (None, *sources), matrix, deviation)
