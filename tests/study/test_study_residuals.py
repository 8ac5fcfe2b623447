"""Residuals: points, histogram and spread, against weighted quantiles."""

import evidence_of
import numpy as np
import pytest

from gradum.study.findings.residuals import residuals

NO_BIAS = "No bias is shown, whether predictions are small or large."
SAME_SPREAD = "The spread of the residuals shows no difference."


def numbers(rows=1000, seed=0, *, bias=0.0, growth=0.0, **more):
    """Residuals N(bias, 1) for the upper half of the predictions, growing with the prediction."""
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(0, 100, rows)
    residual = rng.normal(size=rows) * (1 + growth * predicted) + bias * (predicted > 50)
    return evidence_of.numbers(predicted + residual, predicted, seed=seed, **more)


def test_points_are_all_rows_where_these_are_few():
    evidence = numbers(300, row_numbers=np.arange(7, 307))
    found = residuals(evidence)
    expected = zip(evidence.prediction.value, evidence.target, range(7, 307), strict=True)
    assert found.points == tuple(expected)
    assert found.drawn == 300


def test_of_many_rows_some_are_drawn():
    evidence = numbers(5000)
    found = residuals(evidence)
    assert len(found.points) == 1500
    assert found.drawn == 5000
    assert len({row for _, _, row in found.points}) == 1500
    for predicted, actual, row in found.points[:100]:
        assert (predicted, actual) == (evidence.prediction.value[row - 1], evidence.target[row - 1])


def test_quantiles_of_whole_weights_are_those_of_repeated_rows():
    weight = np.random.default_rng(1).integers(1, 6, 400)
    evidence = numbers(400, weight=weight)
    found = residuals(evidence)
    residual = np.repeat(evidence.target - evidence.prediction.value, weight)
    for name, value in found.quantiles.items():
        share = float(name.rstrip("%")) / 100
        assert value == np.quantile(residual, share, method="inverted_cdf")
    assert list(found.quantiles) == ["5%", "25%", "50%", "75%", "95%"]
    for (half, share), least in zip(found.within, (0.5, 0.9), strict=True):
        assert half == np.quantile(np.abs(residual), least, method="inverted_cdf")
        assert share == pytest.approx(np.mean(np.abs(residual) <= half))
        assert share >= least


def test_the_histogram_holds_every_row_the_tails_in_its_outermost_bins():
    weight = np.random.default_rng(1).exponential(size=1000)
    evidence = numbers(weight=weight)
    residual = evidence.target - evidence.prediction.value
    histogram = residuals(evidence).histogram
    assert sum(share for *_, share in histogram) == pytest.approx(1.0)
    widths = [high - low for low, high, _ in histogram]
    np.testing.assert_allclose(widths, widths[0])
    for low, high, share in histogram[1:-1]:
        inside = (residual >= low) & (residual < high)
        assert share == pytest.approx(weight[inside].sum() / weight.sum())
    below = residual < histogram[0][1]
    assert histogram[0][2] == pytest.approx(weight[below].sum() / weight.sum())


def test_the_spread_is_that_of_the_rows_of_each_tenth():
    weight = np.random.default_rng(2).integers(1, 4, 500)
    evidence = numbers(500, weight=weight)
    predicted = evidence.prediction.value
    tenths = np.split(np.argsort(predicted), 10)
    for rows, (level, *quantiles) in zip(tenths, residuals(evidence).spread, strict=True):
        residual = np.repeat(evidence.target[rows] - predicted[rows], weight[rows])
        assert level == pytest.approx(np.average(predicted[rows], weights=weight[rows]))
        assert quantiles == np.quantile(residual, [0.1, 0.5, 0.9], method="inverted_cdf").tolist()


def test_neither_bias_nor_unequal_spread_is_found_where_there_is_none():
    """Each at 5%: eight or more of 40 would happen once in a thousand times."""
    sentences = [residuals(numbers(300, seed)).sentence for seed in range(40)]
    assert sum(NO_BIAS not in each for each in sentences) < 8
    assert sum(SAME_SPREAD not in each for each in sentences) < 8


@pytest.mark.parametrize(("bias", "side"), [(1.0, "higher"), (-1.0, "lower")])
def test_a_planted_bias_is_named_with_its_level(bias, side):
    sentence = residuals(numbers(bias=bias)).sentence
    assert f" {side} on average." in sentence
    assert SAME_SPREAD in sentence
    level, found = sentence.removeprefix("Where it predicts about ").split(", actual values are ")
    assert float(level) > 50
    assert 0.6 < float(found.split(" ")[0]) < 1.4


def test_a_planted_spread_is_named_with_its_levels():
    sentence = residuals(numbers(growth=0.05)).sentence
    assert "No bias is shown" in sentence
    assert "Residuals spread more where it predicts about 9" in sentence
    assert "than where it predicts about 5" in sentence


def test_a_bias_of_a_few_alike_groups_is_not_shown():
    """Each tenth of the predictions holds rows of five of 50 groups, whose rows are alike."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(50), 40)
    target, predicted = np.repeat(rng.normal(size=50), 40), np.repeat(np.linspace(0, 0.01, 50), 40)
    assert "on average" in residuals(evidence_of.numbers(target, predicted)).sentence
    together = residuals(evidence_of.numbers(target, predicted, groups=groups))
    assert together.sentence.startswith("There are too few rows, or groups of them")


def test_a_constant_prediction_has_one_level():
    found = residuals(evidence_of.numbers(np.arange(100.0), np.full(100, 49.5)))
    assert len(found.spread) == 1
    assert found.sentence == f"{NO_BIAS} {SAME_SPREAD}"


def test_a_single_row():
    found = residuals(evidence_of.numbers([5.0], [3.0]))
    assert found.points == ((3.0, 5.0, 1),)
    assert found.histogram == ((2.0, 2.0, 1.0),)
    assert found.spread == ((3.0, 2.0, 2.0, 2.0),)
    assert found.within == ((2.0, 1.0), (2.0, 1.0))
    assert (
        found.sentence
        == "There are too few rows, or groups of them, to compare levels of prediction."
    )
