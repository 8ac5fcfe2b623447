"""Columns of quantiles and probabilities, against the distributions that they are taken from."""

import re
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from gradum.errors import SpecError, TargetError
from gradum.run.intervals.distribution_columns import DistributionColumns
from gradum.run.intervals.predictor import ConformalPredictor
from synthetic import FEATURES, task


@pytest.fixture(scope="module")
def conformal(regressor):
    return ConformalPredictor.of(regressor.fitted, (), 0.9)


@pytest.fixture(scope="module")
def table():
    return task("amount", 400, seed=9)


def test_columns_are_named_by_what_was_asked(conformal, regressor, table):
    asked = DistributionColumns.of(conformal, "0.1, 0.50,.9", "20,-1e3,250000.5")
    columns = asked.columns(table.select(FEATURES), regressor.predict(table))
    assert columns.columns == [
        *("quantile_0.1", "quantile_0.5", "quantile_0.9"),
        *("beyond_20", "beyond_-1000", "beyond_250000.5"),
    ]
    distribution = regressor.predict_distribution(table)
    np.testing.assert_array_equal(
        columns.select(pl.col("^quantile_.*$")).to_numpy(), distribution.quantile([0.1, 0.5, 0.9])
    )
    np.testing.assert_array_equal(columns["beyond_20"].to_numpy(), distribution.beyond(20))
    assert columns["beyond_-1000"].min() > 0.99 > 0.01 > columns["beyond_250000.5"].max()


@pytest.mark.parametrize("rung", ["baseline", "linear", "mlp", "pack"])
def test_new_rows_lie_below_quantiles_as_often_as_they_say(regressor, table, rung):
    distribution = regressor.predict_distribution(table, rung=rung)
    target = table["amount"].to_numpy()
    levels = np.array([0.1, 0.5, 0.9])
    shares = (target[:, None] <= distribution.quantile(levels)).mean(axis=0)
    # The judged rows are 240, the new ones 400: four standard errors of both together.
    assert np.abs(shares - levels).max() < 4 * 0.5 * np.sqrt(1 / 240 + 1 / 400)
    assert distribution.cumulative(target).std() == pytest.approx(np.sqrt(1 / 12), abs=0.04)


def test_a_distribution_is_worth_more_where_the_model_is(regressor, table):
    target = table["amount"].to_numpy()
    scores = {
        rung: regressor.predict_distribution(table, rung=rung).crps(target).mean()
        for rung in ("baseline", "linear")
    }
    assert scores["linear"] < 0.5 * scores["baseline"]


@pytest.mark.parametrize(
    ("quantiles", "beyond", "cause"),
    [
        ("0.1,much", None, "'much', which is not a number"),
        ("", None, "'', which is not a number"),
        ("0,0.5", None, "A probability of 0 has no quantile"),
        ("0.5,1.2", None, "A probability of 1.2 has no quantile"),
        (None, "1,", "'', which is not a number"),
        (None, "nan", "'nan', which is not a number"),
        (None, "inf", "'inf', which is not a number"),
    ],
)
def test_nonsense_is_refused_by_its_word(conformal, quantiles, beyond, cause):
    with pytest.raises(SpecError, match=cause):
        DistributionColumns.of(conformal, quantiles, beyond)


def test_classes_have_no_quantiles(classifier):
    conformal = ConformalPredictor.of(classifier.fitted, (), 0.9)
    with pytest.raises(TargetError, match="neither quantiles nor a threshold"):
        DistributionColumns.of(conformal, "0.5", None)
    with pytest.raises(TargetError, match=r"Use predict_proba\."):
        classifier.predict_distribution(task("label", 5))


@pytest.mark.parametrize(
    ("name", "words"),
    [("split", "to within 1 in 8"), ("cross", "with about"), ("none", "No guarantee .* Why. How.")],
)
def test_what_is_promised_is_said(name, words):
    terms = SimpleNamespace(name=name, rows=7, reason="Why.", remedy="How.")
    promised = DistributionColumns(SimpleNamespace(terms=terms, scores=range(7)), {}, {}).sentence
    assert re.search(words, promised)
