"""The linear model that some members begin with: convex, one for each fold.

Networks trained by Adam learn what is rare as fast as what is frequent, and so by heart; an L2
penalty makes the rare wait for evidence. Members that begin with the penalised linear model of
their codes have only its interactions left to learn, and their first candidate is that model
itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import structs

from gradum.core.models.input_blocks import numbers_in
from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork
from gradum.margins import first_least
from gradum.rungs.context import Context
from gradum.rungs.folding import Walk
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.inputs import PackInputs
from gradum.rungs.pack.members import Members
from gradum.rungs.penalty_path.path import choose_penalty
from gradum.solvers.convex import descend
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import Newton
from gradum.solvers.one_score import OneScore

MANY_ROWS = 10_000  # enough to tell how much steps matter, and whether little penalty is best
# Falling strengths of the penalty, alpha = strength / n. Few rows may be separated by a linear
# model by chance: on these, a smaller penalty would leave nothing to learn.
STRENGTHS = (300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
OF_MANY_ROWS = (*STRENGTHS, 0.3, 0.1, 0.03)
OF_CODES = 0.3  # relative to the column itself: a straight line is likelier than any of its steps
ENOUGH = 1_000  # held-out rows: folds choose the prior together until they have so many
TOLERANCE = 1e-6  # of the gradient; members only begin with this model
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
    """Replace the ``wide`` part of some members by the linear model of their codes.

    Their last layer is set to 0, so before they learn, they are that model, in which pairs of
    columns have no part. One penalty and one scale of the codes are chosen for all members, by the
    rows that the folds hold out: the members differ too little to choose one each.
    """
    last, width = params["layers"][-1], _width(inputs.network)
    signs = inputs.directions[0][:width] if inputs.directions else None
    # Checked before the columns are made, which are large for a long table.
    starting = {
        fold: beginning
        for fold, (learned, _) in enumerate(walks)
        if len(beginning := np.flatnonzero((members.fold == fold) & members.begins_wide))
        and not is_much_work(width, goal.linear[1], len(learned))
    }
    if not starting:
        return
    held = np.cumsum([len(walks[fold][1]) for fold in starting])
    judging = list(starting)[: int(np.searchsorted(held, ENOUGH)) + 1]
    judged = ((_columns(params, inputs, starting[fold][0]), walks[fold]) for fold in judging)
    many = len(goal.target) >= MANY_ROWS
    shares, strengths = ((OF_CODES, 1.0), OF_MANY_ROWS) if many else ((OF_CODES,), STRENGTHS)
    scales = [_scale(inputs.network, inputs.of_pairs, share) for share in shares]
    strength, scale = best_prior(judged, scales, strengths, goal, context, signs)
    for fold, beginning in starting.items():
        columns = scale * _columns(params, inputs, beginning[0])
        start = linear_start(columns, goal, walks[fold][0], strength, context, signs)
        if start is not None:
            weights, last["bias"][beginning] = start
            params["wide"][beginning, : len(scale)] = scale[:, None] * weights
            last["weight"][beginning] = 0.0


def _width(network: PackNetwork) -> int:
    """Return D, how many columns the linear model has."""
    return network.inputs + len(network.coded) * network.codes


def _scale(network: PackNetwork, of_pairs: np.ndarray, of_codes: float) -> np.ndarray:
    """Return the factors of the linear model's columns (D,); ``of_codes`` is that of the codes."""
    scale = np.full(_width(network), of_codes)
    scale[: network.inputs] = 1.0
    scale[of_pairs] = 0.0  # members learn these better without rough steps
    return scale


def _columns(params: Params, inputs: PackInputs, member: int) -> np.ndarray:
    """Return all rows as a member's columns and codes (n, D), without what is embedded."""
    network = structs.replace(inputs.network, members=1, embedding=None)
    codes = {name: params[name][[member]] for name in ("shift", "slope", "wave")}
    dense, _ = numbers_in(inputs.flat)
    return network.expand(codes, dense[None], None, np)[0]


def is_much_work(columns: int, outputs: int, rows: int) -> bool:
    """Whether the linear model of so many columns and rows would take longer than the pack."""
    return outputs * (columns + 1) > MOST_COEFFICIENTS or rows > MOST_ROWS


def best_prior(
    judged: Iterable[tuple[np.ndarray, Walk]],
    scales: Sequence[np.ndarray],
    strengths: Sequence[float],
    goal: Goal,
    context: Context,
    signs: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    """Return the strength and the scale whose linear models predict held-out rows best.

    Parameters
    ----------
    judged : iterable of pairs
        For each fold, the columns (n, D), and its walk: positions of the rows learned from, and of
        the rows held out.
    scales : sequence of ndarray of shape (D,)
        What the columns may be multiplied by; the first is taken if held-out rows do not decide.
    strengths : sequence of float
        Falling.
    signs : ndarray of shape (D,), optional
        The signs that the weights are held to; 0 allows either.
    """
    total = np.zeros((len(scales), len(strengths)))
    for columns, walk in judged:
        rows = np.concatenate(walk)
        models = (_model(scale * columns, goal, rows, signs)[0] for scale in scales)
        losses = [_held_out(model, len(walk[0]), strengths, context) for model in models]
        if None in losses:
            break
        total += goal.weight[walk[1]].sum() * np.array(losses)
    scale, strength = divmod(int(first_least(total.ravel())), len(strengths))
    return strengths[strength], scales[scale]


def _held_out(
    model: LinearModel, learned: int, strengths: Sequence[float], context: Context
) -> tuple[float, ...] | None:
    """Return the loss of the rows after those learned from, by strength; None if time ran out."""
    split = np.arange(learned), np.arange(learned, len(model))
    path = context.solve(
        choose_penalty(model, [split], strengths, hear=context.ask, to_the_end=True)
    )
    return None if path.cut else path.losses


def linear_start(
    columns: np.ndarray,
    goal: Goal,
    rows: np.ndarray,
    strength: float,
    context: Context,
    signs: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit the linear model on some of the rows, under alpha = strength / their number.

    Quantiles begin with one line for all, moved for each until its share of the rows lies below it.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
    rows : ndarray of shape (m,)
        Positions of the rows learned from.
    signs : ndarray of shape (D,), optional
        The signs that the weights are held to; 0 allows either.

    Returns
    -------
    tuple or None
        Weights [D, k] and biases [k]; None if they are not finite.
    """
    model, varying = _model(columns, goal, rows, signs)
    method = OneScore if model.loss.one_score else Newton
    solver = method(tol=TOLERANCE, bounds_gap=False)
    solution = context.solve(descend(model, solver, l2=strength / len(rows)))
    layer = solution.params["layers"][0]
    weights, biases = np.zeros((columns.shape[1], model.outputs)), np.asarray(layer["bias"])
    weights[varying] = layer["weight"]
    if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
        return None
    if goal.levels:
        left = goal.target[rows] - columns[rows] @ weights[:, 0] - biases
        return np.repeat(weights, goal.outputs, axis=1), biases + goal.quantiles(left, rows)
    return weights, biases


def _model(
    columns: np.ndarray, goal: Goal, rows: np.ndarray, signs: np.ndarray | None
) -> tuple[LinearModel, np.ndarray]:
    """Return the linear model of some rows, and the places of its columns: those that vary."""
    loss, outputs = goal.linear
    columns = columns[rows]
    varying = np.flatnonzero(np.ptp(columns, axis=0))
    model = LinearModel.of(
        Columns.of(columns[:, varying]),
        goal.target[rows],
        loss,
        outputs=outputs,
        weight=goal.weight[rows],
        signs=None if signs is None else signs[varying],
    )
    return model, varying
