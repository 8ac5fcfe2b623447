"""The objective: gradients, weights, batches."""

import jax
import jax.flatten_util
import numpy as np
import pytest

from gradum.core import L2, Embedding, LogLoss, Network, Problem, SquaredError, objective
from gradum.errors import ShapeError

PROBLEMS = [
    Problem(Network(3), SquaredError(), L2(0.1)),
    Problem(Network(3, 4, (5,), "tanh"), LogLoss(), L2(0.1)),
    Problem(Network(3, 1, (5, 4), "logistic"), LogLoss(), L2(0.1)),
    Problem(Network(3, 1, (5,), "gelu", embedding=Embedding(6, 2, 2)), SquaredError(), L2(0.1)),
]

compiled = jax.jit(objective)


def draw(problem, rows=12, seed=0):
    rng = np.random.default_rng(seed)
    network = problem.network
    params = jax.tree.map(
        lambda values: rng.normal(size=values.shape), network.init(rng, np.float64)
    )
    inputs = {"dense": rng.normal(size=(rows, 3))}
    if network.embedding:
        inputs["codes"] = rng.integers(0, 6, (rows, 2)).astype(np.int32)
    target = rng.integers(0, max(network.outputs, 2), rows)
    if isinstance(problem.loss, SquaredError):
        target = rng.normal(size=rows)
    return params, inputs, target, rng.uniform(0.1, 2.0, rows)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: str(problem.network))
def test_gradient_is_the_central_difference(problem):
    params, inputs, target, weight = draw(problem)
    with jax.enable_x64(True):
        flat, unravel = jax.flatten_util.ravel_pytree(params)
        value = jax.jit(lambda flat: objective(unravel(flat), problem, inputs, target, weight))
        gradient = np.asarray(jax.grad(value)(flat))
        flat = np.asarray(flat)
        for slope, shift in zip(gradient, 1e-5 * np.eye(len(flat)), strict=True):
            rise = float(value(flat + shift)) - float(value(flat - shift))
            np.testing.assert_allclose(slope, rise / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: str(problem.network))
def test_whole_weights_are_repetition(problem):
    params, inputs, target, _ = draw(problem)
    weight = np.arange(len(target)) % 3
    repeated = {name: np.repeat(values, weight, axis=0) for name, values in inputs.items()}
    with jax.enable_x64(True):
        weighted = compiled(params, problem, inputs, target, weight)
        expected = compiled(params, problem, repeated, np.repeat(target, weight))
    np.testing.assert_allclose(weighted, expected, rtol=1e-13)


def test_batches_estimate_the_whole_without_bias():
    problem = PROBLEMS[1]
    params, inputs, target, weight = draw(problem, rows=12)
    with jax.enable_x64(True):
        whole = compiled(params, problem, inputs, target, weight)
        estimates = []
        for batch in np.arange(12).reshape(3, 4):
            part = {name: values[batch] for name, values in inputs.items()}
            total = 4 * weight.sum() / 12
            estimates.append(compiled(params, problem, part, target[batch], weight[batch], total))
    np.testing.assert_allclose(np.mean(estimates), whole, rtol=1e-13)


def test_the_squares_mistake_is_refused_through_the_objective():
    problem = Problem(Network(1), SquaredError())
    params, x = problem.network.init(np.random.default_rng(0)), np.zeros((100, 1))
    with pytest.raises(ShapeError, match=r"\(100, 100\).*\(100, 1\)"):
        jax.grad(objective)(params, problem, {"dense": x}, 3 * x + np.zeros(100))


def test_a_problem_compiles_once_for_every_penalty():
    traces = []

    @jax.jit
    def value(params, problem, inputs, target):
        traces.append(1)
        return objective(params, problem, inputs, target)

    params, inputs, target, _ = draw(PROBLEMS[0])
    values = [
        value(params, Problem(Network(3), SquaredError(), L2(alpha)), inputs, target)
        for alpha in (0.0, 0.5, 1.0)
    ]
    assert len(traces) == 1
    np.testing.assert_allclose(values[2] - values[1], values[1] - values[0], rtol=1e-4)
