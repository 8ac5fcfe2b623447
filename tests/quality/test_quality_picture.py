"""The picture of tables shows the ratios that it is made of."""

import math

import pytest
from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.paired import paired
from benchmarks.quality.picture import FARTHEST, WIDTH, table_ratios

ERRORS = {"s": (0.2, 0.1), "t": (0.1, 0.3), "u": (0.3, 0.3), "v": (None, 0.1)}


@pytest.fixture(scope="module")
def compared():
    fits = []
    for name, pair in ERRORS.items():
        for method, error in zip(("ours", "theirs"), pair, strict=True):
            for seed, factor in enumerate((1, 1.1 if method == "ours" else 1)):
                fits.append(
                    Outcome(method, name, seed, failed="timeout")
                    if error is None
                    else Outcome(method, name, seed, error=error * factor)
                )
    return paired(fits, "ours", "theirs")


@pytest.fixture(scope="module")
def picture(compared):
    return table_ratios(compared)


def marks(picture, layer):
    specification = picture.specification
    data = specification["layer"][layer]["data"]
    return data["values"] if "values" in data else specification["datasets"][data["name"]]


def test_tables_are_in_the_order_of_their_ratios(picture, compared):
    assert [mark["table"] for mark in marks(picture, 2)] == ["t", "u", "s", "v"]
    for mark in marks(picture, 2)[:3]:
        [table] = [table for table in compared.tables if table.name == mark["table"]]
        assert mark["ratio"] == pytest.approx(table.ratio.value, rel=1e-4)
        assert mark["low"] == pytest.approx(max(table.ratio.low, 1 / FARTHEST), rel=1e-4)
        assert mark["high"] == pytest.approx(min(table.ratio.high, FARTHEST), rel=1e-4)
    assert [mark["less"] for mark in marks(picture, 2)] == [True, False, False, False]


def test_a_table_on_which_it_failed_stands_at_the_edge(picture):
    last = marks(picture, 2)[-1]
    assert (last["ratio"], last["low"], last["high"]) == (FARTHEST,) * 3
    assert picture.rows[-1] == ("v", "inf", "nan", "nan")


def test_it_says_who_errs_less_and_where(picture, compared):
    assert "ours errs less than theirs on 1 of 4 tables and more on 3" in picture.description
    assert f"the ratios is {compared.mean.value:.3f}." in picture.description
    assert compared.mean.value == pytest.approx(math.sqrt(1.1) * (2 * (1 / 3)) ** (1 / 3))


def test_it_is_an_svg_that_names_every_table(picture):
    svg = picture.drawn(WIDTH)
    assert svg.startswith("<svg")
    assert "var(--" not in svg
    assert all(f">{name}</text>" in svg for name in ERRORS)
    assert "error of ours / error of theirs" in svg
