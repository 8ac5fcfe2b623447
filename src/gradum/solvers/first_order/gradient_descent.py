"""Gradient descent on all rows, by a fixed step or by the rule that finds one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import optax

from gradum.core import Problem
from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.solvers.data import Data
from gradum.solvers.first_order.smoothness import smoothness
from gradum.solvers.first_order.solver import Method, Searching, line_search, pytree
from gradum.solvers.schedules import Schedule

INVERSE_CURVATURE, LINE_SEARCH = "1/L", "line_search"
RULES = (INVERSE_CURVATURE, LINE_SEARCH)


@pytree(values=("learning_rate",))
@dataclass(frozen=True)
class GradientDescent(Method):
    """Gradient descent on all rows, θ ← θ − η·∇.

    Parameters
    ----------
    learning_rate : float, "1/L" or "line_search"
        η. On a convex objective it must stay below 2/L, L being the largest curvature;
        columns scaled to unit variance make L about 2 for squared error, times the
        number of columns at worst. ``"1/L"`` computes L from the rows, for a linear model
        and a loss of bounded curvature; the objective then falls at every step.
        ``"line_search"`` looks for each step's length anew, and serves networks too.
    schedule : str or callable
        How η moves over the run; a line search does not ask it.

    Raises
    ------
    SpecError
        The learning rate is a word, but neither rule.
    """

    learning_rate: float | str = 0.1
    schedule: str | Schedule = "constant"

    def __post_init__(self) -> None:
        if isinstance(self.learning_rate, str) and self.learning_rate not in RULES:
            raise SpecError(
                say(
                    "There is no learning_rate {learning_rate!r}.", learning_rate=self.learning_rate
                ),
                say(
                    "Give a number above 0, or one of {names}.",
                    names=listed([repr(rule) for rule in RULES]),
                ),
            )

    @property
    def full_batch(self) -> bool:
        """True."""
        return True

    @property
    def searches(self) -> bool:
        """Whether the learning rate is ``"line_search"``."""
        return isinstance(self.learning_rate, str) and self.learning_rate == LINE_SEARCH

    def settled(self, problem: Problem, data: Data) -> Any:
        """Return gradient descent by a number, or by a line search.

        Raises
        ------
        SpecError
            L was asked for where there is none.
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
    """Gradient descent whose every step a line search finds, beginning at the last one's length.

    ``GradientDescent("line_search")`` is what it is called by.
    """

    def transformation(self) -> optax.GradientTransformation:
        """Return −1, times what the search finds."""
        return optax.chain(optax.scale(-1.0), line_search(from_last=True))
