import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.preprocessing import label_binarize

from gradum.errors import ShapeError, SpecError
from gradum.scores.metrics import DEFAULT_METRIC, METRICS, Weighting, metrics_of, prevalence, score
from gradum.scores.outcome import Outcome

TASKS = ("regression", "binary", "multiclass")


def random_outcome(task, rows, seed, *, weighted=True, classes=4):
    """Scores are rounded, so that they tie; some weights are 0."""
    generator = np.random.default_rng(seed)
    weight = generator.exponential(size=rows) * (generator.random(rows) > 0.1) if weighted else None
    if task == "regression":
        target = generator.normal(50, 10, rows)
        return Outcome(task, target, target + generator.normal(size=rows), weight=weight)
    k = 2 if task == "binary" else classes
    target = np.r_[np.arange(k), generator.integers(0, k, rows - k)]
    logits = generator.normal(size=(rows, k)).round(1) + (np.arange(k) == target[:, None])
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Outcome(task, target, probability=probability, weight=weight)


def by_scikit_learn(outcome):
    """The same scores by an independent implementation."""
    y, p, w = outcome.target, outcome.probability, outcome.weight
    if outcome.task == "regression":
        return {
            "rmse": sk.root_mean_squared_error(y, outcome.prediction, sample_weight=w),
            "mae": sk.mean_absolute_error(y, outcome.prediction, sample_weight=w),
            "r2": sk.r2_score(y, outcome.prediction, sample_weight=w),
        }
    hard, labels = p.argmax(axis=1), np.arange(p.shape[1])
    if outcome.task == "binary":
        auc = sk.roc_auc_score(y, p[:, 1], sample_weight=w)
        average_precision = sk.average_precision_score(y, p[:, 1], sample_weight=w)
    else:
        one_hot = label_binarize(y, classes=labels)
        auc = sk.roc_auc_score(one_hot, p, average="macro", sample_weight=w)
        average_precision = sk.average_precision_score(one_hot, p, sample_weight=w)
    return {
        "log_loss": sk.log_loss(y, p, labels=labels, sample_weight=w),
        "accuracy": sk.accuracy_score(y, hard, sample_weight=w),
        "macro_f1": sk.f1_score(y, hard, average="macro", sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, hard, sample_weight=w),
        "auc": auc,
        "average_precision": average_precision,
        "brier": sk.brier_score_loss(
            y, p if outcome.task == "multiclass" else p[:, 1], labels=labels, sample_weight=w
        ),
    }


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("rows", [30, 3000])
@pytest.mark.parametrize("task", TASKS)
def test_scores_are_scikit_learns(task, rows, weighted):
    for seed in range(5):
        outcome = random_outcome(task, rows, seed, weighted=weighted)
        expected = by_scikit_learn(outcome)
        ours = score(outcome)
        assert list(ours) == [metric.name for metric in metrics_of(task)]
        assert ours == pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(task=st.sampled_from(TASKS), rows=st.integers(5, 40), seed=st.integers(0, 2**32))
def test_weights_equal_repetition(task, rows, seed):
    outcome = random_outcome(task, rows, seed, weighted=False)
    counts = np.random.default_rng(seed).integers(0, 4, rows)
    counts[: max(outcome.classes, 2)] += 1
    picked = np.repeat(np.arange(rows), counts)
    repeated = Outcome(
        task,
        outcome.target[picked],
        None if outcome.prediction is None else outcome.prediction[picked],
        None if outcome.probability is None else outcome.probability[picked],
    )
    weighted = Outcome(
        task, outcome.target, outcome.prediction, outcome.probability, counts.astype(float)
    )
    assert score(weighted) == pytest.approx(score(repeated), rel=1e-10, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("task", TASKS)
def test_many_weightings_at_once_are_many_single_ones(task):
    outcome = random_outcome(task, 60, 1)
    weights = np.random.default_rng(0).poisson(1.0, (20, 60)).astype(float)
    for metric in metrics_of(task):
        together = metric.function(Weighting(outcome, weights))
        apart = [metric.function(Weighting(outcome, line[None, :]))[0] for line in weights]
        np.testing.assert_allclose(together, apart, rtol=1e-12)


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
    undefined = {"r2", "auc"} if task == "regression" or rows else set(scores)
    undefined |= {"average_precision"} if task == "binary" else set()
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


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_knows_its_better_direction(name):
    """Better predictions score better: the registry's own claim, put to the test."""
    metric = METRICS[name]
    assert metric.explanation
    for task in metric.tasks:
        good = random_outcome(task, 400, 2, weighted=False)
        if task == "regression":
            shuffled = np.random.default_rng(0).permutation(good.prediction)
            bad = Outcome(task, good.target, shuffled)
        else:
            shuffled = np.random.default_rng(0).permutation(good.probability)
            bad = Outcome(task, good.target, probability=shuffled)
        assert (score(good)[name] > score(bad)[name]) == metric.greater_is_better


def test_every_task_has_a_default():
    assert all(task in METRICS[name].tasks for task, name in DEFAULT_METRIC.items())
    assert set(DEFAULT_METRIC) == set(TASKS)
