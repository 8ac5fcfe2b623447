"""ROC, precision–recall, gain and lift, against scikit-learn's."""

import evidence_of
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as peer
from statsmodels.stats.proportion import proportion_confint

from gradum.scores.interval import wilson
from gradum.study.findings.ranking import TOPS, areas, lift, ranking_curves
from gradum.study.findings.threshold_sweep import Sweep, thinned
from gradum.study.resampling import redrawn


def binary(rows, seed=0, digits=17, **more):
    """Rows whose probabilities are right; rounded to few digits they are often tied."""
    rng = np.random.default_rng(seed)
    share = np.round(rng.beta(1, 2, rows), digits)
    return evidence_of.classes((rng.random(rows) < share).astype(int), share, **more)


def multiclass(rows, count, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, count)) - 0.1 * np.arange(count)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = (share.cumsum(axis=1) > rng.random(rows)[:, None]).argmax(axis=1)
    return evidence_of.classes(target, share)


def weighted_and_tied(rows=150):
    return binary(rows, digits=2, weight=np.random.default_rng(5).exponential(size=rows))


def distance_to_line(points, line):
    """How far each point (n, 2) is from the nearest of a polyline's stretches (m, 2)."""
    start, along = line[:-1], np.diff(line, axis=0)
    nearest = np.full(len(points), np.inf)
    for origin, step in zip(start, along, strict=True):
        length = step @ step
        place = np.clip((points - origin) @ step / length, 0, 1) if length else 0 * points[:, 0]
        away = points - origin - place[:, None] * step
        nearest = np.minimum(nearest, np.hypot(*away.T))
    return nearest


def test_the_curves_are_scikit_learns():
    evidence = weighted_and_tied()
    score, weight = evidence.prediction.probability[:, 1], evidence.weight
    (curve,) = ranking_curves(evidence)
    false, true, threshold = peer.roc_curve(
        evidence.target, score, sample_weight=weight, drop_intermediate=False
    )
    roc = np.array(curve.roc)
    np.testing.assert_allclose(roc[:, :2], np.column_stack([false, true]), atol=1e-12)
    np.testing.assert_array_equal(roc[1:, 2], threshold[1:])
    assert not (score >= roc[0, 2]).any()

    precision, recall, threshold = peer.precision_recall_curve(
        evidence.target, score, sample_weight=weight
    )
    found = np.array(curve.precision_recall)
    expected = np.column_stack([recall[:-1], precision[:-1], threshold])[::-1]
    np.testing.assert_allclose(found[1:], expected, atol=1e-12)
    assert found[0, 0] == 0.0
    assert found[0, 1] == found[1, 1]


def test_areas_and_prevalence_are_scikit_learns():
    evidence = weighted_and_tied()
    score, weight = evidence.prediction.probability[:, 1], evidence.weight
    (curve,) = ranking_curves(evidence)
    assert curve.label == "yes"
    assert curve.prevalence == pytest.approx(np.average(evidence.target, weights=weight))
    assert curve.auc.value == pytest.approx(
        peer.roc_auc_score(evidence.target, score, sample_weight=weight)
    )
    assert curve.average_precision.value == pytest.approx(
        peer.average_precision_score(evidence.target, score, sample_weight=weight)
    )


def test_intervals_rest_on_scikit_learns_scores_of_the_resamples():
    """Wilson's, of so many rows as have their standard error."""
    evidence = weighted_and_tied()
    score, places = evidence.prediction.probability[:, 1], np.arange(len(evidence))
    blocks = list(redrawn(evidence, places, "ranking"))
    drawn = np.concatenate(blocks[1:])
    (curve,) = ranking_curves(evidence)
    freedom = min(np.bincount(evidence.target)) - 1
    for interval, function in (
        (curve.auc, peer.roc_auc_score),
        (curve.average_precision, peer.average_precision_score),
    ):
        values = [function(evidence.target, score, sample_weight=line) for line in drawn]
        assert interval.standard_error == pytest.approx(np.std(values, ddof=1))
        rows = interval.value * (1 - interval.value) / np.var(values, ddof=1)
        low, high = proportion_confint(
            interval.value * rows, rows, 2 * stats.norm.sf(stats.t(freedom).ppf(0.975)), "wilson"
        )
        assert (interval.low, interval.high) == pytest.approx((low, high))


@pytest.mark.parametrize("prevalence", [0.3, 0.005])
def test_few_steps_give_the_spread_of_all(prevalence):
    rng = np.random.default_rng(0)
    target = rng.random(5000) < prevalence
    score = rng.normal(size=5000) + 1.5 * target
    weights = rng.multinomial(5000, np.full(5000, 1 / 5000), 60).astype(float)
    exact, coarse = (areas(*Sweep.of(score, target, most).passed(weights)) for most in (None, 600))
    for one, other in zip(exact, coarse, strict=True):
        assert np.std(other - other.mean() - one + one.mean()) < 0.03 * one.std()


def test_long_curves_are_thinned_and_keep_their_shape():
    evidence = binary(20_000)
    score = evidence.prediction.probability[:, 1]
    (curve,) = ranking_curves(evidence)
    false, true, _ = peer.roc_curve(evidence.target, score, drop_intermediate=False)
    precision, recall, _ = peer.precision_recall_curve(evidence.target, score)
    for found, every in (
        (curve.roc, np.column_stack([false, true])),
        (curve.precision_recall, np.column_stack([recall, precision])[-2::-1]),
    ):
        points = np.array(found)[:, :2]
        assert len(points) <= 200
        np.testing.assert_allclose(points[-1], every[-1])
        assert distance_to_line(every, points).max() < 0.005
    assert curve.roc[0][:2] == (0.0, 0.0)
    assert curve.roc[-1][:2] == (1.0, 1.0)


def test_thinning_keeps_a_corner_and_drops_what_is_straight():
    x = np.r_[np.linspace(0, 0.5, 1000), np.linspace(0.5, 1, 1000)[1:]]
    y = np.minimum(4 * x, 2.0) / 2
    kept = thinned(x, y, 3)
    np.testing.assert_array_equal(x[kept], [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(thinned(x, y, len(x)), np.arange(len(x)))


def test_of_several_classes_the_commonest_are_drawn_each_against_the_rest():
    evidence = multiclass(600, 12)
    curves = ranking_curves(evidence)
    rows = np.bincount(evidence.target)
    codes = [evidence.classes.index(curve.label) for curve in curves]
    assert [rows[code] for code in codes] == sorted(rows, reverse=True)[:8]
    for code, curve in zip(codes, curves, strict=True):
        score = evidence.prediction.probability[:, code]
        assert curve.auc.value == pytest.approx(peer.roc_auc_score(evidence.target == code, score))
        assert curve.auc.low < curve.auc.value < curve.auc.high


def test_a_class_that_no_row_has_is_left_out():
    evidence = multiclass(90, 3)
    target = np.where(evidence.target == 1, 0, evidence.target)
    curves = ranking_curves(evidence_of.classes(target, evidence.prediction.probability))
    assert {curve.label for curve in curves} == {"class 0", "class 2"}


@pytest.mark.parametrize("target", [[1], [0, 0, 0], [1, 1, 1]])
def test_rows_of_one_kind_have_no_curve(target):
    assert ranking_curves(evidence_of.classes(target, np.full(len(target), 0.3))) == ()


def test_a_constant_prediction_ranks_by_chance():
    (curve,) = ranking_curves(evidence_of.classes([0, 1, 0, 0, 1], np.full(5, 0.4)))
    assert curve.auc.value == 0.5
    assert curve.average_precision.value == pytest.approx(0.4)
    assert [point[:2] for point in curve.roc] == [(0.0, 0.0), (1.0, 1.0)]
    assert curve.precision_recall == ((0.0, 0.4, curve.roc[0][2]), (1.0, 0.4, 0.4))


def test_a_perfect_ranking_stays_within_one_and_has_a_width():
    (curve,) = ranking_curves(evidence_of.classes([0] * 30 + [1] * 30, np.linspace(0, 1, 60)))
    low, high = wilson(1.0, 15, stats.t(29).ppf(0.975))
    assert (curve.auc.low, curve.auc.high) == pytest.approx((low, high))
    assert high == pytest.approx(1.0)


def test_the_same_seed_draws_the_same():
    assert ranking_curves(binary(300)) == ranking_curves(binary(300))


def scored(rows=400, seed=0, **more):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    score = 1 / (1 + np.exp(-(rng.normal(size=rows) + 1.5 * target - 0.7)))
    return evidence_of.classes(target, score, **more), target, score


def test_gain_counts_the_class_among_the_rows_that_rank_highest():
    evidence, target, score = scored()
    found = lift(evidence)
    order = np.argsort(-score)
    for top, share in zip(found.tops, TOPS, strict=True):
        among = target[order[: round(share * len(target))]].sum()
        assert top.gain.value == pytest.approx(among / target.sum())
        assert top.lift.value == pytest.approx(top.gain.value / share)
        assert top.gain.low < top.gain.value < top.gain.high
    assert found.prevalence == pytest.approx(target.mean())
    assert f"hold {100 * found.tops[3].gain.value:.0f}% [" in found.sentence


def test_weights_count_as_repetition():
    _, target, score = scored(200)
    weight = np.random.default_rng(1).integers(1, 4, 200)
    weighted = lift(evidence_of.classes(target, score, weight=weight))
    repeated = lift(evidence_of.classes(np.repeat(target, weight), np.repeat(score, weight)))
    for one, other in zip(weighted.tops, repeated.tops, strict=True):
        assert one.gain.value == pytest.approx(other.gain.value)


def test_a_constant_score_gains_what_chance_does():
    found = lift(evidence_of.classes(np.tile([0, 1, 1], 40), np.full(120, 0.5)))
    assert [top.lift.value for top in found.tops] == pytest.approx([1.0] * len(TOPS))


def test_one_class_alone_has_no_gain():
    assert lift(evidence_of.classes(np.ones(30, int), np.linspace(0, 1, 30))) is None
