"""Every architecture learns from every shape of table, and predicts few rows, one, and a blank one.

What an estimator cannot take, such as levels where it takes numbers, it refuses in one line.
"""

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone, is_classifier

import gradum
from gradum import (
    LinearRegression,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    PackClassifier,
    PackRegressor,
)
from gradum.run.spec.spec import SplitSpec
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.spec import PackSpec

ROWS = 40
rng = np.random.default_rng(0)


def number():
    return rng.normal(size=ROWS)


def levels(many):
    """Letters, or more levels than have a column each."""
    return [f"level {code}" for code in rng.integers(0, many, ROWS)]


EMPTY = pl.Series([None] * ROWS, dtype=pl.Float64)
TABLES = {
    "no numbers": pl.DataFrame({"colour": levels(3), "shop": levels(400)}),
    "no levels": pl.DataFrame({"size": number(), "age": number()}),
    "one number": pl.DataFrame({"size": number()}),
    "one column of many levels": pl.DataFrame({"shop": levels(400)}),
    "a column all missing": pl.DataFrame({"size": number(), "colour": levels(3), "lost": EMPTY}),
}
LABELS, AMOUNTS = rng.permutation(["yes", "no"] * (ROWS // 2)), number()
TINY = {
    "linear": LinearSpec(strengths=(10.0, 1.0), folds=2),
    "mlp": MLPSpec(hidden_layer_sizes=(4,), max_epochs=1),
    "pack": PackSpec(
        members=2, folds=2, epochs=1, hidden_layer_sizes=(4,), most_codes=4, one_hot_levels=12
    ),
    "split": SplitSpec(small_table_rows=0),
}


def blank(frame):
    """A row of which nothing is known."""
    return frame[:1].select(pl.lit(None, kind).alias(name) for name, kind in frame.schema.items())


def assert_alike(predict, frame):
    """All rows, few and one get the same answer."""
    whole = np.asarray(predict(frame), np.float64)
    assert np.isfinite(whole).all()
    assert len(whole) == ROWS
    for few in (1, 3):
        np.testing.assert_allclose(predict(frame[:few]), whole[:few], rtol=1e-4, atol=1e-5)


def assert_predicts(predict, frame):
    """A blank row gets an answer as well."""
    assert_alike(predict, frame)
    lone = np.asarray(predict(blank(frame)), np.float64)
    assert np.isfinite(lone).all()
    assert len(lone) == 1


@pytest.mark.parametrize("rung", ["linear", "mlp", "pack"])
@pytest.mark.parametrize("table", TABLES)
def test_a_fit_takes_it(table, rung):
    frame, labels = TABLES[table], table.startswith("no") == (rung == "pack")
    rows = frame.with_columns(y=pl.Series(LABELS if labels else AMOUNTS))
    named = {"categorical": "shop"} if "shop" in frame.columns else {}  # few occur twice
    model = gradum.fit(rows, "y", model=rung, learning_curve=False, explain=False, **named, **TINY)
    assert_predicts(model.predict_proba if labels else model.predict, frame)


@pytest.mark.parametrize("table", TABLES)
def test_estimators_of_tables_take_it(table):
    frame = TABLES[table]
    options = {"pack": TINY["pack"], "random_state": 0}
    options["categorical"] = [name for name in frame.columns if name in ("colour", "shop")]
    if table.startswith("no"):
        classifier = PackClassifier(**options).fit(frame, LABELS)
        assert_predicts(classifier.predict_proba, frame)
    else:
        assert_predicts(PackRegressor(**options).fit(frame, AMOUNTS).predict, frame)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        LinearRegression(),
        MLPClassifier(hidden_layer_sizes=(4,), max_iter=1, random_state=0),
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimators_of_numbers_take_it_or_say_why_not(table, estimator):
    frame, model = TABLES[table], clone(estimator)
    target = LABELS if is_classifier(model) else AMOUNTS
    if any(column.dtype != pl.Float64 or column.has_nulls() for column in frame):
        with pytest.raises(ValueError, match=r"could not convert string to float|contains NaN"):
            model.fit(frame, target)
        return
    model.fit(frame, target)
    assert_alike(model.predict_proba if is_classifier(model) else model.predict, frame)
