"""Coefficients in raw units, which reproduce the predictions."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SpecError
from gradum.tables.split import Part
from synthetic import ONCE, mixed, task

NEW = mixed(40, seed=11)


def features(model, table):
    """The value of every coefficient's feature in every row, by hand from the raw columns."""
    training = model.run.dataset.frame.filter(pl.Series(model.run.parts == Part.TRAIN))
    median = training["age"].median() if "age" in training.columns else 0.0
    values = {
        "(intercept)": np.ones(len(table)),
        "size": table["size"].to_numpy(),
        "age": table["age"].fill_null(median).to_numpy(),
        "age missing": table["age"].is_null().to_numpy().astype(float),
        "member": table["member"].to_numpy().astype(float),
    }
    for column in ("colour", "city"):
        for level in table[column].unique():
            values[f"{column}={level}"] = (table[column] == level).to_numpy().astype(float)
    return values


def by_hand(model, table, label=None):
    coefficients = model.coefficients
    if label is not None:
        coefficients = coefficients.filter(pl.col("class") == label)
    values = features(model, table)
    return sum(
        coefficient * values.get(feature, 0.0)
        for feature, coefficient in coefficients.select("feature", "coefficient").iter_rows()
    )


def test_raw_units_reproduce_the_predictions(regressor):
    np.testing.assert_allclose(
        by_hand(regressor, NEW), regressor.predict(NEW, rung="linear"), rtol=1e-9
    )


def test_of_two_classes_the_second_has_the_log_odds(classifier):
    share = classifier.predict_proba(NEW, rung="linear")[:, 1]
    np.testing.assert_allclose(
        by_hand(classifier, NEW, "yes"), np.log(share / (1 - share)), rtol=1e-7
    )
    assert classifier.coefficients["class"].unique().to_list() == ["yes"]


def test_each_of_many_classes_has_its_own():
    frame = task("grade", 200).drop("age")
    model = gradum.fit(frame, "grade", model="linear", **ONCE)
    logits = np.column_stack([by_hand(model, NEW, str(k)) for k in range(3)])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, model.predict_proba(NEW, rung="linear"), rtol=1e-7)


def test_every_feature_says_which_column_it_came_from(regressor):
    pairs = dict(regressor.coefficients.select("feature", "source").iter_rows())
    assert pairs["(intercept)"] is None
    assert pairs["age missing"] == "age"
    assert {source for feature, source in pairs.items() if "=" in feature} == {"colour", "city"}


def test_a_standardised_coefficient_is_that_of_one_standard_deviation(regressor):
    row = regressor.coefficients.row(by_predicate=pl.col("feature") == "size", named=True)
    learned = task("amount").filter(pl.Series(regressor.run.parts != Part.TEST))
    assert row["standardised"] == pytest.approx(row["coefficient"] * learned["size"].std(ddof=0))
    level = regressor.coefficients.row(by_predicate=pl.col("feature") == "colour=red", named=True)
    assert level["standardised"] == level["coefficient"]


def test_two_levels_are_one_contrast():
    frame = (
        task("amount", 200)
        .select("size", "amount")
        .with_columns(side=pl.Series(["left", "right"] * 100))
    )
    model = gradum.fit(frame, "amount", model="linear", **ONCE)
    row = model.coefficients.row(
        by_predicate=pl.col("feature") == "side=right (against left)", named=True
    )
    said = [
        model.predict({"size": 50.0, "side": side}, rung="linear")[0] for side in ("left", "right")
    ]
    assert said[1] - said[0] == pytest.approx(2 * row["coefficient"])  # from -1 to +1


def test_without_a_linear_rung_it_is_refused():
    model = gradum.fit(task("amount", 200), "amount", model="mlp", **ONCE)
    with pytest.raises(SpecError, match="no linear model"):
        _ = model.coefficients
