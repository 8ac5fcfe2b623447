"""The training of a pack: epochs of chunks, and a judgement by held-out rows after each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from gradum.core.models.network import Params
from gradum.engines.in_order import ToldToStop
from gradum.messages import say
from gradum.randomness import stream
from gradum.rungs.context import Context
from gradum.rungs.pack.draws import Batching, Draw
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.held_out import HeldOut
from gradum.rungs.pack.inputs import PackInputs
from gradum.rungs.pack.lessons import Lessons
from gradum.rungs.pack.members import Members
from gradum.rungs.pack.program import STEPS, PackProgram
from gradum.rungs.pack.shards import Learning, Shards
from gradum.rungs.pack.shards_on_engine import ShardsOnEngine
from gradum.rungs.pack.shards_on_threads import ShardsOnThreads, most_shards
from gradum.rungs.pack.spec import PackSpec
from gradum.solvers.solution import EpochDone, Status

FIXED = ("shift", "slope", "wave", "wide")
RISING = 0.04  # of all steps, in which the learning rate rises to its full value


class PackTraining:
    """One training of all members.

    Parameters
    ----------
    learned : list of ndarray
        The rows that each member learns from.
    params : dict
        All parameters to begin with.
    answers : ndarray of shape (F, n) or (F, n, K), optional
        What a teacher tells the members of each fold, on the models' scale.

    Attributes
    ----------
    history : list of dict
        One entry per epoch.
    steps : int
        Steps taken.
    status : Status
        Why it ended.
    """

    def __init__(
        self,
        program: PackProgram,
        inputs: PackInputs,
        goal: Goal,
        members: Members,
        learned: list[np.ndarray],
        params: Params,
        spec: PackSpec,
        seed: int,
        answers: np.ndarray | None = None,
    ) -> None:
        self._program, self.members, self._spec = program, members, spec
        lessons = Lessons(goal, members.fold, members.teaching, answers)
        weight = (goal.weight / goal.weight.mean()).astype(np.float32)
        self._batching = Batching(inputs, lessons, weight)
        self.fixed = {name: params[name] for name in FIXED}
        self._start = {name: value for name, value in params.items() if name not in FIXED}
        self._start["scale"] = np.ones((len(learned), inputs.network.first), np.float32)
        self._start = inputs.padding.fill(self._start)
        self._fixed = inputs.padding.fill(self.fixed)
        rows = [len(fold_rows) for fold_rows in learned]
        self.batch_size = spec.batch_for(min(rows))
        self._epochs = spec.epochs_for(max(rows))
        self._chunks = max(1, -(-max(rows) // (self.batch_size * STEPS)))  # per epoch
        self._order = _Order(learned, self.batch_size, stream(seed, "pack", "order"))
        self._seeds = stream(seed, "pack", "dropout")
        self._shared: Params = {"source": inputs.padding.source(inputs.source)}
        if inputs.directions:
            self._shared["directions"] = inputs.padding.directions(inputs.directions)
        self.history: list[dict[str, Any]] = []
        self.steps, self.status = 0, Status.COMPLETED

    def run(self, held: HeldOut, context: Context, *, began: float, end: float) -> None:
        """Train until all epochs are done, no member improves any more, or time is up.

        ``began`` and ``end`` are moments of the performance counter. After the last chunk, the
        members are judged once more, which is expected to take as long as the last time.

        Raises
        ------
        OutOfTime
            The context's time is over before the first chunk.
        """
        with self._shards(context) as shards:
            self._train(shards, held, context, began=began, end=end)

    @contextmanager
    def _shards(self, context: Context) -> Iterator[Shards]:
        """Divide the members into shards, on the engine or on a thread per core."""
        what = self._fixed, self.members.hyper, self._shared, self._batching
        if context.engine is None:
            learning = Learning.of(self._program, *what, most_shards())
            with ShardsOnThreads(learning, self._start) as shards:
                yield shards
        else:
            yield ShardsOnEngine(Learning.of(self._program, *what), self._start, context)

    def _train(
        self, shards: Shards, held: HeldOut, context: Context, *, began: float, end: float
    ) -> None:
        looked = perf_counter()
        held.begin(shards, self.members.begins_wide)
        looking = perf_counter() - looked
        context.require_time()
        waited = 0
        for epoch in range(1, self._epochs + 1):
            steps = self.steps
            try:
                losses = shards.learn(self._draws(context, end - looking))
            except ToldToStop:
                losses, self.steps, self.status = [], steps, Status.INTERRUPTED
            if epoch > 1 and not losses:  # all steps have been judged
                return
            looked = perf_counter()
            improved, held_out = held.note(shards)
            looking = perf_counter() - looked
            if self.status is not Status.COMPLETED:
                return
            waited = 0 if improved else waited + 1
            loss = float(np.mean(np.concatenate([np.ravel(each) for each in losses])))
            done = EpochDone(epoch, self.steps, loss, held_out, perf_counter() - began)
            self.history.append(
                {
                    "epoch": epoch,
                    "objective": done.train_loss,
                    "validation_loss": held_out,
                    "seconds": done.seconds,
                }
            )
            context.tell(done)
            if waited >= self._spec.patience:
                self.status = Status.EARLY_STOPPED
                return

    @property
    def cut_short(self) -> bool:
        """Whether training was interrupted, or ran out of time, before it was done."""
        return self.status in (Status.INTERRUPTED, Status.TIME_LIMIT)

    @property
    def advice(self) -> str:
        """What the time limit left undone; empty if the status says all there is to say."""
        if self.status is not Status.TIME_LIMIT:
            return ""
        return say(
            "The time limit ended the training in epoch {epoch} of at most {epochs}, "
            "and each member was kept as it was at its best; allow more with "
            "--time-limit (time_limit), or spend less with a lower --effort (effort).",
            epoch=len(self.history) + 1,
            epochs=self._epochs,
        )

    def _draws(self, context: Context, end: float) -> Iterator[Draw]:
        """Draw the chunks of an epoch, until the context says to stop or time is up.

        The first chunk of all is drawn though time is up.
        """
        for _ in range(self._chunks):
            if context.stop() or (self.steps and perf_counter() > end):
                self.status = Status.INTERRUPTED if context.stop() else Status.TIME_LIMIT
                return
            rows = self._order.take(STEPS)
            seed = self._seeds.integers(0, 2**32, STEPS, dtype=np.uint32)
            yield Draw(rows, self._rate(self.steps + np.arange(STEPS)), seed)
            self.steps += STEPS

    def _rate(self, step: np.ndarray) -> np.ndarray:
        """Return the learning rates' factor, which rises, stays, and falls to 0 along a cosine."""
        steps, flat = self._epochs * self._chunks * STEPS, self._spec.flat
        falling = np.clip((step / steps - flat) / (1 - flat), 0, 1)
        rising = np.minimum(1, (step + 1) / max(1, RISING * steps))
        return (0.5 * (1 + np.cos(np.pi * falling)) * rising).astype(np.float32)


class _Order:
    """Each member's own row order, shuffled again whenever the member has seen all rows."""

    def __init__(self, rows: list[np.ndarray], batch_size: int, rng: np.random.Generator) -> None:
        self._rows, self._size, self._rng = rows, batch_size, rng
        self._left = [np.zeros(0, np.intp)] * len(rows)

    def take(self, steps: int) -> np.ndarray:
        """Return the rows of the next steps, [steps, M, B]."""
        wanted, taken = steps * self._size, []
        for member, rows in enumerate(self._rows):
            left = self._left[member]
            while len(left) < wanted:
                left = np.concatenate([left, self._rng.permutation(rows)])
            taken.append(left[:wanted].reshape(steps, self._size))
            self._left[member] = left[wanted:]
        return np.stack(taken, axis=1)
