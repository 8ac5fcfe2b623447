"""Calibration intercept and slope, against statsmodels and a law that is known."""

import evidence_of
import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from gradum.study.findings.log_odds import log_odds
from gradum.study.groups.scoring import scores_by_group


def drawn(seed, rows=400, slope=1.0, intercept=0.0):
    """Classes whose log-odds are a straight line of those of the given probabilities."""
    rng = np.random.default_rng(seed)
    z = 1.3 * rng.normal(size=rows) - 1
    return (rng.random(rows) < expit(intercept + slope * z)).astype(int), expit(z)


def by_statsmodels(truth, share, weight=None):
    """Intercept at slope 1 and slope, with their standard errors."""
    law, z = sm.families.Binomial(), logit(share)
    more = {} if weight is None else {"freq_weights": weight}
    alone = sm.GLM(truth, np.ones(len(z)), family=law, offset=z, **more).fit()
    both = sm.GLM(truth, sm.add_constant(z), family=law, **more).fit()
    return alone.params[0], both.params[1], alone.bse[0], both.bse[1]


def test_intercept_and_slope_are_statsmodels():
    truth, share = drawn(0, slope=0.6, intercept=0.4)
    found = log_odds(evidence_of.classes(truth, share))
    intercept, slope, *errors = by_statsmodels(truth, share)
    assert found.intercept.value == pytest.approx(intercept, abs=1e-8)
    assert found.slope.value == pytest.approx(slope, abs=1e-8)
    assert found.slope.standard_error == pytest.approx(errors[1], rel=0.25)
    assert found.slope.high < 1
    assert found.intercept.low > 0


def test_weights_count_as_repetition():
    truth, share = drawn(1)
    weight = np.random.default_rng(1).integers(1, 4, len(truth)).astype(float)
    found = log_odds(evidence_of.classes(truth, share, weight=weight))
    intercept, slope, *_ = by_statsmodels(truth, share, weight)
    assert (found.intercept.value, found.slope.value) == pytest.approx((intercept, slope))


def test_intervals_hold_what_is_true():
    held, runs = np.zeros(2), 40
    for seed in range(runs):
        found = log_odds(evidence_of.classes(*drawn(seed, rows=200), seed=seed))
        held += [
            each.low <= true <= each.high
            for each, true in ((found.intercept, 0.0), (found.slope, 1.0))
        ]
    assert (held >= 34).all()  # 38 expected


@pytest.mark.parametrize("what", ["separated", "few of a class", "a constant", "few groups"])
def test_where_nothing_can_be_estimated_there_is_nothing(what):
    truth, share = drawn(2)
    groups = None
    if what == "separated":
        truth = (share > np.median(share)).astype(int)
    elif what == "few of a class":
        truth = (np.arange(len(share)) < 5).astype(int)
    elif what == "a constant":
        share = share * 0 + 0.3
    else:
        groups = np.arange(len(truth)) % 5
    assert log_odds(evidence_of.classes(truth, share, groups=groups)) is None


def test_a_site_has_the_calibration_of_its_rows_and_is_told_from_the_others():
    parts = [drawn(3, 300), drawn(4, 300), drawn(5, 300, slope=0.1, intercept=1.5), drawn(6, 25)]
    truth, share = (np.concatenate(side) for side in zip(*parts, strict=True))
    sites = pl.DataFrame({"site": np.repeat(["a", "b", "off", "tiny"], [300, 300, 300, 25])})
    found = scores_by_group(evidence_of.classes(truth, share, features=sites), ["site"], "log_loss")
    by_site = {group.values: group.scores for group in found.calibration}
    for name, (classes, shares) in zip(by_site, parts, strict=True):
        own = [score.value for score in by_site[name].values()]
        assert own == pytest.approx(by_statsmodels(classes, shares)[:2], abs=1e-8)
    assert by_site["off"]["calibration_slope"].finding == "lower than the rest"
    assert by_site["off"]["calibration_slope"].interval.high < 1
    assert by_site["tiny"]["calibration_slope"].interval is None
    assert by_site["a"]["calibration_slope"].finding != "lower than the rest"
