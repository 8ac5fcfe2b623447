"""scikit-learn's callback protocol on top of the event stream."""

import numpy as np
import pytest
from sklearn.callback import ScoringMonitor
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradum.estimators import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor
from gradum.solvers.solution import Status


class Recorder:
    """Keeps what it is told, and asks to stop after so many epochs."""

    def __init__(self, stop_after=None):
        self.calls, self.fitted, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.calls.append(("end", context.task_name))
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.fitted.append(fitted_estimator.predict(X))
            return len(self.fitted) == self.stop_after
        return False


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    return x, x[:, 0] - x[:, 1] + 0.1 * rng.normal(size=120)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearRegression(solver="gd", max_iter=6, tol=0.0),
        LinearRegression(solver="newton"),
        LinearRegression(solver="sgd", batch_size=32, max_iter=6, tol=0.0),
        LogisticRegression(),
        MLPRegressor((4,), max_iter=6),
        MLPClassifier((4,), max_iter=6, batch_size=32),
    ],
)
def test_each_epoch_is_a_task_with_a_model_ready_to_predict(estimator, table):
    x, y = table
    y = y if isinstance(estimator, (LinearRegression, MLPRegressor)) else (y > 0).astype(int)
    recorder = Recorder()
    estimator.set_callbacks(recorder).fit(x, y)
    calls = recorder.calls
    assert calls[:2] == ["setup", ("begin", "fit")]
    assert calls[-2:] == [("end", "fit"), "teardown"]
    epochs = calls[2:-2]
    assert epochs == [("begin", "epoch"), ("end", "epoch")] * (len(epochs) // 2)
    assert len(recorder.fitted) == len(estimator.history_) == estimator.n_iter_
    np.testing.assert_array_equal(recorder.fitted[-1], estimator.predict(x))
    if estimator.n_iter_ == 6 and isinstance(estimator, LinearRegression):
        assert len({prediction.tobytes() for prediction in recorder.fitted}) == 6


def test_the_exact_solver_is_one_task_without_epochs(table):
    recorder = Recorder()
    LinearRegression().set_callbacks(recorder).fit(*table)
    assert recorder.calls == ["setup", ("begin", "fit"), ("end", "fit"), "teardown"]


@pytest.mark.parametrize(
    "estimator",
    [LinearRegression(solver="gd"), LogisticRegression(alpha=1e-6), MLPRegressor((4,))],
)
def test_a_callback_can_end_the_training(estimator, table):
    x, y = table
    y = (y > 0).astype(int) if isinstance(estimator, LogisticRegression) else y
    estimator.set_callbacks(Recorder(stop_after=2)).fit(x, y)
    assert estimator.n_iter_ == 2
    assert estimator.status_ is Status.INTERRUPTED


def test_listening_changes_nothing(table):
    options = {"solver": "gd", "max_iter": 9, "tol": 0.0}
    quiet = LinearRegression(**options).fit(*table)
    heard = LinearRegression(**options).set_callbacks(Recorder()).fit(*table)
    np.testing.assert_array_equal(quiet.coef_, heard.coef_)


def test_scikit_learn_s_own_monitor(table):
    x, y = table
    monitor = ScoringMonitor(scoring="neg_mean_squared_error")
    estimator = LinearRegression(solver="gd", max_iter=5, tol=0.0).set_callbacks(monitor)
    make_pipeline(StandardScaler(), estimator).fit(x, y)
    scores = [
        entry["neg_mean_squared_error"]
        for entry in monitor.get_logs().data
        if entry["task_name"] == "epoch"
    ]
    assert len(scores) == 5
    assert scores == sorted(scores)
    np.testing.assert_allclose(
        -scores[-1], mean_squared_error(y, estimator.predict(StandardScaler().fit_transform(x)))
    )
