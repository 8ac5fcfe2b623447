"""A training that goes on from a snapshot ends as if it had never been cut short."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from training_problems import classification, regression

from gradum.core import L2, Embedding, LogLoss, Network, Problem, SquaredError
from gradum.errors import ShapeError
from gradum.solvers import (
    LBFGS,
    SGD,
    Adam,
    Averaged,
    ChunkDone,
    Clipped,
    Data,
    EpochDone,
    Muon,
    Regime,
    Status,
    Stopped,
    Validation,
    pool,
    train,
)
from gradum.solvers.driver import solve


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    """Chunks of 4 steps, so that an epoch has several."""
    monkeypatch.setattr(pool, "MOST_STEPS", 4)


def followed(events, chunks=None):
    """The events, their snapshots, and the solution, which is to end after so many chunks."""
    seen, snapshots = [], []

    def hear(event):
        seen.append(event)
        if isinstance(event, ChunkDone) and event.snapshot is not None:
            snapshots.append((len(seen), event.snapshot()))
        return sum(isinstance(each, ChunkDone) for each in seen) == chunks

    return seen, snapshots, solve(events, hear)


def without_clock(value):
    return replace(value, seconds=0.0) if isinstance(value, EpochDone) else value


def bits(solution):
    """The parameters, and the state to go on from where there is one, to the last bit."""
    left = solution.state
    carried = None if left is None else (left.optimizer, left.params, left.epoch, left.step)
    leaves, structure = jax.tree.flatten((solution.params, carried))
    return structure, [(np.asarray(leaf).dtype, np.asarray(leaf).tobytes()) for leaf in leaves]


def assert_goes_on_alike(training):
    """From every chunk's end, the rest is as it was: events, history, answer, state, advice."""
    events, snapshots, whole = followed(training())
    assert len(snapshots) >= 3
    for place, snapshot in snapshots:
        rest, _, resumed = followed(training(resume=snapshot))
        assert [*map(without_clock, rest)] == [*map(without_clock, events[place:])]
        assert [*map(without_clock, resumed.history)] == [*map(without_clock, whole.history)]
        assert resumed.seconds >= snapshot.seconds
        for name in ("status", "certificate", "iterations", "steps", "advice"):
            assert getattr(resumed, name) == getattr(whole, name), name
        assert bits(resumed) == bits(whole)


def network_training(solver, regime, *, dtype=np.float32, validation=False, outputs=1, **how):
    x, y = classification(rows=150, classes=max(outputs, 2), dtype=dtype)
    held = Validation(Data({"dense": x[:40]}, y[:40])) if validation else None

    def training(**more):
        return train(
            Problem(Network(5, outputs, (7,)), LogLoss(), L2(1e-3)),
            Data({"dense": x[40:]}, y[40:]),
            solver=solver,
            regime=regime,
            validation=held,
            seed=3,
            **how,
            **more,
        )

    return training


@pytest.mark.parametrize(("dtype", "validation"), [(np.float32, True), (np.float64, False)])
@pytest.mark.parametrize(
    "solver",
    [
        Adam(0.02, schedule="cosine"),
        SGD(0.1, momentum=0.9, nesterov=True, schedule="one_cycle"),
        Averaged(Clipped(Adam(0.02), 0.5), 0.9),
        Muon(0.02),
    ],
    ids=lambda solver: type(solver).__name__,
)
def test_mini_batches_go_on_within_an_epoch(solver, dtype, validation):
    # 110 rows are 11 steps an epoch: chunks of 4, 4 and 3.
    training = network_training(
        solver, Regime(2, batch_size=10), dtype=dtype, validation=validation, outputs=3
    )
    assert_goes_on_alike(training)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", [LBFGS(memory=3), Adam(0.05)])
def test_full_batches_go_on_where_they_stopped(solver, dtype):
    x, y = regression(rows=80, dtype=dtype)

    def training(**more):
        return train(
            Problem(Network(5, 1, (4,)), SquaredError(), L2(1e-2)),
            Data({"dense": x}, y),
            solver=solver,
            regime=Regime(9),
            **more,
        )

    assert_goes_on_alike(training)


def test_a_linear_problem_converges_as_it_would_have():
    x, y = regression(rows=80)

    def training(**more):
        return train(
            Problem(Network(5), SquaredError(), L2(1e-2)),
            Data({"dense": x}, y),
            solver=SGD(0.3),
            regime=Regime(500, gradient_tol=1e-6),
            **more,
        )

    _, snapshots, solution = followed(training())
    assert solution.status is Status.CONVERGED
    # The chunk that ended it offers no snapshot: from there, nothing is left to do.
    assert snapshots[-1][1].tally.step < solution.steps
    assert_goes_on_alike(training)


def test_early_stopping_is_not_put_off():
    training = network_training(Adam(0.1), Regime(60, batch_size=16, patience=3), validation=True)
    _, snapshots, solution = followed(training())
    assert solution.status is Status.EARLY_STOPPED
    assert snapshots[-1][1].tally.epoch < solution.iterations
    assert_goes_on_alike(training)


def test_embeddings_and_weights_go_on_too():
    rng = np.random.default_rng(0)
    inputs = {
        "dense": rng.normal(size=(90, 3)).astype(np.float32),
        "codes": rng.integers(0, 11, (90, 2)).astype(np.int32),
    }
    data = Data(inputs, rng.normal(size=90).astype(np.float32), rng.random(90))
    network = Network(3, 1, (6,), embedding=Embedding(11, 2, 3))

    def training(**more):
        return train(
            Problem(network, SquaredError()),
            data,
            solver=Adam(0.01),
            regime=Regime(3, batch_size=8),
            **more,
        )

    assert_goes_on_alike(training)


def test_a_further_training_goes_on_as_well():
    first = network_training(Adam(0.02), Regime(2, batch_size=10))
    solution = followed(first())[2]
    further = network_training(Adam(0.02), Regime(2, batch_size=10), start=solution)
    assert_goes_on_alike(further)


def test_an_interrupted_training_can_go_on():
    training = network_training(Adam(0.02), Regime(3, batch_size=10), validation=True)
    whole = followed(training())[2]
    events, snapshots, interrupted = followed(training(), chunks=5)
    assert interrupted.status is Status.INTERRUPTED
    assert len(snapshots) == 5
    assert isinstance(events[-1], Stopped)
    resumed = followed(training(resume=snapshots[-1][1]))[2]
    assert bits(resumed) == bits(whole)


def test_a_snapshot_outlives_the_training():
    training = network_training(Adam(0.02), Regime(3, batch_size=10))
    snapshots = followed(training())[1]
    states = [np.concatenate([leaf.ravel() for leaf in taken.state]) for _, taken in snapshots]
    assert len({state.tobytes() for state in states}) == len(states)


def test_a_snapshot_of_another_training_is_refused():
    snapshot = followed(network_training(Adam(), Regime(2, batch_size=10))())[1][0][1]
    for other in (
        network_training(SGD(), Regime(2, batch_size=10)),
        network_training(Adam(), Regime(2, batch_size=20)),
        network_training(Adam(), Regime(2, batch_size=10), outputs=3),
        network_training(Adam(), Regime(2, batch_size=10), dtype=np.float64),
    ):
        with pytest.raises(ShapeError, match="another training"):
            next(other(resume=snapshot))
