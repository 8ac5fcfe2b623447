"""Precision, recall and F1 by threshold, against scikit-learn's."""

import evidence_of
import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from gradum.study.findings.threshold_table import THRESHOLDS, threshold_table


def judged(rows=300):
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, rows)
    score = np.clip(0.5 + 0.2 * (target - 0.5) + rng.normal(0, 0.15, rows), 0, 0.94)
    return target, score, rng.random(rows) + 0.5


def test_what_each_threshold_finds_is_scikit_learns():
    target, score, weight = judged()
    found = threshold_table(evidence_of.classes(target, score, weight=weight))
    assert [row.threshold for row in found.rows] == list(THRESHOLDS)
    for row in found.rows:
        above = score >= row.threshold
        expected = precision_recall_fscore_support(
            target, above, average="binary", sample_weight=weight, zero_division=0
        )
        assert (row.recall.value, row.f1.value) == pytest.approx(expected[1:3])
        assert row.flagged == pytest.approx(np.average(above, weights=weight))
        if above.any():
            assert row.precision.value == pytest.approx(expected[0])
    assert found.rows[-1].precision is None
    assert found.rows[-1].flagged == 0


def test_intervals_hold_their_values_and_grow_wider_with_fewer_rows():
    many, few = (threshold_table(evidence_of.classes(*judged(n)[:2])) for n in (1200, 75))
    for one, other in zip(many.rows[2:7], few.rows[2:7], strict=True):
        for name in ("recall", "f1"):
            wide, narrow = getattr(other, name), getattr(one, name)
            assert narrow.low <= narrow.value <= narrow.high
            assert wide.high - wide.low > narrow.high - narrow.low


def test_one_class_alone_has_no_table():
    assert threshold_table(evidence_of.classes(np.zeros(30, int), np.linspace(0, 1, 30))) is None
