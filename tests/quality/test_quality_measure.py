"""Errors against their definitions, worked out row by row."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality.measure import measure


def split(task, truth):
    classes = None if task == "regression" else np.unique(truth)
    return SimpleNamespace(
        task=task, regression=task == "regression", classes=classes, test_target=pd.Series(truth)
    )


def test_of_numbers_it_is_the_rmse_over_the_deviation():
    truth, said = [1.0, 2.0, 6.0], [1.0, 4.0, 5.0]
    rmse, deviation = math.sqrt((0 + 4 + 1) / 3), math.sqrt((4 + 1 + 9) / 3)
    found = measure(split("regression", truth), np.array(said)[:, None])
    assert found["rmse"] == pytest.approx(rmse)
    assert found["error"] == pytest.approx(rmse / deviation)
    assert measure(split("regression", truth), [3.0] * 3)["error"] == pytest.approx(1)


def test_of_two_classes_it_is_the_share_of_pairs_in_the_wrong_order():
    truth, second = ["b", "a", "b", "a", "b"], np.array([0.9, 0.4, 0.4, 0.6, 0.7])
    pairs = [(p, q) for p, t in zip(second, truth, strict=True) if t == "b" for q in second[[1, 3]]]
    wrong = sum((p < q) + 0.5 * (p == q) for p, q in pairs) / len(pairs)
    found = measure(split("binary", truth), np.stack([1 - second, second], axis=1))
    assert found["error"] == pytest.approx(wrong)
    assert found["acc"] == pytest.approx(3 / 5)


def test_of_more_classes_it_is_the_log_loss():
    said = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]])
    found = measure(split("multiclass", ["0", "1", "2"]), said)
    assert found["error"] == pytest.approx(-np.log([0.5, 0.1, 0.4]).mean())


def test_probabilities_are_cut_and_sum_to_one():
    said = [[np.nan, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    found = measure(split("multiclass", ["0", "1", "2"]), said)
    assert found["error"] == pytest.approx(-math.log(1e-7) / 3, rel=1e-5)
