"""L, the largest curvature of a linear model's objective: 1/L is a step that never fails."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from gradum.core import Problem
from gradum.core.models.network import ROWS_AT_ONCE
from gradum.errors import SpecError
from gradum.messages import say
from gradum.randomness import stream
from gradum.solvers.data import Data
from gradum.solvers.matrix import Columns
from gradum.solvers.standard import StandardColumns

LARGEST_GRAM = 2000  # columns; beyond, forming the Gram matrix costs more than the steps
POWER_STEPS = 100
MARGIN = 0.8
"""Power iteration from a random start has reached this share of the largest eigenvalue after
`POWER_STEPS`, but for a chance of 0.08·√D·0.8^99 < 10⁻⁷ for a million columns D: Kuczyński and
Woźniakowski, SIAM Journal on Matrix Analysis and Applications 13, 1992, theorem 4.1."""


def smoothness(problem: Problem, data: Data) -> float:
    """Return L = c·λ_max(Σ w [x, 1][x, 1]ᵀ / Σ w) + the largest l2, in float64.

    c is the loss's largest curvature. The objective's Hessian has no eigenvalue above L,
    whatever the parameters: an L1 penalty, which has none, aside.

    Raises
    ------
    SpecError
        The model is a network, or the loss bends without bound.
    """
    network, loss = problem.network, problem.loss
    curvature = loss.largest_curvature(network.outputs)
    why = ""
    if not network.is_linear:
        why = say("a network bends without bound")
    elif curvature is None:
        why = say("the loss {name!r} bends without bound", name=loss.name)
    if curvature is None or why:
        raise SpecError(
            say("There is no learning rate 1/L: {why}.", why=why),
            say("Use GradientDescent('line_search') or LBFGS(), or give a number."),
        )
    intercept = float(network.intercept)
    if data.columns <= LARGEST_GRAM:
        largest = _largest_eigenvalue(data, intercept)
    else:
        largest = _power_iteration(data, intercept) / MARGIN
    return curvature * largest + float(problem.penalty.strengths(network.inputs)[1].max(initial=0))


def _largest_eigenvalue(data: Data, intercept: float) -> float:
    width, share = data.columns, data.unit_weight() / data.rows
    gram = np.zeros((width + 1, width + 1))
    for start in range(0, data.rows, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        columns = StandardColumns.as_given(_columns(data, part))
        gram[:width, :width] += columns.gram(share[part])
        gram[width, :width] += intercept * columns.transpose_product(share[part])
    gram[width, width] = intercept
    top = scipy.linalg.eigvalsh(gram, lower=True, subset_by_index=[width, width])
    return float(top[0])


def _power_iteration(data: Data, intercept: float) -> float:
    """Return a number that the largest eigenvalue is not below, and hardly ever far above."""
    columns, share = _columns(data, slice(None)), data.unit_weight() / data.rows
    direction = stream(0, "smoothness").normal(size=columns.shape[1] + 1)
    largest = 0.0
    for _ in range(POWER_STEPS):
        direction /= np.linalg.norm(direction)
        image = share * (columns @ direction[:-1] + intercept * direction[-1])
        product = np.append(columns.transpose_product(image), intercept * image.sum())
        largest, direction = float(direction @ product), product
    return largest


def _columns(data: Data, rows: slice) -> Columns:
    """Return some rows in float64."""
    block = data.inputs["sparse"][rows] if "sparse" in data.inputs else None
    return Columns.of(data.inputs["dense"][rows], block)
