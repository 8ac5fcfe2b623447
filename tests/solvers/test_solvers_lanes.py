"""Lanes: their averaged step against a step on all rows; every row once an epoch; and resuming."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from training_problems import flat, regression

from gradum.core import L2, Network, Problem, SquaredError
from gradum.errors import SpecError
from gradum.solvers import SGD, Adam, ChunkDone, Data, GradientDescent, Regime, solve
from gradum.solvers import lanes as of_lanes
from gradum.solvers.driver import train
from gradum.solvers.lanes import Lanes, dealt
from gradum.solvers.pool import ChunkRows

ROWS, SEGMENTS = 240, 8
PROBLEM = Problem(Network(3, 1, (5,), "tanh"), SquaredError(), L2(0.1))


@dataclass(frozen=True)
class Segments:
    """Rows in memory, as segments of the same length."""

    whole: Data
    taken: tuple[int, ...] = tuple(range(SEGMENTS))
    columns: int = 3
    coded_columns: int = 0
    soft_classes: None = None
    dtype: type = np.float32

    @property
    def lengths(self):
        return [ROWS // SEGMENTS] * len(self.taken)

    @property
    def rows(self):
        return sum(self.lengths)

    def take(self, segments):
        return replace(self, taken=tuple(self.taken[each] for each in segments))

    def read(self, segment):
        first = self.taken[segment] * ROWS // SEGMENTS
        rows, whole = slice(first, first + ROWS // SEGMENTS), ChunkRows.of(self.whole)
        inputs = {name: block[rows] for name, block in whole.inputs.items()}
        return ChunkRows(inputs, whole.target[rows], whole.weight[rows])


@pytest.fixture(scope="module")
def data():
    x, y = regression(ROWS, 3, np.float32)
    return Data({"dense": x}, y)


def here(work, turns):
    return map(work, turns)


def trained(data, across=here, lanes=4, epochs=1, size=ROWS, solver=None, **how):
    return train(
        PROBLEM,
        Segments(data),
        solver=solver or SGD(learning_rate=0.1),
        regime=Regime(max_epochs=epochs, batch_size=size),
        seed=3,
        lanes=Lanes(dealt([range(k, k + 1) for k in range(SEGMENTS)], lanes), across),
        **how,
    )


def test_the_mean_of_a_step_of_every_lane_is_a_step_on_all_rows(data, monkeypatch):
    monkeypatch.setattr(of_lanes, "ROUNDS", 1)
    whole = train(
        PROBLEM,
        data,
        solver=GradientDescent(learning_rate=0.1),
        regime=Regime(max_epochs=3),
        seed=3,
    )
    step = solve(trained(data, epochs=3))
    truth = solve(whole)
    np.testing.assert_allclose(flat(step.params), flat(truth.params), rtol=2e-5, atol=1e-6)
    losses = [epoch.train_loss for epoch in step.history]
    assert losses == pytest.approx([epoch.train_loss for epoch in truth.history], rel=1e-5)


def test_each_lane_learns_from_its_own_rows_once_an_epoch(data):
    seen = []

    def noted(work, turns):
        seen.extend((turn.number, turn.lane, turn.segments) for turn in turns)
        return map(work, turns)

    solve(trained(data, noted, lanes=2, epochs=2, size=16))
    for lane in range(2):
        own = [(number, segments) for number, which, segments in seen if which == lane]
        assert [number for number, _ in own] == list(range(8))  # four rounds an epoch
        first, second = [
            [each for number, segments in own if number // 4 == epoch for each in segments]
            for epoch in range(2)
        ]
        assert sorted(first) == sorted(second) == list(range(lane, SEGMENTS, 2))
    assert len({tuple(segments for _, _, segments in seen[k : k + 8]) for k in (0, 8)}) == 2


def test_a_training_in_lanes_goes_on_after_any_round_to_the_same_bits(data):
    whole = solve(trained(data, lanes=3, epochs=2, size=16, solver=Adam(learning_rate=0.01)))
    assert len(whole.history) == 2
    for rounds in (1, 3):
        kept = []

        def stop_after(event, rounds=rounds, kept=kept):
            if isinstance(event, ChunkDone):
                kept.append(event.snapshot())
            return len(kept) == rounds

        again = {"lanes": 3, "epochs": 2, "size": 16, "solver": Adam(learning_rate=0.01)}
        solve(trained(data, **again), stop_after)
        resumed = solve(trained(data, resume=kept[-1], **again))
        assert flat(resumed.params).tobytes() == flat(whole.params).tobytes()
        assert [epoch.train_loss for epoch in resumed.history] == [
            epoch.train_loss for epoch in whole.history
        ]


def test_a_solver_whose_steps_see_all_rows_has_no_lanes(data):
    with pytest.raises(SpecError, match="cannot all be in one step"):
        solve(trained(data, solver=GradientDescent(learning_rate=0.1)))
