"""The needs of convex solvers, as data, by which `convex` matches solvers with losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradum.core.losses import Loss
from gradum.messages import marked


@dataclass(frozen=True)
class Need:
    """A capability that a loss must have."""

    words: str
    """What a message says of a solver with this need, after its name: "needs a smooth loss"."""
    is_met_by: Callable[[Loss], bool]
    """Whether a loss has the capability."""


LEAST_SQUARES = Need(marked("takes squared error"), lambda loss: loss.quadratic)
SMOOTHNESS = Need(
    marked("needs a smooth loss without an order"), lambda loss: loss.smooth and not loss.one_score
)
ONE_SCORE = Need(
    marked("takes a loss of ordered classes"), lambda loss: loss.smooth and loss.one_score
)
PINBALL = Need(
    marked("needs a loss of quantiles, such as absolute_error and quantile"),
    lambda loss: bool(loss.pinball),
)
