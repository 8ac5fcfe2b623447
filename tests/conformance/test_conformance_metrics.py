"""The demands on every metric of the registry: a peer in scikit-learn is one line here."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.preprocessing import label_binarize

from gradum.core.losses import Poisson, Quantile
from gradum.scores.metrics import METRICS, metrics_of, score
from gradum.scores.outcome import ORDER, Outcome, PredictionCost
from gradum.scores.weighting import Weighting
from outcomes import TASKS, random_outcome

CASES = [(name, task) for name, metric in METRICS.items() for task in metric.tasks]
every_metric = pytest.mark.parametrize(("name", "task"), CASES)


def reordered(outcome, rows):
    """The outcome of these rows, in this order and as often."""
    arrays = (outcome.target, outcome.prediction, outcome.probability, outcome.weight)
    return Outcome(outcome.task, *(None if array is None else array[rows] for array in arrays))


COSTS = {"deviance": Poisson(), "pinball": Quantile(0.3)}
"""A loss for each metric that is what predictions cost under the loss that was asked for."""


def costing(outcome, name):
    """The outcome of a model that learned by the loss of a metric."""
    loss = COSTS[name]
    return replace(outcome, cost=PredictionCost(name, loss.cost, loss.constant))


def scored(name, outcome):
    """A metric of an outcome."""
    of_cost = METRICS[name].of_cost
    if of_cost == ORDER:
        return score(replace(outcome, ordered=True))[name]
    return score(costing(outcome, of_cost) if of_cost else outcome)[name]


def by_scikit_learn(outcome):
    """The same scores by an independent implementation."""
    y, p, w = outcome.target, outcome.probability, outcome.weight
    if outcome.task == "regression":
        return {
            "rmse": sk.root_mean_squared_error(y, outcome.prediction, sample_weight=w),
            "mae": sk.mean_absolute_error(y, outcome.prediction, sample_weight=w),
            "r2": sk.r2_score(y, outcome.prediction, sample_weight=w),
            "median_absolute_error": sk.median_absolute_error(
                y, outcome.prediction, sample_weight=w
            ),
            "mape": sk.mean_absolute_percentage_error(y, outcome.prediction, sample_weight=w),
            "rmsle": sk.root_mean_squared_log_error(y, outcome.prediction, sample_weight=w),
        }
    hard, labels = p.argmax(axis=1), np.arange(p.shape[1])
    if outcome.task == "binary":
        auc = sk.roc_auc_score(y, p[:, 1], sample_weight=w)
        average_precision = sk.average_precision_score(y, p[:, 1], sample_weight=w)
        false, true, _ = sk.roc_curve(y, p[:, 1], sample_weight=w, drop_intermediate=False)
        of_two = {
            "f1": sk.f1_score(y, hard, sample_weight=w),
            "precision": sk.precision_score(y, hard, sample_weight=w),
            "recall": sk.recall_score(y, hard, sample_weight=w),
            "gini": 2 * auc - 1,
            "ks": (true - false).max(),
        }
    else:
        of_two = {}
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
        "macro_precision": sk.precision_score(y, hard, average="macro", sample_weight=w),
        "mcc": sk.matthews_corrcoef(y, hard, sample_weight=w),
        **of_two,
    }


def test_every_metric_that_scikit_learn_has_too_is_compared_with_it():
    compared = {name for task in TASKS for name in by_scikit_learn(random_outcome(task, 30, 0))}
    forms = ("{}", "{}_score", "{}_loss")
    known = {name for name in METRICS if any(hasattr(sk, form.format(name)) for form in forms)}
    assert known <= compared <= set(METRICS)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("rows", [30, 3000])
@pytest.mark.parametrize("task", TASKS)
def test_scores_are_scikit_learns(task, rows, weighted):
    for seed in range(5):
        outcome = random_outcome(task, rows, seed, weighted=weighted)
        expected = by_scikit_learn(outcome)
        ours = score(outcome)
        assert list(ours) == [metric.name for metric in metrics_of(task)]
        compared = {name: ours[name] for name in expected}
        assert compared == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("weighted", [True, False])
def test_costs_under_a_loss_are_scikit_learns(weighted):
    outcome = random_outcome("regression", 300, 3, weighted=weighted)
    how = {"sample_weight": outcome.weight}
    each = outcome.target, outcome.prediction
    pinball = partial(sk.mean_pinball_loss, outcome.target, alpha=0.3, **how)
    constants = (pinball(np.full(300, value)) for value in outcome.target)
    expected = {
        "deviance": sk.mean_poisson_deviance(*each, **how),
        "deviance_explained": sk.d2_tweedie_score(*each, power=1, **how),
        "pinball": pinball(outcome.prediction),
        "pinball_explained": 1 - pinball(outcome.prediction) / min(constants),
    }
    of_a_loss = {name for name, metric in METRICS.items() if metric.of_cost not in ("", ORDER)}
    assert of_a_loss == set(expected)
    for name, value in expected.items():
        assert scored(name, outcome) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("weighted", [True, False])
def test_ranks_of_ordered_classes_are_scikit_learns_and_brute_force(weighted):
    outcome = replace(random_outcome("multiclass", 300, 3, weighted=weighted), ordered=True)
    target, predicted, weight = outcome.target, outcome.predicted, outcome.weights
    kappa = sk.cohen_kappa_score(target, predicted, weights="quadratic", sample_weight=weight)
    pairs = zip(weight, target.tolist(), predicted.tolist(), strict=True)
    missed = sum(w * abs(t - p) for w, t, p in pairs) / weight.sum()
    expected = {"quadratic_kappa": kappa, "mean_rank_error": missed}
    of_order = {name for name, metric in METRICS.items() if metric.of_cost == ORDER}
    assert of_order == set(expected)
    assert {name: score(outcome)[name] for name in of_order} == pytest.approx(expected, rel=1e-12)
    assert not of_order & set(score(replace(outcome, ordered=False)))


@settings(deadline=None, max_examples=40)
@given(task=st.sampled_from(TASKS), rows=st.integers(5, 40), seed=st.integers(0, 2**32))
def test_weights_equal_repetition(task, rows, seed):
    outcome = random_outcome(task, rows, seed, weighted=False)
    counts = np.random.default_rng(seed).integers(0, 4, rows)
    counts[: max(outcome.classes, 2)] += 1
    picked = np.repeat(np.arange(rows), counts)
    repeated = reordered(outcome, picked)
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


@every_metric
def test_the_order_of_the_rows_does_not_matter(name, task):
    outcome = random_outcome(task, 200, 4)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(200)
        assert scored(name, reordered(outcome, order)) == pytest.approx(
            scored(name, outcome), rel=1e-12
        )


@every_metric
def test_a_row_without_weight_is_no_row(name, task):
    outcome = random_outcome(task, 200, 5)
    present = np.flatnonzero(outcome.weight)
    assert len(present) < 200
    kept = scored(name, reordered(outcome, present))
    assert kept == pytest.approx(scored(name, outcome), rel=1e-12)


@every_metric
def test_only_the_proportions_of_the_weights_count(name, task):
    outcome = random_outcome(task, 200, 5)
    scaled = replace(outcome, weight=3.0 * outcome.weight)
    assert scored(name, scaled) == pytest.approx(scored(name, outcome), rel=1e-12)


@every_metric
def test_a_perfect_prediction_is_an_error_of_0_or_a_share_of_1(name, task):
    said = random_outcome(task, 400, 2)
    target, weight = said.target, said.weight
    certain = None if task == "regression" else np.eye(said.classes)[target]
    perfect = Outcome(task, target, target, certain, weight)
    best = 1.0 if METRICS[name].greater_is_better else 0.0
    assert scored(name, perfect) == pytest.approx(best, abs=1e-12)


@every_metric
def test_better_predictions_score_better(name, task):
    good = random_outcome(task, 400, 2, weighted=False)
    shuffled = np.random.default_rng(0).permutation(400)
    said = (None if a is None else a[shuffled] for a in (good.prediction, good.probability))
    bad = scored(name, Outcome(task, good.target, *said))
    assert scored(name, good) != bad
    assert (scored(name, good) > bad) == METRICS[name].greater_is_better


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_a_name_a_title_words_and_an_explanation(name):
    metric = METRICS[name]
    assert metric.name == name
    assert metric.tasks
    assert set(metric.tasks) <= set(TASKS)
    assert metric.words.casefold() == metric.title.casefold()
    assert "\n" not in metric.explanation
    assert metric.explanation.endswith(".")


def test_titles_and_functions_are_each_of_one_metric():
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)
    assert len({metric.function for metric in METRICS.values()}) == len(METRICS)
