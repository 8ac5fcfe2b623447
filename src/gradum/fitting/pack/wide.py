"""The linear model that some members begin with: convex, one for each fold.

Networks trained by Adam learn what is rare as fast as what is frequent, and so by heart; an L2
penalty lets it wait for evidence. Members that begin with the penalised linear model of their
codes have only its interactions left to learn, and their first candidate is that model itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from gradum.core.models.network import Params
from gradum.fitting.context import Context
from gradum.fitting.folding import Walk
from gradum.fitting.pack.goal import Goal
from gradum.fitting.pack.inputs import PackInputs
from gradum.fitting.pack.members import Members
from gradum.fitting.path import choose_penalty
from gradum.solvers.convex import descend
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import Newton

STRENGTHS = (100.0, 30.0, 10.0, 3.0, 1.0)  # of the penalty, alpha = strength / n, falling
TOLERANCE = 1e-6  # of the gradient; members only begin with it
MOST_COEFFICIENTS = 2500
MOST_ROWS = 50_000


def begin_wide(
    params: Params,
    inputs: PackInputs,
    members: Members,
    goal: Goal,
    walks: Sequence[Walk],
    context: Context,
) -> None:
    """Put the linear model of their codes in the place of some members' ``wide`` part.

    Their last layer is set to 0: before they learn, they are that model, in which pairs of columns
    have no part. The rows that the first fold holds out choose the penalty of all: folds differ too
    little to choose one each.
    """
    last, strength = params["layers"][-1], None
    network = structs.replace(inputs.network, members=1, embedding=None)
    for fold, walk in enumerate(walks):
        beginning = np.flatnonzero((members.fold == fold) & members.begins_wide)
        # Asked before the columns are made, which of a long table are many.
        if not len(beginning) or is_much_work(network.first, goal.linear[1], len(walk[0])):
            continue
        drawn = {name: params[name][beginning[:1]] for name in ("shift", "slope", "wave")}
        columns = network.expand(drawn, inputs.flat["dense"][None], None, np)[0]
        columns = columns.astype(np.float64)
        columns[:, inputs.of_pairs] = 0.0  # members are better at these without rough steps
        strength = strength or best_strength(columns, goal, walk, context)
        start = linear_start(columns, goal, walk[0], strength, context)
        if start is not None:
            params["wide"][beginning, : columns.shape[1]], last["bias"][beginning] = start
            last["weight"][beginning] = 0.0


def is_much_work(columns: int, outputs: int, rows: int) -> bool:
    """Whether the linear model of so many columns and rows would take longer than the pack."""
    return outputs * (columns + 1) > MOST_COEFFICIENTS or rows > MOST_ROWS


def best_strength(columns: np.ndarray, goal: Goal, walk: Walk, context: Context) -> float:
    """Return the strength whose linear model predicts a fold's held-out rows best.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
    goal : Goal
    walk : pair of ndarray
        Positions of the rows learned from, and of those held out.
    context : Context
    """
    used = np.concatenate(walk)
    split = np.arange(len(walk[0])), np.arange(len(walk[0]), len(used))
    model = _model(columns, goal, used)
    path = context.solve(choose_penalty(model, [split], STRENGTHS, hear=context.ask))
    return path.best * len(used)


def linear_start(
    columns: np.ndarray,
    goal: Goal,
    rows: np.ndarray,
    strength: float,
    context: Context,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit the linear model on some of the rows, under alpha = strength / their number.

    Quantiles begin with one line for all, each moved to where its share of the rows lies below.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
    goal : Goal
    rows : ndarray of shape (m,)
        Positions of the rows learned from.
    strength : float
    context : Context

    Returns
    -------
    tuple or None
        Weights [D, k] and biases [k]; None where they are not finite.
    """
    model = _model(columns, goal, rows)
    solution = context.solve(descend(model, Newton(tol=TOLERANCE), l2=strength / len(rows)))
    layer = solution.params["layers"][0]
    weights, biases = np.asarray(layer["weight"]), np.asarray(layer["bias"])
    if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
        return None
    if goal.levels:
        left = goal.target[rows] - columns[rows] @ weights[:, 0] - biases
        return np.repeat(weights, goal.outputs, axis=1), biases + goal.quantiles(left, rows)
    return weights, biases


def _model(columns: np.ndarray, goal: Goal, rows: np.ndarray) -> LinearModel:
    loss, outputs = goal.linear
    return LinearModel.of(
        Columns.of(columns[rows]),
        goal.target[rows],
        loss,
        outputs=outputs,
        weight=goal.weight[rows],
    )
