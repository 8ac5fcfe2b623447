"""The training of one convolutional network: epochs of steps, each judged by held-out rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from time import perf_counter
from typing import Any

import numpy as np

from gradum.core.models.input_blocks import is_flat
from gradum.core.models.parameters import Params
from gradum.margins import falls
from gradum.randomness import stream
from gradum.rungs.context import Context
from gradum.rungs.convolution.augment import Augmentation
from gradum.rungs.convolution.inputs import ConvolutionInputs
from gradum.rungs.convolution.program import ConvolutionProgram
from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.folding import Walk
from gradum.scores.interval import NORMAL_95
from gradum.solvers.solution import EpochDone, Status

RISING = 0.1  # of all steps, in which the learning rate rises to its full value
JUDGED = 256  # rows at a time
FEWEST_MIRRORED = 50  # rows held out, by which mirroring is judged

Told = Callable[[float, float], None]
"""Takes the training loss and the held-out loss of an epoch."""


@dataclass(eq=False)
class TrainedMember:
    """A network at its best epoch; at its last, if it holds no rows out.

    Parameters
    ----------
    params : dict
        Its parameters, with an axis of one member.
    rows : ndarray of shape (m,)
        The rows that it holds out.
    logits : ndarray of shape (m, k)
        What it says of them.
    loss : float
        Their mean loss, or of a network that holds no rows out, its training loss; infinite before
        the first epoch.
    status : Status
        Why its training ended.
    steps : int
        How many were taken.
    """

    params: Params
    rows: np.ndarray
    logits: np.ndarray
    loss: float = math.inf
    status: Status = Status.COMPLETED
    steps: int = 0


class MemberTraining:
    """The training of one network.

    Parameters
    ----------
    walk : Walk
        The rows that it learns from, and those that it holds out.
    number : int
        Which member it is.
    mirrored : sequence of bool
        Of each column of grids, whether they may be shown mirrored.
    """

    def __init__(
        self,
        program: ConvolutionProgram,
        inputs: ConvolutionInputs,
        spec: ConvolutionSpec,
        walk: Walk,
        seed: int,
        number: int,
        mirrored: Sequence[bool] = (),
    ) -> None:
        self._program, self._inputs = program, inputs
        self._learned_from, self._held = walk
        self._batch = spec.batch_for(len(self._learned_from))
        series = any(map(is_flat, inputs.layer.grids))
        self._epochs = spec.epochs_for(len(self._learned_from), series=series)
        self._steps = max(1, len(self._learned_from) // self._batch)  # per epoch
        self._rate = spec.learning_rate
        self._order = stream(seed, "convolution", "order", number)
        self._changes = stream(seed, "convolution", "augmentation", number)
        self._augmentations = [
            Augmentation(spec.shift, spec.scale, spec.masked, round(float(centre)), mirror)
            for centre, mirror in zip_longest(
                inputs.fixed["grid_centre"], mirrored, fillvalue=False
            )
        ]
        self._start = program.start(stream(seed, "convolution", "weights", number))

    def run(
        self, context: Context, tell: Callable[[EpochDone], None], began: float
    ) -> TrainedMember:
        """Train until all epochs are done or the context ends the fit; keep the best epoch.

        At least one step is taken.
        """
        state, best, taken = self._start, TrainedMember({}, self._held, np.zeros(0)), 0
        for epoch in range(1, self._epochs + 1):
            losses: list[Any] = []
            for rows in self._batches():
                if taken and context.over():
                    best.status = Status.INTERRUPTED if context.stop() else Status.TIME_LIMIT
                    break
                rate = np.float32(self._rate * self._share(taken))
                batch = self._inputs.batch(rows, self._shown(rows))
                state, loss = self._program.learn(state, self._inputs.fixed, batch, rate)
                losses.append(loss)
                taken += 1
            best.steps = taken
            if losses and (best.status is Status.COMPLETED or not best.params):
                learning = float(np.mean(losses))
                params = self._program.trained(state, self._inputs.fixed, taken)
                held_out = self._note(best, params, learning)
                tell(EpochDone(epoch, taken, learning, held_out, perf_counter() - began))
            if best.status is not Status.COMPLETED:
                break
        return best

    def _note(self, best: TrainedMember, params: Params, learning: float) -> float | None:
        """Judge a network by the rows that it holds out, if any; it may be the best so far."""
        if not len(self._held):
            best.params, best.loss = params, _finite(learning)
            return None
        logits = self.logits(params, self._held)
        weight = self._inputs.weight[self._held]
        loss = float(np.average(self._losses(logits), weights=weight))
        if not best.params or (math.isfinite(loss) and falls(loss, best.loss)):
            best.params, best.logits, best.loss = params, logits, _finite(loss)
        return loss

    def may_mirror(self, trained: TrainedMember) -> list[bool]:
        """Tell of each column of grids whether mirroring them leaves answers as good as they are.

        A network that was never shown a mirrored grid is asked about the rows that it holds out,
        and about them mirrored. If their losses rise by more than chance, left and right mean
        something, as in letters and digits, or in words, whose spectrograms would run backwards.
        """
        if len(self._held) < FEWEST_MIRRORED:
            return [False] * len(self._augmentations)
        before = self._losses(trained.logits)
        rises = [
            self._losses(self.logits(trained.params, self._held, place)) - before
            for place in range(len(self._augmentations))
        ]
        error = np.sqrt(len(before))
        return [bool(rise.mean() < NORMAL_95 * rise.std(ddof=1) / error) for rise in rises]

    def _losses(self, logits: np.ndarray) -> np.ndarray:
        """Return the losses (m,) of answers to the rows held out."""
        target = self._inputs.target[self._held]
        return self._program.loss.value(logits.astype(np.float64), target)

    def logits(self, params: Params, rows: np.ndarray, mirrored: int | None = None) -> np.ndarray:
        """Return what a trained network says of m rows, (m, k), one column of grids mirrored."""
        blocks = []
        for at in range(0, len(rows), JUDGED):
            some = rows[at : at + JUDGED]
            filled = np.concatenate([some, np.full(JUDGED - len(some), rows[0])])
            grids = self._inputs.grids(filled)
            if mirrored is not None:
                grids[mirrored] = grids[mirrored][:, :, ::-1]
            batch = self._inputs.batch(filled, grids)
            blocks.append(np.asarray(self._program.judge(params, batch))[: len(some)])
        return np.concatenate(blocks)

    def _batches(self) -> np.ndarray:
        """Return the rows of an epoch's steps, (steps, B), in a new order."""
        order = self._order.permutation(self._learned_from)
        return np.resize(order, (self._steps, self._batch))

    def _shown(self, rows: np.ndarray) -> list[np.ndarray]:
        grids = zip(self._augmentations, self._inputs.grids(rows), strict=True)
        return [augmentation(grid, self._changes) for augmentation, grid in grids]

    def _share(self, step: int) -> float:
        """Return the share of the learning rate, which rises, then falls to 0 along a cosine."""
        steps = self._steps * self._epochs
        rising = max(1.0, RISING * steps)
        if step + 1 < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step + 1 - rising) / max(steps - rising, 1.0)))


def _finite(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
