"""Net benefit, against rows counted one by one and a law that is known."""

import evidence_of
import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from gradum.study.findings.net_benefit import FEWEST_ON_A_SIDE, net_benefit


def drawn(seed, rows=400, too_sure=1.0):
    """Log-odds, probabilities that may be too near to 0 and 1, and classes."""
    rng = np.random.default_rng(seed)
    z = 1.2 * rng.normal(size=rows)
    truth = (rng.random(rows) < expit(z - 1)).astype(int)
    return truth, expit(too_sure * z - 1), rng.random(rows) + 0.5


def test_net_benefit_is_hits_less_false_alarms_at_the_odds():
    truth, share, weight = drawn(0)
    found = net_benefit(evidence_of.classes(truth, share, weight=weight))
    assert found.positive == "yes"
    assert len(found.curve) > 50
    for at in found.curve:
        odds = at.threshold / (1 - at.threshold)
        worth = weight * np.where(truth == 1, 1.0, -odds)
        acted = share >= at.threshold
        assert min(acted.sum(), (~acted).sum()) >= FEWEST_ON_A_SIDE
        assert at.model.value == pytest.approx(worth[acted].sum() / weight.sum())
        assert at.of_all == pytest.approx(worth.sum() / weight.sum())
        assert at.model.low <= at.model.value <= at.model.high
        assert at.over_all.low <= at.over_all.value <= at.over_all.high


def test_the_band_holds_everywhere_at_once_and_no_loss_is_called_a_gain():
    z = 1.2 * norm.ppf((np.arange(5000) + 0.5) / 5000)
    known, said, held = expit(z - 1), expit(1.6 * z - 1), 0
    for seed in range(40):
        truth, share, _ = drawn(seed, too_sure=1.6)
        inside = True
        for at in net_benefit(evidence_of.classes(truth, share, seed=seed)).curve:
            worth = (known - (1 - known) * at.threshold / (1 - at.threshold)) / len(z)
            model, over_all = worth[said >= at.threshold].sum(), -worth[said < at.threshold].sum()
            inside &= at.model.low <= model <= at.model.high
            inside &= at.over_all.low <= over_all <= at.over_all.high
        held += inside
    assert held >= 34  # 38 expected


def test_a_useful_model_is_worth_more_than_all_or_none_and_noise_is_not():
    truth, share, _weight = drawn(1, rows=2000)
    useful = net_benefit(evidence_of.classes(truth, share))
    assert any(at.better for at in useful.curve)
    assert "is shown to be worth more" in useful.sentence
    noise = net_benefit(evidence_of.classes(np.random.default_rng(2).permutation(truth), share))
    assert not any(at.better for at in noise.curve)
    assert "At no threshold" in noise.sentence


@pytest.mark.parametrize("what", ["one class", "a constant", "few groups"])
def test_where_nothing_can_be_compared_there_is_no_curve(what):
    truth, share, _ = drawn(3)
    groups = None
    if what == "one class":
        truth = truth * 0
    elif what == "a constant":
        share = share * 0 + 0.3
    else:
        groups = np.arange(len(truth)) % 5
    assert net_benefit(evidence_of.classes(truth, share, groups=groups)) is None
