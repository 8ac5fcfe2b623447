"""Linear models of ordered classes against statsmodels, finite differences and a stated law."""

import numpy as np
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from gradum.core import L1, L2, LOSSES
from gradum.errors import SpecError
from gradum.solvers.convex import CONVEX, minimise
from gradum.solvers.driver import solve
from gradum.solvers.one_score import LARGEST_DIRECT, OneScore
from gradum.solvers.solution import Status

LOSS, SOLVER = LOSSES["ordered"], CONVEX["one-score"]
RNG = np.random.default_rng(0)
ROWS = 300
X = RNG.normal(size=(ROWS, 3)) * [1.0, 5.0, 0.2] + [0.0, 100.0, 3.0]
SCORE = (X - X.mean(axis=0)) @ [1.0, -0.3, 2.0]
Y = np.digitize(SCORE + RNG.logistic(size=ROWS), [-2.0, 0.0, 0.3, 2.5])
WEIGHT = RNG.integers(1, 4, ROWS)


FREE = L2(0.0)


def fitted(penalty=FREE, **more):
    return solve(minimise(X, Y, LOSS, penalty, solver=SOLVER, outputs=5, **more))


def score_and_thresholds(solution):
    layer = solution.params["layers"][0]
    slopes = np.diff(layer["weight"], axis=1)
    same = np.broadcast_to(slopes[:, :1], slopes.shape)
    np.testing.assert_allclose(slopes, same, rtol=1e-9, atol=1e-12)
    return slopes[:, 0], -np.diff(layer["bias"])


def objective(theta, price):
    """The penalised negative log-likelihood, written out with probabilities, of slopes and θ."""
    below = 1 / (1 + np.exp(-(np.subtract.outer(theta[3:], X @ theta[:3]))))
    shares = np.diff(np.vstack([np.zeros(ROWS), below, np.ones(ROWS)]), axis=0)
    return -np.log(shares[Y, np.arange(ROWS)]).mean() + 0.5 * price * 10 * theta[:3] @ theta[:3]


def test_slopes_and_thresholds_are_statsmodels_with_weights():
    weight, x, y = WEIGHT[:100], X[:100, [0, 2]] - [0.0, 3.0], np.minimum(Y[:100], 3)
    peer = OrderedModel(np.repeat(y, weight), np.repeat(x, weight, axis=0), distr="logit")
    found = peer.fit(
        method="bfgs", disp=False, gtol=1e-9, skip_hessian=True, warn_convergence=False
    )
    share = weight.astype(float)
    solution = solve(minimise(x, y, LOSS, L2(0.0), solver=SOLVER, outputs=4, weight=share))
    slopes, theta = score_and_thresholds(solution)
    np.testing.assert_allclose(slopes, found.params[:2], atol=1e-6)
    thresholds = peer.transform_threshold_params(found.params[2:])[1:-1]
    np.testing.assert_allclose(theta, thresholds, atol=1e-6)
    assert solution.certificate.objective * weight.sum() == pytest.approx(-found.llf, rel=1e-10)


@pytest.mark.parametrize("price", [1e-3, 1.0])
def test_a_penalised_fit_is_stationary_and_the_gap_bounds_what_is_left(price):
    solution = fitted(L2(price))
    slopes, theta = score_and_thresholds(solution)
    there = np.concatenate([slopes, theta])
    steps = 1e-6 * np.eye(len(there))
    rises = [objective(there + step, price) - objective(there - step, price) for step in steps]
    np.testing.assert_allclose(rises, 0.0, atol=2e-12)  # twice the slope, times a millionth
    rough = solve(minimise(X, Y, LOSS, L2(price), solver=OneScore(tol=1e-2), outputs=5)).certificate
    assert rough.objective - solution.certificate.objective <= rough.duality_gap
    assert solution.certificate.objective == pytest.approx(objective(there, price), rel=1e-12)
    assert solution.status is Status.CONVERGED
    assert solution.certificate.gradient_norm < 1e-9


def test_conjugate_gradients_end_where_the_factorised_hessian_does(monkeypatch):
    exact = fitted(L2(0.1)).params["layers"][0]
    monkeypatch.setattr("gradum.solvers.one_score.LARGEST_DIRECT", 0)
    assert LARGEST_DIRECT > 0
    np.testing.assert_allclose(
        fitted(L2(0.1)).params["layers"][0]["weight"], exact["weight"], atol=1e-7
    )


def test_a_class_that_hardly_any_row_has_leaves_thresholds_apart():
    y = np.where(Y == 2, 1, Y)
    y[:1] = 2
    solution = solve(minimise(X, y, LOSS, L2(0.0), solver=SOLVER, outputs=5))
    layer = solution.params["layers"][0]
    shares = LOSS.inverse_link(X @ layer["weight"] + layer["bias"])
    assert (shares > 0).all()
    np.testing.assert_allclose(shares.mean(axis=0), np.bincount(y) / ROWS, atol=0.02)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(SpecError, match="L2 penalty or none"):
        fitted(L1(0.1))
    with pytest.raises(SpecError, match="has an intercept"):
        fitted(fit_intercept=False)
    with pytest.raises(SpecError, match="which ordered is not"):
        solve(minimise(X, Y, LOSS, L2(0.1), solver=CONVEX["newton"], outputs=5))
