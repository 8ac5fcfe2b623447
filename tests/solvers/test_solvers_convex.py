"""The convex solvers, on every loss and penalty: against peers, brute force and each other."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
import statsmodels.api as sm
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    lasso_path,
)

from gradum import core
from gradum.core import (
    L1,
    L2,
    AbsoluteError,
    Gamma,
    Huber,
    LogLoss,
    Poisson,
    Quantile,
    SquaredError,
    Unpenalised,
)
from gradum.errors import SpecError
from gradum.solvers import active_set
from gradum.solvers.convex import CONVEX, Exact, choose, minimise
from gradum.solvers.driver import solve
from gradum.solvers.interior_point import InteriorPoint
from gradum.solvers.newton import Newton
from gradum.solvers.proximal import Proximal
from gradum.solvers.solution import Status

ROWS, COLUMNS = 240, 6
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, COLUMNS)) * [1.0, 10.0, 0.1, 1.0, 3.0, 1.0] + 2.0
SCORE = (X - 2.0) @ [0.8, -0.1, 3.0, 0.0, 0.1, 0.0]
WEIGHT = RNG.uniform(0.2, 3.0, ROWS)
NUMBER = SCORE + RNG.standard_t(3, ROWS)
CLASS = (SCORE + RNG.logistic(size=ROWS) > 0).astype(np.int64)
THREE = np.digitize(SCORE + RNG.logistic(size=ROWS), [-0.7, 0.7])
COUNT = RNG.poisson(np.exp(0.5 * SCORE)).astype(float)
AMOUNT = RNG.gamma(2.0, np.exp(0.5 * SCORE) / 2.0)

PROBLEMS = {
    "squared error": (SquaredError(), NUMBER, 1),
    "huber": (Huber(0.8), NUMBER, 1),
    "log loss": (LogLoss(), CLASS, 1),
    "log loss, smoothed": (LogLoss(0.1), CLASS, 1),
    "log loss of three": (LogLoss(), THREE, 3),
    "poisson": (Poisson(), COUNT, 1),
    "gamma": (Gamma(), AMOUNT, 1),
    "absolute error": (AbsoluteError(), NUMBER, 1),
    "quantiles": (Quantile((0.2, 0.5, 0.9)), NUMBER, 3),
}
SMOOTH = [name for name, (loss, _, _) in PROBLEMS.items() if loss.smooth]
FACTOR = np.array([1.0, 0.5, 0.0, 2.0, 1.0, 1.0])
PENALTIES = {
    "l2": L2(0.02),
    "l1": L1(0.03),
    "elastic net": core.ElasticNet(0.04, 0.4),
    "l2 by column": L2(0.02, FACTOR),
    "l1 by column": L1(0.03, FACTOR),
}


def fitted(name, penalty, solver, **options):
    loss, target, outputs = PROBLEMS[name]
    steps = minimise(X, target, loss, penalty, solver=solver, outputs=outputs, **options)
    return solve(steps)


def layer(solution):
    return solution.params["layers"][0]


def objective(name, penalty, values, weight):
    """Σ w loss / Σ w + penalty, written out; values are [D + 1, k], the intercept last."""
    loss, target, _ = PROBLEMS[name]
    l1, l2 = penalty.strengths(COLUMNS)
    losses = loss.value(X @ values[:-1] + values[-1], target)
    price = l1 @ np.abs(values[:-1]) + 0.5 * l2 @ values[:-1] ** 2
    return np.average(losses, weights=weight) + price.sum()


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("name", PROBLEMS)
def test_no_small_change_lowers_the_objective_and_the_gap_bounds_it(name, penalty):
    smooth = PROBLEMS[name][0].smooth
    solver = Newton() if smooth else InteriorPoint()
    found = fitted(name, PENALTIES[penalty], solver, weight=WEIGHT)
    assert found.status is Status.CONVERGED
    values = np.vstack([layer(found)["weight"], layer(found)["bias"]])
    best = objective(name, PENALTIES[penalty], values, WEIGHT)
    certificate = found.certificate
    assert certificate.objective == pytest.approx(best, rel=1e-12)
    assert 0.0 <= certificate.duality_gap < 1e-7 * best
    rng = np.random.default_rng(1)
    size = np.append(1.0 / X.std(axis=0), 1.0)[:, None]
    for scale in (1e-1, 1e-3):
        for _ in range(20):
            other = values + scale * size * rng.normal(size=values.shape)
            assert (
                objective(name, PENALTIES[penalty], other, WEIGHT) >= best - certificate.duality_gap
            )


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("name", SMOOTH)
def test_solvers_that_claim_the_same_problem_agree(name, penalty):
    exact = fitted(name, PENALTIES[penalty], Newton(), weight=WEIGHT)
    near = fitted(name, PENALTIES[penalty], Proximal(), weight=WEIGHT)
    assert near.status is Status.CONVERGED
    size = 1.0 / X.std(axis=0)[:, None]
    np.testing.assert_allclose(
        layer(near)["weight"] / size, layer(exact)["weight"] / size, atol=1e-7
    )
    # Where proximal Newton holds a coefficient at 0, so do proximal gradients.
    np.testing.assert_array_equal(layer(near)["weight"] == 0.0, layer(exact)["weight"] == 0.0)
    if name == "squared error" and PENALTIES[penalty].strengths(COLUMNS)[0].max() == 0:
        closed = fitted(name, PENALTIES[penalty], Exact(), weight=WEIGHT)
        np.testing.assert_allclose(layer(exact)["weight"], layer(closed)["weight"], rtol=1e-8)
        assert closed.certificate.duality_gap < 1e-13


@pytest.mark.parametrize("name", ["log loss of three", "quantiles", "gamma"])
def test_the_gap_is_a_bound_far_from_the_optimum_too(name):
    smooth = PROBLEMS[name][0].smooth
    penalty = L1(0.03)
    solver = Newton(max_iter=2) if smooth else InteriorPoint(max_iter=3)
    early = fitted(name, penalty, solver)
    best = fitted(name, penalty, Newton() if smooth else InteriorPoint()).certificate.objective
    above = early.certificate.objective - best
    assert above > 1e-6
    assert early.certificate.duality_gap >= above * (1 - 1e-9)


@pytest.mark.parametrize("share", [0.7, 0.1, 0.01])
def test_lasso_and_elastic_net_are_scikit_learns(share):
    alpha = share * 2.0 * np.abs((X - X.mean(axis=0)).T @ (NUMBER - NUMBER.mean())).max() / ROWS
    options = {"tol": 1e-14, "max_iter": 1_000_000}
    peer = Lasso(alpha=alpha / 2, **options).fit(X, NUMBER)
    found = fitted("squared error", L1(alpha), Newton())
    np.testing.assert_allclose(layer(found)["weight"][:, 0], peer.coef_, atol=1e-8)
    np.testing.assert_allclose(layer(found)["bias"][0], peer.intercept_, atol=1e-7)
    peer = ElasticNet(alpha=alpha / 2, l1_ratio=0.3, **options).fit(X, NUMBER)
    found = fitted("squared error", core.ElasticNet(alpha, 0.3), Newton())
    np.testing.assert_allclose(layer(found)["weight"][:, 0], peer.coef_, atol=1e-8)


def test_l1_logistic_regression_is_scikit_learns():
    peer = LogisticRegression(
        l1_ratio=1.0, C=1 / (0.02 * ROWS), solver="saga", tol=1e-12, max_iter=100_000
    ).fit(X, CLASS)
    found = fitted("log loss", L1(0.02), Newton())
    np.testing.assert_allclose(layer(found)["weight"][:, 0], peer.coef_[0], atol=1e-6)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_quantile_regression_is_scikit_learns(level, alpha):
    peer = QuantileRegressor(quantile=level, alpha=alpha, solver="highs").fit(
        X, NUMBER, sample_weight=WEIGHT / WEIGHT.mean()
    )
    loss, target = Quantile(level), NUMBER
    found = solve(minimise(X, target, loss, L1(alpha), solver=InteriorPoint(), weight=WEIGHT))
    np.testing.assert_allclose(layer(found)["weight"][:, 0], peer.coef_, atol=1e-6)
    np.testing.assert_allclose(layer(found)["bias"][0], peer.intercept_, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("poisson", sm.families.Poisson()),
        ("gamma", sm.families.Gamma(sm.families.links.Log())),
    ],
)
def test_maximum_likelihood_is_statsmodels(name, family):
    target = PROBLEMS[name][1]
    peer = sm.GLM(target, sm.add_constant(X), family=family).fit(tol=1e-13, maxiter=200)
    found = fitted(name, Unpenalised(), Newton())
    values = np.append(layer(found)["bias"], layer(found)["weight"])
    np.testing.assert_allclose(values, peer.params, rtol=1e-7, atol=1e-9)
    assert found.certificate.duality_gap is None
    assert 2 * ROWS * found.certificate.objective == pytest.approx(peer.deviance, rel=1e-9)


def test_penalised_poisson_and_gamma_are_scikit_learns():
    for name, peer in (("poisson", PoissonRegressor), ("gamma", GammaRegressor)):
        found = fitted(name, L2(0.1), Newton())
        said = peer(alpha=0.1, solver="newton-cholesky", tol=1e-10).fit(X, PROBLEMS[name][1])
        np.testing.assert_allclose(layer(found)["weight"][:, 0], said.coef_, rtol=1e-6, atol=1e-8)


def test_soft_labels_are_fitted_as_rows_of_every_class_with_its_share():
    shares = RNG.dirichlet(np.ones(3), ROWS)
    steps = minimise(X, shares, LogLoss(), L2(0.01), solver=Newton(), outputs=3)
    repeated = minimise(
        np.tile(X, (3, 1)),
        np.repeat(np.arange(3), ROWS),
        LogLoss(),
        L2(0.01),
        solver=Newton(),
        outputs=3,
        weight=shares.T.ravel(),
    )
    np.testing.assert_allclose(
        layer(solve(steps))["weight"], layer(solve(repeated))["weight"], rtol=1e-6, atol=1e-9
    )


def test_the_active_set_is_the_minimum_of_bounded_quadratics():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        root = rng.normal(size=(9, 12))
        hessian, linear = root.T @ root + 0.01 * np.eye(12), rng.normal(size=12) * 3
        l1 = rng.uniform(0, 2, 12) * (rng.random(12) < 0.8)
        found = active_set.minimise(hessian, linear, l1, rng.normal(size=12))

        # |x| is p + m for x = p − m with p, m ≥ 0: a smooth problem within bounds.
        def both(z, hessian=hessian, linear=linear, l1=l1):
            x = z[:12] - z[12:]
            slope = hessian @ x - linear
            value = 0.5 * x @ hessian @ x - linear @ x + l1 @ (z[:12] + z[12:])
            return value, np.concatenate([slope + l1, l1 - slope])

        start = np.concatenate([np.maximum(found, 0), np.maximum(-found, 0)])
        peer = scipy.optimize.minimize(
            both,
            0.9 * start + 0.01,
            jac=True,
            bounds=[(0, None)] * 24,
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
        )
        assert both(start)[0] <= peer.fun + 1e-9 * abs(peer.fun)
        slope = hessian @ found - linear
        assert (np.abs(slope[found == 0]) <= l1[found == 0] + 1e-9).all()
        assert np.allclose(slope[found != 0], -(l1 * np.sign(found))[found != 0], atol=1e-9)


def test_a_whole_lasso_path_is_scikit_learns():
    centred, target = X - X.mean(axis=0), NUMBER - NUMBER.mean()
    alphas, coefficients, _ = lasso_path(centred, target, alphas=30, tol=1e-14, max_iter=100_000)
    for alpha, expected in zip(alphas, coefficients.T, strict=True):
        found = fitted("squared error", L1(2 * alpha), Newton())
        np.testing.assert_allclose(layer(found)["weight"][:, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "penalty", "shape", "outputs", "name"),
    [
        (SquaredError(), L2(0.1), (100, 5), 1, "exact"),
        (SquaredError(), L1(0.1), (100, 5), 1, "newton"),
        (SquaredError(), L1(0.1), (100, 5000), 1, "proximal"),
        (SquaredError(), L2(0.1), (100, 20_000), 1, "newton"),
        (LogLoss(), L2(0.1), (100, 5), 3, "newton"),
        (LogLoss(), L1(0.1), (100, 5), 3, "proximal"),
        (LogLoss(), L2(0.1), (100, 5000), 3, "newton"),
        (Quantile(), L2(0.1), (100, 5), 1, "interior"),
    ],
)
def test_auto_picks_by_loss_penalty_and_size_and_says_why(loss, penalty, shape, outputs, name):
    choice = choose(loss, penalty, shape, outputs, sparse=False)
    assert choice.name == name
    assert choice.solver == CONVEX[name]
    assert choice.reason.endswith(".")
    assert choice.reason.count(". ") == 0


@pytest.mark.parametrize(
    ("name", "penalty", "solver", "said"),
    [
        ("log loss", L2(0.1), Exact(), "exact solver takes squared error"),
        ("squared error", L1(0.1), Exact(), "exact solver takes squared error"),
        ("quantiles", L2(0.1), Newton(), "needs a smooth loss.*solver='interior'"),
        ("quantiles", L2(0.1), Proximal(), "needs a smooth loss.*solver='interior'"),
        ("log loss", L2(0.1), InteriorPoint(), "absolute_error and quantile"),
    ],
)
def test_a_solver_refuses_what_it_does_not_claim(name, penalty, solver, said):
    with pytest.raises(SpecError, match=said):
        fitted(name, penalty, solver)


@pytest.mark.parametrize("alone", [True, False])
def test_the_columns_that_separate_are_named_and_no_others(alone):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(150, 5))
    y = (x[:, 3] > 0.1).astype(int) if alone else (x[:, 1] + 2 * x[:, 4] > 0.3).astype(int)
    found = solve(minimise(x, y, LogLoss(), Unpenalised(), solver=Newton()))
    assert found.status is Status.SEPARATED
    assert found.certificate.separating == ((3,) if alone else (1, 4))


def test_a_level_that_only_one_class_has_is_named():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(150, 3))
    y = rng.integers(0, 3, 150)
    x[:, 1] = (y == 2) & (rng.random(150) < 0.3)
    found = solve(minimise(x, y, LogLoss(), Unpenalised(), solver=Newton(), outputs=3))
    assert found.status is Status.SEPARATED
    assert found.certificate.separating == (1,)


def test_rank_and_condition_are_those_of_the_columns():
    doubled = np.column_stack([X, X[:, 0] - X[:, 1]])
    found = solve(minimise(doubled, CLASS, LogLoss(), Unpenalised(), solver=Newton()))
    assert (found.certificate.rank, found.certificate.columns) == (COLUMNS, COLUMNS + 1)
    plain = solve(minimise(X, CLASS, LogLoss(), Unpenalised(), solver=Newton()))
    assert plain.certificate.rank == COLUMNS
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    p = 1 / (1 + np.exp(-(X @ layer(plain)["weight"] + layer(plain)["bias"])))
    rooted = np.sqrt(p * (1 - p)) * np.column_stack([z, np.ones(ROWS)])
    exact = np.linalg.cond(rooted)
    assert exact / 3 < plain.certificate.condition < 3 * exact


def test_a_sample_of_many_rows_gives_the_same_answer(monkeypatch):
    from gradum.solvers import newton

    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 4))
    y = (x @ [1.0, -1.0, 0.5, 0.0] + rng.logistic(size=20_000) > 1.0).astype(int)
    whole = solve(minimise(x, y, LogLoss(), L2(1e-3), solver=Newton()))
    monkeypatch.setattr(newton, "SAMPLED_FROM", 10_000)
    sampled = solve(minimise(x, y, LogLoss(), L2(1e-3), solver=Newton()))
    best = whole.certificate.objective
    assert sampled.history[0].train_loss - best < 1e-3 * (whole.history[0].train_loss - best)
    np.testing.assert_allclose(layer(sampled)["weight"], layer(whole)["weight"], rtol=1e-8)


@pytest.mark.parametrize("unit", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("penalty", [L2(0.0), L1(0.5)], ids=["no penalty", "l1"])
def test_huber_is_solved_where_hardly_a_row_is_within_its_delta(unit, penalty):
    target = unit * NUMBER
    solver = choose(Huber(), penalty, X.shape, 1, sparse=False).solver
    found = solve(minimise(X, target, Huber(), penalty, solver=solver))
    assert found.status is Status.CONVERGED
    values = np.append(layer(found)["weight"], layer(found)["bias"])
    design = np.column_stack([X, np.ones(ROWS)])

    def value(v):
        losses = Huber().value((design @ v)[:, None], target)
        return losses.mean() + penalty.value({"layers": [{"weight": v[:-1, None]}]})

    best = scipy.optimize.minimize(value, values, method="Powell", options={"maxfev": 4000}).fun
    assert value(values) <= best + 1e-9 * abs(best)


def test_a_perfect_fit_of_the_median_is_an_answer():
    x = RNG.normal(size=(30, 2))
    found = solve(
        minimise(x, x @ [1.0, -2.0] + 3.0, AbsoluteError(), L2(0.0), solver=InteriorPoint())
    )
    assert found.status is Status.CONVERGED
    np.testing.assert_allclose(layer(found)["weight"][:, 0], [1.0, -2.0], atol=1e-6)


def test_sparse_columns_far_from_0_are_the_dense_ones():
    far = X + 1e6
    dense = solve(minimise(far, CLASS, LogLoss(), L2(0.01), solver=Newton()))
    sparse = solve(minimise(sp.csr_array(far), CLASS, LogLoss(), L2(0.01), solver=Newton()))
    np.testing.assert_allclose(layer(sparse)["weight"], layer(dense)["weight"], rtol=1e-6)


def test_weights_that_nearly_separate_do_not_separate():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(60, 2))
        y = (x[:, 0] + rng.logistic(size=60) > 0).astype(int)
        weight = 10 ** rng.uniform(-6, 6, 60)
        found = solve(minimise(x, y, LogLoss(), Unpenalised(), solver=Newton(), weight=weight))
        assert found.status is not Status.SEPARATED
