"""A path of penalties for the linear rung, judged on rows that each fit has not seen."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.core.losses import Loss
from gradum.core.models.network import Params
from gradum.fitting.events import PathStep
from gradum.solvers.exact import LeastSquares
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import GeneralisedLinear, Newton
from gradum.solvers.solution import Solution

RISES_BEFORE_STOP = 2
LARGEST_EXACT = 1000  # columns; beyond, conjugate gradients reach the same answer far sooner
ANSWER = Newton()
# Penalties are compared by their held-out loss, in which the last digits do not show.
COMPARED = Newton(tol=1e-4)


@dataclass(frozen=True)
class LinearProblem:
    """A linear model's data: columns (n, d), target (n,) on the model's scale, weight (n,)."""

    columns: Columns
    target: np.ndarray
    weight: np.ndarray
    loss: Loss
    classes: int | None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: np.ndarray) -> LinearProblem:
        """Return the given rows."""
        return LinearProblem(
            self.columns.take(rows), self.target[rows], self.weight[rows], self.loss, self.classes
        )

    @cached_property
    def _measured(self) -> LeastSquares | GeneralisedLinear:
        """The problem, measured once for all penalties."""
        if self.classes is None and self.columns.shape[1] <= LARGEST_EXACT:
            return LeastSquares(self.columns, self.target, self.weight)
        return GeneralisedLinear(
            self.columns,
            self.target,
            self.loss,
            outputs=self.loss.outputs(self.classes),
            weight=self.weight,
        )

    def solve(
        self,
        alpha: float,
        start: Params | None = None,
        method: Newton = ANSWER,
        *,
        stop: Callable[[], bool],
    ) -> Solution:
        """Fit one penalty: by a factorisation, or by Newton's method from ``start``."""
        problem = self._measured
        if isinstance(problem, LeastSquares):
            return problem.solve(alpha)
        return problem.solve(alpha, method, start=start, stop=stop)

    def mean_loss(self, params: Params) -> float:
        """Return Σ w·loss / Σ w of a linear model."""
        layer = params["layers"][0]
        value = self.loss.value(self.columns @ layer["weight"] + layer["bias"], self.target)
        return float(np.average(value, weights=self.weight))


@dataclass(frozen=True)
class Path:
    """What was tried: a penalty and its mean held-out loss, strongest penalty first.

    A single penalty is not judged and has no loss. ``solutions`` are the first fold's, from which
    the answer on all rows is not far.
    """

    alphas: tuple[float, ...]
    losses: tuple[float, ...] = ()
    solutions: tuple[Params, ...] = ()

    @property
    def best(self) -> float:
        """The penalty of least held-out loss; the stronger of equals."""
        return self.alphas[self._index]

    @property
    def start(self) -> Params | None:
        """The first fold's solution under that penalty."""
        return self.solutions[self._index] if self.solutions else None

    @property
    def _index(self) -> int:
        return int(np.argmin(self.losses or (0.0,)))


def choose_penalty(
    problem: LinearProblem,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    strengths: Sequence[float],
    stop: Callable[[], bool],
) -> Generator[PathStep, None, Path]:
    """Walk the path from the strongest penalty down until the held-out loss has risen twice.

    ``alpha = strength / n`` with each fit's own n, so that a strength means the same prior
    belief in all of them. Each fold's solution is the start of its next one.
    """
    if len(strengths) == 1:  # nothing to choose
        return Path((strengths[0] / len(problem),))
    walks = [(problem.take(train), problem.take(held)) for train, held in folds]
    starts: list[Params | None] = [None] * len(walks)
    shares = [held.weight.sum() for _, held in walks]
    alphas, losses, solutions = [], [], []
    for step, strength in enumerate(strengths, 1):
        solved = [
            train.solve(strength / len(train), start, COMPARED, stop=stop).params
            for (train, _), start in zip(walks, starts, strict=True)
        ]
        held_out = [held.mean_loss(params) for (_, held), params in zip(walks, solved, strict=True)]
        starts = list(solved)
        solutions.append(solved[0])
        alphas.append(strength / len(problem))
        losses.append(float(np.average(held_out, weights=shares)))
        yield PathStep("linear", step, len(strengths), alphas[-1], losses[-1])
        if stop() or step - 1 - int(np.argmin(losses)) >= RISES_BEFORE_STOP:
            break
    return Path(tuple(alphas), tuple(losses), tuple(solutions))
