"""The summary of judged rows against the rows themselves."""

import numpy as np

from gradum.run.reference.judged_summary import BIN_ROWS, judged_summary
from gradum.rungs.rung import Prediction


def test_classes_keep_their_counts_and_mean_probabilities():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(3), 500)
    target = rng.integers(3, size=500)
    summary = judged_summary(Prediction.of_classes(shares), target, np.ones(500))
    rows, targets = summary.as_rows()
    np.testing.assert_array_equal(np.bincount(targets), np.bincount(target))
    np.testing.assert_allclose(rows.probability.mean(axis=0), shares.mean(axis=0))
    assert min(sum(one.rows) for one in summary.bins) >= BIN_ROWS


def test_two_classes_keep_how_the_share_rises_with_the_probability():
    rng = np.random.default_rng(2)
    second = rng.random(4_000)
    target = (rng.random(4_000) < second**2).astype(np.intp)
    prediction = Prediction.of_classes(np.column_stack([1 - second, second]))
    rows, targets = judged_summary(prediction, target, np.ones(4_000)).as_rows()
    high = rows.probability[:, 1] > 0.8
    assert abs(targets[high].mean() - target[second > 0.8].mean()) < 0.01


def test_numbers_keep_the_size_and_the_law_of_their_errors():
    rng = np.random.default_rng(3)
    predicted = rng.normal(size=5_000)
    target = predicted + np.exp(predicted) * rng.exponential(size=5_000)
    rows, targets = judged_summary(Prediction(predicted, None), target, np.ones(5_000)).as_rows()
    error, kept = target - predicted, targets - rows.value
    assert len(rows.value) == 5_000
    np.testing.assert_allclose(rows.value.mean(), predicted.mean())
    np.testing.assert_allclose(np.abs(kept).mean(), np.abs(error).mean(), rtol=0.05)
    large = rows.value > 1
    np.testing.assert_allclose(kept[large].mean(), error[predicted > 1].mean(), rtol=0.1)


def test_few_rows_and_rows_of_different_weight_have_no_summary():
    prediction = Prediction(np.zeros(BIN_ROWS), None)
    target = np.arange(float(BIN_ROWS))
    few = Prediction(np.zeros(BIN_ROWS - 1), None)
    assert judged_summary(few, target[1:], np.ones(BIN_ROWS - 1)) is None
    assert judged_summary(prediction, target, np.arange(1.0, BIN_ROWS + 1)) is None
    assert len(judged_summary(prediction, target, np.ones(BIN_ROWS)).bins) == 1
