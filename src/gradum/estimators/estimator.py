"""The base of the linear models and of the perceptrons."""

from __future__ import annotations

from typing import Any, TypeVar

from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags

from gradum.core import Problem
from gradum.estimators.rows import CheckedRows
from gradum.estimators.training import objective_value, warn_of_trouble
from gradum.solvers.solution import Solution

Self = TypeVar("Self", bound="Estimator")


class Estimator(CallbackSupportMixin, BaseEstimator):
    """A scikit-learn estimator that takes sparse columns and callbacks, and keeps its solution."""

    def _settle(
        self: Self,
        problem: Problem,
        rows: CheckedRows,
        solution: Solution,
        *,
        optimum_expected: bool,
    ) -> Self:
        """Keep what is known about the solution, and warn of what a caller must know."""
        warn_of_trouble(solution, optimum_expected=optimum_expected)
        self.status_, self.certificate_ = solution.status, solution.certificate
        self.n_iter_, self.history_ = max(solution.iterations, 1), solution.history
        self.loss_ = objective_value(problem, solution, rows)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags: Any = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
