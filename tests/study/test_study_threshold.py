"""The threshold of least cost, against brute force and the theoretical one."""

import evidence_of
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from gradum.errors import SpecError
from gradum.run.spec.spec import Cost
from gradum.study.findings.threshold import threshold


def calibrated(rows, seed=0, digits=17, **more):
    """Rows whose probabilities are right; rounded to few digits they are often tied."""
    rng = np.random.default_rng(seed)
    share = np.round(rng.beta(1, 2, rows), digits)
    return evidence_of.classes((rng.random(rows) < share).astype(int), share, seed=seed, **more)


def mean_cost(evidence, at, cost):
    """The cost of each row one by one."""
    total = 0.0
    share = evidence.prediction.probability[:, 1]
    for probability, target, weight in zip(share, evidence.target, evidence.weight, strict=True):
        if probability >= at and target == 0:
            total += weight * cost.false_positive
        if probability < at and target == 1:
            total += weight * cost.false_negative
    return total / evidence.weight.sum()


@pytest.mark.parametrize("cost", [Cost(1, 1), Cost(1, 5), Cost(3.5, 0.5)])
def test_no_threshold_costs_less(cost):
    weight = np.random.default_rng(1).exponential(size=150)
    evidence = calibrated(150, digits=2, weight=weight)
    found = threshold(evidence, cost)
    tried = np.unique(evidence.prediction.probability[:, 1])
    costs = {at: mean_cost(evidence, at, cost) for at in [*tried, np.nextafter(1, 2)]}
    assert mean_cost(evidence, found.threshold.value, cost) == pytest.approx(min(costs.values()))
    assert [at for at, _ in found.curve] == sorted(costs)
    for at, each in found.curve:
        assert each == pytest.approx(costs[at])
    assert found.cost_at_half.value == pytest.approx(
        mean_cost(evidence, np.nextafter(0.5, 1), cost)
    )
    assert found.theoretical == cost.false_positive / (cost.false_positive + cost.false_negative)


def test_counts_are_scikit_learns():
    evidence = calibrated(400)
    found = threshold(evidence, Cost(1, 3))
    predicted = evidence.prediction.probability[:, 1] >= found.threshold.value
    tn, fp, fn, tp = confusion_matrix(evidence.target, predicted).ravel().tolist()
    assert found.counts == {
        "true positives": tp,
        "false positives": fp,
        "true negatives": tn,
        "false negatives": fn,
    }


def test_of_calibrated_probabilities_the_theoretical_threshold_is_best():
    evidence = calibrated(5000)
    found = threshold(evidence, Cost(1, 4))
    assert found.threshold.low < 0.2 < found.threshold.high
    assert found.threshold.value == pytest.approx(0.2, abs=0.08)
    assert found.cost.low < mean_cost(evidence, 0.2, Cost(1, 4)) < found.cost.high
    assert found.saved.value == pytest.approx(found.cost_at_half.value - found.cost.value)
    assert found.saved.low > 0
    assert found.sentence.startswith(f"Predict 'yes' from probability {found.threshold.value:.3g} ")
    assert "instead of" in found.sentence
    assert found.sentence.endswith("A wrong 'yes' costs 1, a wrong 'no' 4.")


@pytest.mark.parametrize("together", ["nothing", "groups", "time"])
def test_the_cost_is_counted_on_rows_that_did_not_choose(together):
    """Of worthless probabilities, the threshold that fits best promises what it cannot keep."""
    promised, expected, trivial = [], [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        unit = np.repeat(np.arange(30), 1 if together == "nothing" else 8)
        target, share = rng.integers(0, 2, 30)[unit], rng.random(30)[unit]
        keys = {} if together == "nothing" else {together: unit}
        found = threshold(evidence_of.classes(target, share, seed=seed, **keys), Cost(1, 1))
        promised.append(min(cost for _, cost in found.curve))
        expected.append(found.cost.value)
        trivial.append(0.5)
    assert np.mean(promised) < 0.45
    assert np.mean(expected) > 0.47


def test_savings_are_paired_by_row():
    """Where two thresholds decide alike nothing is saved, however uncertain the cost."""
    rng = np.random.default_rng(0)
    side = rng.random(500) < 0.4
    target = np.where(rng.random(500) < 0.1, ~side, side).astype(int)
    found = threshold(evidence_of.classes(target, np.where(side, 0.9, 0.1)), Cost(1, 1))
    assert found.cost.high - found.cost.low > 0.03
    assert (found.saved.low, found.saved.value, found.saved.high) == (0.0, 0.0, 0.0)
    assert found.sentence.startswith("No threshold is shown to cost less than 0.5, at which a row")


def test_costs_have_the_standard_error_of_a_mean():
    rng = np.random.default_rng(0)
    side = rng.random(1000) < 0.4
    target = np.where(rng.random(1000) < 0.1, ~side, side).astype(int)
    found = threshold(evidence_of.classes(target, np.where(side, 0.9, 0.1)), Cost(1, 3))
    costs = np.where(target == side, 0.0, np.where(target == 1, 3.0, 1.0))
    assert found.cost.value == pytest.approx(costs.mean())
    assert found.cost.standard_error == pytest.approx(costs.std() / np.sqrt(1000), rel=0.15)


@pytest.mark.parametrize(
    ("cost", "action", "counts"),
    [
        (Cost(100, 1), "never predict 'yes'", [0, 0, 70, 30]),
        (Cost(1, 100), "Always predict 'yes'", [30, 70, 0, 0]),
    ],
)
def test_a_constant_prediction_is_taken_always_or_never(cost, action, counts):
    evidence = evidence_of.classes([1] * 30 + [0] * 70, np.full(100, 0.3))
    found = threshold(evidence, cost)
    assert list(found.counts.values()) == counts
    assert action in found.sentence
    assert found.cost.value == pytest.approx(0.3 if counts[0] == 0 else 0.7)


@pytest.mark.parametrize("target", [0, 1])
def test_a_single_row_and_rows_of_one_kind(target):
    for rows in (1, 60):
        found = threshold(evidence_of.classes([target] * rows, [0.4] * rows), Cost(1, 2))
        assert min(cost for _, cost in found.curve) == 0.0
        assert sum(found.counts.values()) == rows
        assert np.isfinite([found.cost.low, found.saved.high, found.threshold.high]).all()


def test_a_single_group_is_judged_at_the_theoretical_threshold():
    evidence = calibrated(200, groups=np.zeros(200, int))
    found = threshold(evidence, Cost(1, 4))
    assert found.cost.value == pytest.approx(mean_cost(evidence, 0.2, Cost(1, 4)))


def test_a_long_curve_is_thinned_and_keeps_its_lowest_point():
    evidence = calibrated(20_000)
    found = threshold(evidence, Cost(1, 4))
    assert len(found.curve) <= 200
    at, least = min(found.curve, key=lambda point: point[1])
    assert at == found.threshold.value
    assert least == pytest.approx(mean_cost(evidence, at, Cost(1, 4)))


def test_many_rows_are_drawn_from_a_sample_and_keep_the_values_of_all():
    evidence = calibrated(50_000)
    found = threshold(evidence, Cost(1, 4))
    half = mean_cost(evidence, np.nextafter(0.5, 1), Cost(1, 4))
    assert found.cost_at_half.value == pytest.approx(half)
    assert found.cost_at_half.low < half < found.cost_at_half.high
    assert found.threshold.low <= found.threshold.value <= found.threshold.high


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (evidence_of.numbers([1.0, 2.0], [1.0, 2.0]), "the target is a number"),
        (evidence_of.classes([0, 1, 2], np.eye(3)), "the target has 3"),
    ],
)
def test_other_tasks_are_refused(evidence, kind):
    with pytest.raises(SpecError, match=f"A cost of mistakes needs two classes; {kind}"):
        threshold(evidence, Cost(1, 1))
