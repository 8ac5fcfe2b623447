"""The summary of rows: counts against brute force, and that no single row can be read from it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.run.reference.column_counts import (
    BIN_ROWS,
    BUCKETS,
    SHARED_ROWS,
    Levels,
    Numbers,
    as_numbers,
    bucket,
    expected_unseen,
    level_counts,
)
from synthetic import ONCE, QUICK

NORMAL = np.random.default_rng(0).normal(size=1_000)
WHOLE = np.random.default_rng(1).poisson(3, 777).astype(float)


@pytest.mark.parametrize("values", [NORMAL, WHOLE, NORMAL[:45], np.repeat([1.0, 2.0], 30)])
def test_counts_at_the_edges_are_those_of_all_values(values):
    summary = Numbers.of(values)
    assert summary.at_most == tuple(int((values <= edge).sum()) for edge in summary.edges)
    assert summary.counts.tolist() == summary.bins(values).tolist()
    assert summary.counts.sum() == summary.rows == len(values)
    assert 1 <= len(summary.edges) <= len(values) / BIN_ROWS
    assert summary.deviation == pytest.approx(values.std())


def test_new_values_are_counted_between_the_edges():
    summary, new = Numbers.of(WHOLE), np.array([-1.0, 2.0, 2.5, 1e9])
    by_hand = [int((new <= edge).sum()) for edge in summary.edges]
    assert np.cumsum(summary.bins(new))[:-1].tolist() == by_hand


def test_no_edge_is_a_value_of_few_rows():
    for values in (NORMAL, WHOLE):
        for edge in Numbers.of(values).edges:
            assert (values == edge).sum() in (0, *range(SHARED_ROWS, len(values)))


def test_few_rows_leave_no_quantile():
    summary = Numbers.of(NORMAL[: BIN_ROWS - 1])
    assert summary.edges == ()
    assert np.isnan(summary.median)


@pytest.mark.parametrize("values", [NORMAL, WHOLE])
def test_the_median_is_that_of_the_values_to_within_a_bin(values):
    low, high = np.quantile(values, [0.5 - 0.02, 0.5 + 0.02])
    assert low <= Numbers.of(values).median <= high


def test_only_common_levels_are_named():
    levels = pl.Series("x", ["a"] * 500 + ["b"] * 40 + ["c"] * 15 + [f"d{n}" for n in range(100)])
    summary = Levels.of(level_counts(levels), 0.0)
    assert summary.named == {"a": 500, "b": 40}
    assert sum(summary.others) == 115
    assert len(summary.others) == BUCKETS
    assert summary.counts.sum() == summary.rows == len(levels)


def test_levels_are_compared_in_cells_that_no_count_chooses():
    counts = {"a": 500, "b": 40, "c": 3}
    summary = Levels.of(counts, 0.0)
    cells = summary.comparable(summary.arranged({"a": 10, "b": 20, "c": 30, "e": 40}))
    by_hand = np.zeros(BUCKETS, np.int64)
    for level, rows in {"a": 10, "b": 20, "c": 30, "e": 40}.items():
        by_hand[bucket(level)] += rows
    assert cells.tolist() == by_hand.tolist()
    all_named = Levels.of({"a": 500, "b": 40}, 0.0)
    assert all_named.comparable(all_named.arranged({"b": 1, "e": 2})).tolist() == [0, 1, 2]


@pytest.mark.parametrize("learned", [600, 999])
def test_unseen_rows_are_about_as_many_as_expected(learned):
    """Drawn anew from many rare levels: rows of levels that the first ``learned`` lack."""
    rng = np.random.default_rng(2)
    shares = 1 / np.arange(1, 2_001)
    expected, unseen = [], []
    for _ in range(60):
        rows = rng.choice(2_000, 1_000, p=shares / shares.sum())
        new = rng.choice(2_000, 1_000, p=shares / shares.sum())
        expected.append(expected_unseen(level_counts(pl.Series("x", rows)), learned))
        unseen.append(np.count_nonzero(~np.isin(new, rows[:learned])))
    assert np.mean(unseen) < np.mean(expected) < 1.8 * np.mean(unseen)


def test_dates_are_microseconds_and_texts_lengths():
    dates = pl.Series("d", ["1970-01-02", None]).str.to_datetime(time_unit="us")
    assert as_numbers(dates).tolist() == [86_400e6]
    assert as_numbers(pl.Series("t", ["één", None, ""])).tolist() == [3.0, 0.0]


def test_a_fit_summarises_its_rows_and_its_answers(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    frame = pl.DataFrame(
        {
            "x": pl.Series(x).set(pl.Series(rng.random(300) < 0.1), None),
            "c": rng.choice(["u", "v"], 300),
            "y": np.where(x + rng.normal(size=300) > 0, "yes", "no"),
        }
    )
    model = gradum.fit(frame, "y", model="linear", test=frame[:100], **ONCE)
    reference, frame = model.fitted.reference, pl.concat([frame, frame[:100]])
    assert reference.rows == 400
    assert reference.columns["x"].missing == frame["x"].null_count()
    assert reference.columns["x"].values == Numbers.of(frame["x"].drop_nulls().to_numpy())
    assert reference.target.values.named == dict(frame["y"].value_counts().iter_rows())
    (answer,) = reference.answers
    assert answer.place == 0
    assert reference.same_fit
    assert answer.values.rows == 100
    model.save(tmp_path / "m.gradum")
    assert gradum.load(tmp_path / "m.gradum").fitted.reference == reference


def test_answers_of_other_fits_are_marked():
    rng = np.random.default_rng(4)
    frame = {"x": rng.normal(size=100), "y": rng.normal(size=100)}
    assert not gradum.fit(frame, "y", model="linear", cv=3, **QUICK).fitted.reference.same_fit
