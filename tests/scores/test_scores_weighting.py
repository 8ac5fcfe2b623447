"""Scores under many weightings at once, against scikit-learn's under each."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from gradum.scores.outcome import Ranking
from gradum.scores.weighting import ranking_scores


@pytest.mark.parametrize("decimals", [0, 1, 12], ids=["few scores", "some ties", "no ties"])
def test_scores_of_many_weightings_are_scikit_learns_of_each(decimals):
    rng = np.random.default_rng(decimals)
    positive = rng.random(150) < 0.3
    score = (rng.normal(size=150) + positive).round(decimals)
    weights = rng.poisson(1.0, (150, 20)) * rng.random((150, 1))
    found = ranking_scores(Ranking.of(score, positive), weights, weights.sum(axis=0))
    for place, weight in enumerate(weights.T):
        false, true, _ = roc_curve(positive, score, sample_weight=weight, drop_intermediate=False)
        expected = [
            roc_auc_score(positive, score, sample_weight=weight),
            average_precision_score(positive, score, sample_weight=weight),
            (true - false).max(),
        ]
        assert [of[place] for of in found] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", [True, False], ids=["all positive", "all negative"])
def test_a_ranking_of_one_kind_has_no_area_and_no_distance(kind):
    ranking = Ranking.of(np.arange(4.0), np.full(4, kind))
    area, precision, distance = ranking_scores(ranking, np.ones((4, 2)), np.full(2, 4.0))
    assert np.isnan([area, distance]).all()
    assert precision == pytest.approx([1.0, 1.0] if kind else [np.nan, np.nan], nan_ok=True)
