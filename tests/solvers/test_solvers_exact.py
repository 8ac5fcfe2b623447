"""Exact least squares against scikit-learn, numpy.linalg.lstsq and answers known in advance."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import Ridge

from gradum.errors import ShapeError
from gradum.solvers import exact
from gradum.solvers.exact import LeastSquares, least_squares
from gradum.solvers.matrix import Columns
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


def test_a_polynomial_of_degree_five_is_recovered_to_ten_digits():
    # The design of Wampler 1 (NIST StRD): y = Σ xʲ over x = 0 … 20, every coefficient 1.
    x = np.arange(21.0)[:, None] ** np.arange(1, 6)
    weights, bias = coefficients(least_squares(x, 1.0 + x.sum(axis=1)))
    np.testing.assert_allclose(weights, 1.0, rtol=1e-10)
    assert abs(bias - 1.0) < 1e-8


def test_an_ill_conditioned_problem_takes_qr_and_keeps_its_digits():
    x = np.linspace(0.0, 1.0, 100)[:, None] ** np.arange(1, 10)
    solution = least_squares(x, x @ np.arange(1.0, 10.0) - 4.0)
    assert solution.certificate.condition > exact.LARGEST_CONDITION
    assert solution.certificate.rank == 9
    np.testing.assert_allclose(coefficients(solution)[0], np.arange(1.0, 10.0), rtol=1e-7)


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


def test_the_certificate_is_the_gradient_of_the_documented_objective():
    x, y, rng = table(rows=50, columns=3)
    weight, alpha = rng.uniform(0.5, 2, 50), 0.3
    problem = LeastSquares(x, y, weight)
    point = {"weight": np.array([[0.1], [-0.2], [0.3]]), "bias": np.array([0.4])}

    def objective(values):
        residual = y - x @ values[:3] - values[3]
        return weight @ residual**2 / weight.sum() + alpha / 2 * values[:3] @ values[:3]

    here = np.array([0.1, -0.2, 0.3, 0.4])
    slope = [(objective(here + h) - objective(here - h)) / 2e-4 for h in 1e-4 * np.eye(4)]
    np.testing.assert_allclose(
        problem._gradient_norm(point, alpha), np.linalg.norm(slope), rtol=1e-6
    )


def test_a_constant_target_and_no_columns():
    solution = least_squares(np.zeros((5, 0)), np.full(5, 3.0))
    np.testing.assert_allclose(coefficients(solution)[1], 3.0)
    weights, bias = coefficients(least_squares(np.arange(5.0)[:, None], np.full(5, 3.0)))
    np.testing.assert_allclose([weights[0], bias], [0.0, 3.0], atol=1e-15)


def test_a_target_that_would_broadcast_is_refused_with_both_shapes():
    with pytest.raises(ShapeError, match=r"\(100, 100\).*\(100, 1\)"):
        least_squares(np.zeros((100, 1)), np.zeros((100, 100)))
