"""Linear and logistic regression as estimators: against scikit-learn's, and their manners."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn.linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradum.errors import GradumError, ShapeError, SpecError, TargetError
from gradum.estimators import LinearRegression, LogisticRegression
from gradum.solvers.first_order import SGD, Adam, GradientDescent
from gradum.solvers.newton import Newton
from gradum.solvers.solution import Status

FIRST_ORDER = ["gd", "momentum", "nesterov", Adam(learning_rate=0.05)]


@pytest.fixture
def regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 4))
    return x, x @ [1.0, -2.0, 0.0, 0.5] + 3.0 + 0.1 * rng.normal(size=150)


@pytest.fixture
def labelled():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 4))
    return x, np.array(["a", "b", "c"])[(x[:, :3] + rng.gumbel(size=(150, 3))).argmax(axis=1)]


def test_ordinary_least_squares_is_the_default(regression):
    x, y = regression
    model, peer = LinearRegression().fit(x, y), sklearn.linear_model.LinearRegression().fit(x, y)
    np.testing.assert_allclose(model.coef_, peer.coef_)
    np.testing.assert_allclose(model.intercept_, peer.intercept_)
    np.testing.assert_allclose(model.predict(x), peer.predict(x))
    np.testing.assert_allclose(model.loss_, np.mean((peer.predict(x) - y) ** 2))
    assert model.status_ is Status.CONVERGED
    assert model.certificate_.gradient_norm < 1e-12
    assert model.certificate_.rank == 4


def test_ridge_converts_as_documented(regression):
    x, y = regression
    peer = sklearn.linear_model.Ridge(alpha=7.0).fit(x, y)
    model = LinearRegression(alpha=2 * 7.0 / len(y)).fit(x, y)
    np.testing.assert_allclose(model.coef_, peer.coef_)
    np.testing.assert_allclose(model.intercept_, peer.intercept_)


@pytest.mark.parametrize("binary", [True, False])
def test_c_converts_as_documented(labelled, binary):
    x, y = labelled
    y = np.where(y == "a", "a", "b") if binary else y
    peer = sklearn.linear_model.LogisticRegression(C=0.3, tol=1e-10, max_iter=1000).fit(x, y)
    model = LogisticRegression(alpha=1 / (0.3 * len(y))).fit(x, y)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-6)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(x), peer.predict_proba(x), atol=1e-6)
    np.testing.assert_array_equal(model.predict(x), peer.predict(x))
    np.testing.assert_array_equal(model.classes_, peer.classes_)
    np.testing.assert_allclose(
        model.predict_log_proba(x), np.log(model.predict_proba(x)), atol=1e-12
    )


@pytest.mark.parametrize("solver", FIRST_ORDER)
def test_full_batch_solvers_reach_the_exact_answer(regression, solver):
    x, y = regression
    options = {"alpha": 0.1, "batch_size": len(y), "max_iter": 5000, "tol": 1e-7}
    model = LinearRegression(solver=solver, **options).fit(x, y)
    exact = LinearRegression(alpha=0.1).fit(x, y)
    assert model.status_ is Status.CONVERGED
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-6)
    np.testing.assert_allclose(model.intercept_, exact.intercept_, atol=1e-6)


@pytest.mark.parametrize("solver", FIRST_ORDER)
def test_and_newton_s_answer(labelled, solver):
    x, y = labelled
    options = {"alpha": 0.1, "batch_size": len(y), "max_iter": 5000, "tol": 1e-7}
    model = LogisticRegression(solver=solver, **options).fit(x, y)
    newton = LogisticRegression(alpha=0.1).fit(x, y)
    assert model.status_ is Status.CONVERGED
    np.testing.assert_allclose(model.coef_, newton.coef_, atol=1e-5)
    np.testing.assert_allclose(model.intercept_, newton.intercept_, atol=1e-5)


def test_a_stochastic_solver_comes_near_and_its_seed_decides(regression):
    x, y = regression
    model = LinearRegression(solver="sgd", learning_rate=0.01, batch_size=32, random_state=3)
    first, second = (clone(model).fit(x, y) for _ in range(2))
    other = clone(model).set_params(random_state=4).fit(x, y)
    np.testing.assert_array_equal(first.coef_, second.coef_)
    assert (first.coef_ != other.coef_).any()
    np.testing.assert_allclose(first.coef_, LinearRegression().fit(x, y).coef_, atol=0.02)
    assert first.status_ is Status.PLATEAU


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_many_sparse_columns_are_solved_by_newton_as_exactly(alpha):
    rng = np.random.default_rng(5)
    rows = np.arange(3000)
    x = sp.csr_array((np.ones(3000), (rows, rng.integers(0, 1200, 3000))), shape=(3000, 1200))
    y = rng.normal(size=3000)
    model, exact = LinearRegression(alpha=alpha), LinearRegression(alpha=alpha, solver="exact")
    np.testing.assert_allclose(model.fit(x, y).predict(x), exact.fit(x, y).predict(x), atol=1e-6)
    assert model.history_
    assert not exact.history_


def test_newton_serves_least_squares_with_many_columns(regression):
    x, y = regression
    model = LinearRegression(solver="newton", alpha=0.01).fit(x, y)
    np.testing.assert_allclose(model.coef_, LinearRegression(alpha=0.01).fit(x, y).coef_, rtol=1e-8)


def test_parameters_stay_as_they_were_given(regression):
    x, y = regression
    solver = GradientDescent(learning_rate=0.2)
    model = LinearRegression(solver=solver, learning_rate=0.1).fit(x, y)
    assert model.solver is solver
    assert model.solver.learning_rate == 0.2
    assert clone(model).solver == solver


def test_without_an_intercept(regression, labelled):
    x, y = regression
    model = LinearRegression(fit_intercept=False).fit(x, y)
    np.testing.assert_allclose(model.coef_, np.linalg.lstsq(x, y)[0])
    assert model.intercept_ == 0.0
    x, y = labelled
    assert not LogisticRegression(fit_intercept=False).fit(x, y).intercept_.any()


@pytest.mark.parametrize("solver", ["auto", "gd"])
def test_sparse_columns_give_the_dense_answer(regression, solver):
    x, y = regression
    x = x * (np.abs(x) > 0.7)
    dense = LinearRegression(solver=solver, alpha=0.1).fit(x, y)
    sparse = LinearRegression(solver=solver, alpha=0.1).fit(sp.csc_matrix(x), y)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=1e-8)
    np.testing.assert_allclose(sparse.predict(sp.coo_array(x)), dense.predict(x), atol=1e-8)


def test_frames_lend_their_names(regression):
    x, y = regression
    pandas = pd.DataFrame(x, columns=list("pqrs"))
    for frame in (pandas, pl.from_pandas(pandas)):
        model = LinearRegression().fit(frame, y)
        assert list(model.feature_names_in_) == list("pqrs")
        model.predict(frame)
        with pytest.raises(ValueError, match="feature names"):
            model.predict(pandas[list("qprs")])


def test_balanced_classes_are_weights(labelled):
    x, y = labelled
    counts = {label: (y == label).sum() for label in "abc"}
    weight = np.array([len(y) / (3 * counts[label]) for label in y])
    balanced = LogisticRegression(class_weight="balanced").fit(x, y)
    weighted = LogisticRegression().fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(balanced.coef_, weighted.coef_, rtol=1e-7)
    by_hand = LogisticRegression(class_weight={"a": 3.0}).fit(x, y)
    weighted = LogisticRegression().fit(x, y, sample_weight=np.where(y == "a", 3.0, 1.0))
    np.testing.assert_allclose(by_hand.coef_, weighted.coef_, rtol=1e-7)


def test_a_row_of_weight_zero_is_no_row(labelled):
    x, y = labelled
    weight = (y != "c").astype(float)
    model = LogisticRegression().fit(x, y, sample_weight=weight)
    np.testing.assert_array_equal(model.classes_, ["a", "b"])


@pytest.mark.parametrize("estimator", [LinearRegression(solver="newton"), LogisticRegression()])
def test_a_warm_start_begins_at_the_last_answer(estimator, regression, labelled):
    x, y = regression if isinstance(estimator, LinearRegression) else labelled
    warm = clone(estimator).set_params(warm_start=True, alpha=0.1).fit(x, y)
    before = warm.coef_
    warm.set_params(alpha=0.11, solver=Newton(max_iter=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warm.fit(x, y)
    answer = clone(estimator).set_params(alpha=0.11).fit(x, y)
    assert np.abs(warm.coef_ - answer.coef_).max() < 0.1 * np.abs(before - answer.coef_).max()


def test_trouble_is_a_warning_with_advice(regression, labelled):
    x, y = regression
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        model = LinearRegression(solver="gd", learning_rate=1e6).fit(x, y)
    assert model.status_ is Status.DIVERGED
    assert np.isfinite(model.coef_).all()
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        LinearRegression(solver="gd", max_iter=3).fit(x, y)
    x, y = labelled
    with pytest.warns(ConvergenceWarning, match="alpha above 0"):
        LogisticRegression(alpha=0.0).fit(x, np.where(x[:, 0] > 0, "yes", "no"))


def test_without_a_tolerance_the_steps_are_what_was_asked_for(regression):
    x, y = regression
    model = LinearRegression(solver="gd", max_iter=7, tol=0.0).fit(x, y)
    assert model.n_iter_ == len(model.history_) == 7
    weight, bias = np.zeros(4), 0.0
    for _ in range(7):
        residual = x @ weight + bias - y
        weight, bias = weight - 0.2 * x.T @ residual / len(y), bias - 0.2 * residual.mean()
    np.testing.assert_allclose(model.coef_, weight)
    np.testing.assert_allclose(model.intercept_, bias)


def test_float32_stays_float32(regression):
    x, y = regression
    model = LinearRegression(solver="gd").fit(x.astype(np.float32), y)
    assert model.coef_.dtype == np.float32


def test_weights_and_grids_reach_through_pipelines(regression):
    x, y = regression
    weight = np.linspace(0, 2, len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from sklearn import config_context

        with config_context(enable_metadata_routing=True):
            model = LinearRegression().set_fit_request(sample_weight=True)
            model.set_score_request(sample_weight=True)
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            search = GridSearchCV(
                make_pipeline(scaler, model), {"linearregression__alpha": [0.0, 1.0, 100.0]}
            ).fit(x, y, sample_weight=weight)
    assert search.best_params_ == {"linearregression__alpha": 0.0}
    direct = LinearRegression().fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(search.predict(x), direct.predict(x))


def test_a_target_that_would_broadcast_is_refused_with_both_shapes():
    with pytest.raises(ShapeError, match=r"\(100, 100\).*\(100, 1\)"):
        LinearRegression().fit(np.zeros((100, 1)), np.zeros((100, 100)))
    with pytest.raises(ShapeError, match=r"\(4, 2\).*\(4, 1\)"):
        LogisticRegression().fit(np.zeros((4, 1)), np.eye(4, 2, dtype=int))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"alpha": -1.0}, "alpha is -1"),
        ({"alpha": np.nan}, "alpha is nan"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"solver": "saga"}, "no solver 'saga'.*gd.*newton"),
        ({"solver": 3}, "no solver 3"),
        ({"learning_rate": 0.1}, "learning_rate=0.1 has no meaning"),
        ({"solver": "sgd", "learning_rate": -1.0}, "learning_rate is -1"),
        ({"solver": "sgd", "batch_size": 0}, "batch_size is 0"),
    ],
)
@pytest.mark.parametrize("estimator", [LinearRegression, LogisticRegression])
def test_parameters_that_make_no_sense_are_named(estimator, options, named, labelled):
    x, y = labelled
    with pytest.raises(SpecError, match=named):
        estimator(**options).fit(x, (y == "a").astype(int))


def test_a_classifier_has_no_exact_solver_and_needs_two_classes(labelled):
    x, y = labelled
    with pytest.raises(SpecError, match="no solver 'exact'"):
        LogisticRegression(solver="exact").fit(x, y)
    with pytest.raises(TargetError, match="only one class"):
        LogisticRegression().fit(x, np.full(len(x), "a"))
    assert issubclass(TargetError, GradumError)
    assert issubclass(TargetError, ValueError)


def test_momentum_is_its_instance(regression):
    x, y = regression
    named = LinearRegression(solver="momentum", random_state=0, max_iter=5, tol=0.0).fit(x, y)
    built = clone(named).set_params(solver=SGD(momentum=0.9)).fit(x, y)
    np.testing.assert_array_equal(named.coef_, built.coef_)
