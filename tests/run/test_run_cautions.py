"""Notes where intervals are missing or too short, and none elsewhere."""

import numpy as np
import pytest
from scipy.signal import lfilter

from gradum.run.judging.judge_rungs import Seen, Truth, judge
from gradum.rungs.rung import Prediction


def rng(seed=0):
    return np.random.default_rng(seed)


def judged_classes(counts, labels=("no", "yes", "perhaps"), **more):
    """So many rows of each class, by a baseline and a model that knows more."""
    target = np.repeat(np.arange(len(counts)), counts)
    rows, classes = len(target), len(counts)
    guess = np.full((rows, classes), 1 / classes)
    logits = rng().normal(size=(rows, classes)) + 6.0 * np.eye(classes)[target]
    sure = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = {"baseline": Prediction.of_classes(guess), "linear": Prediction.of_classes(sure)}
    task = "binary" if classes == 2 else "multiclass"
    truth = Truth(task, target, np.ones(rows), labels[:classes], **more)
    return judge(
        truth, {"test": Seen(np.arange(rows), said)}, metric="log_loss", seed=0, how="Judged."
    )


def judged_numbers(errors, **more):
    target = rng(1).normal(size=len(errors)) * 3
    said = {
        "baseline": Prediction(np.zeros(len(errors)), None),
        "linear": Prediction(target - errors, None),
    }
    truth = Truth("regression", target, np.ones(len(errors)), (), **more)
    seen = Seen(np.arange(len(errors)), said)
    return judge(truth, {"test": seen}, metric="rmse", seed=0, how="Judged.")


def test_below_ten_rows_of_a_class_nothing_has_an_interval_and_nothing_is_better():
    few = judged_classes([191, 9])
    (note,) = few.notes
    assert note.startswith("No intervals: there are 9 judged rows that are 'yes', and fewer")
    assert not any(each.known for each in few.scores["linear"]["test"].values())
    assert few.verdict.comparisons[0].finding.startswith("no difference shown")
    assert "[" not in " ".join(few.verdict.sentences)
    enough = judged_classes([190, 10])
    assert not enough.notes
    assert all(each.known for each in enough.scores["linear"]["test"].values())
    assert enough.verdict.comparisons[0].finding == "linear is better than baseline"


def test_one_rare_class_of_three_leaves_the_means_over_rows_their_intervals():
    found = judged_classes([100, 80, 5])
    (note,) = found.notes
    assert note.startswith("No intervals of macro F1, balanced accuracy, AUC and others that rest")
    scores = found.scores["linear"]["test"]
    assert {name for name, each in scores.items() if each.known} == {
        "log_loss",
        "accuracy",
        "brier",
    }
    assert found.verdict.comparisons[0].finding == "linear is better than baseline"


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (4, "No intervals: the judged rows amount to 4 independent groups"),
        (12, "rest on 12 independent groups"),
    ],
)
def test_few_groups_are_said(groups, said):
    (note,) = judged_numbers(rng().normal(size=240), groups=np.arange(240) % groups).notes
    assert said in note


def test_many_groups_and_short_memories_are_not():
    errors = rng().normal(size=900)
    assert judged_numbers(errors, groups=np.arange(900) // 10).notes == ()
    assert judged_numbers(errors, time=np.arange(900)).notes == ()


def test_errors_that_remember_for_long_have_no_interval_or_a_rough_one():
    """Of errors with the autocorrelation 0.9, a stretch of some fifty rows is worth one."""
    (note,) = judged_numbers(np.cumsum(rng().normal(size=400)), time=np.arange(400)).notes
    assert note.startswith("No intervals: the judged rows amount to 5 independent stretches of")
    errors = lfilter([1.0], [1.0, -0.9], rng().normal(size=1000)) / 2
    found = judged_numbers(errors, time=np.arange(1000))
    assert "independent stretches of time: with fewer than 30" in found.notes[0]
    assert found.scores["linear"]["test"]["rmse"].known


def test_a_long_tail_counts_rows_and_not_their_predictions():
    """Two rows of 421 hold half of the error, however often each was predicted."""
    errors = np.full(421, 0.1)
    errors[[5, 300]] = 30.0
    said = {"baseline": Prediction(np.full(421, 9.0), None), "linear": Prediction(-errors, None)}
    truth = Truth("regression", np.zeros(421), np.ones(421), ())
    twice = Seen.pool([Seen(np.arange(421), said)] * 2)
    (note,) = judge(truth, {"test": twice}, metric="mae", seed=0, how="Judged.").notes
    assert "comes from 2 of 421 rows" in note


def test_a_long_tail_is_said_and_a_short_one_is_not():
    assert judged_numbers(rng().normal(size=500)).notes == ()
    (note,) = judged_numbers(0.2 * rng().lognormal(0, 1.5, 500)).notes
    assert "--metric mae" in note


def test_the_shares_of_the_classes_are_those_of_the_table_that_was_divided():
    """A fifth of 1,000 rows, class by class: shares are known five times as well."""
    target = np.tile(np.repeat([0, 1], [160, 40]), 5)
    rows = np.arange(200)
    said = Prediction.of_classes(np.tile([0.8, 0.2], (200, 1)))
    errors = []
    for divided in (0, 1000):
        truth = Truth("binary", target, np.ones(1000), ("no", "yes"), drawn_by_class=divided)
        found = judge(
            truth,
            {"test": Seen(rows, {"baseline": said})},
            metric="log_loss",
            seed=0,
            how="Judged.",
        )
        errors.append(found.scores["baseline"]["test"]["log_loss"].standard_error)
    assert errors[0] / errors[1] == pytest.approx(np.sqrt(5), rel=0.1)
    expected = np.sqrt(0.8 * 0.2 / 200) * np.log(0.8 / 0.2)
    assert errors[0] == pytest.approx(expected, rel=0.1)


def test_rows_that_are_predicted_twice_count_once():
    target = np.repeat([0, 1], [90, 6])
    said = Prediction.of_classes(np.tile([0.9, 0.1], (96, 1)))
    seen = Seen.pool([Seen(np.arange(96), {"baseline": said})] * 2)
    truth = Truth("binary", target, np.ones(96), ("no", "yes"))
    found = judge(truth, {"test": seen}, metric="log_loss", seed=0, how="Judged.")
    assert found.notes[0].startswith("No intervals: there are 6 judged rows that are 'yes'")
