"""A loss is one file and one line in `LOSSES`: nothing else of gradum has to know of it."""

import numpy as np
import polars as pl
import pytest
import scipy.optimize

import gradum
from gradum.core.losses import LOSSES
from gradum.errors import SpecError
from gradum.show.answers.inference import Summary
from gradum.study.inference.result import Inference
from toy_loss import LogCosh

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + RNG.standard_t(2, 80)


@pytest.fixture(autouse=True)
def _log_cosh(monkeypatch):
    monkeypatch.setitem(LOSSES, LogCosh.name, LogCosh())


def least(l1, l2):
    """The optimum by SciPy from the formula, |w| being p + m for w = p − m."""

    def objective(point):
        p, m, level = point[:3], point[3:6], point[6]
        losses = np.log(np.cosh(X @ (p - m) + level - Y))
        return losses.mean() + l1 * (p + m).sum() + l2 / 2 * ((p - m) ** 2).sum()

    bounds = [(0, None)] * 6 + [(None, None)]
    options = {"ftol": 1e-15, "gtol": 1e-10}
    found = scipy.optimize.minimize(objective, np.full(7, 0.1), bounds=bounds, options=options)
    return np.append(found.x[:3] - found.x[3:6], found.x[6])


@pytest.mark.parametrize(
    ("solver", "penalty"),
    [("auto", "l2"), ("auto", "l1"), ("proximal", "l2"), ("newton", "l1"), ("lbfgs", "l2")],
)
def test_a_linear_regression_learns_by_it(solver, penalty):
    model = gradum.LinearRegression(loss="log_cosh", penalty=penalty, alpha=0.1, solver=solver)
    model.fit(X, Y)
    expected = least(*((0.1, 0.0) if penalty == "l1" else (0.0, 0.1)))
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected, atol=2e-4)


def test_its_penalty_is_chosen_and_its_path_walked():
    model = gradum.LinearRegression(loss="log_cosh", penalty="l2", alpha="cv").fit(X, Y)
    at_choice = gradum.LinearRegression(loss="log_cosh", penalty="l2", alpha=model.alpha_)
    np.testing.assert_allclose(model.coef_, at_choice.fit(X, Y).coef_, atol=1e-6)
    path = model.path(X, Y, alphas=[0.1, 1.0])
    np.testing.assert_allclose(path.weights[1, :, 0], least(0.0, 0.1)[:3], atol=1e-4)


def test_a_network_learns_by_it():
    options = {"learning_rate": 0.01, "max_iter": 300, "random_state": 0}
    model = gradum.MLPRegressor((8,), loss="log_cosh", **options).fit(X, Y)
    constant = LogCosh().value(np.full((80, 1), np.median(Y)), Y).mean()
    assert LogCosh().value(model.predict(X)[:, None], Y).mean() < 0.7 * constant


def test_the_worked_step_writes_out_its_formulas():
    model = gradum.LinearRegression(loss="log_cosh").fit(X, Y)
    text = str(gradum.explain_step(model, X[0], Y[0]))
    assert "ℓ = log cosh(ŷ − y)" in text
    assert "tanh(ŷ − y)" in text
    assert "agree" in text


@pytest.mark.parametrize("solver", ["exact", "interior"])
def test_a_solver_that_does_not_take_it_says_so(solver):
    with pytest.raises(SpecError, match=rf"no solver '{solver}'.*which log_cosh is not") as caught:
        gradum.LinearRegression(loss="log_cosh", solver=solver).fit(X, Y)
    assert "newton, proximal" in caught.value.remedy


def test_inference_and_packs_refuse_it_by_name():
    table = pl.DataFrame(X, schema=["a", "b", "c"]).with_columns(y=Y)
    with pytest.raises(SpecError, match=r"'log_cosh' is no likelihood.*squared_error, log_loss"):
        gradum.infer(table, "y", loss="log_cosh")
    with pytest.raises(SpecError, match="does not learn the loss log_cosh"):
        gradum.PackRegressor(loss="log_cosh").fit(X, Y)


def test_a_table_of_a_loss_that_is_no_likelihood_is_refused_by_name():
    found = Inference(
        target="y",
        loss="log_cosh",
        classes=(),
        covariance="classical",
        distribution="normal",
        degrees=None,
        level=0.95,
        alpha=0.0,
        coefficients=(),
        statistics=None,
        influential=(),
        sentences=(),
    )
    with pytest.raises(SpecError, match="'log_cosh' is no likelihood"):
        str(Summary(found))
