"""The regression table of a linear estimator, against statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.exceptions import ConvergenceWarning

from gradum import CrossValidated, LinearRegression, LogisticRegression
from gradum.core import L2
from gradum.errors import SpecError


def sample(rows=90):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)) + 1.0, columns=["a", "b", "c"])
    return frame, frame.to_numpy() @ [1.0, -1.0, 0.3] + rng.normal(size=rows), rng


def test_the_columns_have_the_errors_of_statsmodels():
    X, y, rng = sample()
    weight = rng.gamma(2.0, size=len(y))
    model = LinearRegression().fit(X, y, weight)
    peer = sm.WLS(y, sm.add_constant(X), weights=weight)
    for covariance, theirs in (("classical", "nonrobust"), (None, "HC3")):
        summary = model.summary(X, y, weight, covariance=covariance)
        errors = peer.fit(cov_type=theirs).bse
        np.testing.assert_allclose(summary.frame["error"], errors, rtol=1e-10)
    assert summary.frame["name"].to_list() == ["(intercept)", "a", "b", "c"]
    assert not any("optimum" in each for each in summary.inference.sentences)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_labels_may_be_words(fit_intercept):
    X, y, rng = sample()
    label = np.where(y + rng.logistic(size=90) > 0, "yes", "no")
    model = LogisticRegression(alpha=0.0, fit_intercept=fit_intercept).fit(X, label)
    summary = model.summary(X, label, covariance="HC0")
    matrix = sm.add_constant(X) if fit_intercept else X
    peer = sm.Logit((label == "yes").astype(int), matrix)
    peer = peer.fit(disp=False, tol=1e-12, cov_type="HC0")
    np.testing.assert_allclose(summary.frame["error"], peer.bse, rtol=1e-8)
    assert "log-odds of yes" in str(summary)


def test_several_labels_are_held_against_the_first():
    X, y, rng = sample()
    grade = np.digitize(y + rng.logistic(size=90), [-0.5, 1.0])
    model = LogisticRegression(alpha=0.0).fit(X, grade)
    summary = model.summary(X, grade)
    own = (model.coef_[1:] - model.coef_[0]).ravel()
    shown = summary.frame.filter(summary.frame["name"] != "(intercept)")["estimate"]
    np.testing.assert_allclose(shown, own, rtol=1e-6)
    assert not any("optimum" in each for each in summary.inference.sentences)


def test_rows_of_weight_0_keep_their_numbers():
    X, y, _ = sample()
    y = pd.Series(y, name="height")
    weight = np.ones(90)
    weight[:20] = 0.0
    y[50] += 100.0
    summary = LinearRegression().fit(X, y, weight).summary(X, y, weight)
    assert summary.inference.influential[0].row == 51
    assert summary.inference.target == "height"


def test_a_penalty_is_said():
    X, y, _ = sample()
    said = str(LinearRegression(alpha=0.1).fit(X, y).summary(X, y)).replace("\n", " ")
    assert "Penalised fit (alpha = 0.1)" in said


def test_counts_have_the_errors_of_statsmodels():
    X, y, rng = sample()
    counts = rng.poisson(np.exp(0.5 * y)).astype(float)
    summary = LinearRegression(loss="poisson").fit(X, counts).summary(X, counts)
    peer = sm.GLM(counts, sm.add_constant(X), family=sm.families.Poisson()).fit(tol=1e-14)
    np.testing.assert_allclose(summary.frame["error"], peer.bse, rtol=1e-8)


def test_a_strength_chosen_by_the_data_is_said():
    X, y, _ = sample()
    tried = CrossValidated(alphas=[0.125, 0.25])
    model = LinearRegression(alpha=tried, random_state=0).fit(X, y)
    text = str(model.summary(X, y)).replace("\n", " ")
    assert model.alpha_ in (0.125, 0.25)
    assert f"Penalised fit (alpha = {model.alpha_})" in text
    assert "alpha was chosen from the data" in text


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"penalty": "l1", "alpha": 0.1}, "L1 penalty"),
        ({"penalty": L2(0.1, factor=[1.0, 2.0, 3.0])}, "column to column"),
        ({"loss": "quantile"}, "no likelihood"),
    ],
)
def test_a_fit_without_known_errors_is_refused(options, word):
    X, y, _ = sample()
    model = LinearRegression(**options).fit(X, y)
    with pytest.raises(SpecError, match=word):
        model.summary(X, y)


def test_coefficients_short_of_the_optimum_are_remarked():
    X, y, _ = sample()
    model = LinearRegression(solver="gd", max_iter=3)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert "from the optimum" in str(model.summary(X, y)).replace("\n", " ")


def test_class_weights_are_remarked():
    X, y, rng = sample()
    label = (y + rng.logistic(size=90) > 1).astype(int)
    model = LogisticRegression(class_weight="balanced").fit(X, label)
    assert "Class weights" in str(model.summary(X, label)).replace("\n", " ")


def test_other_columns_are_refused():
    X, y, _ = sample()
    model = LinearRegression().fit(X, y)
    with pytest.raises(SpecError, match="a, b, d"):
        model.summary(X.rename(columns={"c": "d"}), y)
    with pytest.raises(SpecError, match="2 columns, but the fit had 3"):
        model.summary(X.to_numpy()[:, :2], y)
