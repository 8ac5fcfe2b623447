"""Methods make models that learn; what is unknown or not installed is said with the remedy."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality import peers
from benchmarks.quality.methods import (
    APART,
    METHODS,
    check_installed,
    check_known,
    installed,
    packages,
)
from benchmarks.quality.one import fit
from benchmarks.quality.peers import PEERS, ready
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split

from gradum.errors import SpecError


def split(folder, name):
    return Split.of(folder, Suite.read(folder).tables[name], seed=0, rows=4000)


def test_every_method_has_a_peer_or_is_gradums():
    named = [method for method in METHODS if not method.startswith("gradum-")]
    assert [*named, *APART] == list(PEERS)


@pytest.mark.parametrize("name", ["two", "three", "number"])
@pytest.mark.parametrize("method", ["hist_gradient_boosting", "sklearn_mlp"])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_models_learn(folder, method, name):
    found = fit(method, split(folder, name), 0)
    assert 0 < found["error"] < 2


@pytest.mark.parametrize("method", ["random_forest", "extra_trees"])
def test_forests_learn_from_levels_and_missing_numbers(folder, method):
    assert fit(method, split(folder, "number"), 0)["error"] < 1
    assert fit(method, split(folder, "two"), 0)["error"] < 0.5


QUICK = "linear", "random_forest", "hist_gradient_boosting", "lightgbm"


@pytest.mark.parametrize("method", QUICK)
@pytest.mark.filterwarnings("ignore")
def test_probabilities_stand_in_the_order_of_the_classes(method, monkeypatch):
    """The classes are strings, so that 10 comes before 2."""
    monkeypatch.setattr(peers, "CORES", 1)  # joblib begins no processes
    rng = np.random.default_rng(0)
    target = pd.Series(np.tile(["10", "2", "9"], 40))
    rows = pd.DataFrame({"x": target.astype(float) + rng.normal(0, 0.1, len(target))})
    rows["level"] = rng.choice(["a", "b"], len(target))
    divided = Split(rows, rows, target, target, ["level"], ["x"], "multiclass")
    assert fit(method, divided, 0)["acc"] > 0.9


def test_catboost_would_put_strings_that_are_numbers_in_the_order_of_numbers(monkeypatch):
    library = SimpleNamespace(CatBoostClassifier=lambda **options: options)
    monkeypatch.setitem(sys.modules, "catboost", library)
    target = pd.Series(["10", "2", "9", "2"])
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0, 2.0]})
    divided = Split(rows, rows, target, target, [], ["x"], "multiclass")
    assert ready("catboost", divided, 0).target.tolist() == [0, 1, 2, 1]


class Pack:
    """What gradum's estimators are to the benchmark."""

    def __init__(self, *, effort, random_state, categorical, numeric):
        self.said = effort, random_state
        self.columns = categorical, numeric

    def fit(self, frame, target):
        assert frame["colour"].map(lambda level: level is None or isinstance(level, str)).all()
        assert None in frame["colour"].tolist()
        assert frame["x"].isna().any()
        self.classes, counts = np.unique(target, return_counts=True)
        self.shares = counts / counts.sum()

    def predict(self, frame):
        return np.full(len(frame), np.mean(self.classes))

    def predict_proba(self, frame):
        return np.tile(self.shares, (len(frame), 1))


@pytest.mark.parametrize("name", ["two", "three", "number"])
def test_gradums_pack_gets_the_columns_as_they_come(folder, monkeypatch, name):
    made = []

    def make(**options):
        made.append(Pack(**options))
        return made[-1]

    kinds = {"PackRegressor": make} if name == "number" else {"PackClassifier": make}
    monkeypatch.setitem(sys.modules, "gradum", SimpleNamespace(**kinds))
    found = fit("gradum-best", split(folder, name), 3)
    assert made[0].said == ("best", 3)
    assert made[0].columns == (split(folder, name).categorical, split(folder, name).numeric)
    if name == "two":
        assert found["error"] == 0.5  # all rows tie


def test_predictions_that_are_not_finite_are_a_failure(folder, monkeypatch):
    class Lost(Pack):
        def predict(self, frame):
            return np.full(len(frame), np.nan)

    monkeypatch.setitem(sys.modules, "gradum", SimpleNamespace(PackRegressor=Lost))
    found = fit("gradum-quick", split(folder, "number"), 0)
    assert found == {"failed": "predictions that are not finite"}


def test_unknown_methods_are_refused_with_those_there_are():
    check_known(["linear", "gradum-best"])
    with pytest.raises(SpecError, match=r"no method 'boost'\. There are gradum-quick, .*, realmlp"):
        check_known(["linear", "boost"])


def test_packages_that_are_not_installed_are_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(METHODS, "catboost", ("a-package-that-nobody-has",))
    check_installed(["linear"])
    with pytest.raises(
        SpecError,
        match=r"catboost needs a-package-that-nobody-has, .* pip install 'gradum\[bench\]'",
    ):
        check_installed(["linear", "catboost"])


def test_a_library_that_needs_its_own_environment_is_no_part_of_ours():
    with pytest.raises(SpecError, match=r"autogluon_60 needs .* an environment of its own"):
        check_installed(["autogluon_60"])


def test_versions_are_those_of_all_that_a_fit_runs_on():
    assert set(packages("realmlp")) >= {"pytabkit", "torch", "scikit-learn", "pandas"}
    assert installed("numpy") == np.__version__
    assert installed("a-package-that-nobody-has") is None
