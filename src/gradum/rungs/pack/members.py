"""The members of a pack before they are trained: their hyper-parameters, codes and weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from gradum.core.models.input_blocks import numbers_in
from gradum.core.models.monotonicity import oriented
from gradum.core.models.network import Params
from gradum.randomness import stream
from gradum.rungs.pack.codes import TREE_ROWS, ramps, steps, waves
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.inputs import PackInputs
from gradum.rungs.pack.spec import PackSpec

STEPS, RAMPS, WAVES = range(3)
INITIAL_ROWS = 256
GOLDEN = 0.618  # steps of the golden ratio fill the unit interval evenly
PAIRS_AT_FIRST = 0.1  # times other columns' weights: pairs are for what single columns miss


@dataclass(frozen=True)
class Members:
    """What was drawn for each of M members, arrays [M]; ``fold`` is the fold that it holds out.

    ``begins_wide`` says which members begin with the linear model of their codes, and ``teaching``
    is the share of a teacher's answer in what each learns.
    """

    fold: np.ndarray
    kind: np.ndarray
    begins_wide: np.ndarray
    learning_rate: np.ndarray
    decay: np.ndarray
    embedding_decay: np.ndarray
    dropout: np.ndarray
    column_dropout: np.ndarray
    label_smoothing: np.ndarray
    frequency: np.ndarray
    teaching: np.ndarray

    @classmethod
    def draw(cls, spec: PackSpec, *, rows: int, folds: int, seed: int) -> Members:
        """Draw them for so many rows to learn from, with the kinds spread evenly over each fold."""
        rng = stream(seed, "pack", "members")
        m, place = spec.members, np.arange(spec.members)
        shares = np.cumsum([spec.steps, spec.ramps, spec.waves])
        # Golden-ratio steps spread the kinds evenly within each fold, however few its members are.
        within = ((place // folds) * GOLDEN + rng.random(folds)[place % folds]) % 1.0
        kind = np.searchsorted(shares / shares[-1], within, side="right").clip(0, WAVES)
        wide = np.zeros(m, bool)
        for fold in range(folds):
            candidates = np.flatnonzero((place % folds == fold) & (kind == STEPS))
            wide[candidates[: round(spec.wide * len(candidates) + 0.25)]] = True
        learning_rate = _log_uniform(rng, spec.learning_rate, m)
        decay = _log_uniform(rng, spec.decay, m)
        return cls(
            fold=place % folds,
            kind=kind,
            begins_wide=wide,
            learning_rate=learning_rate,
            decay=np.float32(spec.decay_factor(rows)) * decay,
            embedding_decay=np.float32(spec.embedding_decay) * decay,
            dropout=_some(rng, spec.dropout, m, spec.undropped),
            column_dropout=_some(rng, spec.column_dropout, m, spec.undropped),
            frequency=_log_uniform(rng, spec.frequency, m),
            label_smoothing=_some(rng, spec.label_smoothing, m, spec.undropped),
            teaching=np.zeros(m, np.float32),
        )

    def listening(self, spec: PackSpec, seed: int) -> Members:
        """Return the same members, but the last ones of every fold learn from a teacher."""
        m = len(self.fold)
        within = (np.arange(m) * GOLDEN + stream(seed, "pack", "teaching").random()) % 1.0
        low, high = spec.teaching
        share = low + (high - low) * within
        share[: m - round(spec.taught * m)] = 0.0
        return replace(self, teaching=share.astype(np.float32))

    @property
    def hyper(self) -> Params:
        """The hyper-parameters of each member that the program needs."""
        return {
            "learning_rate": self.learning_rate,
            "decay": self.decay,
            "embedding_decay": self.embedding_decay,
            "dropout": self.dropout,
            "column_dropout": self.column_dropout,
            "label_smoothing": self.label_smoothing,
        }


def _log_uniform(rng: np.random.Generator, bounds: tuple[float, float], size: int) -> np.ndarray:
    return np.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1]), size)).astype(np.float32)


def _some(
    rng: np.random.Generator, bounds: tuple[float, float], size: int, without: float
) -> np.ndarray:
    drawn = rng.uniform(bounds[0], bounds[1], size)
    return np.where(rng.random(size) < without, 0.0, drawn).astype(np.float32)


def initial_codes(
    inputs: PackInputs, members: Members, goal: Goal, learned: list[np.ndarray], *, seed: int
) -> dict[str, np.ndarray]:
    """Return ``shift``, ``slope`` and ``wave`` of all members.

    Thresholds depend on the target, so each fold has its own, from the rows that it ``learned``.
    """
    network, (dense, _) = inputs.network, numbers_in(inputs.flat)
    m, t = network.members, network.codes
    shift = np.zeros((m, len(network.coded), t), np.float32)
    slope = np.zeros_like(shift)
    rng = stream(seed, "pack", "codes")
    few = [rows[:: -(-len(rows) // TREE_ROWS)] for rows in learned]
    folds = np.unique(members.fold[members.kind == STEPS])
    indicators = [goal.indicators(rows) for rows in few]
    for place, column in enumerate(network.coded):
        values = dense[:, column].astype(np.float64)
        by_fold = {
            fold: steps(values[rows], indicators[fold], goal.weight[rows], most=t)
            for fold, rows in enumerate(few)
            if fold in folds
        }
        for member in range(m):
            kind, fold = members.kind[member], members.fold[member]
            if kind == STEPS:
                drawn = by_fold[fold]
            elif kind == RAMPS:
                drawn = ramps(values[few[fold]], most=t, rng=rng)
            else:
                drawn = waves(most=t, frequency=members.frequency[member], rng=rng)
            shift[member, place], slope[member, place] = drawn
    wave = (members.kind == WAVES).astype(np.float32)
    if inputs.directions:  # no wave is monotone: with slope 0, codes do not move
        moving = inputs.directions[0][list(network.coded)] != 0
        slope[np.ix_(wave > 0, moving)] = 0.0
    return {"shift": shift, "slope": slope, "wave": wave}


def initial_weights(
    inputs: PackInputs,
    codes: Params,
    members: Members,
    goal: Goal,
    learned: list[np.ndarray],
    *,
    seed: int,
) -> Params:
    """Draw the weights, and fit them to the data.

    Weights are normal. Each unit is scaled to a standard deviation of 1 on training rows, and its
    bias is set so that its kink lies at a training row of its own: on one side the unit is a plain
    linear function, on the other it is silent, and every row has units that bend near it.
    """
    rng, network = stream(seed, "pack", "weights"), inputs.network
    m, sizes = network.members, (network.first, *network.hidden, network.outputs)
    coded = len(network.coded) * network.codes
    share = np.ones(network.first)
    share[network.inputs : network.inputs + coded] = 0.3
    share[inputs.of_pairs] *= PAIRS_AT_FIRST
    params: Params = dict(codes)
    if network.embedding:
        table = (network.embedding.rows, network.embedding.size)
        params["embedding"] = rng.normal(0.0, 0.3, (m, *table)).astype(np.float32)
    least = min(INITIAL_ROWS, *map(len, learned))
    shown = np.stack([rng.choice(learned[fold], least, replace=False) for fold in members.fold])
    z = network.expand(params, *inputs.take(shown), np)
    layers = []
    for level, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        weight = rng.standard_normal((m, fan_in, fan_out), np.float32)
        if level == 0:
            weight *= share[:, None].astype(np.float32)
        if inputs.directions:
            weight = oriented(weight, *inputs.directions[level : level + 2])
        if level == len(sizes) - 2:
            weight *= 0.5 / np.sqrt(fan_in)
            weight = goal.loss.tied(weight)
            starts = [goal.constant(rows) for rows in learned]
            layers.append(_layer(weight, np.stack([starts[fold] for fold in members.fold])))
            break
        before = z @ weight.astype(np.float32)
        spread = before.std(axis=1, keepdims=True) + 1e-3
        weight, before = weight / spread, before / spread
        kink = rng.integers(0, least, (m, 1, fan_out))
        bias = -np.take_along_axis(before, kink, axis=1)
        leak = np.zeros((m, fan_out), np.float32)
        layers.append(_layer(weight, bias[:, 0]) | {"leak": leak})
        z = np.maximum(before + bias, 0).astype(np.float32)
    params["layers"] = layers
    params["wide"] = np.zeros((m, network.first, network.outputs), np.float32)
    return params


def _layer(weight: np.ndarray, bias: np.ndarray) -> dict[str, Any]:
    return {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)}
