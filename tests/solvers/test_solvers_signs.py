"""Linear models whose coefficients are held to a sign: SciPy's bounded solvers are the truth."""

import numpy as np
import pytest
import scipy.optimize
from scipy.special import expit

from gradum.core.losses import LOSSES
from gradum.core.penalties import L2
from gradum.rungs.penalty_path.batched_folds import Price, folds_of
from gradum.rungs.penalty_path.path import OneByOne
from gradum.solvers.convex import choose, minimise
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import Newton
from gradum.solvers.proximal import Proximal

ALPHA = 0.02
SIGNS = np.array([1, -1, 1, -1, 1, 0, 0, 0])
BOUNDS = [{1: (0, None), -1: (None, 0), 0: (None, None)}[sign] for sign in SIGNS]


def problem(loss, seed=0):
    """Columns that go together, some with coefficients of the wrong sign."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(120, 8)) @ (np.eye(8) + 0.4 * rng.normal(size=(8, 8)))
    columns = 3.0 + columns * np.array([1, 10, 0.1, 1, 5, 1, 1, 1])
    slopes = np.array([1, 0.2, -9, -1, -0.1, 1, -1, 0.5])
    score = (columns - columns.mean(axis=0)) @ slopes
    if loss == "squared_error":
        return columns, score + rng.normal(size=120)
    return columns, (rng.random(120) < expit(score)).astype(np.int64)


def bounded(columns, target, loss):
    """The minimum by L-BFGS-B in standard units, polished until the gradient is nothing."""
    scale, centre = columns.std(axis=0), columns.mean(axis=0)
    z = np.column_stack([(columns - centre) / scale, np.ones(len(columns))])
    price = np.append(ALPHA / scale**2, 0.0)

    def objective(theta):
        logits = (z @ theta)[:, None]
        value = LOSSES[loss].value(logits, target).mean() + 0.5 * price @ theta**2
        slope = z.T @ LOSSES[loss].gradient(logits, target)[:, 0] / len(z)
        return float(value), slope + price * theta

    best = scipy.optimize.minimize(
        objective,
        np.zeros(9),
        jac=True,
        method="L-BFGS-B",
        bounds=[*BOUNDS, (None, None)],
        options={"ftol": 0, "gtol": 1e-12, "maxiter": 10_000, "maxfun": 100_000},
    )
    return best.fun, best.x[:-1] / scale


@pytest.mark.parametrize("solver", [Newton(), Proximal()])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_the_bounded_minimum_is_reached_and_certified(loss, solver):
    columns, target = problem(loss)
    solution = solve(minimise(columns, target, LOSSES[loss], L2(ALPHA), solver=solver, signs=SIGNS))
    least, weights = bounded(columns, target, loss)
    found = solution.params["layers"][0]["weight"][:, 0]
    assert found == pytest.approx(weights, abs=2e-6 * np.abs(weights).max())
    assert (SIGNS * found >= 0).all()
    assert (found[SIGNS != 0] == 0).any(), "a bound must bind, or the test shows nothing"
    proof = solution.certificate
    assert proof.objective == pytest.approx(least, rel=1e-10)
    assert proof.gradient_norm < 1e-6
    assert 0 <= proof.duality_gap < 1e-9


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_the_duality_gap_bounds_the_distance_of_any_point(loss):
    columns, target = problem(loss, seed=3)
    least, _ = bounded(columns, target, loss)
    for steps in (1, 2, 3):
        halfway = Proximal(max_iter=steps)
        solution = solve(
            minimise(columns, target, LOSSES[loss], L2(ALPHA), solver=halfway, signs=SIGNS)
        )
        proof = solution.certificate
        assert proof.objective - least <= proof.duality_gap


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_folds_at_once_and_one_by_one_agree(loss):
    columns, target = problem(loss, seed=1)
    model = LinearModel.of(columns, target, LOSSES[loss], signs=SIGNS)
    places = np.arange(len(target))
    folds = [(places[places % 3 != fold], places[places % 3 == fold]) for fold in range(3)]
    together = folds_of(model, folds, selects=True)
    apart = OneByOne(model, folds, lambda _: None)
    for alpha in (1.0, 0.1, 0.01):
        prices = [Price(l2=alpha)] * 3
        assert together.fit(prices) == pytest.approx(apart.fit(prices), rel=1e-4)
        for fold in range(3):
            weight = together.params(fold)["layers"][0]["weight"][:, 0]
            assert (SIGNS * weight >= 0).all()


def test_a_solver_is_chosen_that_holds_signs():
    loss = LOSSES["squared_error"]
    few = choose(loss, L2(1.0), (100, 8), 1, sparse=False, signed=True)
    many = choose(loss, L2(1.0), (100, 20_000), 1, sparse=True, signed=True)
    assert (few.name, many.name) == ("newton", "proximal")
