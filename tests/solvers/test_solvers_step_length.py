"""Steps of 1/L, and steps that a line search finds."""

import numpy as np
import pytest
import scipy.sparse
from training_problems import classification, fit, flat, regression

from gradum.core import (
    L2,
    ElasticNet,
    LogLoss,
    Network,
    Poisson,
    Problem,
    Quantile,
    SquaredError,
)
from gradum.errors import SpecError
from gradum.solvers import Adam, Averaged, Data, GradientDescent, Regime, Status
from gradum.solvers.first_order import gradient_descent, resolve

BOUND = gradient_descent.smoothness


def hessian(x, problem, weight, logits):
    """The matrix of second derivatives in the weights, row by row and output by output."""
    z = np.hstack([x, np.ones((len(x), 1))]) if problem.network.intercept else x
    share = weight / weight.sum()
    blocks = problem.loss.hessian(logits, np.zeros(len(x), int))
    matrix = np.einsum("i,ijk,ia,ib->ajbk", share, blocks, z, z)
    size = z.shape[1] * problem.network.outputs
    l2 = np.zeros((z.shape[1], problem.network.outputs))
    l2[: x.shape[1]] = problem.penalty.strengths(x.shape[1])[1][:, None]
    return matrix.reshape(size, size) + np.diag(l2.ravel())


@pytest.mark.parametrize("intercept", [True, False])
def test_l_is_the_largest_eigenvalue_of_squared_errors_hessian(intercept):
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(40, 6)) + 2.0, rng.random(40)
    problem = Problem(Network(6, intercept=intercept), SquaredError(), L2(0.3))
    matrix = hessian(x, problem, weight, np.zeros((40, 1)))
    largest = np.linalg.eigvalsh(matrix)[-1]
    found = BOUND(problem, Data({"dense": x}, np.zeros(40), weight))
    if not intercept:
        np.testing.assert_allclose(found, largest, rtol=1e-12)
    # The intercept is not penalised, which the bound does not use: it is off by 0.3 at most.
    assert largest <= found <= largest + 0.3


@pytest.mark.parametrize(("outputs", "middle"), [(1, 0.25), (3, None)])
def test_no_hessian_of_log_loss_is_above_l(outputs, middle):
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(50, 4)), rng.random(50)
    factor = np.array([0.0, 1.0, 2.0, 5.0])
    penalty = ElasticNet(0.1, 0.5, factor)
    problem = Problem(Network(4, outputs), LogLoss(), penalty)
    split = {"dense": x[:, :2], "sparse": scipy.sparse.csr_array(x[:, 2:])}
    bound = BOUND(problem, Data(split, np.zeros(50, int), weight))
    for scale in (0.0, 1.0, 3.0):
        logits = scale * rng.normal(size=(50, outputs))
        assert np.linalg.eigvalsh(hessian(x, problem, weight, logits))[-1] <= bound
    if middle:
        free = Problem(Network(4, outputs), LogLoss())
        tight = np.linalg.eigvalsh(hessian(x, free, weight, np.zeros((50, 1))))[-1]
        np.testing.assert_allclose(bound, tight + 0.1 * 0.5 * 5.0, rtol=1e-12)


def test_many_columns_are_bounded_from_above_by_power_iteration(monkeypatch):
    monkeypatch.setattr(gradient_descent, "LARGEST_GRAM", 10)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 100)) * (rng.random((60, 100)) < 0.3) + 0.1
    problem = Problem(Network(100), SquaredError())
    data = Data({"dense": x[:, :30], "sparse": scipy.sparse.csr_array(x[:, 30:])}, np.zeros(60))
    largest = np.linalg.eigvalsh(hessian(x, problem, np.ones(60), np.zeros((60, 1))))[-1]
    assert largest <= BOUND(problem, data) <= largest / 0.79


def test_1_over_l_falls_at_every_step_and_more_than_2_over_l_diverges():
    x, y = regression(rows=120, columns=6)
    x = x * [1, 1, 1, 3, 5, 0.5] + 1.0
    problem, data = Problem(Network(6), SquaredError()), Data({"dense": x}, y)
    found = fit(problem, data, solver=GradientDescent("1/L"), regime=Regime(300))
    losses = np.array([epoch.train_loss for epoch in found.history])
    assert (np.diff(losses) < 0).all()
    too_long = GradientDescent(2.1 / BOUND(problem, data))
    assert fit(problem, data, solver=too_long, regime=Regime(4000)).status is Status.DIVERGED
    # It is the same descent as by the number.
    same = fit(problem, data, solver=GradientDescent(1 / BOUND(problem, data)), regime=Regime(300))
    np.testing.assert_array_equal(flat(same.params), flat(found.params))


@pytest.mark.parametrize(
    ("network", "loss", "why"),
    [
        (Network(5, 1, (3,)), SquaredError(), "a network bends"),
        (Network(5), Poisson(), "the loss 'poisson' bends"),
        (Network(5), Quantile(), "the loss 'quantile' bends"),
    ],
)
def test_1_over_l_is_refused_where_there_is_no_l(network, loss, why):
    x, y = regression()
    with pytest.raises(SpecError, match=f"{why}.*line_search"):
        fit(
            Problem(network, loss),
            Data({"dense": x}, np.abs(y)),
            solver=Averaged(GradientDescent("1/L")),
            regime=Regime(1),
        )


@pytest.mark.parametrize(
    ("network", "loss"), [(Network(5), SquaredError()), (Network(5, 1, (8,), "tanh"), LogLoss())]
)
def test_a_line_search_falls_at_every_step(network, loss):
    x, y = classification() if isinstance(loss, LogLoss) else regression()
    found = fit(
        Problem(network, loss, L2(1e-3)),
        Data({"dense": 30.0 * x}, y),  # far from the scale that a fixed step would suit
        solver=GradientDescent("line_search"),
        regime=Regime(60),
    )
    losses = np.array([epoch.train_loss for epoch in found.history])
    assert (np.diff(losses) < 0).all()


def test_a_line_search_stalls_at_a_kink_that_it_cannot_leave():
    # The slope at y is the mean of both sides' and not 0, yet either way the loss only grows.
    found = fit(
        Problem(Network(1, intercept=False), Quantile(0.3)),
        Data({"dense": np.ones((1, 1))}, np.array([2.0])),
        solver=GradientDescent("line_search"),
        regime=Regime(50),
        start={"layers": [{"weight": np.array([[2.0]])}]},
    )
    assert (found.status, found.steps) == (Status.STALLED, 1)
    assert "gradient's norm was 0.2" in found.advice
    np.testing.assert_array_equal(flat(found.params), [2.0])


def test_rules_and_names():
    assert resolve("gd", "1/L") == GradientDescent("1/L")
    assert resolve(Averaged(Adam()), 0.5) == Averaged(Adam(0.5))
    with pytest.raises(SpecError, match=r"'1/M'.*'1/L', 'line_search'"):
        GradientDescent("1/M")
    with pytest.raises(SpecError, match="learning_rate is 1/L"):
        resolve("adam", "1/L")
    with pytest.raises(SpecError, match="LBFGS finds"):
        resolve("lbfgs", 0.1)
