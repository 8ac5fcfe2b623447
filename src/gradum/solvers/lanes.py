"""Training in lanes: each learns from its own rows for a round, then all are averaged.

Every lane begins a round with the same parameters and the same state of the optimiser. After it,
both are the mean over the lanes, in their order, each weighed by its rows: local SGD (Stich, "Local
SGD Converges Fast and Communicates Little", ICLR 2019), here also of the optimiser's moments. A
round depends on its number, the lanes and the seed alone, not on who does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np

from gradum.core import Problem
from gradum.messages import say
from gradum.randomness import stream
from gradum.solvers.batches import SegmentBatches, endless, not_in_one_step
from gradum.solvers.chunk import Info, State, pad_problem
from gradum.solvers.compiled_chunk import Program, advance
from gradum.solvers.first_order import FirstOrder
from gradum.solvers.pool import SegmentedData

ROUNDS = 8
"""The most rounds of an epoch.

With 1,020,000 rows in four lanes, six epochs of one round each had a held-out loss 0.3% above that
of a single network, and of eight rounds 0.2%; where moments began at 0 in each round, 0.4%.
"""


@runtime_checkable
class DivisibleData(SegmentedData, Protocol):
    """Rows in segments, of which some can be taken."""

    def take(self, segments: Sequence[int]) -> SegmentedData:
        """Return the rows of some segments; weights are those among all rows."""
        ...


class Turn(NamedTuple):
    """What a lane learns in a round: some segments, from a state, at a factor of the rate."""

    lane: int
    number: int
    segments: tuple[int, ...]
    factor: float
    state: State


class TurnLearned(NamedTuple):
    """What a lane's turn came to; ``loss`` is the mean objective over its steps."""

    state: State
    rows: int
    loss: float
    gradient_norm: float
    finite: bool


Across = Callable[[Any, Sequence[Turn]], Iterator[TurnLearned]]
"""Yields what comes of each turn, in order, wherever it is done."""


@dataclass(frozen=True)
class Lanes:
    """The lanes of a training, and who does their turns."""

    segments: tuple[tuple[int, ...], ...]
    """The segments of each lane."""
    across: Across
    """Given a `LearningTurn` and the turns of a round, yields what comes of them."""

    @property
    def rounds(self) -> int:
        """How many rounds an epoch has: each lane learns from at least a segment in a round."""
        return min(ROUNDS, *map(len, self.segments))

    def feed(
        self, problem: Problem, solver: FirstOrder, data: Any, size: int | None, seed: int
    ) -> LaneRounds:
        """Return the rounds of a training, in which a step of a lane sees ``size`` rows.

        Raises
        ------
        SpecError
            The solver's steps have to see all rows.
        """
        if solver.full_batch:
            raise not_in_one_step()
        steady = replace(solver, schedule="constant")  # type: ignore[type-var]
        work = LearningTurn(problem, steady, data, size or data.rows, seed)
        return LaneRounds(work, self)


@dataclass(frozen=True)
class LearningTurn:
    """The work of a turn: a `gradum.engines.engine.Work`.

    ``problem`` and ``solver`` are those of the training, with ``size`` rows a step.
    """

    problem: Problem
    solver: FirstOrder
    data: DivisibleData
    size: int
    seed: int
    stage = "lanes"

    def named(self, turn: Turn) -> str:
        """Name a turn."""
        return say("lane {lane}", lane=turn.lane + 1)

    def rows(self, turn: Turn) -> int:
        """Return how many rows a turn learns from."""
        return self.data.take(turn.segments).rows

    def __call__(self, turn: Turn) -> TurnLearned:
        """Learn from the turn's rows, each once, in an order drawn by lane and round."""
        seed = int(stream(self.seed, "lane", turn.lane, turn.number).integers(2**32))
        data = self.data.take(turn.segments)
        feed = SegmentBatches(data, pad_problem(self.problem).network, min(self.size, data.rows))
        program = Program(self.problem, self.solver, data.dtype, -1.0, seed)
        state = jax.tree.map(np.array, turn.state)  # the first chunk takes its memory
        chunks = feed.chunks(np.full(feed.steps_per_epoch, turn.factor), seed, 0)
        loss, norm, finite = 0.0, np.nan, True
        for chunk, after, info in advance(program, chunks, state, 0):
            steps = int(info.steps) - (not info.finite)
            loss += float(np.sum(info.losses[:steps].astype(np.float64) * chunk.share[:steps]))
            state, norm, finite = after, float(info.gradient_norm), bool(info.finite)
            if not finite:
                break
        return TurnLearned(jax.tree.map(np.asarray, state), data.rows, loss, norm, finite)


@dataclass(frozen=True)
class Round:
    """A round as the driver takes it: a single step, which sees a share of the rows."""

    number: int
    segments: list[tuple[int, ...]]
    factor: float
    share: np.ndarray
    steps: int = 1


class LaneRounds:
    """The rounds of a training, in place of chunks of steps."""

    whole = False

    def __init__(self, work: LearningTurn, lanes: Lanes) -> None:
        self._work, self._lanes = work, lanes
        self.steps_per_epoch = lanes.rounds

    def chunks(
        self,
        factors: np.ndarray,
        seed: int,
        first_epoch: int,
        done: int = 0,
        ahead: Callable[[], int] = endless,
    ) -> Iterator[Round]:
        """Yield a round for each factor after the first ``done``.

        Each epoch deals every lane's segments out to its rounds in a new order.
        """
        lengths = np.asarray(self._work.data.lengths)
        for number in range(done, len(factors)):
            epoch, within = divmod(number, self.steps_per_epoch)
            dealt = [
                np.array_split(
                    stream(seed, "lane order", epoch, lane).permutation(own), self.steps_per_epoch
                )[within]
                for lane, own in enumerate(self._lanes.segments)
            ]
            share = lengths[np.concatenate(dealt)].sum() / lengths.sum()
            segments = [tuple(own.tolist()) for own in dealt]
            yield Round(number, segments, float(factors[number]), np.array([share]))

    def advance(
        self, program: Program, rounds: Iterator[Round], state: State, step: int
    ) -> Iterator[tuple[Round, State, Info]]:
        """Do round after round, and yield each with the state after it."""
        for each in rounds:
            state = jax.tree.map(np.asarray, state)
            turns = [
                Turn(lane, each.number, own, each.factor, state)
                for lane, own in enumerate(each.segments)
            ]
            learned = list(self._lanes.across(self._work, turns))
            rows = np.array([one.rows for one in learned], float)
            state = _mean([one.state for one in learned], rows / rows.sum())
            loss = float(np.average([one.loss for one in learned], weights=rows))
            norm = max(one.gradient_norm for one in learned)
            finite = all(one.finite for one in learned)
            yield each, state, Info(1, np.array([loss]), norm, finite, False)


def _mean(states: list[State], shares: np.ndarray) -> State:
    """Return the mean of the lanes' states; a count of steps is the first lane's."""

    def mean(*leaves: np.ndarray) -> np.ndarray:
        if not np.issubdtype(leaves[0].dtype, np.floating):
            return leaves[0]
        total = sum(
            share * leaf.astype(np.float64) for share, leaf in zip(shares, leaves, strict=True)
        )
        return np.asarray(total, leaves[0].dtype)

    return jax.tree.map(mean, *states)


def dealt(partitions: Sequence[range], lanes: int) -> tuple[tuple[int, ...], ...]:
    """Deal partitions of a table out to lanes in turn; return the segments of each lane."""
    return tuple(tuple(chain.from_iterable(partitions[lane::lanes])) for lane in range(lanes))
