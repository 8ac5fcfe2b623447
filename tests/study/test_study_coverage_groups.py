"""Groups that are covered less are found, others are left in peace, dependence is allowed for."""

import evidence_of
import numpy as np
import polars as pl
import pytest

from gradum.study.coverage.covered_groups import (
    NOT_SHORT,
    SHORT,
    CoveredRows,
    covered_groups,
)
from gradum.study.finding_words import TOO_FEW_ROWS
from gradum.study.shortfall import holm, shortfall_of_judged

ROWS = 1_200


def table(seed, spread=1.0, rare=0):
    """Rows of six cities and two kinds; in the first city errors have that spread."""
    rng = np.random.default_rng(seed)
    city = np.array([f"city {code}" for code in rng.integers(0, 6, ROWS)], object)
    city[:rare] = "rare"
    score = np.abs(rng.normal(size=ROWS)) * np.where(city == "city 0", spread, 1.0)
    frame = pl.DataFrame(
        {
            "city": list(city),
            "member": rng.random(ROWS) < 0.5,
            "age": rng.normal(size=ROWS),
        }
    )
    return frame, score


def covered_rows(frame, score, groups=None):
    covered = score <= np.sort(score)[int(np.ceil(0.9 * ROWS)) - 1]
    judged = evidence_of.numbers(np.zeros(ROWS), np.zeros(ROWS), features=frame, groups=groups)
    return CoveredRows(judged, np.arange(ROWS), covered, np.zeros(ROWS, int))


def test_every_level_is_counted_and_all_are_held_against_one_level():
    frame, score = table(0)
    rows = covered_rows(frame, score)
    groups = covered_groups(rows, [])
    assert {group.column for group in groups} == {"city", "member"}
    assert len(groups) == 8
    expected = {}
    for name in ("city", "member"):
        for level in frame[name].unique():
            inside = (frame[name] == level).to_numpy()
            alone = shortfall_of_judged(rows.covered, inside, rows.strata)
            expected[str(level).lower()] = (
                int(inside.sum()),
                int(rows.covered[inside].sum()),
                alone,
            )
    together = dict(zip(expected, holm(np.array([p for *_, p in expected.values()])), strict=True))
    for group in groups:
        count, covered, _ = expected[group.values]
        assert (group.rows, group.covered) == (count, covered)
        assert group.p_value == pytest.approx(together[group.values])
        assert group.share.low < group.share.value < group.share.high
    assert [group.p_value for group in groups] == sorted(group.p_value for group in groups)


def test_a_noisy_city_is_found_and_only_that():
    groups = covered_groups(covered_rows(*table(1, spread=2.0)), [])
    assert [group.values for group in groups if group.finding == SHORT] == ["city 0"]
    assert groups[0].values == "city 0"
    assert groups[0].share.high < 0.9


def test_a_slice_of_a_number_is_cut_and_tested_as_well():
    groups = covered_groups(covered_rows(*table(2)), ["age"])
    assert sum(group.column == "age" for group in groups) == 4


def test_a_group_of_few_rows_is_shown_and_not_judged():
    groups = covered_groups(covered_rows(*table(3, rare=4)), [])
    rare = groups[-1]
    assert (rare.values, rare.rows, rare.p_value, rare.finding) == ("rare", 4, None, TOO_FEW_ROWS)


def test_rows_that_come_together_are_not_counted_one_by_one():
    """Whole groups of twenty are missed together; a count of rows would find shortfalls."""
    rng, by_count, by_group = np.random.default_rng(4), 0, 0
    for seed in range(12):
        frame, _ = table(seed)
        who = np.repeat(np.arange(ROWS // 20), 20)
        city = np.array([f"city {code}" for code in rng.integers(0, 6, ROWS // 20)])[who]
        frame = frame.with_columns(pl.Series("city", city))
        score = np.abs(rng.normal(size=ROWS // 20))[who] + 0.01 * rng.random(ROWS)
        groups = covered_groups(covered_rows(frame, score, who), [])
        by_group += any(group.finding == SHORT for group in groups)
        alone = covered_groups(covered_rows(frame, score), [])
        by_count += any(group.finding == SHORT for group in alone)
        assert {group.finding for group in groups} <= {SHORT, NOT_SHORT, TOO_FEW_ROWS}
    assert by_count >= 6
    assert by_group <= 3
