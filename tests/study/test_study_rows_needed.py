"""The planned rows, by simulated tables whose two models differ by the gap that was planned for."""

import evidence_of
import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm, rankdata

from gradum.errors import SpecError
from gradum.study.rows_needed import OF_A_NORMAL, rows_needed

SAMPLES, GAP = 200, 0.05


def planned(evidence, size=GAP):
    found = rows_needed(evidence_of.dataset(evidence), size)
    return {score.metric: score for score in found.scores}


def two_classes(share, rows=2000):
    target = (np.arange(rows) < share * rows).astype(int)
    return evidence_of.classes(target, np.full(rows, 0.5))


def power(shown):
    """Within five points of 80%, with three standard errors of the simulation."""
    return np.mean(shown) == pytest.approx(0.8, abs=0.05 + 3 * 0.4 / SAMPLES**0.5)


def test_a_gap_in_accuracy_is_seen_in_four_of_five_samples():
    need, rng, shown = planned(two_classes(0.3))["accuracy"], np.random.default_rng(0), []
    assert need.assumed == pytest.approx(0.7)
    for _ in range(SAMPLES):
        right = rng.random((2, need.for_gap)) < np.array([[0.7], [0.65]])
        apart = right[0].astype(int) - right[1]
        shown.append(abs(apart.mean()) > 1.96 * apart.std() / len(apart) ** 0.5)
    assert power(shown)


def test_a_gap_in_auc_is_seen_in_four_of_five_samples():
    need, rng, shown = planned(two_classes(0.2))["auc"], np.random.default_rng(1), []
    positives = round(0.2 * need.for_gap)
    for _ in range(SAMPLES):
        areas, variances = zip(
            *(_area(rng, auc, positives, need.for_gap - positives) for auc in (0.75, 0.7)),
            strict=True,
        )
        shown.append(abs(areas[0] - areas[1]) > 1.96 * sum(variances) ** 0.5)
    assert power(shown)


def _area(rng, auc, positives, negatives):
    """An AUC of normal scores and its variance after DeLong and others (1988)."""
    high = rng.normal(2**0.5 * ndtri(auc), 1, positives)
    low = rng.normal(size=negatives)
    ranks = rankdata(np.concatenate([high, low]))
    above = (ranks[:positives] - rankdata(high)) / negatives
    below = 1 - (ranks[positives:] - rankdata(low)) / positives
    return above.mean(), above.var(ddof=1) / positives + below.var(ddof=1) / negatives


def test_a_gap_in_rmse_is_seen_in_four_of_five_samples():
    rng, shown = np.random.default_rng(2), []
    target = ndtri((np.arange(2000) + 0.5) / 2000)
    need = planned(evidence_of.numbers(target, target))["rmse"]
    for _ in range(SAMPLES):
        squares = (rng.normal(size=(2, need.for_gap)) * np.array([[1.0], [0.95]])) ** 2
        logs = squares / squares.mean(axis=1, keepdims=True)
        apart = np.log(squares.mean(axis=1)) @ [1, -1]
        shown.append(abs(apart) > 1.96 * (logs[0] - logs[1]).std() / need.for_gap**0.5)
    assert power(shown)


def test_an_interval_of_so_many_rows_is_as_wide_as_planned():
    need = planned(two_classes(0.4))["accuracy"]
    assert 2 * norm.ppf(0.975) * (0.6 * 0.4 / need.for_width) ** 0.5 == pytest.approx(GAP, rel=1e-3)
    assert need.width == pytest.approx(2 * norm.ppf(0.975) * (0.24 / 400) ** 0.5)  # a fifth judges


def test_heavier_tails_take_more_rows_and_lighter_ones_count_as_normal():
    rng = np.random.default_rng(3)
    heavy, flat = rng.standard_t(5, 3000), rng.random(3000)
    needs = [planned(evidence_of.numbers(y, y))["rmse"].for_gap for y in (heavy, flat)]
    assert needs[0] > 1.2 * needs[1]
    normal = (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * 2 * (OF_A_NORMAL - 1) / 4 / np.log(0.95) ** 2
    assert needs[1] == pytest.approx(normal, abs=1)


@pytest.mark.parametrize("size", [0.0, -0.1, 0.5, np.nan])
def test_a_size_that_cannot_be_planned_for_is_refused(size):
    with pytest.raises(SpecError, match="cannot be planned for"):
        planned(two_classes(0.4), size)
