"""Figures as people read them: digits, signs and percentages."""

import math

import pytest

from gradum.scores.figures import (
    figure,
    figures_apart,
    percent,
    percent_with_interval,
    with_interval,
)
from gradum.scores.interval import Interval


@pytest.mark.parametrize(
    ("value", "options", "written"),
    [
        (0.123456, {}, "0.123"),
        (0.123456, {"digits": 4}, "0.1235"),
        (54812.7, {}, "54,800"),
        (-54812.7, {}, "-54,800"),
        (54812.7, {"digits": 6}, "54,812.7"),
        (0.02, {"sign": True}, "+0.02"),
        (2000.4, {"sign": True}, "+2,000"),
        (3.2e12, {}, "3,200,000,000,000"),
        (3.2e17, {}, "3.2·10¹⁷"),
        (7.84e-05, {"digits": 3}, "0.0000784"),
        (-3.67e-12, {"digits": 3, "sign": True}, "-3.67·10⁻¹²"),
        (999.96, {"digits": 3}, "1,000"),
        (0.0, {"sign": True}, "+0"),
        (math.nan, {}, "–"),
        (None, {}, "–"),
    ],
)
def test_figures_are_written_for_people(value, options, written):
    assert figure(value, **options) == written


@pytest.mark.parametrize(
    ("interval", "written"),
    [
        ((0.4964, 0.442, 0.563), "0.496 [0.442, 0.563]"),
        ((38204.2, 36911.0, 39521.0), "38,200 [36,900, 39,500]"),
        ((-0.0002291, -0.0102, -1.16e-06), "-0.0002 [-0.0102, -0.000001]"),
        ((63_195, 58_701, 68_271), "63,200 [58,700, 68,300]"),
        ((0.87213, 0.87011, 0.87421), "0.872 [0.870, 0.874]"),
        ((0.872134, 0.872011, 0.872257), "0.8721 [0.8720, 0.8723]"),
        ((0.00006, -0.025, 0.024), "0.000 [-0.025, 0.024]"),
        ((0.31, 0.05, 28.0), "0.3 [0.05, 28]"),
        ((-0.31, -28.0, -0.05), "-0.3 [-28, -0.05]"),
        ((0.7, 0.7, 0.7), "0.7 [0.7, 0.7]"),
        ((0.7, math.nan, math.nan), "0.7"),
        ((math.nan, math.nan, math.nan), "–"),
    ],
)
def test_a_value_and_its_bounds_are_rounded_alike_and_none_loses_its_sign(interval, written):
    assert with_interval(Interval(*interval, 0.1)) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [
        ((0.8, 0.77, 0.83), "80% [77–83]"),
        ((0.9934, 0.989, 0.9961), "99.3% [98.9–99.6]"),
        ((1.0, 0.98, 1.0), "100% [98–100]"),
        ((0.5, math.nan, math.nan), "50%"),
    ],
)
def test_shares_are_written_in_percent(share, written):
    assert percent_with_interval(Interval(*share, 0.1)) == written


@pytest.mark.parametrize(
    ("one", "other", "written"),
    [
        (2.0, 3.0, ("2", "3")),
        (0.95312, 0.95281, ("0.95312", "0.95281")),
        (2010.12, 2010.44, ("2,010.12", "2,010.44")),
        (1_000_000.0, 1_000_100.0, ("1,000,000", "1,000,100")),
        (7.0, 7.0, ("7", "7")),
        (1.0 + 1e-15, 1.0, ("1", "1")),
    ],
)
def test_two_figures_have_as_many_digits_as_tell_them_apart(one, other, written):
    assert figures_apart(one, other) == written


def test_only_all_is_a_hundred_percent_and_only_nothing_is_none():
    assert [percent(share) for share in (1.0, 0.9996, 0.0, 0.0004)] == [
        "100%",
        "99.96%",
        "0%",
        "0.04%",
    ]
