"""Clipped gradients and averaged parameters, around other solvers."""

import jax
import numpy as np
import pytest
from training_problems import classification, fit, flat, regression

from gradum.core import L2, LogLoss, Network, Problem, SquaredError
from gradum.errors import SpecError
from gradum.solvers import (
    SGD,
    Adam,
    Averaged,
    Clipped,
    Data,
    EpochDone,
    GradientDescent,
    Regime,
    Status,
    Validation,
    train,
)
from gradum.solvers.chunk import traces

X, Y = regression(rows=90)
PROBLEM, DATA = Problem(Network(5), SquaredError(), L2(0.01)), Data({"dense": X}, Y)


def run(solver, epochs, problem=PROBLEM, data=DATA, **how):
    return fit(problem, data, solver=solver, regime=Regime(epochs, batch_size=32), **how)


def test_a_clipped_gradient_is_shortened_to_the_norm():
    start = {"layers": [{"weight": np.full((5, 1), 50.0), "bias": np.zeros(1)}]}
    plain = flat(fit(PROBLEM, DATA, solver=SGD(0.1), regime=Regime(1), start=start).params)
    solver = Clipped(SGD(0.1), norm=0.5)
    clipped = flat(fit(PROBLEM, DATA, solver=solver, regime=Regime(1), start=start).params)
    long, short = plain - flat(start), clipped - flat(start)
    np.testing.assert_allclose(np.linalg.norm(short), 0.1 * 0.5, rtol=1e-10)
    np.testing.assert_allclose(short / np.linalg.norm(short), long / np.linalg.norm(long))
    # Below the norm it changes nothing.
    solver = Clipped(SGD(0.1), norm=1e6)
    free = fit(PROBLEM, DATA, solver=solver, regime=Regime(1), start=start)
    np.testing.assert_array_equal(flat(free.params), plain)


def test_clipping_keeps_too_long_a_learning_rate_from_diverging():
    assert run(SGD(30.0), 200).status is Status.DIVERGED
    assert run(Clipped(SGD(30.0), norm=0.01), 200).status is Status.STEP_LIMIT


@pytest.mark.parametrize("schedule", ["constant", lambda progress: 1.0 + progress])
def test_the_average_is_the_closed_form_over_the_trajectory(schedule):
    decay, steps = 0.8, 6
    solver = GradientDescent(0.05, schedule=schedule)
    seen = [
        flat(event.params())
        for event in train(
            PROBLEM,
            DATA,
            solver=solver,
            regime=Regime(steps, patience=steps),  # so that every step is a chunk
        )
        if isinstance(event, EpochDone)
    ]
    weights = decay ** np.arange(steps - 1, -1, -1)
    found = fit(PROBLEM, DATA, solver=Averaged(solver, decay), regime=Regime(steps))
    np.testing.assert_allclose(
        flat(found.params), weights @ np.array(seen) / weights.sum(), rtol=1e-12
    )


def test_no_steps_average_to_the_start():
    start = {"layers": [{"weight": np.full((5, 1), 2.0), "bias": np.ones(1)}]}
    found = fit(PROBLEM, DATA, solver=Averaged(Adam()), regime=Regime(0), start=start)
    np.testing.assert_array_equal(flat(found.params), flat(start))


@pytest.mark.parametrize("batch_size", [None, 32])
def test_going_on_is_never_having_stopped(batch_size):
    solver = Averaged(Clipped(Adam(0.01), norm=0.3), decay=0.9)

    def part(epochs, start=None):
        regime = Regime(epochs, batch_size=batch_size)
        return fit(PROBLEM, DATA, solver=solver, regime=regime, start=start)

    whole, parts = part(9), part(4, start=part(5))
    np.testing.assert_array_equal(flat(parts.params), flat(whole.params))


def test_the_average_is_what_is_validated_and_kept():
    x, y = classification(rows=240, dtype=np.float32)
    problem = Problem(Network(5, 1, (8,)), LogLoss())
    held_out = Data({"dense": x[:80]}, y[:80])
    found = run(
        Averaged(Adam(0.05), np.float64(0.9)),
        8,
        problem,
        Data({"dense": x[80:]}, y[80:]),
        validation=Validation(held_out),
    )
    assert found.params["layers"][0]["weight"].dtype == np.float32
    losses = [epoch.validation_loss for epoch in found.history]
    logits = problem.network.forward(found.params, held_out.inputs).astype(np.float64)
    np.testing.assert_allclose(LogLoss().value(logits, held_out.target).mean(), min(losses))


def test_averaging_quietens_small_batches():
    exact = np.linalg.solve(
        np.block([[X.T @ X / 90 + 0.005 * np.eye(5), X.mean(0)[:, None]], [X.mean(0), 1.0]]),
        np.append(X.T @ Y / 90, Y.mean()),
    )
    bias, weight = exact[-1:], exact[:-1]
    noisy, quiet = run(SGD(0.1), 100), run(Averaged(SGD(0.1), 0.98), 100)
    error = [
        np.linalg.norm(flat(found.params) - np.append(bias, weight)) for found in (noisy, quiet)
    ]
    assert error[1] < 0.5 * error[0]


def test_their_numbers_are_values():
    run(Averaged(Clipped(Adam(0.01), 0.5), 0.9), 1)
    before = traces()
    run(Averaged(Clipped(Adam(0.1, beta_1=0.5), 3), np.float32(0.5)), 1)
    assert traces() == before
    solver = Averaged(Clipped(Adam(0.01), 0.5), 0.9)
    assert jax.tree.unflatten(*reversed(jax.tree.flatten(solver))) == solver


def test_mistakes_are_refused():
    with pytest.raises(SpecError, match="norm to clip at is 0"):
        Clipped(Adam(), 0.0)
    with pytest.raises(SpecError, match="decay is 1"):
        Averaged(Adam(), 1.0)
