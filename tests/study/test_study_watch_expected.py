"""Expected scores against rows whose labels are drawn from a known law."""

import msgspec
import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from gradum.core.losses.quantile import Quantile
from gradum.errors import TableError
from gradum.messages import as_text
from gradum.questions.watch.boosted_trees import boosted_trees
from gradum.run.judging.judge_rungs import cost_by
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples, intervals
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome
from gradum.study.watch.domain_sample import DomainSample, Learners, density_ratio_weights
from gradum.study.watch.expectation import Expectation
from gradum.study.watch.expected import expect, labels_to_halve, rows_to_label
from gradum.study.watch.target_distribution import ClassDistribution, _Losses

METRIC = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}


def constant(values, target, weight):
    """Learn the mean alone."""
    mean = float(np.average(target, weights=weight))
    return lambda rows: np.full(len(rows), mean)


def no_odds(values, target, weight):
    """Tell no rows apart."""
    return lambda rows: np.zeros(len(rows))


BLIND = Learners(no_odds, constant, constant)


def expected(judged, new, task, *, learners=BLIND, weight=None, seed=0) -> Expectation:
    """Expect scores of (prediction, target, columns), with those of the judged rows beside them."""
    prediction, target, columns = judged
    weight = np.ones(len(target)) if weight is None else weight
    outcome = Outcome(task, target, prediction.value, prediction.probability, weight)
    rng = np.random.default_rng(seed)
    return expect(
        DomainSample(prediction, weight, columns),
        target,
        DomainSample(new[0], np.ones(len(new[1])), new[2]),
        task=task,
        metric=METRIC[task],
        scores=intervals(outcome, Resamples.draw(len(target), count=50, rng=rng)),
        learners=learners,
        rng=rng,
    )


def two_classes(rows, rng, *, shift=0.0, surer=1.0):
    """Rows of which the odds are e^x; the model says e^(surer x)."""
    x = rng.normal(size=rows) + shift
    target = (rng.random(rows) < expit(x)).astype(np.intp)
    share = expit(surer * x)
    return Prediction.of_classes(np.column_stack([1 - share, share])), target, x[:, None]


def numbers(rows, rng, *, shift=0.0):
    """Rows of which the noise is as large as a column says; the model says the mean."""
    x = rng.normal(size=rows) + shift
    spread = np.exp(0.6 * x)
    return Prediction(2 * x, None), 2 * x + spread * rng.normal(size=rows), x[:, None]


def of(expectation, metric):
    """Return one of the scores."""
    return next(score for score in expectation.scores if score.metric == metric)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_without_a_shift_the_expected_score_is_the_judged_one(task):
    rng = np.random.default_rng(1)
    draw = two_classes if task == "binary" else numbers
    found = expected(draw(3_000, rng), draw(3_000, rng), task)
    for one in found.scores:
        assert abs(one.value - one.judged) < 3 * one.standard_error, one.metric
        assert one.worse_p > 0.01
    assert found.alike == pytest.approx(3_000)
    assert not found.worse


def test_the_pinball_loss_of_harder_rows_is_expected():
    rng, loss = np.random.default_rng(6), Quantile(0.9)

    def draw(rows, shift=0.0):
        mean, target, columns = numbers(rows, rng, shift=shift)
        spread = np.exp(0.6 * columns[:, 0])
        return Prediction(mean.value + norm.ppf(0.9) * spread, None), target, columns

    judged, new = draw(3_000), draw(1_000, shift=0.5)
    outcomes = [
        Outcome("regression", target, answer.value, cost=cost_by(loss))
        for answer, target, _ in (judged, new)
    ]
    (one, *_) = expect(
        DomainSample(judged[0], np.ones(3_000), judged[2]),
        judged[1],
        DomainSample(new[0], np.ones(1_000), new[2]),
        task="regression",
        metric="pinball",
        scores=intervals(outcomes[0], Resamples.draw(3_000, count=50, rng=rng)),
        learners=boosted_trees(),
        rng=rng,
        cost=cost_by(loss),
    ).scores
    # E ρ(e) = σ φ(z) for a normal error and its own quantile.
    size = np.exp(0.6 * new[2][:, 0]).mean() * norm.pdf(norm.ppf(0.9))
    assert one.value == pytest.approx(size, rel=0.1)
    assert one.value > 1.15 * one.judged
    assert one.low < score(outcomes[1])["pinball"] < one.high


@pytest.mark.slow
def test_the_intervals_of_calibrated_classes_cover_the_true_scores():
    held = []
    for seed in range(15):
        rng = np.random.default_rng([7, seed])
        new = two_classes(300, rng, shift=0.5)
        found = expected(two_classes(300, rng), new, "binary", seed=seed)
        true = score(Outcome("binary", new[1], None, new[0].probability))
        held += [one.low <= true[one.metric] <= one.high for one in found.scores]
    # Four of each draw, which hang together; 95% of 15 draws less three standard errors.
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 15)


def test_a_shift_of_the_columns_is_followed_where_judged_rows_show_the_loss():
    """E|y − ŷ| = √(2/π) E e^(0.6 x): in closed form, on both sides of the shift."""
    rng = np.random.default_rng(2)
    judged, new = numbers(6_000, rng), numbers(4_000, rng, shift=0.7)
    found = expected(judged, new, "regression", learners=boosted_trees())
    of_size = np.sqrt(2 / np.pi) * np.exp(0.6**2 / 2)
    mae = of(found, "mae")
    assert mae.judged == pytest.approx(of_size, rel=0.05)
    assert mae.value == pytest.approx(of_size * np.exp(0.6 * 0.7), rel=0.1)
    assert found.scores[0].metric == "rmse"
    assert found.worse_p < 0.01


def test_a_model_that_is_too_sure_is_recalibrated():
    rng = np.random.default_rng(3)
    judged, new = two_classes(4_000, rng, surer=2.0), two_classes(4_000, rng, surer=2.0)
    plain = -np.mean(np.log(new[0].probability.max(axis=1)))
    found = of(expected(judged, new, "binary"), "log_loss")
    true = score(Outcome("binary", new[1], None, new[0].probability))["log_loss"]
    assert abs(found.value - true) < 3 * found.standard_error
    assert abs(found.value - true) < abs(plain - true)


def test_columns_correct_what_the_model_misses():
    """The model says one half throughout; a column has the odds, and half of it is in new rows."""
    rng = np.random.default_rng(4)

    def draw(rows, share):
        x = np.where(rng.random(rows) < share, 2.0, -2.0)
        target = (rng.random(rows) < expit(x)).astype(np.intp)
        share = np.full(rows, 0.5) + rng.normal(size=rows) * 1e-3
        return Prediction.of_classes(np.column_stack([1 - share, share])), target, x[:, None]

    judged, new = draw(3_000, 0.5), draw(2_000, 0.9)
    prediction, target, columns = judged
    law = ClassDistribution.learn(
        DomainSample(prediction, np.ones(len(target)), columns),
        target,
        DomainSample(new[0], np.ones(len(new[1])), new[2]),
        alike=np.ones(len(target)),
        learn=boosted_trees().mean,
        rng=rng,
    )
    share = 0.9 * expit(2) + 0.1 * expit(-2)
    assert law.probability[:, 1].mean() == pytest.approx(share, abs=0.03)
    drawn = [law.draw(rng).mean() for _ in range(50)]
    assert np.mean(drawn) == pytest.approx(law.probability[:, 1].mean(), abs=0.01)


def test_weights_count_as_repetition():
    rng = np.random.default_rng(5)
    prediction, target, columns = two_classes(600, rng, surer=1.5)
    twice = np.r_[np.arange(600), np.arange(300)]
    log_p = DomainSample(prediction, np.ones(600), columns).log_probability
    features = np.concatenate([log_p[:, :, None], np.ones((600, 2, 1)) * [[[0], [1]]]], axis=2)
    features = np.concatenate([features, np.zeros((600, 2, 2))], axis=2)
    weighted = _Losses(log_p, features, target).mode(np.r_[np.full(300, 2.0), np.ones(300)])
    repeated = _Losses(log_p[twice], features[twice], target[twice]).mode(np.ones(900))
    np.testing.assert_allclose(weighted, repeated, atol=1e-4)


def test_the_derivatives_are_those_of_finite_differences():
    rng = np.random.default_rng(6)
    log_p = np.log(rng.dirichlet(np.ones(3), 20))
    losses = _Losses(log_p, rng.normal(size=(20, 3, 5)), rng.integers(3, size=20))
    theta, weight, step = rng.normal(size=5) / 3, rng.random(20), 1e-5
    for place, unit in enumerate(np.eye(5) * step):
        ahead, behind = theta + unit, theta - unit
        slope = (losses.value(ahead, weight) - losses.value(behind, weight)) / (2 * step)
        assert losses.gradient(theta, weight)[place] == pytest.approx(slope, rel=1e-5, abs=1e-7)
        curve = (losses.gradient(ahead, weight) - losses.gradient(behind, weight)) / (2 * step)
        np.testing.assert_allclose(
            losses.hessian(theta, weight)[place], curve, rtol=1e-5, atol=1e-6
        )


def test_three_classes_and_one_class_alone_have_scores():
    rng = np.random.default_rng(8)
    shares = rng.dirichlet(np.ones(3), 1_000)
    target = (rng.random(1_000)[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    half = slice(None, 500), slice(500, None)
    parts = [(Prediction.of_classes(shares[part]), target[part], None) for part in half]
    found = expected(*parts, "multiclass")
    assert not found.by_columns
    for one in found.scores:
        true = score(Outcome("multiclass", target[500:], None, shares[500:]))[one.metric]
        assert abs(one.value - true) < 4 * one.standard_error, one.metric

    alone = Prediction.of_classes(np.full((400, 2), [0.99, 0.01]))
    rows = alone, np.zeros(400, np.intp), None
    one_class = expected(rows, rows, "binary")
    assert of(one_class, "accuracy").value > 0.98


def test_rows_that_are_like_the_new_ones_count_most():
    rng = np.random.default_rng(9)
    judged, new = rng.normal(size=(1_500, 1)), rng.normal(size=(1_500, 1)) + 1.5
    predicted = Prediction(np.zeros(1_500), None)
    rows = [DomainSample(predicted, np.ones(1_500), columns) for columns in (judged, new)]
    alike = density_ratio_weights(*rows, boosted_trees().membership, rng)
    true = np.sqrt(norm.pdf(judged[:, 0] - 1.5) / norm.pdf(judged[:, 0]))
    assert np.corrcoef(alike, np.minimum(true, 20))[0, 1] > 0.8
    assert alike.sum() == pytest.approx(alike.sum() ** 2 / (alike**2).sum())
    assert alike.sum() < 1_200


def test_the_telling_rows_are_spread_out_and_of_great_spread():
    order = np.arange(1_000.0)
    spread = np.r_[np.full(500, 1.0), np.full(500, 3.0)]
    rows = rows_to_label(order, spread)
    assert len(rows) == 20 == len(set(rows.tolist()))
    assert np.count_nonzero(rows >= 500) == 15  # three quarters of the spread
    assert np.diff(np.sort(rows)).max() <= 110
    assert len(rows_to_label(order, np.zeros(1_000))) == 0


def test_so_many_labels_halve_a_standard_error():
    """A mean of 1,000 rows of variance 4 is known to 0.2; of k of them to 2 √(1/k − 1/1,000)."""
    labels = labels_to_halve(0.2, 2.0, 1_000)
    assert 2 * np.sqrt(1 / labels - 1 / 1_000) <= 0.1
    assert 2 * np.sqrt(1 / (labels - 1) - 1 / 1_000) > 0.1
    assert labels_to_halve(0.0, 2.0, 1_000) == 1_000


@pytest.mark.parametrize(("judged", "new", "words"), [(50, 100, "judged on 50"), (200, 5, "for 5")])
def test_too_few_rows_are_refused(judged, new, words):
    rng = np.random.default_rng(10)
    with pytest.raises(TableError, match=words):
        expected(two_classes(judged, rng), two_classes(new, rng), "binary")


@pytest.mark.parametrize(("shift", "told"), [(0.0, False), (1.5, True)])
def test_that_an_interval_is_too_narrow_is_told_where_rows_have_moved(shift, told):
    rng = np.random.default_rng(12)
    judged, new = two_classes(800, rng), two_classes(800, rng, shift=shift)
    found = expected(judged, new, "binary", learners=boosted_trees())
    assert ("Not all judged rows are like these" in " ".join(found.sentences)) is told


def test_the_same_seed_expects_the_same_and_it_is_json():
    rng = np.random.default_rng(11)
    judged, new = two_classes(300, rng), two_classes(200, rng)
    first, second = (expected(judged, new, "binary", learners=boosted_trees()) for _ in range(2))
    assert first == second
    encoded = msgspec.json.encode(first, enc_hook=as_text)
    assert msgspec.json.decode(encoded, type=Expectation) == first
    assert "cannot be seen without labels" in " ".join(first.sentences)
    assert first.numbered(np.arange(200) + 7).telling_rows[0] == first.telling_rows[0] + 7


def test_boosted_trees_take_missing_constant_and_unseen_values():
    rng = np.random.default_rng(12)
    x = rng.normal(size=800)
    values = np.column_stack([np.where(rng.random(800) < 0.2, np.nan, x), np.ones(800)])
    values = np.column_stack([values, np.full(800, np.nan)])
    target, weight = (np.isnan(values[:, 0])).astype(float), rng.random(800) + 0.5
    learners = boosted_trees()
    asked = np.array([[np.nan, 1.0, np.nan], [0.0, 1.0, np.nan], [1e9, -1e9, 3.0]])
    odds = learners.membership(values, target, weight)(asked)
    mean = learners.mean(values, target, weight)(asked)
    size = learners.size(values, target + 0.5, weight)(asked)
    assert odds[0] > 3 > -3 > odds[1]
    np.testing.assert_allclose(mean[:2], [1, 0], atol=0.05)
    np.testing.assert_allclose(size[:2], [1.5, 0.5], rtol=0.05)
    assert np.isfinite([*odds, *mean, *size]).all()
