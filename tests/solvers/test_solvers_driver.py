"""The end of training, each of its reasons, and its events."""

import math
import re

import jax
import numpy as np
import pytest
from sklearn.datasets import load_digits
from training_problems import classification, fit, flat, regression

from gradum.core import L2, LogLoss, Network, Problem, SquaredError
from gradum.errors import ShapeError, SpecError
from gradum.solvers import (
    SGD,
    Adam,
    ChunkDone,
    Data,
    EpochDone,
    GradientDescent,
    Regime,
    Status,
    Stopped,
    Validation,
    train,
)
from gradum.solvers.chunk import run_chunk, traces
from gradum.solvers.driver import solve


def test_early_stopping_returns_the_best_epoch():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    problem = Problem(Network(64, 10, (64,)), LogLoss())
    held_out = Data({"dense": x[300:600]}, y[300:600])
    found = fit(
        problem,
        Data({"dense": x[:300]}, y[:300]),
        solver=Adam(0.02),
        regime=Regime(300, batch_size=32, patience=8),
        validation=Validation(held_out),
    )
    assert found.status is Status.EARLY_STOPPED
    losses = [epoch.validation_loss for epoch in found.history]
    best = int(np.argmin(losses))
    assert found.certificate.kind == "validation"
    assert found.certificate.best_epoch == best + 1
    assert len(losses) == best + 1 + 8
    logits = problem.network.forward(found.params, held_out.inputs).astype(np.float64)
    np.testing.assert_allclose(LogLoss().value(logits, held_out.target).mean(), min(losses))


def test_a_monitor_replaces_the_validation_loss():
    x, y = classification(rows=200, dtype=np.float32)
    seen = []

    def error_rate(logits):
        seen.append(np.mean((logits[:, 0] > 0) != y[:50]))
        return seen[-1]

    found = fit(
        Problem(Network(5, 1, (8,)), LogLoss()),
        Data({"dense": x[50:]}, y[50:]),
        solver=Adam(0.01),
        regime=Regime(12, batch_size=32),
        validation=Validation(Data({"dense": x[:50]}, y[:50]), error_rate),
    )
    assert [epoch.validation_loss for epoch in found.history] == seen
    assert found.certificate.best_epoch == np.argmin(seen) + 1


def test_a_plateau_of_the_training_loss_stops():
    x, y = classification(rows=100)
    found = fit(
        Problem(Network(5), LogLoss(), L2(0.5)),
        Data({"dense": x}, y),
        solver=Adam(0.05),
        regime=Regime(5000, patience=5, tol=1e-5),
    )
    assert found.status is Status.PLATEAU
    losses = np.array([epoch.train_loss for epoch in found.history])
    gains = np.minimum.accumulate(losses)[:-1] - losses[1:]
    assert (gains[-5:] <= 1e-5).all()
    # and not before: no five epochs in a row without a gain, ahead of the last five
    assert not any((gains[i : i + 5] <= 1e-5).all() for i in range(len(gains) - 5))
    assert "stopped improving: epoch" in found.advice
    assert f"{losses[-1]:.3g}" in found.advice


@pytest.mark.parametrize("batch_size", [None, 16])
def test_divergence_is_a_status_with_advice(batch_size):
    x, y = regression(dtype=np.float32)
    *_, stopped = events = list(
        train(
            Problem(Network(5), SquaredError()),
            Data({"dense": x}, y),
            solver=SGD(30.0),
            regime=Regime(500, batch_size=batch_size),
        )
    )
    assert stopped.status is Status.DIVERGED
    assert f"after step {stopped.step}," in stopped.advice
    assert "gradient's norm was" in stopped.advice
    assert "learning_rate=0.1," in stopped.advice  # the method's own is less than a tenth of 30
    losses = [event.train_loss for event in events if isinstance(event, EpochDone)]
    assert np.isfinite(losses).all()
    found = fit(
        Problem(Network(5), SquaredError()),
        Data({"dense": x}, y),
        solver=SGD(30.0),
        regime=Regime(500, batch_size=batch_size),
    )
    assert found.status is Status.DIVERGED
    assert np.isfinite(flat(found.params)).all()
    assert found.steps == stopped.step


def diverged(solver, hidden=(), scale=1.0, epochs=40):
    x, y = regression(dtype=np.float64)
    problem = Problem(Network(5, 1, hidden), SquaredError())
    data = Data({"dense": scale * x}, y)
    return fit(problem, data, solver=solver, regime=Regime(epochs, batch_size=16))


@pytest.mark.parametrize("hidden", [(), (8,)])
@pytest.mark.parametrize("method", [SGD, Adam])
def test_the_learning_rate_advised_ends_a_divergence_within_two_trials(method, hidden):
    rate, trials = 1e6, 0
    while (found := diverged(method(rate), hidden)).status is Status.DIVERGED:
        rate = float(re.search(r"learning_rate=([^,]+),", found.advice).group(1))
        trials += 1
    assert 1 <= trials <= 2
    assert found.history[-1].train_loss < found.history[0].train_loss


def test_a_loss_that_explodes_and_stays_finite_has_diverged():
    found = diverged(Adam(1e6))
    assert found.status is Status.DIVERGED
    assert re.search(r"rose from \S+ to \S+ by step \d+, where the gradient", found.advice)
    knowing_nothing = np.mean(regression(dtype=np.float64)[1] ** 2)
    assert found.history[-1].train_loss > 1e3 * knowing_nothing


def test_values_that_overflow_at_once_are_said_to_need_standardising():
    found = diverged(SGD(0.1), scale=1e200)
    assert found.status is Status.DIVERGED
    assert found.steps == 0
    assert "first step already; standardise" in found.advice


def test_stop_is_heard_between_chunks_as_an_answer_to_an_event_is():
    x, y = classification(rows=200, dtype=np.float32)
    problem, data = Problem(Network(5, 1, (8,)), LogLoss()), Data({"dense": x}, y)
    options = {"solver": Adam(), "regime": Regime(50, batch_size=32, each_epoch=True)}
    wishes, answers = (iter([False, False, True]) for _ in range(2))
    stopped = solve(train(problem, data, **options, stop=lambda: next(wishes)))
    answered = solve(
        train(problem, data, **options),
        lambda event: isinstance(event, ChunkDone) and next(answers),
    )
    for found in (stopped, answered):
        assert found.status is Status.INTERRUPTED
        assert found.iterations == 3


@pytest.mark.parametrize("patience", [None, 8, 50])
def test_how_many_epochs_a_chunk_spans_changes_no_bit(patience):
    x, y = classification(rows=203, dtype=np.float32)

    def trained(*, each_epoch):
        events = train(
            Problem(Network(5, 1, (8,)), LogLoss()),
            Data({"dense": x}, y),
            solver=Adam(0.05),
            regime=Regime(60, batch_size=32, patience=patience, tol=1e-3, each_epoch=each_epoch),
        )
        chunks = 0
        while True:
            try:
                chunks += isinstance(next(events), ChunkDone)
            except StopIteration as ended:
                return ended.value, chunks

    (several, few), (single, many) = trained(each_epoch=False), trained(each_epoch=True)
    assert few < many == single.iterations == several.iterations
    assert several.status is single.status
    assert [each.train_loss for each in several.history] == [
        each.train_loss for each in single.history
    ]
    for one, other in zip(several.params["layers"], single.params["layers"], strict=True):
        assert np.array_equal(one["weight"], other["weight"])
        assert np.array_equal(one["bias"], other["bias"])


@pytest.mark.parametrize("batch_size", [None, 32, 1000])
def test_events_tell_the_whole_story(batch_size):
    x, y = classification(rows=150, dtype=np.float32)
    events = list(
        train(
            Problem(Network(5, 1, (8,)), LogLoss()),
            Data({"dense": x}, y),
            solver=Adam(),
            regime=Regime(6, batch_size=batch_size),
        )
    )
    steps_per_epoch = 5 if batch_size == 32 else 1
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert [event.epoch for event in epochs] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in epochs] == [steps_per_epoch * e for e in range(1, 7)]
    assert np.all(np.diff([event.seconds for event in epochs]) >= 0)
    chunks = [event for event in events if isinstance(event, ChunkDone)]
    assert chunks[-1].step == 6 * steps_per_epoch
    stopped = events[-1]
    assert isinstance(stopped, Stopped)
    assert (stopped.status, stopped.epoch) == (Status.STEP_LIMIT, 6)
    assert stopped.step == 6 * steps_per_epoch


def test_a_step_limit_says_how_far_it_got():
    x, y = regression()
    problem, data = Problem(Network(5), SquaredError(), L2(0.1)), Data({"dense": x}, y)
    regime = Regime(4, gradient_tol=1e-9)
    found = fit(problem, data, solver=GradientDescent(0.1), regime=regime)
    before, after = (epoch.train_loss for epoch in found.history[-2:])
    fell = f"epoch 4 lowered the loss by {100 * (before - after) / before:.2g}% to {after:.3g}"
    assert fell in found.advice
    # The gradient before the last step is that of the answer after three.
    three = fit(problem, data, solver=GradientDescent(0.1), regime=Regime(3))
    norm = three.certificate.gradient_norm
    assert f"norm was {norm:.2g}, above the tolerance 1e-09" in found.advice
    assert "max_iter, or use the solver 'lbfgs'" in found.advice


def test_a_loss_that_rises_at_the_end_asks_for_shorter_steps():
    x, y = regression()
    problem, data = Problem(Network(5), SquaredError(), L2(0.1)), Data({"dense": x}, y)
    found = fit(problem, data, solver=GradientDescent(1.1), regime=Regime(4))
    assert found.history[-1].train_loss > found.history[-2].train_loss
    assert "epoch 4 raised the loss by" in found.advice
    assert "lower the learning_rate" in found.advice


def test_the_first_loss_is_the_objective_at_the_start():
    x, y = classification(rows=150)
    problem = Problem(Network(5, 1, (8,), "tanh"), LogLoss(), L2(0.3))
    start = problem.network.init(np.random.default_rng(0), np.float64)
    weight = np.random.default_rng(1).random(150)
    for batch_size in (None, 40):  # 40 leaves a last batch of 30
        found = fit(
            problem,
            Data({"dense": x}, y, weight),
            solver=SGD(0.0),
            regime=Regime(2, batch_size=batch_size),
            start=start,
        )
        losses = LogLoss().value(problem.network.forward(start, {"dense": x}), y)
        expected = np.average(losses, weights=weight) + L2(0.3).value(start)
        for epoch in found.history:
            np.testing.assert_allclose(epoch.train_loss, expected, rtol=1e-12)


def test_no_epochs_are_none():
    x, y = regression()
    found = fit(
        Problem(Network(5), SquaredError()),
        Data({"dense": x}, y),
        solver=Adam(),
        regime=Regime(0),
    )
    assert (found.iterations, found.history, found.status) == (0, (), Status.STEP_LIMIT)
    assert (flat(found.params) == 0).all()


def test_mistakes_are_refused():
    x, y = regression()
    with pytest.raises(ShapeError, match=r"\(199,\).*\(200, 5\)"):
        Data({"dense": x}, y[:-1])
    with pytest.raises(ShapeError, match=r"\(200, 1\)"):
        Data({"dense": x}, y[:, None])
    with pytest.raises(ShapeError, match="weight above 0"):
        Data({"dense": x}, y, np.zeros(200))
    problem = Problem(Network(6), SquaredError())
    with pytest.raises(ShapeError, match=r"5 numeric and 0 coded columns.* 6 and 0"):
        fit(problem, Data({"dense": x}, y), solver=Adam(), regime=Regime(1))
    with pytest.raises(SpecError, match="batch_size is 0"):
        Regime(1, batch_size=0)


def test_an_epoch_takes_few_calls_of_one_program_and_copies_nothing(monkeypatch):
    x, y = classification(rows=3000, columns=20, dtype=np.float32)
    problem, data = Problem(Network(20, 1, (64,)), LogLoss(), L2(1e-6)), Data({"dense": x}, y)
    calls = []

    def counted(state, batches, steps, *rest):
        result = run_chunk(state, batches, steps, *rest)
        leaves = [leaf for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)]
        calls.append((int(steps), [leaf.is_deleted() for leaf in leaves]))
        return result

    fit(problem, data, solver=Adam(), regime=Regime(1, batch_size=32))
    before = traces()
    monkeypatch.setattr("gradum.solvers.compiled_chunk.run_chunk", counted)
    fit(problem, data, solver=Adam(), regime=Regime(6, batch_size=32))
    assert traces() == before
    assert sum(steps for steps, _ in calls) == 6 * math.ceil(3000 / 32)
    assert len(calls) <= 12
    assert all(all(given_away) for _, given_away in calls)
    assert any(given_away for _, given_away in calls)
