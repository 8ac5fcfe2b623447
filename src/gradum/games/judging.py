"""The judgement of policies: their returns in fresh episodes, with intervals, and which is enough.

All policies play from the same first states, which learning never saw.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.special import stdtrit

from gradum.games.environment import Environment
from gradum.games.episode import Policy, returns
from gradum.scores.bounded_mean import bounded_mean
from gradum.scores.interval import LEVEL, Interval

EPISODES = 100
PURPOSE = "judging"


class PolicyScore(msgspec.Struct, frozen=True):
    """How well a policy plays."""

    policy: str
    """``random``, ``threshold``, ``linear`` or ``mlp``."""
    returns: tuple[float, ...]
    """The return of each episode, in the order of their first states."""
    mean: Interval
    """The mean return, with its 95% interval."""
    behind: Interval | None = None
    """By how much the network's mean return is greater: the mean of paired differences; None for
    the network itself."""


class PolicyJudgement(msgspec.Struct, frozen=True):
    """All policies, the simplest first, the network last.

    ``enough`` is the simplest whose mean return is within a standard error of the best, as for the
    rungs of a ladder. ``bounds`` are those of a return, if known: intervals are then valid for any
    distribution within them, else they are Student's.
    """

    scores: tuple[PolicyScore, ...]
    enough: str
    bounds: tuple[float, float] | None

    @property
    def network(self) -> PolicyScore:
        """The score of the network, which is what was learned."""
        return self.scores[-1]


def judge(
    environment: Environment, policies: Sequence[tuple[str, Policy]], network: np.ndarray, seed: int
) -> PolicyJudgement:
    """Judge policies, the simplest first, beside the returns (n,) of a network.

    Parameters
    ----------
    policies : sequence of pairs
        Each one's name, and the policy.
    network : ndarray of shape (n,)
        The returns of the network's episodes, from the first states that the others get too.
    """
    earned = {
        name: returns(environment, policy, len(network), seed, PURPOSE) for name, policy in policies
    }
    earned["mlp"] = network
    bounds = environment.returns
    spread = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
    scores = tuple(
        PolicyScore(
            name,
            tuple(values.tolist()),
            mean_return(values, bounds),
            None if name == "mlp" else mean_return(network - values, spread),
        )
        for name, values in earned.items()
    )
    return PolicyJudgement(scores, _enough(earned), bounds)


def mean_return(values: np.ndarray, bounds: tuple[float, float] | None) -> Interval:
    """Return the mean of returns (n,) with its interval; without bounds, Student's.

    Equal values without bounds have no interval: nothing tells how far another may be.
    """
    if bounds is not None:
        return bounded_mean(values, *bounds)
    value, count = float(values.mean()), len(values)
    error = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * error if error > 0 else np.nan
    return Interval(value, value - half, value + half, error)


def _enough(earned: dict[str, np.ndarray]) -> str:
    """Return the simplest policy within one standard error of the best."""
    best = max(earned.values(), key=np.mean)
    for name, values in earned.items():
        behind = best - values
        if behind.mean() <= behind.std(ddof=1) / np.sqrt(len(behind)):
            return name
    raise AssertionError("the best is within no error of itself")
