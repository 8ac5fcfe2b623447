"""Exact least squares against rational arithmetic, scikit-learn and numpy.linalg.lstsq."""

import exact_rationals
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import Ridge

from gradum.errors import ShapeError
from gradum.solvers import double_double, exact, moments
from gradum.solvers.double_double import DoubleDoubleColumns, Pair
from gradum.solvers.exact import LeastSquares, least_squares
from gradum.solvers.matrix import Columns
from gradum.solvers.refinement import Accurate, Plain
from gradum.solvers.solution import Status


def table(rows=200, columns=6, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-3, 4, columns) + 5.0
    y = x @ (rng.normal(size=columns) / x.std(axis=0)) + rng.normal(size=rows) - 2.0
    return x, y, rng


def coefficients(solution):
    layer = solution.params["layers"][0]
    return layer["weight"][:, 0], layer.get("bias", np.zeros(1))[0]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 0.01, 3.0])
def test_agrees_with_ridge(alpha, fit_intercept):
    x, y, rng = table()
    weight = rng.uniform(0, 3, len(y))
    solution = least_squares(x, y, alpha=alpha, weight=weight, fit_intercept=fit_intercept)
    # scikit-learn minimises Σ w e² + a ‖b‖²: a = alpha · Σw / 2.
    ridge = Ridge(alpha * weight.sum() / 2, fit_intercept=fit_intercept, solver="svd")
    ridge.fit(x, y, sample_weight=weight)
    weights, bias = coefficients(solution)
    np.testing.assert_allclose(weights, ridge.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(bias, ridge.intercept_, rtol=1e-9, atol=1e-9)
    assert solution.status is Status.CONVERGED
    assert ("bias" in solution.params["layers"][0]) is fit_intercept


def test_without_penalty_agrees_with_lstsq():
    x, y, _ = table()
    solution = least_squares(x, y)
    expected = np.linalg.lstsq(np.hstack([x, np.ones((len(x), 1))]), y)[0]
    weights, bias = coefficients(solution)
    np.testing.assert_allclose(weights, expected[:-1], rtol=1e-9)
    np.testing.assert_allclose(bias, expected[-1], rtol=1e-9)
    assert solution.certificate.rank == 6


def test_an_ill_conditioned_problem_takes_qr_and_keeps_its_digits():
    x = np.linspace(0.0, 1.0, 100)[:, None] ** np.arange(1, 10)
    solution = least_squares(x, x @ np.arange(1.0, 10.0) - 4.0)
    assert solution.certificate.condition > exact.LARGEST_CONDITION
    assert solution.certificate.rank == 9
    np.testing.assert_allclose(coefficients(solution)[0], np.arange(1.0, 10.0), rtol=1e-7)


def vandermonde(rng):
    return np.arange(1.0, 13.0)[:, None] ** np.arange(1, 8)


def hilbert(rng):
    rows, columns = np.arange(12)[:, None], np.arange(7)
    return np.round(360360.0 / (rows + columns + 1.0))


def nearly_dependent(rng):
    x = rng.integers(-9, 10, (12, 5)).astype(float)
    return np.hstack([x, x[:, :2] @ [[1.0], [1.0]] + 2.0**-30 * rng.integers(-9, 10, (12, 1))])


def far_from_0(rng):
    return rng.integers(0, 9, (12, 3)) + np.array([1e9, 1e12, 0.0])


CASES = {
    "ordinary": {},
    "weighted": {"weight": np.arange(1.0, 13.0)},
    "penalised": {"alpha": 0.5},
    "without an intercept": {"fit_intercept": False},
    "all at once": {"weight": np.arange(1.0, 13.0), "alpha": 1e-9, "fit_intercept": False},
}


@pytest.mark.parametrize("columns", [vandermonde, hilbert, nearly_dependent, far_from_0])
@pytest.mark.parametrize("case", CASES)
def test_ill_conditioned_problems_have_fourteen_digits(columns, case):
    rng = np.random.default_rng(5)
    x, y = columns(rng), rng.integers(-1000, 1000, 12).astype(float)
    options = {"weight": None, "alpha": 0.0, "fit_intercept": True} | CASES[case]
    weight, alpha, fit_intercept = options.values()
    truth, inverse = exact_rationals.solve(x, y, weight, alpha, intercept=fit_intercept)
    problem = LeastSquares(x, y, weight, fit_intercept=fit_intercept)
    solution = problem.solve(alpha)
    weights, bias = coefficients(solution)
    found = np.append(weights, bias)[: len(truth)]
    np.testing.assert_allclose(found, truth, rtol=1e-14)
    np.testing.assert_allclose(problem.unscaled_covariance(alpha), inverse, rtol=1e-13)
    assert solution.status is Status.CONVERGED


def test_the_first_of_them_costs_lstsq_a_third_of_its_digits():
    rng = np.random.default_rng(5)
    x, y = vandermonde(rng), rng.integers(-1000, 1000, 12).astype(float)
    truth, _ = exact_rationals.solve(x, y)
    lstsq = np.linalg.lstsq(np.hstack([x, np.ones((12, 1))]), y)[0]
    assert np.abs(lstsq / truth - 1.0).max() > 1e-16 ** (2 / 3)


def test_of_many_minimisers_the_smallest_in_the_units_of_the_columns():
    x, y, _ = table(columns=4)
    x = np.hstack([x, 2.0 * x[:, :2] - 1.0, np.full((len(x), 1), 0.1)])
    solution = least_squares(x, y)
    shortest = np.linalg.lstsq(x - x.mean(axis=0), y - y.mean(), rcond=1e-12)[0]
    np.testing.assert_allclose(coefficients(solution)[0], shortest, rtol=1e-7, atol=1e-10)
    assert solution.certificate.rank == 4


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.1])
def test_more_columns_than_rows(alpha):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 80)), rng.normal(size=30)
    solution = least_squares(x, y, alpha=alpha)
    centred, residual = x - x.mean(axis=0), y - y.mean()
    stacked = np.vstack([centred, np.sqrt(alpha * 15) * np.eye(80)])
    expected = np.linalg.lstsq(stacked, np.append(residual, np.zeros(80)), rcond=1e-12)[0]
    np.testing.assert_allclose(coefficients(solution)[0], expected, rtol=1e-8, atol=1e-10)
    assert solution.certificate.gradient_norm < 1e-10


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_sparse_columns_give_the_dense_answer_without_being_expanded(alpha, monkeypatch):
    rng = np.random.default_rng(2)
    levels = rng.integers(0, 12, 300)
    one_hot = sp.csr_array(np.eye(12)[levels])  # with an intercept: one column too many
    dense = rng.normal(size=(300, 3))
    y = dense.sum(axis=1) + levels + rng.normal(size=300)
    expected = least_squares(np.hstack([dense, one_hot.toarray()]), y, alpha=alpha)
    monkeypatch.setattr(exact, "LARGEST_EXPANDED", 0)
    solution = least_squares(Columns.of(dense, one_hot), y, alpha=alpha)
    assert solution.status is Status.CONVERGED
    predicted, wanted = (
        np.hstack([dense, one_hot.toarray()]) @ weights + bias
        for weights, bias in (coefficients(solution), coefficients(expected))
    )
    np.testing.assert_allclose(predicted, wanted, atol=1e-8)
    if alpha:
        np.testing.assert_allclose(coefficients(solution)[0], coefficients(expected)[0], rtol=1e-8)


def test_a_path_is_its_single_solutions():
    x, y, _ = table()
    alphas = [10.0, 0.1, 1e-4, 0.0]
    for alpha, solution in zip(alphas, LeastSquares(x, y).path(alphas), strict=True):
        single = least_squares(x, y, alpha=alpha)
        np.testing.assert_allclose(coefficients(solution)[0], coefficients(single)[0], rtol=1e-12)


def test_whole_weights_are_repetition():
    x, y, rng = table()
    weight = rng.integers(0, 4, len(y))
    weighted = least_squares(x, y, alpha=0.1, weight=weight)
    repeated = least_squares(x.repeat(weight, axis=0), y.repeat(weight), alpha=0.1)
    np.testing.assert_allclose(coefficients(weighted)[0], coefficients(repeated)[0], rtol=1e-9)


def test_whole_weights_are_repetition_to_the_last_digits_of_an_ill_conditioned_problem():
    rng = np.random.default_rng(6)
    x, y, weight = vandermonde(rng), rng.normal(size=12), rng.integers(1, 5, 12)
    weighted = least_squares(x, y, weight=weight)
    repeated = least_squares(x.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(
        np.append(*coefficients(weighted)), np.append(*coefficients(repeated)), rtol=1e-14
    )


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["dense", "about 0", "through 0", "sparse", "wide"])
def test_what_is_not_small_loses_a_few_last_digits_only(kind, alpha, monkeypatch):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(60, 80 if kind == "wide" else 8)), rng.normal(size=60)
    x += 0.0 if kind == "about 0" else 3.0
    intercept = kind != "through 0"
    weight = rng.uniform(1.0, 2.0, 60)
    columns = Columns.of(x[:, :3], sp.csr_array(x[:, 3:])) if kind == "sparse" else x
    small = LeastSquares(columns, y, weight, fit_intercept=intercept)
    truth = small.solve(alpha)
    monkeypatch.setattr(exact, "LARGEST_ACCURATE", 0)
    monkeypatch.setattr(exact, "LARGEST_PLAIN_CONDITION", np.inf)
    large = LeastSquares(columns, y, weight, fit_intercept=intercept)
    found = large.solve(alpha)
    for a, b in zip(coefficients(found), coefficients(truth), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(
        found.certificate.objective, truth.certificate.objective, rtol=1e-12, atol=1e-25
    )
    if alpha or kind != "wide":
        inverse = large.unscaled_covariance(alpha)
        monkeypatch.undo()
        np.testing.assert_allclose(
            inverse, small.unscaled_covariance(alpha), rtol=1e-10, atol=1e-13
        )


@pytest.mark.parametrize("large", [False, True])
def test_blocks_of_rows_change_nothing_beyond_rounding(large, monkeypatch):
    x, y, rng = table(rows=1000)
    weight = rng.uniform(0.5, 2.0, 1000)
    if large:
        monkeypatch.setattr(exact, "LARGEST_ACCURATE", 0)
    whole = coefficients(least_squares(x, y, alpha=0.1, weight=weight))
    for module, name in [
        (double_double, "MOST_ROWS_PER_BLOCK"),
        (moments, "ENTRIES_PER_BLOCK"),
        (moments, "FEWEST_ROWS_PER_BLOCK"),
    ]:
        monkeypatch.setattr(module, name, 17)
    blocks = coefficients(least_squares(x, y, alpha=0.1, weight=weight))
    np.testing.assert_allclose(blocks[0], whole[0], rtol=1e-13 if large else 0.0)
    np.testing.assert_allclose(blocks[1], whole[1], rtol=1e-13 if large else 0.0)


def test_rows_of_weight_0_are_not_there():
    x, y, rng = table(rows=100)
    weight = rng.integers(0, 2, 100)
    weighted = least_squares(x, y, weight=weight)
    kept = least_squares(x[weight > 0], y[weight > 0])
    np.testing.assert_allclose(coefficients(weighted)[0], coefficients(kept)[0], rtol=1e-14)


def test_the_covariance_of_dependent_columns_is_refused():
    x, y, _ = table(columns=3)
    for extra in (x[:, :1] + x[:, 1:2], np.ones((len(x), 1))):
        problem = LeastSquares(np.hstack([x, extra]), y)
        with pytest.raises(np.linalg.LinAlgError, match=r"4 columns.*rank 3"):
            problem.unscaled_covariance()
        assert np.isfinite(problem.unscaled_covariance(0.1)).all()


def test_a_constant_column_under_a_penalty_has_the_variance_of_the_penalty():
    x = np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]])
    _, inverse = exact_rationals.solve(x, x[:, 0], None, 0.5)
    problem = LeastSquares(x, x[:, 0])
    np.testing.assert_allclose(problem.unscaled_covariance(0.5), inverse, rtol=1e-14)


@pytest.mark.parametrize("precision", [Plain, Accurate])
def test_the_certificate_is_the_gradient_of_the_documented_objective(precision):
    x, y, rng = table(rows=50, columns=3)
    weight, alpha = rng.uniform(0.5, 2, 50), 0.3
    here = np.array([0.1, -0.2, 0.3, 0.4])
    problem = LeastSquares(x, y, weight)
    if precision is Plain:
        start = Plain(problem.passes, problem.frame, np.zeros((4, 1)), 0.0, alpha, centred=True)
        at_origin = here[3] + problem.frame.origin @ here[:3]
        measured = start.measure(np.append(here[:3], at_origin)[:, None])
    else:
        accurate = DoubleDoubleColumns(problem.columns)
        start = Accurate(accurate, y[:, None], weight, problem.frame, alpha, centred=True)
        measured = start.measure(Pair.of(here[:, None]))

    def objective(values):
        residual = y - x @ values[:3] - values[3]
        return weight @ residual**2 / weight.sum() + alpha / 2 * values[:3] @ values[:3]

    slope = [(objective(here + h) - objective(here - h)) / 2e-4 for h in 1e-4 * np.eye(4)]
    np.testing.assert_allclose(np.linalg.norm(measured.gradient), np.linalg.norm(slope), rtol=1e-6)
    np.testing.assert_allclose(measured.objective, objective(here), rtol=1e-12)


def test_a_constant_target_and_no_columns():
    solution = least_squares(np.zeros((5, 0)), np.full(5, 3.0))
    np.testing.assert_allclose(coefficients(solution)[1], 3.0)
    weights, bias = coefficients(least_squares(np.arange(5.0)[:, None], np.full(5, 3.0)))
    np.testing.assert_allclose([weights[0], bias], [0.0, 3.0], atol=1e-15)


def test_a_target_that_would_broadcast_is_refused_with_both_shapes():
    with pytest.raises(ShapeError, match=r"\(100, 100\).*\(100, 1\)"):
        least_squares(np.zeros((100, 1)), np.zeros((100, 100)))
