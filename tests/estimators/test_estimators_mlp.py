"""The perceptrons: objective against scikit-learn's optimum, continuation, early stopping."""

import pickle

import jax
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.neural_network
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradum.core import L2, LogLoss, Network, Problem, SquaredError, objective
from gradum.errors import ShapeError, SpecError, TargetError
from gradum.estimators import MLPClassifier, MLPRegressor
from gradum.solvers.first_order import Adam
from gradum.solvers.solution import Status


@pytest.fixture
def curve():
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, size=(120, 2))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] ** 2 + 0.05 * rng.normal(size=120)


@pytest.fixture
def moons():
    return make_moons(200, noise=0.15, random_state=0)


def gradient_norm(peer, loss, alpha, x, y, outputs):
    network = Network(inputs=x.shape[1], outputs=outputs, hidden=(5,), activation="tanh")
    layers = [{"weight": w, "bias": b} for w, b in zip(peer.coefs_, peer.intercepts_, strict=True)]
    with jax.enable_x64(True):
        slope = jax.grad(objective)(
            {"layers": layers},
            Problem(network, loss, L2(alpha)),
            {"dense": x},
            y,
            np.ones(len(y)),
        )
        return float(np.sqrt(sum(np.sum(np.square(g)) for g in jax.tree.leaves(slope))))


def test_scikit_learn_s_optimum_is_stationary_under_the_documented_conversion(curve, moons):
    options = {
        "hidden_layer_sizes": (5,),
        "activation": "tanh",
        "solver": "lbfgs",
        "alpha": 0.5,
        "max_iter": 5000,
        "max_fun": 100_000,
        "tol": 1e-12,
        "random_state": 0,
    }
    x, y = curve
    peer = sklearn.neural_network.MLPRegressor(**options).fit(x, y)
    assert gradient_norm(peer, SquaredError(), 2 * 0.5 / len(y), x, y, 1) < 5e-4
    assert gradient_norm(peer, SquaredError(), 0.5 / len(y), x, y, 1) > 5e-3
    x, y = moons
    peer = sklearn.neural_network.MLPClassifier(**options).fit(x, y)
    assert gradient_norm(peer, LogLoss(), 0.5 / len(y), x, y, 1) < 5e-4
    assert gradient_norm(peer, LogLoss(), 1.0 / len(y), x, y, 1) > 5e-3


def test_it_learns_what_a_line_cannot(curve, moons):
    x, y = curve
    model = MLPRegressor(learning_rate=0.02, max_iter=500, random_state=0).fit(x, y)
    assert model.score(x, y) > 0.98
    x, y = moons
    model = MLPClassifier(learning_rate=0.02, max_iter=500, random_state=0).fit(x, y)
    assert model.score(x, y) > 0.98


def test_the_attributes_have_scikit_learn_s_shapes(moons):
    x, y = moons
    y = np.where(x[:, 0] > 1.2, 2, y)
    options = {"hidden_layer_sizes": (7, 3), "max_iter": 5, "random_state": 0}
    model = MLPClassifier(**options).fit(x, y)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        peer = sklearn.neural_network.MLPClassifier(**options).fit(x, y)
    for ours, theirs in ((model.coefs_, peer.coefs_), (model.intercepts_, peer.intercepts_)):
        assert [a.shape for a in ours] == [a.shape for a in theirs]
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_iter_", "n_features_in_"):
        assert getattr(model, name) == getattr(peer, name)
    probability = model.predict_proba(x)
    penalty = sum(np.sum(w**2) for w in model.coefs_)
    np.testing.assert_allclose(model.loss_, log_loss(y, probability) + 0.5e-5 * penalty)
    assert [event.epoch for event in model.history_] == [1, 2, 3, 4, 5]
    assert model.status_ is Status.STEP_LIMIT


@pytest.mark.parametrize("batch_size", ["auto", 32])
def test_partial_fit_is_fit_one_epoch_at_a_time(curve, batch_size):
    x, y = curve
    whole = MLPRegressor(max_iter=4, random_state=0, batch_size=batch_size).fit(x, y)
    parts = MLPRegressor(random_state=0, batch_size=batch_size)
    for _ in range(4):
        parts.partial_fit(x, y)
    for one, other in zip(whole.coefs_, parts.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert parts.n_iter_ == 4
    assert [event.epoch for event in parts.history_] == [1, 2, 3, 4]
    pickled = pickle.loads(pickle.dumps(parts)).partial_fit(x, y)
    np.testing.assert_array_equal(pickled.coefs_[0], parts.partial_fit(x, y).coefs_[0])


def test_partial_fit_of_a_classifier_knows_all_classes_from_the_first_call(moons):
    x, y = moons
    labels = np.array(["no", "yes"])[y]
    model = MLPClassifier(random_state=0)
    with pytest.raises(SpecError, match="classes are not known"):
        model.partial_fit(x, labels)
    model.partial_fit(x[labels == "no"], labels[labels == "no"], classes=["yes", "no", "perhaps"])
    np.testing.assert_array_equal(model.classes_, ["no", "perhaps", "yes"])
    assert model.partial_fit(x, labels).predict_proba(x).shape == (200, 3)
    with pytest.raises(TargetError, match="never"):
        model.partial_fit(x, np.full(200, "never"))
    with pytest.raises(SpecError, match="before"):
        model.partial_fit(x, labels, classes=["no", "yes"])
    with pytest.raises(SpecError, match="balanced"):
        MLPClassifier(class_weight="balanced").partial_fit(x, labels, classes=["no", "yes"])


def test_another_solver_goes_on_from_the_weights_alone(curve):
    x, y = curve
    model = MLPRegressor(random_state=0).partial_fit(x, y)
    before = model.loss_
    model.set_params(solver="sgd", learning_rate=1e-3).partial_fit(x, y)
    np.testing.assert_allclose(model.history_[-1].train_loss, before, rtol=1e-9)


def test_a_warm_start_goes_on_from_the_last_weights(curve):
    x, y = curve
    model = MLPRegressor(random_state=0, max_iter=50, learning_rate=0.01).fit(x, y)
    cold = clone(model).fit(x, y).history_[0].train_loss
    first, loss = model.history_[0].train_loss, model.loss_
    model.set_params(warm_start=True).fit(x, y)
    assert cold == first
    np.testing.assert_allclose(model.history_[0].train_loss, loss, rtol=1e-9)


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_early_stopping_keeps_the_best_epoch(estimator, curve, moons):
    x, y = curve if estimator is MLPRegressor else moons
    model = estimator(
        early_stopping=True,
        learning_rate=0.05,
        n_iter_no_change=5,
        max_iter=1000,
        validation_fraction=0.25,
        random_state=0,
    ).fit(x, y)
    losses = [event.validation_loss for event in model.history_]
    assert model.status_ is Status.EARLY_STOPPED
    assert model.certificate_.kind == "validation"
    assert model.certificate_.best_epoch == 1 + int(np.argmin(losses))
    assert model.certificate_.validation_loss == min(losses)


def test_sparse_columns_give_the_dense_answer(curve):
    x, y = curve
    x = x * (np.abs(x) > 0.5)
    dense = MLPRegressor(random_state=0, max_iter=20).fit(x, y)
    sparse = MLPRegressor(random_state=0, max_iter=20).fit(sp.csr_array(x), y)
    np.testing.assert_allclose(sparse.predict(sp.csr_array(x)), dense.predict(x), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_computes_in_the_dtype_of_the_columns(curve, dtype):
    x, y = curve
    model = MLPRegressor(max_iter=2).fit(x.astype(dtype), y)
    assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype(dtype)}
    assert model.predict(x.astype(dtype)).dtype == dtype
    assert model.partial_fit(x, y).coefs_[0].dtype == dtype


def test_class_weights_are_row_weights(moons):
    x, y = moons
    options = {"max_iter": 5, "random_state": 0}
    weighted = MLPClassifier(**options).fit(x, y, sample_weight=np.where(y == 1, 4.0, 1.0))
    by_class = MLPClassifier(class_weight={1: 4.0}, **options).fit(x, y)
    np.testing.assert_array_equal(weighted.coefs_[0], by_class.coefs_[0])


def test_a_grid_of_instances_inside_a_pipeline(moons):
    x, y = moons
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier((8,), random_state=0, max_iter=20)),
        {"mlpclassifier__solver": [Adam(learning_rate=0.05), Adam(learning_rate=1e-6)]},
        cv=2,
    ).fit(x, y)
    assert search.best_params_["mlpclassifier__solver"].learning_rate == 0.05


def test_no_hidden_layer_is_a_linear_model(curve):
    x, y = curve
    model = MLPRegressor(hidden_layer_sizes=(), solver="gd", alpha=0.0, max_iter=2000, tol=0.0)
    line = np.linalg.lstsq(np.hstack([x, np.ones((len(x), 1))]), y)[0]
    np.testing.assert_allclose(model.fit(x, y).coefs_[0][:, 0], line[:2], atol=1e-6)


def test_a_target_that_would_broadcast_is_refused_with_both_shapes():
    with pytest.raises(ShapeError, match=r"\(100, 100\).*\(100, 1\)"):
        MLPRegressor().fit(np.zeros((100, 1)), np.zeros((100, 100)))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"hidden_layer_sizes": (3.5,)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": 0}, "widths"),
        ({"activation": "step"}, "activation 'step'"),
        ({"solver": "exact"}, "no solver 'exact'"),
        ({"solver": "newton"}, "no solver 'newton'"),
        ({"learning_rate": "adaptive"}, "learning_rate"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "validation_fraction"),
    ],
)
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_parameters_that_make_no_sense_are_named(estimator, options, named, moons):
    with pytest.raises(SpecError, match=named):
        estimator(**options).fit(*moons)


def test_a_loss_that_still_falls_at_the_last_epoch_is_said_aloud():
    """The default on y = 3x + 2 stops short of the line, and says what to change."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 1))
    y = (3 * x + 2 + 0.5 * rng.standard_normal((100, 1)))[:, 0]
    with pytest.warns(ConvergenceWarning, match="allow more steps with max_iter"):
        short = MLPRegressor(random_state=0).fit(x, y)
    assert short.status_ == "step_limit"
    losses = [epoch.train_loss for epoch in short.history_]
    assert losses[-1] < 0.99 * losses[-11]
    settled = MLPRegressor(random_state=0, max_iter=1000).fit(x, y)  # a warning would be an error
    assert settled.status_ == "plateau"
    assert settled.loss_ < short.loss_
