"""L-BFGS against gradient descent, SciPy and closed forms."""

import jax
import numpy as np
import pytest
import scipy.optimize
from training_problems import classification, fit, flat

from gradum.core import L2, LogLoss, Network, Problem, SquaredError
from gradum.errors import SpecError
from gradum.solvers import LBFGS, Clipped, Data, GradientDescent, Regime, Status
from gradum.solvers.first_order.lbfgs import two_loops


def testtwo_loops_apply_the_inverse_hessian_of_bfgs():
    # The matrix itself, updated pair by pair: H ← VᵀHV + ρssᵀ, V = I − ρysᵀ (Nocedal, 6.17).
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    moves = rng.normal(size=(4, 6))
    changes = moves @ (root @ root.T + np.eye(6))
    moves[0], changes[0], inverse = 0.0, 0.0, 1.0 / np.maximum((moves * changes).sum(1), 1e-9)
    inverse[0] = 0.0  # not filled yet
    h = np.eye(6) / (inverse[-1] * changes[-1] @ changes[-1])
    for s, y, rho in zip(moves, changes, inverse, strict=True):
        v = np.eye(6) - rho * np.outer(y, s)
        h = v.T @ h @ v + rho * np.outer(s, s)
    gradient = rng.normal(size=6)
    with jax.enable_x64(True):
        step = two_loops(gradient, *map(jax.numpy.asarray, (moves, changes, inverse)))
    np.testing.assert_allclose(step, h @ gradient, rtol=1e-10)


def test_an_ill_conditioned_quadratic_takes_a_hundredth_of_gradient_descents_steps():
    rng = np.random.default_rng(0)
    x = np.linalg.qr(rng.normal(size=(100, 8)))[0] * np.geomspace(10, 0.2, 8)
    y = rng.normal(size=100)
    problem = Problem(Network(8, intercept=False), SquaredError())
    data = Data({"dense": x}, y)
    quick = fit(problem, data, solver=LBFGS(), regime=Regime(100, gradient_tol=1e-9))
    slow = GradientDescent("1/L")
    slow = fit(problem, data, solver=slow, regime=Regime(20_000, gradient_tol=1e-9))
    assert quick.status is Status.CONVERGED
    assert quick.steps * 100 < slow.steps
    exact = np.linalg.lstsq(x, y)[0]
    np.testing.assert_allclose(flat(quick.params), exact, rtol=1e-5)


def test_the_gradient_of_logistic_regression_vanishes_to_rounding():
    x, y = classification(rows=300, columns=9, classes=5)
    found = fit(
        Problem(Network(9, 5), LogLoss(), L2(1e-3)),
        Data({"dense": x}, y),
        solver=LBFGS(),
        regime=Regime(300, gradient_tol=1e-10),
    )
    assert found.status is Status.CONVERGED
    assert found.certificate.gradient_norm < 1e-10


def test_a_network_comes_as_low_as_scipys():
    x, y = classification(rows=150)
    problem = Problem(Network(5, 1, (6,), "tanh"), LogLoss(), L2(0.01))
    start = problem.network.init(np.random.default_rng(0), np.float64)
    found = fit(
        problem,
        Data({"dense": x}, y),
        solver=LBFGS(),
        regime=Regime(500, gradient_tol=1e-7),
        start=start,
    )
    leaves, structure = jax.tree.flatten(start)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def value(row):
        parts = [
            part.reshape(leaf.shape) for part, leaf in zip(np.split(row, ends), leaves, strict=True)
        ]
        params = jax.tree.unflatten(structure, parts)
        logits = problem.network.forward(params, {"dense": x})
        return LogLoss().value(logits, y).mean() + L2(0.01).value(params)

    peer = scipy.optimize.minimize(value, flat(start), method="L-BFGS-B")
    assert found.status is Status.CONVERGED
    losses = np.array([epoch.train_loss for epoch in found.history])
    assert (np.diff(losses) <= 1e-14).all()
    np.testing.assert_allclose(value(flat(found.params)), losses[-1], rtol=1e-10)
    np.testing.assert_allclose(losses[-1], peer.fun, rtol=0.05)


def test_going_on_is_never_having_stopped():
    x, y = classification(rows=100, dtype=np.float32)
    problem, data = Problem(Network(5), LogLoss(), L2(1e-3)), Data({"dense": x}, y)

    def part(steps, start=None):
        return fit(problem, data, solver=LBFGS(4), regime=Regime(steps), start=start)

    np.testing.assert_array_equal(flat(part(4, start=part(5)).params), flat(part(9).params))


def test_a_start_at_the_optimum_stays_there():
    x = np.array([[1.0], [-1.0]])
    problem = Problem(Network(1), SquaredError())
    found = fit(
        problem,
        Data({"dense": x}, np.array([2.0, -2.0])),
        solver=LBFGS(),
        regime=Regime(50),
        start={"layers": [{"weight": np.array([[2.0]]), "bias": np.zeros(1)}]},
    )
    np.testing.assert_array_equal(flat(found.params), [0.0, 2.0])


def test_mistakes_are_refused():
    with pytest.raises(SpecError, match="memory is 0"):
        LBFGS(0)
    with pytest.raises(SpecError, match="line search"):
        Clipped(LBFGS())
    with pytest.raises(SpecError, match="line search"):
        Clipped(GradientDescent("line_search"))
