"""The distribution of one row: bars against counts of the values, and the words."""

import html
import re

import numpy as np
import pytest

from gradum.run.intervals.conformal.distribution import Distribution, PredictiveSystem
from gradum.run.intervals.conformal.score_list import ScoreList
from gradum.rungs.located import Located
from gradum.show.pictures.row_distribution import distribution_picture
from gradum.study.row_distribution import BINS, row_distribution
from pages import text_of
from synthetic import task

ENDS = np.array([-3.5, 6.25])


def expected(scores, ends=ENDS):
    """What is expected of a row whose values are 1 + 2 t for the judged rows' t."""
    located = Located(np.array([1.0]), np.array([2.0]), np.array([2.0]))
    system = PredictiveSystem([ScoreList.signed(scores, np.ones(len(scores)))], [located], 1.0)
    distribution = Distribution([(np.arange(1), system)], 1, lambda y: y, lambda y: y)
    return row_distribution(distribution, 1.5, ends)


def test_bars_hold_the_share_of_the_values_between_their_ends():
    scores = np.random.default_rng(0).normal(size=999)
    found = expected(scores)
    values = np.sort(1 + 2 * scores)
    shares = [share for *_, share in found.bins]
    assert len(shares) == BINS
    assert sum(shares) == pytest.approx(1.0)
    for low, high, share in found.bins[1:-1]:
        assert share == pytest.approx(np.mean((low < values) & (values <= high)), abs=2e-3)
    assert found.bins[0][0] == values[9]  # the least at which F = (i + ½) / 1000 is 1%
    assert found.bins[0][2] == pytest.approx(np.mean(values <= found.bins[0][1]), abs=2e-3)
    for level, value in found.quantiles:
        assert np.mean(values <= value) == pytest.approx(level, abs=2e-3)


def test_the_picture_marks_the_interval_and_the_prediction():
    picture = distribution_picture(expected(np.random.default_rng(0).normal(size=99)), "<price>")
    bars, interval, prediction = (
        layer["data"]["values"] for layer in picture.specification["layer"]
    )
    assert len(bars) == BINS
    assert interval == [{"low": -3.5, "high": pytest.approx(min(6.25, bars[-1]["high"]))}]
    assert prediction == [{"predicted": 1.5}]
    assert "With a probability of 90%, <price> is between -3.5 and 6.25" in picture.description


def test_few_judged_rows_are_said_and_end_where_the_picture_does():
    found = expected(np.array([-1.0, 0.0, 1.0]), np.array([-np.inf, np.inf]))
    picture = distribution_picture(found, "price")
    assert "Too few rows judged the model for a 90% interval of price" in picture.description
    (interval,) = picture.specification["layer"][1]["data"]["values"]
    assert interval == {"low": -1.0, "high": 3.0}
    assert ("5%", "not known") in picture.rows


@pytest.mark.parametrize("scores", [np.zeros(0), np.zeros(1), np.full(50, 0.3)])
def test_without_a_width_there_is_nothing_to_draw(scores):
    assert expected(scores) is None


def test_the_page_of_a_row_shows_it_with_its_promise(regressor):
    rows = task("amount", 3, seed=5)
    page = html.unescape(regressor.row_page(rows, row=2, rung="linear"))
    section = page.partition('<section id="expected">')[2].partition("</section>")[0]
    low, high = regressor.predict_interval(rows, rung="linear")[1]
    ends = re.search(r"amount is between ([\d.]+) and ([\d.]+);", section).groups()
    assert list(ends) == [f"{end:.3g}" for end in (low, high)]
    assert regressor.guarantee(rung="linear").sentence in text_of(section)
