"""Models in other processes and threads: they travel, and what they do to the process ends."""

import copy
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import gradum
from gradum.run.machine import this_machine
from gradum.rungs.pack.spec import PackSpec
from gradum.solvers.solution import EpochDone
from gradum.tables.kinds.date import is_format
from synthetic import ONCE, task

FIXTURES = Path(__file__).parent / "ship" / "fixtures"
MODEL = FIXTURES / "three-classes-with-pack-1.gradum"
ROWS = json.loads(MODEL.with_suffix(".json").read_text())["rows"]
SMALL = PackSpec(members=2, folds=2, epochs=1, hidden_layer_sizes=(4,), most_codes=4)

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
NUMBER, CLASS = X @ [1.0, -2.0, 0.0] + rng.normal(size=60), np.where(X[:, 0] > 0, "yes", "no")


def rows():
    frame = pl.DataFrame(ROWS)
    return frame.with_columns(pl.col("day").str.to_date())


def used(model):
    """A model that has done all that a user may ask of it, and what it says."""
    one = rows().drop_nulls().row(0, named=True)
    model.predict(one)
    model.predict(one, rung="pack")
    return model, model.predict_proba(rows())


def through_joblib(model, folder):
    joblib.dump(model, folder / "model.joblib")
    return joblib.load(folder / "model.joblib")


TRAVEL = {
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "cloudpickle": lambda model, _: pickle.loads(pytest.importorskip("cloudpickle").dumps(model)),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "joblib": through_joblib,
}


@pytest.mark.parametrize("travel", TRAVEL.values(), ids=TRAVEL)
def test_a_model_that_has_predicted_travels_and_predicts_the_same(travel, tmp_path):
    model, said = used(gradum.load(MODEL))
    again = travel(model, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(rows()), said)
    assert again.summary() == model.summary()


def test_a_model_that_was_just_fitted_travels_with_its_run(classifier):
    classifier.predict(classifier.run.dataset.frame.head(3))
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.run.judged.rows, classifier.run.judged.rows)
    assert again.differences == ()


def test_a_prediction_changes_nothing_in_the_model():
    model = gradum.load(MODEL)
    before = pickle.dumps(model)
    used(model)
    assert pickle.dumps(model) == before


def test_differences_are_those_of_the_threads_own_table():
    model, other = gradum.load(MODEL), rows().head(1)
    model.predict(other.with_columns(other_column=pl.lit(1)))
    (said,) = model.differences
    thread = threading.Thread(target=model.predict, args=(rows(),))
    thread.start()
    thread.join()
    assert model.differences == (said,)


ESTIMATORS = [
    (gradum.LinearRegression(), NUMBER),
    (gradum.LogisticRegression(alpha=0.1), CLASS),
    (gradum.MLPRegressor(4, max_iter=2), NUMBER),
    (gradum.MLPClassifier(4, max_iter=2), CLASS),
    (gradum.PackRegressor(pack=SMALL), NUMBER),
    (gradum.PackClassifier(pack=SMALL), CLASS),
]


@pytest.mark.parametrize(("estimator", "y"), ESTIMATORS, ids=lambda each: type(each).__name__)
def test_an_estimator_that_has_predicted_pickles(estimator, y):
    said = estimator.set_params(random_state=0).fit(X, y).predict(X)
    estimator.predict(X[:1])
    before = pickle.dumps(estimator)
    np.testing.assert_array_equal(pickle.loads(before).predict(X), said)


def test_the_threads_that_are_recorded_are_those_of_blas():
    with threadpool_limits(1, "blas"):
        assert this_machine().threads == 1
    with threadpool_limits(2, "blas"):
        assert this_machine().threads == 2


def state():
    """What a process has only one of, besides BLAS's threads."""
    return {
        "warnings": list(warnings.filters),
        "environment": dict(os.environ),
        "signals": [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)],
        "random": random.getstate(),
        "NumPy's random": pickle.dumps(np.random.get_state()),
        "NumPy's errors": np.geterr(),
        "JAX's precision": (jax.config.jax_enable_x64, jax.numpy.ones(1).dtype),
    }


def test_a_fit_leaves_the_process_as_it_was():
    before, heard = state(), []

    def fit(part):
        doubles = gradum.MLPRegressor(4, max_iter=2, random_state=0, early_stopping=True)
        doubles.fit(X[part::2], NUMBER[part::2])
        by_adam = gradum.LogisticRegression(alpha=0.1, solver="adam", max_iter=2, random_state=0)
        by_adam.fit(X, CLASS)
        assert is_format("%Y-%m-%d")
        assert not is_format("%H:%M:%S.%f")

    def hear(event):
        heard.append(state())
        if isinstance(event, EpochDone):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        gradum.fit(task("amount", 60), "amount", on_event=hear, model="mlp", **ONCE)
    with ThreadPoolExecutor(2) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        inside = list(warnings.filters)
        list(pool.map(fit, [0, 1]))
        assert warnings.filters == inside
    assert len(heard) > 1
    for seen in (*heard, state()):
        assert seen == before


IN_CHILDREN = """
import os, sys, warnings
import gradum.estimators, gradum.estimators.summary
print({"altair", "jinja2", "vl_convert"} & set(sys.modules))
import numpy as np
import gradum
from gradum.errors import ProcessError
from test_processes import CLASS, MODEL, NUMBER, ROWS, X

warnings.simplefilter("ignore")  # JAX's own, of every fork


def in_child(act):
    child = os.fork()
    if not child:
        act()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, act


def works():
    np.testing.assert_array_equal(model.predict_proba(one), said)


def refuses():
    for door in DOORS:
        try:
            door()
        except ProcessError as error:
            assert "spawn" in error.remedy, error
        else:
            raise AssertionError(door)
    gradum.LinearRegression().fit(X, NUMBER).predict(X)
    gradum.LogisticRegression(alpha=0.1).fit(X, CLASS).predict(X)
    mlp.predict(X)


one = ROWS[0]
in_child(lambda: gradum.load(MODEL).predict_proba(one))
model = gradum.load(MODEL)
said = model.predict_proba(one)
mlp = gradum.MLPClassifier(4, max_iter=1, random_state=0).fit(X, CLASS)
DOORS = [
    lambda: model.predict(one),
    lambda: model.predict([one, one]),
    lambda: model.predict({**one, "size": None}),
    lambda: model.evaluate([one]),
    lambda: model.report(),
    lambda: model._repr_html_(),
    lambda: model.coefficients,
    lambda: gradum.fit([one], "grade"),
    lambda: gradum.fit(iter([[one]]), "grade"),
    lambda: gradum.infer([one], "size"),
    lambda: gradum.PackClassifier().fit(X, CLASS),
    lambda: gradum.MLPRegressor().fit(X, NUMBER),
]
in_child(refuses)
in_child(lambda: in_child(refuses))
works()
"""


@pytest.fixture(scope="module")
def forked():
    """A fresh process that imports the estimators, and then works in forks of itself."""
    return subprocess.run(
        [sys.executable, "-c", IN_CHILDREN],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_estimators_load_no_charts_and_no_templates(forked):
    assert forked.stdout.splitlines()[0] == "set()"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_works_or_says_at_once_what_to_do(forked):
    assert forked.returncode == 0, forked.stderr[-2000:]
