"""The duality gap is no less than what is truly left, wherever a fit stands.

Whatever point has a lower objective is a witness: what is left is at least the difference.
"""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import exact_rationals
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum import LinearRegression, LogisticRegression, core
from gradum.core import (
    L1,
    L2,
    AbsoluteError,
    Gamma,
    Huber,
    LogLoss,
    Network,
    Poisson,
    Problem,
    Quantile,
    SquaredError,
    Unpenalised,
)
from gradum.solvers import Data
from gradum.solvers.certify import certify_rows
from gradum.solvers.convex import Exact, minimise
from gradum.solvers.driver import solve
from gradum.solvers.newton import Newton
from gradum.solvers.proximal import Proximal

ROWS, COLUMNS = 40, 3
RNG = np.random.default_rng(5)
X = RNG.normal(size=(ROWS, COLUMNS)).round(3)
SCORE = X @ [1.0, -0.5, 0.0]
NUMBER = (SCORE + RNG.standard_t(3, ROWS)).round(3)
RARE = np.r_[np.zeros(ROWS - 3, int), np.ones(3, int)]

FACTOR = (1.0, 0.0, 2.0)
PENALTIES = {
    "l2": L2,
    "l1": L1,
    "elastic net": partial(core.ElasticNet, l1_ratio=0.4),
    "l2 by column": partial(L2, factor=np.array(FACTOR)),
    "l1 by column": partial(L1, factor=np.array(FACTOR)),
}
LOSSES = {
    "squared error": (SquaredError(), 1),
    "huber": (Huber(0.5), 1),
    "log loss": (LogLoss(), 1),
    "log loss, smoothed": (LogLoss(0.1), 1),
    "log loss of three": (LogLoss(), 3),
    "poisson": (Poisson(), 1),
    "gamma": (Gamma(), 1),
    "absolute error": (AbsoluteError(), 1),
    "quantiles": (Quantile((0.2, 0.9)), 2),
}


def target_of(name, rng):
    score = X @ rng.normal(size=COLUMNS)
    if name == "log loss of three":
        return np.r_[0, 1, 2, np.digitize(score[3:] + rng.logistic(size=ROWS - 3), [-0.7, 0.7])]
    if name.startswith("log loss"):
        return np.r_[0, 1, (score[2:] + rng.logistic(size=ROWS - 2) > 1).astype(int)]
    if name == "poisson":
        return rng.poisson(np.exp(0.5 * score)).astype(float)
    if name == "gamma":
        return rng.gamma(2.0, np.exp(0.5 * score))
    return score + rng.standard_t(3, ROWS)


def left_at_least(loss, penalty, x, y, weight, layer):
    """Return how much lower SciPy's optimiser finds the objective, in extended precision."""
    l1, l2 = (each[:, None] for each in penalty.strengths(x.shape[1]))
    shape, fixed = (x.shape[1] + 1, layer["weight"].shape[1]), "bias" not in layer
    share = weight.astype(np.longdouble) / weight.sum()

    def cost(values):
        values = values.reshape(shape)
        losses = loss.value(x @ values[:-1] + values[-1], y)
        price = l1 * np.abs(values[:-1]) + 0.5 * l2 * values[:-1] ** 2
        return share @ losses + price.sum(dtype=np.longdouble)

    def slope(values):
        values = values.reshape(shape)
        each = loss.gradient(x @ values[:-1] + values[-1], y) * (weight / weight.sum())[:, None]
        down = x.T @ each + l1 * np.sign(values[:-1]) + l2 * values[:-1]
        return np.vstack([down, each.sum(axis=0) * (not fixed)]).ravel()

    here = np.vstack([layer["weight"], layer.get("bias", np.zeros(shape[1]))]).ravel()
    constant = np.zeros(shape)
    constant[-1] = 0.0 if fixed else here.reshape(shape)[-1]
    starts = [here, 0.1 * here, constant.ravel()]
    found = [
        scipy.optimize.minimize(lambda v: float(cost(v)), start, jac=slope, method="L-BFGS-B").x
        for start in starts
    ]
    return float(cost(here) - min(cost(each) for each in found))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=4, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10_000),
    alpha=st.sampled_from([1e-3, 0.05, 1.0, 10.0]),
    offset=st.sampled_from([0.0, 3.0, 1000.0]),
    far=st.sampled_from([0.0, 0.1, 1.0]),
    intercept=st.booleans(),
)
def test_no_point_is_lower_than_the_gap_allows(name, penalty, seed, alpha, offset, far, intercept):
    rng, (loss, outputs) = np.random.default_rng(seed), LOSSES[name]
    price, y = PENALTIES[penalty](alpha), target_of(name, rng)
    x = X + (offset if intercept else 0.0) / 100.0
    if loss.link == "identity":
        y = y + offset
    layer = {"weight": far * rng.normal(size=(COLUMNS, outputs))}
    if intercept:
        layer["bias"] = far * rng.normal(size=outputs)
    weight = rng.integers(0, 3, ROWS).astype(float)
    weight[:3] = 1.0
    problem = Problem(Network(COLUMNS, outputs, intercept=intercept), loss, price)
    gap = certify_rows({"layers": [layer]}, problem, Data({"dense": x}, y, weight)).duality_gap
    left = left_at_least(loss, price, x, y, weight, layer)
    assert gap is not None
    assert gap >= left - 1e-12 * abs(left)


def exactly_left(model, target, alpha):
    """Return P − min P of ridge regression, in rational numbers."""
    best = exact_rationals.solve(X, target, alpha=alpha)[0]

    def cost(values):
        *weights, level = map(Fraction, values)
        rows = zip(exact_rationals.rationals(X), target, strict=True)
        errors = [
            sum(w * v for w, v in zip(weights, row, strict=True)) + level - Fraction(y)
            for row, y in rows
        ]
        price = Fraction(alpha) / 2 * sum(w * w for w in weights)
        return sum(e * e for e in errors) / len(errors) + price

    return float(cost([*model.coef_.tolist(), float(model.intercept_)]) - cost(best.tolist()))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["gd", "sgd", "nesterov", "adam", "adamw", "lbfgs", "newton"])
def test_a_fit_cut_short_says_no_less_than_is_left_of_it(solver):
    for offset in (0.0, 1000.0):
        target = NUMBER + offset
        for alpha in (0.01, 10.0):
            for epochs in (1, 50):
                options = {"alpha": alpha, "max_iter": epochs, "random_state": 0}
                model = LinearRegression(solver=solver, **options).fit(X, target)
                gap = model.certificate_.duality_gap
                # The optimum itself is rounded to float64.
                assert gap >= exactly_left(model, target, alpha) - 1e-15 * offset**2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("epochs", [1, 50])
def test_rare_classes_cut_short_are_said_to_be_far_from_done(epochs):
    options = {"alpha": 10.0, "random_state": 0}
    early = LogisticRegression(solver="gd", learning_rate=0.01, max_iter=epochs, **options)
    early, best = early.fit(X, RARE), LogisticRegression(**options).fit(X, RARE)
    left = early.loss_ - best.loss_
    assert left > 0.1
    assert left <= early.certificate_.duality_gap < 3 * left


@pytest.mark.parametrize("solver", [Newton(), Proximal(), Exact()])
@pytest.mark.parametrize("intercept", [True, False])
def test_at_the_minimum_nothing_is_left(solver, intercept):
    loss, target = (SquaredError(), NUMBER + 100.0)
    if not isinstance(solver, Exact):
        loss, target = LogLoss(), RARE
    steps = minimise(X, target, loss, L2(0.1), solver=solver, fit_intercept=intercept)
    assert 0.0 <= solve(steps).certificate.duality_gap < 1e-15


@pytest.mark.parametrize("solver", [Newton(), Proximal()])
def test_a_fit_that_is_only_compared_is_the_same_without_the_proof(solver):
    proven, compared = (
        solve(minimise(X, RARE, LogLoss(), L2(0.1), solver=replace(solver, bounds_gap=asked)))
        for asked in (True, False)
    )
    unproven = replace(proven.certificate, duality_gap=None, condition=None, rank=None)
    assert compared.certificate == unproven
    assert proven.certificate.duality_gap is not None
    for name, values in proven.params["layers"][0].items():
        assert np.array_equal(compared.params["layers"][0][name], values)


def test_columns_of_all_sizes_are_no_obstacle_to_least_squares():
    x = X * [1e-8, 1.0, 1e8]
    steps = minimise(x, NUMBER, SquaredError(), L2(1e-12), solver=Exact())
    assert solve(steps).certificate.duality_gap < 1e-15


@pytest.mark.parametrize("loss", [SquaredError(), LogLoss()])
def test_without_a_penalty_nothing_bounds_what_is_left(loss):
    y = RARE if isinstance(loss, LogLoss) else NUMBER
    steps = minimise(X, y, loss, Unpenalised(), solver=Newton(max_iter=1))
    assert solve(steps).certificate.duality_gap is None


def test_a_minimum_at_infinity_has_no_bound():
    problem = Problem(Network(COLUMNS), LogLoss(), L2(0.1))
    layer = {"weight": np.zeros((COLUMNS, 1)), "bias": np.zeros(1)}
    data = Data({"dense": X}, np.zeros(ROWS, int))
    assert certify_rows({"layers": [layer]}, problem, data).duality_gap is None
