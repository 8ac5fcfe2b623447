"""Inference for linear models, against statsmodels and certified digits."""

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from gradum.errors import SpecError
from gradum.study.inference.infer import infer
from solvers import nist_sets

FAMILIES = {
    "squared_error": sm.families.Gaussian(),
    "log_loss": sm.families.Binomial(),
    "poisson": sm.families.Poisson(),
    "gamma": sm.families.Gamma(sm.families.links.Log()),
}
HC = ["HC0", "HC1", "HC2", "HC3"]


def sample(loss, rows=80, seed=0, width=3):
    """Columns of different units, and a target of the family."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, width)) * 10.0 ** np.arange(-1, width - 1) + 3.0
    level = (columns - 3.0) @ (0.5 / 10.0 ** np.arange(-1, width - 1)) + 0.3
    target = {
        "squared_error": lambda: level + rng.normal(size=rows) * np.exp(0.4 * level),
        "log_loss": lambda: (level + rng.logistic(size=rows) > 0).astype(int),
        "poisson": lambda: rng.poisson(np.exp(level)).astype(float),
        "gamma": lambda: np.exp(level) * rng.gamma(2.0, 0.5, rows),
        "classes": lambda: np.digitize(level + rng.logistic(size=rows), [-0.4, 0.9]),
    }[loss]()
    return columns, target


def glm(columns, target, loss, covariance="nonrobust", **weights):
    """The same fit by statsmodels, iterated to the last digit."""
    model = sm.GLM(target, sm.add_constant(columns), family=FAMILIES[loss], **weights)
    return model.fit(tol=1e-14, maxiter=200, cov_type=covariance)


def numbers(found, name):
    return np.array([getattr(each, name) for each in found.coefficients], float)


def test_least_squares_is_that_of_statsmodels():
    columns, target = sample("squared_error")
    found, peer = infer(columns, target), sm.OLS(target, sm.add_constant(columns)).fit()
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params, rtol=1e-11)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-11)
    np.testing.assert_allclose(numbers(found, "statistic"), peer.tvalues, rtol=1e-11)
    np.testing.assert_allclose(numbers(found, "p"), peer.pvalues, rtol=1e-9)
    limits = np.column_stack([numbers(found, "low"), numbers(found, "high")])
    np.testing.assert_allclose(limits, peer.conf_int(), rtol=1e-10, atol=1e-12)
    known = found.statistics
    for own, theirs in (
        (known.log_likelihood, peer.llf),
        (known.aic, peer.aic),
        (known.bic, peer.bic),
        (known.r_squared, peer.rsquared),
        (known.adjusted_r_squared, peer.rsquared_adj),
        (known.dispersion, peer.mse_resid),
        (known.deviance, peer.ssr),
        (known.null_deviance, peer.centered_tss),
        (known.test.statistic, peer.fvalue),
        (known.test.p, peer.f_pvalue),
        (known.residual_degrees, peer.df_resid),
    ):
        assert own == pytest.approx(theirs, rel=1e-10)


def test_without_an_intercept_the_null_model_predicts_0():
    columns, target = sample("squared_error")
    found, peer = infer(columns, target, fit_intercept=False), sm.OLS(target, columns).fit()
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-11)
    assert found.statistics.r_squared == pytest.approx(peer.rsquared, rel=1e-11)
    assert found.statistics.adjusted_r_squared == pytest.approx(peer.rsquared_adj, rel=1e-11)
    assert found.statistics.test.statistic == pytest.approx(peer.fvalue, rel=1e-11)


@pytest.mark.parametrize("name", nist_sets.NAMES)
def test_thirteen_digits_of_the_certified_errors_are_right(name):
    known = nist_sets.load(name)
    found = infer(known.columns, known.target, fit_intercept=known.intercept)
    least = 7 if name == "Filip" else 13  # whose powers of x float64 does not hold
    assert nist_sets.digits(numbers(found, "estimate"), known.coefficients) >= least
    if not known.errors.any():
        assert np.isnan(numbers(found, "error")).all()
        assert any("the fit is exact" in each for each in found.sentences)
    else:
        assert nist_sets.digits(numbers(found, "error"), known.errors) >= least


def test_precisions_are_the_weights_of_weighted_least_squares():
    columns, target = sample("squared_error")
    weight = np.random.default_rng(1).gamma(2.0, size=len(target))
    found = infer(columns, target, weight=weight, weights="precision")
    peer = sm.WLS(target, sm.add_constant(columns), weights=weight).fit()
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-10)
    for name, theirs in (
        ("log_likelihood", peer.llf),
        ("aic", peer.aic),
        ("r_squared", peer.rsquared),
    ):
        assert getattr(found.statistics, name) == pytest.approx(theirs, rel=1e-10)
    assert found.statistics.test.statistic == pytest.approx(peer.fvalue, rel=1e-10)
    assert found.statistics.n == len(target)
    assert any("precisions" in each for each in found.sentences)


@pytest.mark.parametrize("loss", FAMILIES)
def test_precisions_are_statsmodels_var_weights(loss):
    columns, target = sample(loss)
    weight = np.random.default_rng(1).gamma(2.0, size=len(target))
    found = infer(columns, target, loss, weight=weight, weights="precision")
    peer = glm(columns, target, loss, var_weights=weight)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-8)
    if loss != "squared_error":  # there statsmodels takes another variance into the likelihood
        assert found.statistics.log_likelihood == pytest.approx(peer.llf, rel=1e-8)


@pytest.mark.parametrize("covariance", ["classical", *HC])
@pytest.mark.parametrize("loss", FAMILIES)
def test_frequencies_are_repetitions(loss, covariance):
    columns, target = sample(loss)
    count = np.random.default_rng(2).integers(0, 4, len(target))
    options = {"weights": "frequency", "covariance": covariance}
    found = infer(columns, target, loss, weight=count.astype(float), **options)
    repeated = np.repeat(np.arange(len(target)), count)
    peer = infer(columns[repeated], target[repeated], loss, covariance=covariance)
    for name in ("estimate", "error", "p", "low", "vif"):
        own, theirs = numbers(found, name)[1:], numbers(peer, name)[1:]
        np.testing.assert_allclose(own, theirs, rtol=1e-8)
    own, theirs = found.statistics, peer.statistics
    for name in ("n", "log_likelihood", "aic", "bic", "deviance", "r_squared", "condition"):
        assert getattr(own, name) == pytest.approx(getattr(theirs, name), rel=1e-9)
    assert own.test.statistic == pytest.approx(theirs.test.statistic, rel=1e-7)


@pytest.mark.parametrize("loss", FAMILIES)
def test_frequencies_are_statsmodels_freq_weights(loss):
    columns, target = sample(loss)
    count = np.random.default_rng(2).integers(1, 4, len(target)).astype(float)
    found = infer(columns, target, loss, weight=count, weights="frequency")
    peer = glm(columns, target, loss, freq_weights=count)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-8)
    assert found.statistics.deviance == pytest.approx(peer.deviance, rel=1e-8)


@pytest.mark.parametrize("covariance", HC)
def test_robust_errors_of_least_squares_are_statsmodels(covariance):
    columns, target = sample("squared_error")
    found = infer(columns, target, covariance=covariance)
    peer = sm.OLS(target, sm.add_constant(columns)).fit(cov_type=covariance, use_t=True)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-10)
    np.testing.assert_allclose(numbers(found, "p"), peer.pvalues, rtol=1e-8)
    assert found.statistics.test.statistic == pytest.approx(peer.fvalue, rel=1e-9)
    assert found.statistics.test.p == pytest.approx(peer.f_pvalue, rel=1e-7)


def test_robust_errors_of_precisions_are_those_of_weighted_least_squares():
    columns, target = sample("squared_error")
    weight = np.random.default_rng(1).gamma(2.0, size=len(target))
    for covariance in HC:
        found = infer(columns, target, weight=weight, weights="precision", covariance=covariance)
        peer = sm.WLS(target, sm.add_constant(columns), weights=weight).fit(cov_type=covariance)
        np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-10)


@pytest.mark.parametrize("loss", ["log_loss", "poisson", "gamma"])
def test_hc0_of_a_generalised_linear_model_is_that_of_statsmodels(loss):
    columns, target = sample(loss)
    found = infer(columns, target, loss, covariance="HC0")
    peer = glm(columns, target, loss, "HC0")
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-7)


@pytest.mark.parametrize("loss", ["log_loss", "poisson", "gamma"])
@pytest.mark.parametrize("covariance", HC[1:])
def test_the_other_robust_errors_are_their_formula(loss, covariance):
    columns, target = sample(loss)
    found = infer(columns, target, loss, covariance=covariance)
    matrix = sm.add_constant(columns)
    mean = np.exp(matrix @ numbers(found, "estimate"))
    mean = mean / (1 + mean) if loss == "log_loss" else mean
    score, bend = {
        "log_loss": (target - mean, mean * (1 - mean)),
        "poisson": (target - mean, mean),
        "gamma": (target / mean - 1, target / mean),
    }[loss]
    bread = np.linalg.inv(matrix.T @ (bend[:, None] * matrix))
    leverage = bend * np.einsum("ij,jk,ik->i", matrix, bread, matrix)
    factor = {
        "HC1": len(target) / (len(target) - matrix.shape[1]),
        "HC2": 1 / (1 - leverage),
        "HC3": 1 / (1 - leverage) ** 2,
    }[covariance]
    meat = matrix.T @ ((factor * score**2)[:, None] * matrix)
    errors = np.sqrt(np.diag(bread @ meat @ bread))
    np.testing.assert_allclose(numbers(found, "error"), errors, rtol=1e-8)


@pytest.mark.parametrize("loss", FAMILIES)
def test_clusters_are_those_of_statsmodels(loss):
    columns, target = sample(loss)
    groups = np.random.default_rng(5).integers(0, 20, len(target))
    found = infer(columns, target, loss, groups=groups)
    matrix, kwds = sm.add_constant(columns), {"groups": groups}
    if loss == "squared_error":
        peer = sm.OLS(target, matrix).fit(cov_type="cluster", cov_kwds=kwds, use_t=True)
        np.testing.assert_allclose(numbers(found, "p"), peer.pvalues, rtol=1e-8)
    else:
        peer = sm.GLM(target, matrix, family=FAMILIES[loss])
        peer = peer.fit(tol=1e-14, maxiter=200, cov_type="cluster", cov_kwds=kwds)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-7)
    assert any("20 groups, which are too few" in each for each in found.sentences)


def test_logistic_regression_has_nine_digits_on_the_spector_data():
    data = sm.datasets.spector.load_pandas()
    columns, target = data.exog.to_numpy(), data.endog.to_numpy().astype(int)
    found = infer(columns, target, "log_loss", names=list(data.exog))
    peer = sm.Logit(target, sm.add_constant(columns)).fit(disp=False, tol=1e-14, maxiter=100)
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params, rtol=1e-9)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-9)
    np.testing.assert_allclose(numbers(found, "p"), peer.pvalues, rtol=1e-8)
    known = found.statistics
    for own, theirs in (
        (known.log_likelihood, peer.llf),
        (known.aic, peer.aic),
        (known.bic, peer.bic),
        (known.r_squared, peer.prsquared),
        (known.test.statistic, peer.llr),
        (known.test.p, peer.llr_pvalue),
    ):
        assert own == pytest.approx(theirs, rel=1e-9)
    assert [each.name for each in found.coefficients] == ["(intercept)", *data.exog]


def test_the_seven_parties_of_a_shipped_table_are_those_of_statsmodels():
    data = sm.datasets.anes96.load_pandas()
    columns, target = data.exog.to_numpy(), data.endog.to_numpy().astype(int)
    found = infer(columns, target, "log_loss", classes=list(range(7)))
    peer = sm.MNLogit(target, sm.add_constant(columns))
    peer = peer.fit(disp=False, method="newton", tol=1e-12, maxiter=100)
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params.T.ravel(), rtol=1e-8)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse.T.ravel(), rtol=1e-8)


@pytest.mark.parametrize("covariance", ["classical", "HC0"])
def test_several_classes_are_held_against_the_first(covariance):
    columns, target = sample("classes", 150)
    found = infer(columns, target, "log_loss", covariance=covariance, classes=["a", "b", "c"])
    kind = "nonrobust" if covariance == "classical" else covariance
    peer = sm.MNLogit(target, sm.add_constant(columns))
    peer = peer.fit(disp=False, method="newton", tol=1e-12, maxiter=100, cov_type=kind)
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params.T.ravel(), rtol=1e-8)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse.T.ravel(), rtol=1e-8)
    known = found.statistics
    assert known.log_likelihood == pytest.approx(peer.llf, rel=1e-10)
    assert known.aic == pytest.approx(peer.aic, rel=1e-10)
    assert known.bic == pytest.approx(peer.bic, rel=1e-10)
    assert [each.class_ for each in found.coefficients] == ["b"] * 4 + ["c"] * 4
    if covariance == "classical":
        counts = np.bincount(target)  # statsmodels iterates for the null model, to fewer digits
        gain = 2 * (peer.llf - counts @ np.log(counts / counts.sum()))
        assert known.test.statistic == pytest.approx(gain, rel=1e-10)
        assert known.test.p == pytest.approx(peer.llr_pvalue, rel=1e-7)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_poisson_and_gamma_are_those_of_statsmodels(loss, seed):
    columns, target = sample(loss, seed=seed)
    found, peer = infer(columns, target, loss), glm(columns, target, loss)
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params, rtol=1e-7)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-7)
    np.testing.assert_allclose(numbers(found, "p"), peer.pvalues, rtol=1e-6)
    known = found.statistics
    for own, theirs in (
        (known.log_likelihood, peer.llf),
        (known.aic, peer.aic),
        (known.bic, peer.bic_llf),
        (known.deviance, peer.deviance),
        (known.null_deviance, peer.null_deviance),
        (known.dispersion or 1.0, peer.scale),
    ):
        assert own == pytest.approx(theirs, rel=1e-7)


def test_poisson_counts_of_a_shipped_table_are_those_of_statsmodels():
    data = sm.datasets.randhie.load_pandas()
    columns, target = data.exog.to_numpy()[:3000], data.endog.to_numpy()[:3000]
    found, peer = infer(columns, target, "poisson"), glm(columns, target, "poisson")
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params, rtol=1e-7)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-7)
    nothing = glm(np.zeros((3000, 0)), target, "poisson")
    gain = 2 * (peer.llf - nothing.llf)
    assert found.statistics.test.statistic == pytest.approx(gain, rel=1e-8)
    assert found.statistics.test.degrees == columns.shape[1]


def test_gamma_amounts_of_a_shipped_table_are_those_of_statsmodels():
    data = sm.datasets.scotland.load_pandas()
    columns, target = data.exog.to_numpy(), data.endog.to_numpy()
    found, peer = infer(columns, target, "gamma"), glm(columns, target, "gamma")
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params, rtol=1e-7)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-7)
    assert found.statistics.log_likelihood == pytest.approx(peer.llf, rel=1e-7)


def test_inflation_and_condition_are_those_of_the_columns():
    known = nist_sets.load("Longley")
    found = infer(known.columns, known.target)
    matrix = sm.add_constant(known.columns)
    peer = [variance_inflation_factor(matrix, k) for k in range(1, 7)]
    np.testing.assert_allclose([each.vif for each in found.coefficients[1:]], peer, rtol=1e-8)
    scaled = (known.columns - known.columns.mean(axis=0)) / known.columns.std(axis=0)
    assert found.statistics.condition == pytest.approx(np.linalg.cond(scaled), rel=1e-9)
    assert found.coefficients[0].vif is None


def test_a_p_value_is_accurate_far_out():
    columns, target = sample("poisson", rows=400)
    first = infer(columns, target * 5, "poisson").coefficients[0]
    z = abs(first.statistic)
    series = 1 - 1 / z**2 + 3 / z**4 - 15 / z**6  # Mills' ratio times z
    tail = 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / z * series
    assert tail < 1e-20
    assert first.p == pytest.approx(tail, rel=200 / z**8)


def test_the_level_sets_the_width():
    columns, target = sample("squared_error")
    peer = sm.OLS(target, sm.add_constant(columns)).fit().conf_int(alpha=0.2)
    found = infer(columns, target, level=0.8)
    limits = np.column_stack([numbers(found, "low"), numbers(found, "high")])
    np.testing.assert_allclose(limits, peer, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_intervals_cover_the_truth_as_often_as_they_say(loss):
    rng = np.random.default_rng(7)
    rows, draws, truth = {"squared_error": (12, 100), "log_loss": (200, 100)}[loss] + (0.8,)
    covered = 0
    for _ in range(draws):
        x = rng.normal(size=(rows, 1))
        noise = rng.normal(size=rows) if loss == "squared_error" else rng.logistic(size=rows)
        level = truth * x[:, 0] + noise
        found = infer(x, level if loss == "squared_error" else (level > 0).astype(int), loss)
        covered += found.coefficients[1].low <= truth <= found.coefficients[1].high
    # beyond four standard deviations once in 16,000
    assert abs(covered - 0.95 * draws) <= 4 * np.sqrt(0.95 * 0.05 * draws)


def test_no_warning_comes_from_a_certain_table():
    columns, target = sample("log_loss")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        infer(columns, target, "log_loss", covariance="HC3")


@pytest.mark.parametrize("covariance", ["classical", "HC0"])
@pytest.mark.parametrize("loss", FAMILIES)
def test_an_offset_is_statsmodels(loss, covariance):
    columns, target = sample(loss)
    offset = np.random.default_rng(3).normal(scale=2.0, size=len(target))
    if loss in ("poisson", "gamma"):
        target = np.floor(target * np.exp(offset)) + (loss == "gamma")
    found = infer(columns, target, loss, offset=offset, covariance=covariance)
    names = {"classical": "nonrobust"}
    peer = glm(columns, target, loss, names.get(covariance, covariance), offset=offset)
    np.testing.assert_allclose(numbers(found, "estimate"), peer.params, rtol=1e-7)
    np.testing.assert_allclose(numbers(found, "error"), peer.bse, rtol=1e-6)
    assert found.statistics.deviance == pytest.approx(peer.deviance, rel=1e-9)
    assert found.statistics.null_deviance == pytest.approx(peer.null_deviance, rel=1e-9)


def test_an_offset_of_several_classes_is_refused():
    columns, target = sample("classes")
    with pytest.raises(SpecError, match="single output"):
        infer(columns, target, "log_loss", offset=np.zeros(len(target)))


def test_robust_is_the_best_that_the_outputs_allow():
    for loss, name in (("log_loss", "HC3"), ("classes", "HC1")):
        columns, target = sample(loss)
        robust = infer(columns, target, "log_loss", covariance="robust")
        assert robust == infer(columns, target, "log_loss", covariance=name)
