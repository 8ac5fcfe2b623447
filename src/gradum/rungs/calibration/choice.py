"""The choice of a calibration, by log loss on rows that neither the model nor the step has seen.

Shapes: c ways to calibrate, n rows.
"""

from __future__ import annotations

import numpy as np

from gradum.margins import EQUAL, first_least
from gradum.rungs.calibration.calibration import Calibration
from gradum.rungs.calibration.held_out_logits import HeldOutLogits
from gradum.rungs.calibration.matrix_scaling import MatrixScaling
from gradum.rungs.calibration.quadratic import QuadraticScaling
from gradum.rungs.calibration.temperature import TemperatureScaling
from gradum.rungs.folding import walks_of

WAYS: tuple[type[Calibration], ...] = (TemperatureScaling, QuadraticScaling, MatrixScaling)
"""All ways to calibrate, simplest first."""

FOLDS = 5
FEWEST_ROWS = 100  # of equal weights, or an effective number of rows as large
MOST_ROWS = 50_000  # more would tell the same


def chosen_calibration(
    held_out: HeldOutLogits, rng: np.random.Generator
) -> tuple[Calibration, ...]:
    """Return the calibration that pays off, as steps after the logits; empty if none does.

    Each calibration that suits the rows is cross-validated on them, with groups kept together and
    the past before the future. From these and from no calibration, the simplest is taken whose mean
    log loss is within one standard error of the best: the error of the paired difference (the rule
    of one standard error: L. Breiman et al., Classification and Regression Trees, 1984). If there
    are more than `MOST_ROWS` rows, that many are drawn.
    """
    if len(held_out) > MOST_ROWS:
        held_out = held_out.take(np.sort(rng.choice(len(held_out), MOST_ROWS, replace=False)))
    few = len(held_out) < FEWEST_ROWS or held_out.one_row > (1 + EQUAL) / FEWEST_ROWS
    if few or not np.isfinite(held_out.logits).all():
        return ()
    ways = [way for way in WAYS if way.suits(held_out)]
    walks = walks_of(
        FOLDS,
        len(held_out),
        labels=held_out.target,
        groups=held_out.groups,
        time=held_out.time,
        rng=rng,
    )
    if not walks:
        return ()
    judged = held_out.take(np.concatenate([held for _, held in walks]))
    losses = [judged.losses(judged.logits)]
    for way in ways:
        calibrated = [_fitted(way, held_out, train)(held_out.logits[held]) for train, held in walks]
        losses.append(judged.losses(np.concatenate(calibrated)))
    chosen = simplest(np.stack(losses), judged)
    if chosen == 0:
        return ()
    step = _fitted(ways[chosen - 1], held_out)
    return (step,) if step.is_sound(held_out.logits.shape[1]) else ()


def simplest(losses: np.ndarray, judged: HeldOutLogits) -> int:
    """Return the first of the losses (c, n) with a mean within one standard error of the lowest."""
    share = judged.weight / judged.weight.sum()
    best = losses[first_least(losses @ share)]
    differences = losses - best
    means = differences @ share
    moves = share * (differences - means[:, None])
    if judged.groups is not None:
        _, group = np.unique(judged.groups, return_inverse=True)
        moves = np.stack([np.bincount(group, weights=move) for move in moves])
    errors = np.sqrt(np.square(moves).sum(axis=1))
    return int(np.argmax(means <= errors))


def _fitted(
    way: type[Calibration], held_out: HeldOutLogits, rows: np.ndarray | None = None
) -> Calibration:
    part = held_out if rows is None else held_out.take(rows)
    return way.fit(part, part.one_row)
