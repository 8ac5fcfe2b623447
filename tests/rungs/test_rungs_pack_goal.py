"""The goal that members learn and are judged by, against scikit-learn's metrics."""

import dataclasses

import numpy as np
import pytest
import scipy.special
import scipy.stats
from msgspec import structs
from pack_tables import TINY, fitted, numbers, only, rows_of
from sklearn import metrics as peers
from sklearn.preprocessing import label_binarize

from gradum.core import AbsoluteError, LogLoss, Quantile, SquaredError
from gradum.run.fingerprint import fingerprint
from gradum.rungs.context import ALONE
from gradum.rungs.pack import fit as module
from gradum.rungs.pack.goal import Goal, judging
from gradum.rungs.pack.held_out import SMOOTHED, HeldOut
from gradum.rungs.pack.select import answers, greedy
from gradum.rungs.pack.wide import linear_start
from gradum.rungs.target_scale import TargetScale
from gradum.scores.metrics import METRICS

LEARNING = structs.replace(TINY, epochs=16, hidden_layer_sizes=(16,), most_codes=4)
LEVELS = (0.1, 0.5, 0.8)


def shares(seed, k, candidates=3, rows=60):
    """Probabilities of k classes, codes, and weights."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, k, rows)
    logits = rng.normal(size=(candidates, rows, k)) + 0.8 * np.eye(k)[target]
    return scipy.special.softmax(logits, axis=-1), target, rng.uniform(0.2, 2, rows)


def one_against_the_rest(function):
    def score(target, p, weight):
        if p.shape[1] == 2:
            return function(target, p[:, 1], sample_weight=weight)
        flags = label_binarize(target, classes=np.arange(p.shape[1]))
        return np.mean(
            [function(*pair, sample_weight=weight) for pair in zip(flags.T, p.T, strict=True)]
        )

    return score


def of_the_likeliest(function, **options):
    return lambda target, p, weight: function(
        target, p.argmax(axis=1), sample_weight=weight, **options
    )


SCORES = {
    "auc": one_against_the_rest(peers.roc_auc_score),
    "average_precision": one_against_the_rest(peers.average_precision_score),
    "accuracy": of_the_likeliest(peers.accuracy_score),
    "balanced_accuracy": of_the_likeliest(peers.balanced_accuracy_score),
    "macro_f1": of_the_likeliest(peers.f1_score, average="macro"),
    "brier": lambda target, p, weight: (
        1 - peers.brier_score_loss(target, p, sample_weight=weight, labels=np.arange(p.shape[1]))
    ),
}


def cost_by_hand(metric, p, target, weight):
    """Scikit-learn's score, and the log loss beside it."""
    loss = peers.log_loss(target, p, sample_weight=weight, labels=np.arange(p.shape[1]))
    return 1 - SCORES[metric](target, p, weight) + loss


def selected(cost, predictions, picks):
    """Caruana's selection in plain Python."""
    picked, best = [], (np.inf, None)
    for _ in range(picks):
        costs = [
            cost(predictions[[*picked, each]].mean(axis=0)) for each in range(len(predictions))
        ]
        picked.append(int(np.argmin(costs)))
        if min(costs) < best[0] - 1e-12:
            best = min(costs), np.bincount(picked, minlength=len(predictions)) / len(picked)
    return best[1]


def judged_by(metric, target, weight, k):
    return Goal(target, weight, LogLoss(), k, METRICS[metric]).cost(np.arange(len(target)))


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("metric", SCORES)
def test_a_metric_chooses_as_brute_force_by_scikit_learn_does(metric, k):
    differs = 0
    for seed in range(2):
        predictions, target, weight = shares(seed, k)
        cost = judged_by(metric, target, weight, k)
        by_hand = [cost_by_hand(metric, each, target, weight) for each in predictions]
        np.testing.assert_allclose(cost(predictions), by_hand, rtol=1e-9)
        share = greedy(predictions, cost, picks=5)
        expected = selected(
            lambda p, t=target, w=weight: cost_by_hand(metric, p, t, w), predictions, 5
        )
        np.testing.assert_allclose(share, expected, atol=1e-12)
        plain = Goal(target, weight, LogLoss(), k).cost(np.arange(len(target)))
        differs += not np.array_equal(share, greedy(predictions, plain, picks=5))
    assert differs or metric == "brier"


@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [
        (AbsoluteError(), lambda q, y, w: peers.mean_absolute_error(y, q[:, 0], sample_weight=w)),
        (
            Quantile(LEVELS),
            lambda q, y, w: np.mean(
                [
                    peers.mean_pinball_loss(y, column, alpha=level, sample_weight=w)
                    for column, level in zip(q.T, LEVELS, strict=True)
                ]
            ),
        ),
    ],
)
def test_numbers_choose_by_the_loss_that_is_learned(loss, by_hand):
    rng = np.random.default_rng(0)
    target, weight = rng.standard_t(2, 60), rng.uniform(0.2, 2, 60)
    noise = rng.normal(0, rng.uniform(0.3, 2, (4, 1, 1)), (4, 60, loss.outputs()))
    predictions = target[:, None] + noise
    cost = Goal(target, weight, loss).cost(np.arange(60))
    costs = [by_hand(each, target, weight) for each in predictions]
    np.testing.assert_allclose(cost(predictions) / weight.sum(), costs)
    expected = selected(lambda q: by_hand(q, target, weight), predictions, 8)
    np.testing.assert_allclose(greedy(predictions, cost, picks=8), expected, atol=1e-12)


def test_of_what_ranks_alike_the_more_probable_is_taken():
    target = np.array([0, 0, 1, 1])
    sure, unsure = (
        np.stack([1 - yes, yes], axis=1)
        for yes in (np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.4, 0.41, 0.42, 0.43]))
    )
    for order in ([unsure, sure], [sure, unsure]):
        share = greedy(np.stack(order), judged_by("auc", target, np.ones(4), 2), picks=1)
        assert order[int(np.argmax(share))] is sure


def test_a_fold_of_one_class_is_judged_by_log_loss():
    predictions, _, weight = shares(0, 2)
    target = np.zeros(60, int)
    costs = judged_by("auc", target, weight, 2)(predictions)
    losses = [peers.log_loss(target, p, sample_weight=weight, labels=[0, 1]) for p in predictions]
    np.testing.assert_allclose(costs, losses)


def test_each_metric_of_classes_judges_but_log_loss():
    assert judging("log_loss", 2) is judging(None, 2) is judging("mae", None) is None
    assert judging("auc", 3) is METRICS["auc"]


@pytest.mark.parametrize(("target", "metrics"), [("y", ["rmse", "r2"]), ("flag", ["log_loss"])])
def test_by_default_the_loss_judges(target, metrics):
    rows = only(target, 400)
    plain = fingerprint([fitted(rows)])
    assert [fingerprint([fitted(rows, metric=each)]) for each in metrics] == [plain] * len(metrics)


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
def test_a_member_is_kept_as_it_was_at_its_best_by_the_metric(monkeypatch, metric):
    """The mean of three epochs' costs on its own fold is least there; weights count."""
    rows = only("flag", 400)
    weight = np.random.default_rng(0).uniform(0.2, 2, 400)
    seen, held = [], {}

    class Noted(HeldOut):
        def _judged(self, *args):
            logits, losses = super()._judged(*args)
            costs = []
            for member, fold in enumerate(self.fold):
                own = self.folds[fold]
                p = scipy.special.expit(logits[member, : len(own), 0])
                p = np.stack([1 - p, p], axis=1)
                costs.append(cost_by_hand(metric, p, rows.target[own], weight[own]))
            seen.append(costs)
            return logits, losses

    monkeypatch.setattr(
        module, "HeldOut", lambda *args, **options: held.setdefault("it", Noted(*args, **options))
    )
    by_its_own = structs.replace(LEARNING, shrinkage=0)
    rung = fitted(dataclasses.replace(rows, weight=weight), by_its_own, metric=metric)
    start, *epochs = seen
    running = [
        np.mean(epochs[max(0, at + 1 - SMOOTHED) : at + 1], axis=0) for at in range(len(epochs))
    ]
    best = held["it"].best
    wide = np.isclose(best, start)
    np.testing.assert_allclose(best, np.where(wide, start, np.min(running, axis=0)), rtol=1e-9)
    # What is told of the course and of the whole is log loss all the same.
    assert rung.history[-1]["validation_loss"] < np.log(2)
    assert 0.1 < rung.certificate.validation_loss < np.log(2)


def heavy(rows, seed=0):
    """Of a number with noise whose tails are those of Student's t of 1.5 degrees of freedom."""
    rng = np.random.default_rng(seed)
    frame = numbers(rows, seed)
    truth = frame["x0"].to_numpy() * 1.5 + np.abs(frame["x1"].to_numpy())
    return frame.select("x0", "x1", "x2").with_columns(y=truth + rng.standard_t(1.5, rows)), truth


def test_where_noise_has_heavy_tails_the_median_is_learned_better_than_the_mean():
    (train, _), (test, truth) = heavy(900), heavy(900, seed=1)
    rows, test = rows_of(train, "y"), rows_of(test, "y")
    errors = {}
    for metric in ("rmse", "mae"):
        rung = fitted(rows, LEARNING, metric=metric)
        said = rung.predict(test.design).value
        errors[metric] = np.mean(np.abs(said - test.target)), np.mean(np.abs(said - truth))
    assert rung.loss == "absolute_error"
    floor = np.mean(np.abs(truth - test.target))
    assert errors["mae"][0] - floor < 0.5 * (errors["rmse"][0] - floor)
    assert errors["mae"][1] < 0.6 * errors["rmse"][1]
    # It is in units of the mean distance from the median, so that 1 is what a constant gets.
    assert 0.5 < rung.certificate.validation_loss < 1


def test_the_median_of_a_logarithm_is_the_logarithm_s_median():
    """Smearing makes a mean of it, and is left out."""
    rng = np.random.default_rng(0)
    frame = numbers(900).select("x0", "x1", "x2")
    level = 0.5 * frame["x0"].to_numpy()
    rows = rows_of(frame.with_columns(y=np.exp(level + rng.normal(size=900))), "y")
    mean, median = (
        fitted(rows, LEARNING, metric=metric, log_target=True) for metric in ("rmse", "mae")
    )
    assert mean.target_scale.smearing > 1.3
    assert median.target_scale.smearing == 1
    said = median.predict(rows.design).value
    assert np.median(said / np.exp(level)) == pytest.approx(1, abs=0.12)
    assert np.mean(rows.target > said) == pytest.approx(0.5, abs=0.06)


def test_the_robust_scale_is_the_median_and_the_mean_distance_from_it():
    target = np.array([1.0, 2.0, 3.0, 4.0, 1000.0])
    scale = TargetScale.fit(target, np.ones(5), log=False, robust=True)
    assert (scale.centre, scale.scale) == (3.0, np.mean(np.abs(target - 3)))
    repeated = TargetScale.fit(target[:3], np.array([1.0, 3.0, 1.0]), log=False, robust=True)
    assert repeated.centre == 2.0
    assert TargetScale.fit(np.ones(4), np.ones(4), log=False, robust=True).scale == 1.0


@pytest.mark.parametrize("weighted", [False, True])
def test_the_wide_start_of_quantiles_has_its_share_of_the_rows_below(weighted):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    target = x @ [1.0, -2.0, 0.5] + rng.standard_t(1.5, 400)
    weight = rng.uniform(0.2, 2, 400) if weighted else np.ones(400)
    goal = Goal(target, weight, Quantile(LEVELS))
    weights, biases = linear_start(x, goal, np.arange(300), 3.0, ALONE)
    assert weights.shape == (3, 3)
    assert biases.shape == (3,)
    assert (np.diff(biases) > 0).all()
    np.testing.assert_allclose(weights[:, 0], [1.0, -2.0, 0.5], atol=0.3)
    below = target[:300, None] <= x[:300] @ weights + biases + 1e-9
    np.testing.assert_allclose(np.average(below, 0, weight[:300]), LEVELS, atol=0.01)


def test_quantiles_cover_what_they_say_and_never_cross():
    """Of a number whose spread grows with a column; bounds are those of a binomial, and a half."""

    def made(rows, seed):
        rng = np.random.default_rng(seed)
        frame = numbers(rows, seed).select("x0", "x1", "x2")
        spread = np.exp(0.6 * frame["x1"].to_numpy())
        level = 10 + 3 * frame["x0"].to_numpy()
        return rows_of(frame.with_columns(y=level + spread * rng.normal(size=rows)), "y"), spread

    levels = (0.05, 0.5, 0.95)
    (train, _), (test, spread) = made(1500, 0), made(4000, 1)
    rung = fitted(train, LEARNING, loss=Quantile(levels))
    assert rung.network.outputs == 3
    said = rung.predict(test.design).value
    assert said.shape == (4000, 3)
    assert (np.diff(said, axis=1) >= 0).all()
    assert said.min() >= train.target.min()
    assert said.max() <= train.target.max()
    for column, level in zip(said.T, levels, strict=True):
        # Rows that were learned from vary as those that are predicted do.
        low, high = scipy.stats.binom.interval(0.999, 1500, level)
        assert low / 1500 - 0.02 <= np.mean(test.target <= column) <= high / 1500 + 0.02
    width = said[:, 2] - said[:, 0]
    assert scipy.stats.spearmanr(width, spread).statistic > 0.6
    pinball = [
        peers.mean_pinball_loss(test.target, column, alpha=level)
        for column, level in zip(said.T, levels, strict=True)
    ]
    constant = [
        peers.mean_pinball_loss(test.target, np.full(4000, value), alpha=level)
        for value, level in zip(np.quantile(train.target, levels), levels, strict=True)
    ]
    assert np.mean(pinball) < 0.6 * np.mean(constant)


def test_outliers_do_not_decide_where_codes_lie():
    rows = np.arange(40)
    target = np.random.default_rng(0).normal(size=40)
    wild = np.where(target == target.max(), 1e9, target)
    for loss, same in ((AbsoluteError(), True), (SquaredError(), False)):
        told = [Goal(each, np.ones(40), loss).indicators(rows) for each in (target, wild)]
        assert np.array_equal(*told) == same


def test_answers_of_several_outputs_are_all_of_them():
    rung = fitted(only("y", 200), loss=Quantile(LEVELS))
    logits = np.random.default_rng(0).normal(size=(2, 5, 3))
    np.testing.assert_array_equal(answers(rung.network, logits), logits)
