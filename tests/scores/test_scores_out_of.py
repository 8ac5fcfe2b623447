"""Shares in words say what the share is, and no more than its interval knows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradum.scores.interval import Interval
from gradum.scores.out_of import count_out_of, few_of, out_of


@pytest.mark.parametrize(
    ("share", "written"),
    [
        ((0.78, 0.75, 0.80), ("78", 100, " [75–80]")),
        ((0.9934, 0.989, 0.9961), ("993", 1_000, " [989–996]")),
        ((0.8413, 0.8407, 0.8419), ("8,413", 10_000, " [8,407–8,419]")),
        ((0.9996, 0.95, 1.0), ("1,000", 1_000, " [950–1,000]")),
        ((1.0, 0.98, 1.0), ("100", 100, " [98–100]")),
        ((0.0, 0.0, 0.02), ("0", 100, " [0–2]")),
        ((0.5, math.nan, math.nan), ("50", 100, "")),
    ],
)
def test_a_share_is_a_count_out_of_as_many_as_its_interval_tells_apart(share, written):
    count, base, ends = out_of(Interval(*share, 0.01))
    if share[0] == 0.9996:  # only all is all
        assert (count, base) == ("9,996", 10_000)
    else:
        assert (count, base, ends) == written


@pytest.mark.parametrize(
    ("share", "few"),
    [(0.33, (1, 3)), (0.65, (2, 3)), (0.88, (9, 10)), (0.5, (1, 2)), (0.46, (46, 100))],
)
def test_people_count_in_few(share, few):
    assert few_of(share) == few


@given(st.floats(0, 1))
def test_a_few_of_a_few_is_near_the_share_and_never_all_nor_none(share):
    count, base = few_of(share)
    assert abs(count / base - share) <= max(0.025, 0.5 / base) + 1e-12
    if 1e-6 < share < 1 - 1e-6:
        assert 0 < count < base
    assert count_out_of(share, base) == f"{round(share * base):,}"
