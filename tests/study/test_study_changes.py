"""Scores of new rows beside the run's: intervals of differences, against chance."""

import numpy as np
import pytest
from scipy import special, stats

from gradum.run.judging.judge_rungs import Seen, Truth, judge
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples, intervals
from gradum.scores.interval import Interval
from gradum.scores.outcome import Outcome
from gradum.study.evaluation.changes import (
    change_sentences,
    changes,
    independent_difference,
    level_moved,
)


def around(value, half=0.1):
    return Interval(value, value - half, value + half, half / 2)


def test_of_alike_symmetric_intervals_the_standard_errors_add_as_independent_ones_do():
    found = independent_difference(around(3.0, 0.3), around(1.0, 0.4))
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 1.5, 2.5))
    assert found.standard_error == pytest.approx(0.25)


def test_a_skewed_interval_makes_a_skewed_difference():
    found = independent_difference(Interval(2.0, 1.9, 2.9, 0.3), Interval(1.0, 0.9, 1.1, 0.05))
    assert found.low == pytest.approx(1.0 - np.hypot(0.1, 0.1))
    assert found.high == pytest.approx(1.0 + np.hypot(0.9, 0.1))


def test_differences_of_independent_samples_are_covered_as_often_as_said():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(600):
        one, other = rng.normal(1.0, 1.0, 60), rng.normal(0.4, 2.0, 90)
        spans = []
        for rows in (one, other):
            error = rows.std(ddof=1) / np.sqrt(len(rows))
            spans.append(around(rows.mean(), 2.0 * error))
        found = independent_difference(*spans)
        covered += found.low <= 0.6 <= found.high
    assert 0.93 < covered / 600 < 0.975


def test_what_is_found_is_right_for_all_scores_at_once():
    """Half of the 5% is for the verdict's metric, the other half is shared by all others."""
    names = ("log_loss", "accuracy", "auc", "brier", "f1")
    error = 0.1 / stats.norm.ppf(0.975) * np.sqrt(2)
    same = {name: around(0.5) for name in names}
    found = {change.metric: change.difference for change in changes(same, same, "auc")}
    for name, difference in found.items():
        tail = 0.025 / 2 if name == "auc" else 0.025 / 2 / 4
        assert difference.high == pytest.approx(error * stats.norm.ppf(1 - tail))
        assert difference.low == -difference.high


def test_rows_of_the_same_law_are_seldom_worse_by_any_score():
    """30 pairs of samples of one population: in at most 5% may any score seem to have moved."""
    rng, moved = np.random.default_rng(3), 0
    for _ in range(30):
        scores = []
        for rows in (300, 200):
            signal = rng.normal(size=rows)
            chance = special.expit(1.5 * signal)
            outcome = Outcome(
                "binary",
                (rng.random(rows) < chance).astype(int),
                probability=np.column_stack([1 - chance, chance]),
            )
            drawn = Resamples.draw(rows, classes=outcome.target, count=60, rng=rng)
            scores.append(intervals(outcome, drawn))
        moved += any(
            change.finding != "no difference shown" for change in changes(*scores, "log_loss")
        )
    assert moved <= stats.binom(30, 0.05).ppf(0.999)


def test_what_got_worse_comes_first_whichever_direction_is_better():
    new = {
        "log_loss": around(0.7),
        "accuracy": around(0.4),
        "auc": around(0.9),
        "brier": around(0.2),
    }
    own = {
        "log_loss": around(0.4),
        "accuracy": around(0.8),
        "auc": around(0.5),
        "brier": around(0.2),
    }
    found = changes(new, own, "log_loss")
    said = {change.metric: change.finding for change in found}
    assert said == {
        "log_loss": "worse",
        "accuracy": "worse",
        "auc": "better",
        "brier": "no difference shown",
    }
    assert [change.finding for change in found][:2] == ["worse", "worse"]
    (sentence,) = change_sentences(found, "accuracy", (50, 200))
    assert sentence.startswith("Worse than in the run: accuracy 0.4 on 50 new rows, 0.8 on the 200")
    assert "also by log loss" in sentence
    (sentence,) = change_sentences(found, "auc", (50, 200))
    assert sentence.startswith("By AUC not shown to be worse than on the 200 rows")
    assert "by log loss, accuracy it is, 2 of 4 scores compared" in sentence


def test_without_intervals_nothing_is_called_worse_and_the_cause_is_said():
    new = {"rmse": Interval(9.0, np.nan, np.nan, 1.0)}
    found = changes(new, {"rmse": around(1.0)}, "rmse")
    assert found[0].finding == "no difference shown"
    (sentence,) = change_sentences(found, "rmse", (5, 200))
    assert "too few for an interval" in sentence
    assert "interrupted" in change_sentences((), "rmse", (0, 0))[0]


def of_numbers(target):
    truth = Truth("regression", np.asarray(target, float), np.ones(len(target)), ())
    said = {"baseline": Prediction(np.full(len(target), 10.0), None)}
    return truth, Seen(np.arange(len(target)), said)


def of_classes(codes):
    truth = Truth("binary", np.asarray(codes), np.ones(len(codes)), ("no", "yes"))
    shares = np.tile([0.7, 0.3], (len(codes), 1))
    return truth, Seen(np.arange(len(codes)), {"baseline": Prediction.of_classes(shares)})


def test_a_target_whose_mean_moved_is_said_to_have_moved():
    rng = np.random.default_rng(0)
    truth, seen = of_numbers(rng.normal(10, 2, 400))
    own = judge(truth, {"test": seen}, metric="rmse", seed=0, how="Judged.")
    moved, new = of_numbers(rng.normal(13, 2, 300))
    said = level_moved(moved, new, own, 10.0, "y", 0)
    mean = moved.target.mean()
    assert said.startswith(f"The target's level moved: 'y' is {mean:.3g} on average in these rows")
    still, new = of_numbers(rng.normal(10.1, 2, 300))
    assert level_moved(still, new, own, 10.0, "y", 0) == ""


def test_a_class_whose_share_moved_is_said_to_have_moved():
    rng = np.random.default_rng(0)
    truth, seen = of_classes((rng.random(500) < 0.3).astype(int))
    own = judge(truth, {"test": seen}, metric="log_loss", seed=0, how="Judged.")
    moved, new = of_classes((rng.random(400) < 0.5).astype(int))
    assert "is 'yes' in" in level_moved(moved, new, own, None, "y", 0)
    still, new = of_classes((rng.random(400) < 0.31).astype(int))
    assert level_moved(still, new, own, None, "y", 0) == ""
