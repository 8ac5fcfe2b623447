"""The influence of single rows, against refits and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import OLSInfluence

from gradum.errors import SpecError
from gradum.study.inference.infer import infer
from gradum.study.inference.leverage import influence


def sample(rows=40, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, 3))
    target = columns @ [1.0, -2.0, 0.5] + rng.standard_t(3, rows)
    return columns, target, rng.integers(1, 4, rows).astype(float)


def without(columns, target, weight, row):
    """The prediction of a row by the fit to all others."""
    root = np.sqrt(np.delete(weight, row))
    matrix = sm.add_constant(columns)
    rest = np.delete(matrix, row, 0) * root[:, None]
    return matrix[row] @ np.linalg.lstsq(rest, np.delete(target, row) * root, rcond=None)[0]


def test_leaving_a_row_out_is_what_a_refit_says():
    columns, target, weight = sample()
    found = influence(columns, target, weight=weight)
    refits = np.array([without(columns, target, weight, row) for row in range(40)])
    np.testing.assert_allclose(found.left_out_prediction, refits, rtol=1e-10)
    np.testing.assert_allclose(found.left_out_residual, target - refits, rtol=1e-10)


def test_least_squares_has_the_influence_of_statsmodels():
    columns, target, _ = sample()
    found = influence(columns, target)
    peer = OLSInfluence(sm.OLS(target, sm.add_constant(columns)).fit())
    np.testing.assert_allclose(found.leverage, peer.hat_matrix_diag, rtol=1e-11)
    np.testing.assert_allclose(found.cook, peer.cooks_distance[0], rtol=1e-10)
    np.testing.assert_allclose(found.studentised, peer.resid_studentized_external, rtol=1e-10)
    np.testing.assert_allclose(found.left_out_residual, peer.resid_press, rtol=1e-10)


def test_precisions_have_the_influence_of_weighted_least_squares():
    columns, target, weight = sample()
    found = influence(columns, target, weight=weight, weights="precision")
    root = np.sqrt(weight)  # statsmodels' own leverage of a WLS lacks a root of the weights
    peer = OLSInfluence(sm.OLS(target * root, sm.add_constant(columns) * root[:, None]).fit())
    np.testing.assert_allclose(found.leverage, peer.hat_matrix_diag, rtol=1e-11)
    np.testing.assert_allclose(found.cook, peer.cooks_distance[0], rtol=1e-10)
    np.testing.assert_allclose(found.studentised, peer.resid_studentized_external, rtol=1e-10)


def test_a_row_of_some_frequency_is_left_out_whole():
    columns, target, weight = sample()
    found = influence(columns, target, weight=weight)
    root, matrix = np.sqrt(weight), sm.add_constant(columns)
    for row in (0, 7):
        kept = np.arange(40) != row
        peer = sm.OLS((target * root)[kept], (matrix * root[:, None])[kept]).fit()
        left = peer.ssr / (weight[kept].sum() - 4)
        residual = target[row] - without(columns, target, weight, row)
        spread = left * (1 / weight[row] + matrix[row] @ peer.normalized_cov_params @ matrix[row])
        assert found.studentised[row] == pytest.approx(residual / np.sqrt(spread), rel=1e-9)


@pytest.mark.parametrize("loss", ["log_loss", "poisson"])
def test_a_generalised_linear_model_has_the_leverage_of_statsmodels(loss):
    columns, target, _ = sample()
    target = (target > 0).astype(int) if loss == "log_loss" else np.floor(np.abs(target))
    family = sm.families.Binomial() if loss == "log_loss" else sm.families.Poisson()
    peer = sm.GLM(target, sm.add_constant(columns), family=family).fit(tol=1e-14, maxiter=100)
    found = influence(columns, target, loss)
    np.testing.assert_allclose(found.leverage, peer.get_hat_matrix_diag(), rtol=1e-7)
    assert found.cook is None


def test_a_planted_row_is_named_first():
    columns, target, _ = sample()
    columns[12], target[12] = 6.0, 40.0
    found = infer(columns, target, numbers=np.arange(40) + 101)
    assert found.influential[0].row == 113
    assert found.influential[0].cook > 1.0
    assert len(found.influential) == 5


def test_a_row_with_a_column_of_its_own_has_no_distance():
    columns, target, _ = sample()
    columns[:, 2] = np.arange(40) == 4
    found = influence(columns, target)
    assert found.leverage[4] == pytest.approx(1.0)
    assert np.isnan(found.cook[4])
    assert np.isnan(found.left_out_residual[4])
    assert np.isfinite(np.delete(found.cook, 4)).all()


def test_dependent_columns_are_refused():
    columns, target, _ = sample()
    with pytest.raises(SpecError, match="depend"):
        influence(np.column_stack([columns, columns[:, 0]]), target)
    with pytest.raises(SpecError, match="single output"):
        influence(columns, np.arange(40) % 3, "log_loss")
