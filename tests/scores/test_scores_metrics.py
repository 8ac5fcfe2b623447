"""Metrics at their limits: ties, large offsets, certainty, few rows, one class."""

import numpy as np
import pytest

from gradum.errors import ShapeError, SpecError
from gradum.scores.metrics import DEFAULT_METRIC, METRICS, prevalence, score
from gradum.scores.outcome import Outcome
from outcomes import TASKS, random_outcome


def test_area_and_precision_by_pairs_and_by_thresholds():
    """The definitions themselves, written as loops over pairs and thresholds."""
    outcome = random_outcome("binary", 50, 3)
    y, p, w = outcome.target == 1, outcome.probability[:, 1], outcome.weight
    wins = [
        (w[i] * w[j] * ((p[i] > p[j]) + 0.5 * (p[i] == p[j])), w[i] * w[j])
        for i in np.flatnonzero(y)
        for j in np.flatnonzero(~y)
    ]
    area = sum(won for won, _ in wins) / sum(of for _, of in wins)
    recall, summed = 0.0, 0.0
    for threshold in np.unique(p)[::-1]:
        above = p >= threshold
        now = w[above & y].sum() / w[y].sum()
        if w[above].sum():
            summed += (now - recall) * w[above & y].sum() / w[above].sum()
        recall = now
    assert score(outcome)["auc"] == pytest.approx(area, rel=1e-12)
    assert score(outcome)["average_precision"] == pytest.approx(summed, rel=1e-12)


def test_r2_survives_a_large_offset():
    generator = np.random.default_rng(0)
    target = generator.normal(size=1000)
    prediction = target + generator.normal(size=1000)
    here = score(Outcome("regression", target, prediction))["r2"]
    there = score(Outcome("regression", target + 1e9, prediction + 1e9))["r2"]
    assert there == pytest.approx(here, rel=1e-6)


def test_certain_and_wrong_is_bad_but_finite():
    outcome = Outcome("binary", np.array([0, 1]), probability=np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert score(outcome)["log_loss"] == pytest.approx(52 * np.log(2))
    assert score(outcome)["auc"] == 0.0


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, 1e9 + 0.1])
def test_r2_of_a_constant_target_is_undefined(value):
    target = np.full(77, value)
    scores = score(Outcome("regression", target, target + np.linspace(-1, 1, 77)))
    assert np.isnan(scores["r2"])
    assert np.isfinite(scores["rmse"])


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("task", TASKS)
def test_hardly_any_rows_give_nan_without_warning(task, rows):
    probability = np.full((rows, 3 if task == "multiclass" else 2), 0.5)
    outcome = Outcome(task, np.zeros(rows, int), np.zeros(rows, int), probability)
    scores = score(outcome)
    undefined = {"r2", "mape", "auc", "mcc", "gini", "ks"}
    undefined |= {"average_precision", "f1", "precision", "recall"} if task == "binary" else set()
    undefined = (undefined if rows else set(scores)) & set(scores)
    assert {name for name, value in scores.items() if np.isnan(value)} == undefined


def test_absent_classes_are_left_out_of_means():
    few = random_outcome("multiclass", 200, 0, classes=3)
    padded = np.c_[few.probability, np.zeros((200, 2))]
    more = Outcome("multiclass", few.target, probability=padded, weight=few.weight)
    assert score(more) == pytest.approx(score(few), rel=1e-12)
    assert prevalence(more) == pytest.approx(1 / 3)


def test_prevalence_is_what_guessing_scores():
    generator = np.random.default_rng(0)
    target = (generator.random(500) < 0.2).astype(int)
    weight = generator.exponential(size=500)
    guess = Outcome("binary", target, probability=np.full((500, 2), 0.5), weight=weight)
    assert prevalence(guess) == pytest.approx(np.average(target, weights=weight))
    assert score(guess)["average_precision"] == pytest.approx(prevalence(guess))
    assert np.isnan(prevalence(Outcome("binary", target[:0], probability=np.zeros((0, 2)))))


def test_a_given_prediction_counts_before_the_most_probable_class():
    probability = np.array([[0.9, 0.1], [0.8, 0.2]])
    outcome = Outcome("binary", np.array([0, 1]), np.array([1, 1]), probability)
    assert score(outcome)["accuracy"] == 0.5
    assert score(Outcome("binary", np.array([0, 1]), None, probability))["accuracy"] == 0.5
    assert (
        score(Outcome("binary", np.array([1, 1]), np.array([1, 1]), probability))["accuracy"] == 1
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("regression", np.zeros(3), np.zeros((3, 1))), ShapeError, r"\(3, 1\).*\(3,\)"),
        (("regression", np.zeros((3, 1)), np.zeros((3, 1))), ShapeError, r"\(3, 1\)"),
        (("regression", np.zeros(3), np.zeros(3), None, np.ones(2)), ShapeError, r"weight.*\(2,\)"),
        (("binary", np.zeros(3, int), None, np.zeros((2, 2))), ShapeError, r"\(2, 2\).*\(3,\)"),
        (
            ("binary", np.array([0, 2]), None, np.zeros((2, 2))),
            ShapeError,
            r"codes 0 \.\. 2.*2 col",
        ),
        (("binary", np.array([0, -1]), None, np.zeros((2, 2))), ShapeError, r"codes -1 \.\. 0"),
        (("regression", np.zeros(3)), SpecError, "needs its prediction"),
        (("binary", np.zeros(3, int), np.zeros(3, int)), SpecError, "needs its probability"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Outcome(*arguments)


def test_every_task_has_a_default():
    assert all(task in METRICS[name].tasks for task, name in DEFAULT_METRIC.items())
    assert set(DEFAULT_METRIC) == set(TASKS)
