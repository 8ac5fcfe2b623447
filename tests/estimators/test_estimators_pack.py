"""The packs as scikit-learn knows estimators, on tables as people have them."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from msgspec import structs
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from gradum.core import Huber, Quantile
from gradum.errors import GradumError
from gradum.estimators import PackClassifier, PackRegressor
from gradum.rungs.pack.spec import PackSpec
from gradum.solvers.solution import Status
from synthetic import FEW

TINY = structs.replace(FEW, epochs=8, batch_size=32)
ROWS = 320


def classifier(**options):
    return PackClassifier(**{"pack": TINY, "random_state": 0} | options)


def regressor(**options):
    return PackRegressor(**{"pack": TINY, "random_state": 0} | options)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(ROWS, 3))


@pytest.fixture(scope="module")
def number(x):
    return x[:, 0] + np.abs(x[:, 1]) + 0.1 * np.random.default_rng(1).normal(size=ROWS)


@pytest.fixture(scope="module")
def label(number):
    return np.array(["no", "yes"])[(number > np.median(number)).astype(int)]


@pytest.fixture(scope="module")
def of_numbers(x, number):
    return regressor().fit(x, number)


@pytest.fixture(scope="module")
def of_labels(x, label):
    return classifier().fit(x, label)


def table(rows=ROWS, seed=0):
    """Strings, booleans, dates and numbers, of all of which some are missing; and a target."""
    rng = np.random.default_rng(seed)
    gone = rng.random((rows, 5)) < 0.1
    colour = rng.integers(0, 3, rows)
    flag = rng.random(rows) < 0.5
    size = rng.normal(size=rows)
    day = rng.integers(0, 1000, rows)
    start = datetime.datetime(2020, 1, 1)
    columns = {
        "colour": [["red", "green", "blue"][k] for k in colour],
        "flag": flag.tolist(),
        "size": size.tolist(),
        "day": [start + datetime.timedelta(days=int(k)) for k in day],
        "grade": [["low", "middle", "high"][k] for k in rng.integers(0, 3, rows)],
    }
    columns = {
        name: [None if out else value for value, out in zip(values, gone[:, k], strict=True)]
        for k, (name, values) in enumerate(columns.items())
    }
    return columns, (colour == 0) + 1.0 * flag + 0.5 * size + 0.05 * rng.normal(size=rows)


def in_pandas(columns):
    frame = pd.DataFrame(columns)
    frame["grade"] = frame["grade"].astype("category")
    frame["size"] = frame["size"].astype(float)  # missing values are NaN
    return frame


FRAMES = {
    "pandas": in_pandas,
    "polars": lambda columns: pl.DataFrame(columns, strict=False),
    "polars categories": lambda columns: pl.DataFrame(columns).with_columns(
        pl.col("colour", "grade").cast(pl.Categorical)
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_every_kind_are_learned_from(kind):
    columns, target = table()
    train = FRAMES[kind]({name: values[:240] for name, values in columns.items()})
    rest = FRAMES[kind]({name: values[240:] for name, values in columns.items()})
    model = regressor().fit(train, target[:240])
    kinds = {column.name: column.kind for column in model.schema_.features}
    assert kinds == {
        "colour": "categorical",
        "flag": "boolean",
        "size": "numeric",
        "day": "date",
        "grade": "categorical",
    }
    assert r2_score(target[240:], model.predict(rest)) > 0.5
    assert list(model.feature_names_in_) == list(columns)
    assert model.n_features_in_ == 5
    # Levels that were never seen, and nothing but missing values, are predicted as well.
    strange = {name: [None] * 2 for name in columns} | {"colour": ["violet", "brown"]}
    if kind == "pandas":
        said = model.predict(pd.DataFrame(strange))
    else:
        said = model.predict(pl.DataFrame(strange))
    assert np.isfinite(said).all()
    reordered = rest[list(columns)[::-1]]
    np.testing.assert_array_equal(model.predict(reordered), model.predict(rest))
    with pytest.raises(GradumError, match="size") as refused:
        model.predict(rest.drop(columns="size") if kind == "pandas" else rest.drop("size"))
    assert refused.value.remedy


def test_pandas_and_polars_say_the_same():
    columns, target = table()
    one = regressor().fit(in_pandas(columns), target)
    other = regressor().fit(pl.DataFrame(columns), target)
    np.testing.assert_array_equal(
        one.predict(in_pandas(columns)), other.predict(pl.DataFrame(columns))
    )


def test_arrays_are_learned_from_and_their_dtype_does_not_matter(of_numbers, x, number):
    model = of_numbers
    assert model.score(x, number) > 0.6
    assert model.predict(x).shape == (ROWS,)
    assert model.predict(x).dtype == np.float64
    np.testing.assert_allclose(model.predict(x.astype(np.float32)), model.predict(x), rtol=1e-4)
    assert model.predict(x).min() >= number.min()
    assert model.predict(x).max() <= number.max()
    named = pd.DataFrame(x)  # whose columns are 0, 1 and 2
    other = regressor().fit(named, pd.Series(number))
    np.testing.assert_array_equal(other.predict(named), model.predict(x))
    assert list(named.columns) == [0, 1, 2]


def test_labels_are_those_that_were_given(of_labels, x, label):
    model = of_labels
    assert model.classes_.tolist() == ["no", "yes"]
    share = model.predict_proba(x)
    assert share.shape == (ROWS, 2)
    np.testing.assert_allclose(share.sum(axis=1), 1, rtol=1e-6)
    said = model.predict(x)
    np.testing.assert_array_equal(said, model.classes_[share.argmax(axis=1)])
    assert model.score(x, label) == np.mean(said == label) > 0.8
    assert model.certificate_.kind == "cross-fitted"
    assert isinstance(model.status_, Status)
    assert model.n_iter_ == len(model.rung_.history)
    # Other labels in the same order are the same classes.
    for labels in (label == "yes", np.where(label == "yes", 7, -3)):
        other = classifier().fit(x, labels)
        np.testing.assert_array_equal(other.predict_proba(x), share)
        assert other.predict(x).dtype == labels.dtype
    frame_of_labels = pd.Series(label, dtype="category")
    again = classifier().fit(x, frame_of_labels)
    np.testing.assert_array_equal(again.predict_proba(x), share)


def test_several_classes(x, number):
    labels = np.array(["b", "c", "a"])[np.digitize(number, np.quantile(number, [0.3, 0.6]))]
    model = classifier().fit(x, labels)
    assert model.classes_.tolist() == ["a", "b", "c"]
    share = model.predict_proba(x)
    assert share.shape == (ROWS, 3)
    np.testing.assert_allclose(share.sum(axis=1), 1, rtol=1e-6)
    assert log_loss(labels, share) < 0.8


def test_balanced_weights_are_weights_of_the_classes(x, number):
    rare = np.where(number > np.quantile(number, 0.85), "rare", "usual")
    plain = classifier().fit(x, rare)
    balanced = classifier(class_weight="balanced").fit(x, rare)
    count = np.array([(rare == each).sum() for each in rare])
    by_hand = classifier().fit(x, rare, sample_weight=ROWS / (2 * count))
    np.testing.assert_array_equal(balanced.predict_proba(x), by_hand.predict_proba(x))
    assert (balanced.predict(x) == "rare").sum() > (plain.predict(x) == "rare").sum()
    half = np.linspace(0.5, 2, ROWS)
    both = classifier(class_weight={"rare": 3.0, "usual": 1.0}).fit(x, rare, sample_weight=half)
    other = classifier().fit(x, rare, sample_weight=half * np.where(rare == "rare", 3.0, 1.0))
    np.testing.assert_array_equal(both.predict_proba(x), other.predict_proba(x))


@pytest.mark.slow
def test_the_metric_chooses_the_members(x, number):
    rare = np.where(number > np.quantile(number, 0.85), "rare", "usual")
    noisy = np.where(np.random.default_rng(0).random(ROWS) < 0.1, "rare", rare)
    said = {
        metric: classifier(metric=metric).fit(x, noisy).predict_proba(x)
        for metric in ("log_loss", "auc", "accuracy")
    }
    np.testing.assert_array_equal(said["log_loss"], classifier().fit(x, noisy).predict_proba(x))
    for metric in ("auc", "accuracy"):
        assert not np.array_equal(said[metric], said["log_loss"])
        assert roc_auc_score(rare == "usual", said[metric][:, 1]) > 0.8
    count = np.array([(noisy == each).sum() for each in noisy])
    balanced = classifier(metric="auc", class_weight="balanced").fit(x, noisy)
    by_hand = classifier(metric="auc").fit(x, noisy, sample_weight=ROWS / (2 * count))
    np.testing.assert_array_equal(balanced.predict_proba(x), by_hand.predict_proba(x))
    assert not np.array_equal(balanced.predict_proba(x), said["auc"])


def test_several_classes_are_chosen_by_a_metric(x, number):
    labels = np.digitize(number, np.quantile(number, [0.3, 0.6]))
    share = classifier(metric="auc").fit(x, labels).predict_proba(x)
    assert roc_auc_score(labels, share, multi_class="ovr") > 0.8


def test_the_absolute_error_learns_the_median(x, number):
    noise = np.random.default_rng(2).standard_t(1.2, ROWS)
    error = {
        loss: np.abs(regressor(loss=loss).fit(x, number + noise).predict(x) - number).mean()
        for loss in ("squared_error", "absolute_error")
    }
    assert error["absolute_error"] < 0.7 * error["squared_error"]


@pytest.mark.slow
def test_quantiles_rise_and_are_those_of_a_loss_of_the_same_levels(x, number):
    levels = (0.1, 0.5, 0.9)
    target = 1000 + 50 * number
    model = regressor(loss="quantile", quantiles=levels).fit(x, target)
    said = model.predict(x)
    assert said.shape == (ROWS, 3)
    assert (np.diff(said, axis=1) >= 0).all()
    assert said.min() >= target.min()
    assert said.max() <= target.max()
    below = np.mean(target[:, None] <= said, axis=0)
    assert np.abs(below - levels).max() < 0.12
    assert model.rung_.loss == "quantile:0.1,0.5,0.9"
    same = regressor(loss=Quantile(levels)).fit(x, target)
    np.testing.assert_array_equal(same.predict(x), said)
    weight = np.linspace(0.5, 2, ROWS)
    parts = []
    for level, column in zip(levels, said.T, strict=True):
        loss = [
            np.sum(weight * np.maximum(level * (target - q), (level - 1) * (target - q)))
            for q in (column, *target)
        ]
        parts.append(1 - loss[0] / min(loss[1:]))  # a quantile is the best constant
    assert model.score(x, target, weight) == pytest.approx(np.mean(parts), abs=2e-3)
    one = regressor(loss="quantile", quantiles=[0.5]).fit(x, target)
    assert one.predict(x).shape == (ROWS,)
    assert one.score(x, target) == r2_score(target, one.predict(x))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(x), said)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    np.testing.assert_array_equal(copy.fit(x, target).predict(x), said)


@pytest.mark.slow
def test_a_grid_search_among_losses(x, number):
    search = GridSearchCV(
        regressor(), {"loss": ["squared_error", "absolute_error", "quantile"], "quantiles": [[0.5]]}
    )
    search = search.set_params(cv=2, scoring="neg_mean_absolute_error").fit(x, number)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_rows_that_weigh_nothing_are_not_learned_from(x, number):
    weight = np.where(np.arange(ROWS) < 40, 0.0, 1.0)
    wild = np.where(weight == 0, 1e9, number)
    one = regressor().fit(x, number, sample_weight=weight)
    other = regressor().fit(x, wild, sample_weight=weight)
    np.testing.assert_array_equal(one.predict(x), other.predict(x))
    without_them = regressor().fit(x[40:], number[40:])
    np.testing.assert_array_equal(one.predict(x), without_them.predict(x))


def test_the_random_state_decides_every_bit(x, number):
    one, again, other = (regressor(random_state=seed).fit(x, number) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.predict(x), again.predict(x))
    assert not np.array_equal(one.predict(x), other.predict(x))
    state = np.random.RandomState(3)
    first, second = (regressor(random_state=state).fit(x, number) for _ in range(2))
    assert not np.array_equal(first.predict(x), second.predict(x))


def test_parameters_come_and_go():
    for make in (classifier, regressor):
        model = make(effort="best", time_limit=5.0, categorical=["a"], numeric=["b"])
        copy = clone(model)
        assert copy.get_params() == model.get_params()
        assert copy.set_params(effort="quick", random_state=9) is copy
        assert copy.get_params()["effort"] == "quick"
        assert model.get_params()["random_state"] == 0
        assert "effort='best'" in repr(model)
    assert is_classifier(classifier())
    assert is_regressor(regressor())
    assert clone(classifier(class_weight="balanced")).class_weight == "balanced"


def test_a_column_s_kind_can_be_said(x, number):
    frame = pl.DataFrame({"k": np.arange(ROWS) % 5, "x": x[:, 0], "y": x[:, 1]})

    def kind(**options):
        fitted = regressor(time_limit=1e-9, **options).fit(frame, number)
        return fitted.schema_.column("k").kind

    assert kind(categorical=["k"]) == "categorical"
    assert kind(numeric=["k"]) == "numeric"


def test_levels_may_be_one_in_any_case():
    X = pl.DataFrame({"k": ["Ja", "ja", "nein", "NEIN"] * 15, "z": range(60)})
    model = PackClassifier(effort="quick", time_limit=1.0, fold_case=["k"]).fit(
        X, [0, 0, 1, 1] * 15
    )
    assert model.encoder_.steps[0].levels == ("Ja", "NEIN")
    answers = model.predict_proba(X)
    assert (answers[0] == model.predict_proba(X.with_columns(k=pl.lit("JA")))[0]).all()


def test_a_column_called_target_is_a_column(of_numbers, number, x):
    frame = pl.DataFrame({"target": x[:, 0], "x": x[:, 1], "y": x[:, 2]})
    model = regressor().fit(frame, number)
    np.testing.assert_array_equal(model.predict(frame), of_numbers.predict(x))


def test_a_pickled_model_predicts_the_same(x, of_labels):
    again = pickle.loads(pickle.dumps(of_labels))
    np.testing.assert_array_equal(again.predict_proba(x), of_labels.predict_proba(x))


@pytest.mark.slow
def test_cross_validation_and_a_grid_search(x, label, number):
    scores = cross_val_score(classifier(), x, label, cv=2, scoring="neg_log_loss")
    assert (scores > -0.6).all()
    still = PackSpec(
        **{f: getattr(TINY, f) for f in TINY.__struct_fields__} | {"epochs": 1, "wide": 0}
    )
    search = GridSearchCV(regressor(), {"pack": [still, TINY]}, cv=2).fit(x, number)
    assert search.best_params_["pack"] == TINY
    assert search.predict(x).shape == (ROWS,)


def test_seconds_bound_the_training(x, number):
    spec = PackSpec(
        **{f: getattr(TINY, f) for f in TINY.__struct_fields__}
        | {"epochs": 100_000, "patience": 100_000}
    )
    model = regressor(pack=spec, time_limit=0.3).fit(x, number)
    assert model.status_ is Status.TIME_LIMIT


def test_before_a_fit_nothing_is_predicted(x):
    with pytest.raises(NotFittedError):
        regressor().predict(x)
    with pytest.raises(NotFittedError):
        classifier().predict_proba(x)


def without(values, at, what):
    changed = np.array(values, object if what is None else None)
    changed[at] = what
    return changed


CLASSES = {
    "an effort that nobody knows": (
        lambda x, y: (classifier(pack=None, effort="huge"), x, y),
        "huge",
    ),
    "no time": (lambda x, y: (classifier(time_limit=0), x, y), "time limit"),
    "a metric that nobody knows": (
        lambda x, y: (classifier(metric="roc_auc"), x, y),
        "no metric 'roc_auc'",
    ),
    "a metric of numbers": (lambda x, y: (classifier(metric="mae"), x, y), "mae is not for a bin"),
    "one class": (lambda x, y: (classifier(), x, np.full(ROWS, "no")), "one class, 'no'"),
    "more labels than rows": (lambda x, y: (classifier(), x[:-1], y), "319 rows.*320"),
    "a label that is None": (lambda x, y: (classifier(), x, without(y, 3, None)), "missing"),
    "a label that is NaN": (
        lambda x, y: (classifier(), x, np.where(np.arange(ROWS) == 3, np.nan, y == "yes")),
        "missing",
    ),
    "a label that is NA": (
        lambda x, y: (classifier(), x, pd.Series(without(y, 3, None), dtype="string")),
        "missing",
    ),
    "nine rows": (lambda x, y: (classifier(), x[:9], ["a", "b", "a"] * 3), "9 rows"),
    "one dimension": (lambda x, y: (classifier(), x[:, 0], y), r"\(320,\)"),
    "columns that never differ": (lambda x, y: (classifier(), np.ones((ROWS, 2)), y), "no column"),
}
NUMBERS = {
    "an effort that nobody knows": (lambda x, y: (regressor(pack=None, effort=""), x, y), "effort"),
    "a loss that nobody knows": (lambda x, y: (regressor(loss="mae"), x, y), "no loss 'mae'"),
    "a loss of classes": (lambda x, y: (regressor(loss="log_loss"), x, y), "loss of classes"),
    "a loss that packs do not learn": (lambda x, y: (regressor(loss=Huber()), x, y), "loss huber"),
    "quantiles that do not rise": (
        lambda x, y: (regressor(loss="quantile", quantiles=(0.9, 0.1)), x, y),
        r"levels are \(0.9, 0.1\)",
    ),
    "a quantile beyond all": (
        lambda x, y: (regressor(loss="quantile", quantiles=(0.5, 1.0)), x, y),
        "levels",
    ),
    "no quantiles": (lambda x, y: (regressor(loss="quantile", quantiles=()), x, y), "levels"),
    "time that runs backwards": (lambda x, y: (regressor(time_limit=-1.0), x, y), "time limit"),
    "a number that is none": (
        lambda x, y: (regressor(), x, without(y, 3, np.nan)),
        "missing or inf",
    ),
    "a number without end": (
        lambda x, y: (regressor(), x, without(y, 3, np.inf)),
        "missing or inf",
    ),
    "fewer numbers than rows": (lambda x, y: (regressor(), x, y[:-1]), "320 rows.*319"),
}
WEIGHTS = {
    "of other rows": np.ones(5),
    "below 0": np.r_[-1.0, np.ones(ROWS - 1)],
    "no number": np.r_[np.nan, np.ones(ROWS - 1)],
    "without end": np.r_[np.inf, np.ones(ROWS - 1)],
    "all 0": np.zeros(ROWS),
    "two a row": np.ones((ROWS, 2)),
}


def refused(model, *args, match):
    with pytest.raises(GradumError, match=match) as error:
        model.fit(*args)
    assert error.value.remedy


@pytest.mark.parametrize("case", CLASSES)
def test_what_no_classifier_can_learn_is_refused(case, x, label):
    make, match = CLASSES[case]
    refused(*make(x, label), match=match)


@pytest.mark.parametrize("case", NUMBERS)
def test_what_no_regressor_can_learn_is_refused(case, x, number):
    make, match = NUMBERS[case]
    refused(*make(x, number), match=match)


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_that_are_none_are_refused(case, x, label, number):
    for model in (classifier(), classifier(class_weight="balanced")):
        refused(model, x, label, WEIGHTS[case], match="sample_weight")
    refused(regressor(), x, number, WEIGHTS[case], match="sample_weight")


def test_an_arrow_table_is_learned_from_as_a_frame_is(x, number):
    frame = pl.DataFrame(x, schema=["a", "b", "c"])
    by_frame, by_arrow = (regressor().fit(rows, number) for rows in (frame, frame.to_arrow()))
    np.testing.assert_array_equal(by_arrow.predict(frame.to_arrow()), by_frame.predict(frame))


def test_one_row_that_is_no_table_is_refused_as_scikit_learn_asks(x, of_numbers):
    with pytest.raises(GradumError, match="Reshape your data"):
        of_numbers.predict(x[0])
