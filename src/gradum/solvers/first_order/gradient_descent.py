"""Gradient descent on all rows, by a fixed step, by 1/L, or by a line search.

L is the largest curvature of a linear model's objective, and 1/L is a step that never fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optax
import scipy.linalg

from gradum.core import Problem
from gradum.core.models.input_blocks import numbers_in, take
from gradum.core.models.network import ROWS_AT_ONCE
from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.randomness import stream
from gradum.solvers.first_order.solver import Method, Searching, line_search, pytree
from gradum.solvers.matrix import Columns
from gradum.solvers.rows_to_learn import Data
from gradum.solvers.schedules import Schedule
from gradum.solvers.standard import StandardColumns

INVERSE_CURVATURE, LINE_SEARCH = "1/L", "line_search"
RULES = (INVERSE_CURVATURE, LINE_SEARCH)

LARGEST_GRAM = 2000  # columns; beyond, forming the Gram matrix costs more than the steps
POWER_STEPS = 100
MARGIN = 0.8
"""Power iteration from a random start reaches this share of the largest eigenvalue after
`POWER_STEPS`, except with a probability of 0.08·√D·0.8^99, which is < 10⁻⁷ for a million columns D:
Kuczyński and Woźniakowski, SIAM Journal on Matrix Analysis and Applications 13, 1992, theorem
4.1."""


@pytree(values=("learning_rate",))
@dataclass(frozen=True)
class GradientDescent(Method):
    """Gradient descent on all rows, θ ← θ − η·∇.

    Parameters
    ----------
    learning_rate : float, "1/L" or "line_search"
        η. On a convex objective it must stay below 2/L, where L is the largest curvature. For
        columns scaled to unit variance, L is about 2 for squared error, times the number of columns
        at worst. ``"1/L"`` computes L from the rows, for a linear model and a loss of bounded
        curvature; the objective then falls at every step. ``"line_search"`` searches for each
        step's length anew, and works for networks too.
    schedule : str or callable
        How η changes over the run; a line search does not use it.

    Raises
    ------
    SpecError
        The learning rate is a word, but not one of the two rules.
    """

    full_batch = True

    learning_rate: float | str = 0.1
    schedule: str | Schedule = "constant"

    def __post_init__(self) -> None:
        if isinstance(self.learning_rate, str) and self.learning_rate not in RULES:
            raise SpecError(
                "There is no learning_rate {learning_rate!r}.",
                "Give a number above 0, or one of {names}.",
                learning_rate=self.learning_rate,
                names=listed([repr(rule) for rule in RULES]),
            )

    @property
    def searches(self) -> bool:
        """Whether the learning rate is ``"line_search"``."""
        return isinstance(self.learning_rate, str) and self.learning_rate == LINE_SEARCH

    def settled(self, problem: Problem, data: Data) -> Any:
        """Return gradient descent with a number, or with a line search.

        Raises
        ------
        SpecError
            L was asked for, but does not exist.
        """
        if self.searches:
            return SteepestDescent()
        if self.learning_rate == INVERSE_CURVATURE:
            return replace(self, learning_rate=1.0 / smoothness(problem, data))
        return self

    def transformation(self) -> optax.GradientTransformation:
        """Return −η."""
        if isinstance(self.learning_rate, str):
            raise TypeError("Call settled() first: this learning rate is a rule.")
        return optax.scale(-self.learning_rate)


@pytree(values=())
@dataclass(frozen=True)
class SteepestDescent(Searching):
    """Gradient descent with a line search for each step that begins at the last step's length.

    Its public name is ``GradientDescent("line_search")``.
    """

    def transformation(self) -> optax.GradientTransformation:
        """Return −1, times the length that the search finds."""
        return optax.chain(optax.scale(-1.0), line_search(from_last=True))


def smoothness(problem: Problem, data: Data) -> float:
    """Return L = c·λ_max(Σ w [x, 1][x, 1]ᵀ / Σ w) + the largest l2, in float64.

    c is the loss's largest curvature. The objective's Hessian has no eigenvalue above L, whatever
    the parameters; an L1 penalty, which has no curvature, does not count.

    Raises
    ------
    SpecError
        The model is a network, or the loss has unbounded curvature.
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
            "There is no learning rate 1/L: {why}.",
            "Use GradientDescent('line_search') or LBFGS(), or give a number.",
            why=why,
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
    """Return a number that is at most the largest eigenvalue, and rarely far below it."""
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
    return Columns.of(*numbers_in(take(data.inputs, rows)))
