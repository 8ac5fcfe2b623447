"""The linear model that some members begin with: convex, solved to the end, one for each fold.

Networks trained by Adam learn what is rare as fast as what is frequent, and so by heart; an L2
penalty lets it wait for evidence. Members that begin with the penalised linear model of their
codes have only its interactions left to learn, and their first candidate is that model itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gradum.core.losses import Huber, Loss
from gradum.core.models.network import Params
from gradum.core.penalties import L2
from gradum.fitting.folding import Walk
from gradum.fitting.pack.goal import Goal
from gradum.fitting.pack.inputs import PackInputs
from gradum.fitting.pack.members import Members
from gradum.fitting.path import choose_penalty
from gradum.solvers.convex import choose, minimise
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns

STRENGTHS = (100.0, 30.0, 10.0, 3.0, 1.0)
MOST_COEFFICIENTS = 2500
MOST_ROWS = 50_000
HUBER = Huber()


def begin_wide(
    params: Params,
    inputs: PackInputs,
    members: Members,
    goal: Goal,
    walks: Sequence[Walk],
    stop: Callable[[], bool],
) -> None:
    """Put the linear model of their codes in the place of some members' ``wide`` part.

    Their last layer is set to 0: before they learn, they are that model.
    """
    last = params["layers"][-1]
    for fold, walk in enumerate(walks):
        own = np.flatnonzero((members.fold == fold) & members.begins_wide)
        if not len(own):
            continue
        network = replace(inputs.network, members=1, embedding=None)
        if is_much_work(network.first, _linear(goal)[1], len(walk[0])):
            continue  # before its columns are made, which of a long table are many
        drawn = {name: params[name][own[:1]] for name in ("shift", "slope", "wave")}
        columns = network.expand(drawn, inputs.flat["dense"][None], None, np)[0]
        found = wide_start(columns.astype(np.float64), goal, walk, stop)
        if found is not None:
            params["wide"][own, : columns.shape[1]], last["bias"][own] = found
            last["weight"][own] = 0.0


def _linear(goal: Goal) -> tuple[Loss, int]:
    """Return the loss of the linear model, and its number of outputs."""
    return (HUBER, 1) if goal.levels else (goal.loss, goal.outputs)


def is_much_work(columns: int, outputs: int, rows: int) -> bool:
    """Whether the linear model of so many columns and rows would take longer than the pack."""
    return outputs * (columns + 1) > MOST_COEFFICIENTS or rows > MOST_ROWS


def wide_start(
    columns: np.ndarray,
    goal: Goal,
    walk: Walk,
    stop: Callable[[], bool],
    strengths: Sequence[float] = STRENGTHS,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit the linear model on the rows of a fold, its penalty chosen by the rows it holds out.

    Quantiles begin with one line for all, which outliers do not pull far, each moved to where its
    share of the rows lies below: their own loss has kinks, whose solver takes too long here.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
    goal : Goal
    walk : pair of ndarray
        Positions of the rows learned from, and of those held out.
    stop : callable
    strengths : sequence of float
        Of the penalty, alpha = strength / n, falling.

    Returns
    -------
    tuple or None
        Weights [D, k] and biases [k]; None where that would be much work.
    """
    learned, held = walk
    target, weight, (loss, outputs) = goal.target, goal.weight, _linear(goal)
    if is_much_work(columns.shape[1], outputs, len(learned)):
        return None
    used = np.concatenate([learned, held])
    own = np.arange(len(learned)), np.arange(len(learned), len(used))
    model = LinearModel.of(
        Columns.of(columns[used]), target[used], loss, outputs=outputs, weight=weight[used]
    )
    path = solve(choose_penalty(model, [own], strengths, stop))
    penalty = L2(path.best * len(used) / len(learned))
    matrix = Columns.of(columns[learned])
    choice = choose(loss, penalty, matrix.shape, outputs, sparse=False)
    solution = solve(
        minimise(
            matrix,
            target[learned],
            loss,
            penalty,
            solver=choice.solver,
            outputs=outputs,
            weight=weight[learned],
            start=path.start,
            stop=stop,
        )
    )
    layer = solution.params["layers"][0]
    weights, biases = np.asarray(layer["weight"]), np.asarray(layer["bias"])
    if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
        return None
    if goal.levels:
        left = target[learned] - columns[learned] @ weights[:, 0] - biases
        return np.repeat(weights, goal.outputs, axis=1), biases + goal.quantiles(left, learned)
    return weights, biases
