"""Splits: sizes, shares of classes, groups and times, against exact laws."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum.errors import ShapeError, SpecError
from gradum.tables.split import Part, folds, hold_out, straddling_duplicates

seeds = st.integers(0, 2**32)
shares = st.floats(0.05, 0.6)
class_sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6)


def rng(seed=0):
    return np.random.default_rng(seed)


def shuffled_labels(sizes, seed):
    return rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


@settings(deadline=None)
@given(rows=st.integers(3, 300), test=shares, validation=shares, seed=seeds)
def test_plain_parts_have_the_rounded_sizes(rows, test, validation, seed):
    parts = hold_out(rows, test=test, validation=validation, rng=rng(seed))
    assert parts.dtype == np.int8
    tested, validated = (parts == Part.TEST).sum(), (parts == Part.VALIDATION).sum()
    assert set(parts) == {Part.TRAIN, Part.VALIDATION, Part.TEST}
    assert abs(tested - test * rows) < 1
    assert abs(validated - validation * (rows - tested)) < 1


@settings(deadline=None)
@given(sizes=class_sizes, test=st.floats(0.05, 0.5), validation=st.floats(0.05, 0.5), seed=seeds)
def test_class_shares_are_within_a_row_of_exact(sizes, test, validation, seed):
    labels = shuffled_labels(sizes, seed)
    try:
        parts = hold_out(
            len(labels), labels=labels, test=test, validation=validation, rng=rng(seed)
        )
    except SpecError:
        assert max(sizes) < 5
        return
    for code, size in enumerate(sizes):
        mine = parts[labels == code]
        tested, validated = (mine == Part.TEST).sum(), (mine == Part.VALIDATION).sum()
        assert abs(tested - test * size) < 1
        assert abs(validated - validation * (size - tested)) < 1
        assert (mine == Part.TRAIN).any()
        if size >= 5:
            assert tested
            assert validated
    if min(sizes) >= 5:
        assert abs((parts == Part.TEST).sum() - test * len(labels)) < max(1, len(sizes))


def test_remainders_are_shared_so_that_the_total_is_exact():
    labels = np.repeat(np.arange(10), 12)  # a fifth of 12 is 2.4
    parts = hold_out(120, labels=labels, test=0.2, validation=0.0, rng=rng())
    counts = np.bincount(labels[parts == Part.TEST])
    assert counts.sum() == 24
    assert set(counts) == {2, 3}


def test_every_row_is_as_likely_to_be_tested():
    draws = np.array([hold_out(10, test=0.3, validation=0.2, rng=rng(i)) for i in range(4000)])
    for part, share in ((Part.TEST, 0.3), (Part.VALIDATION, 0.1)):
        frequency = (draws == part).mean(axis=0)
        # Five standard deviations of a binomial share.
        np.testing.assert_allclose(frequency, share, atol=5 * np.sqrt(share * (1 - share) / 4000))


@settings(deadline=None, max_examples=60)
@given(
    group_sizes=st.lists(st.integers(1, 30), min_size=3, max_size=40),
    test=shares,
    validation=shares,
    classes=st.integers(1, 4),
    seed=seeds,
)
def test_groups_never_straddle_and_no_part_is_empty(group_sizes, test, validation, classes, seed):
    groups = shuffled_labels(group_sizes, seed)
    labels = rng(seed).integers(0, classes, len(groups))
    parts = hold_out(
        len(groups), labels=labels, groups=groups, test=test, validation=validation, rng=rng(seed)
    )
    assert all(len(set(parts[groups == group])) == 1 for group in range(len(group_sizes)))
    assert set(parts) == {Part.TRAIN, Part.VALIDATION, Part.TEST}


def test_groups_are_balanced_by_rows_and_by_class():
    generator = rng(3)
    groups = generator.integers(0, 400, 6000)
    labels = (generator.random(400) < 0.3).astype(int)[groups]  # a class per group: the hard case
    parts = hold_out(6000, labels=labels, groups=groups, rng=generator)
    for part, share in ((Part.TEST, 0.2), (Part.VALIDATION, 0.16), (Part.TRAIN, 0.64)):
        mine = parts == part
        assert abs(mine.mean() - share) < 0.005
        assert abs(labels[mine].mean() - labels.mean()) < 0.01


@settings(deadline=None)
@given(
    times=st.lists(st.integers(0, 30), min_size=3, max_size=200).filter(lambda t: len(set(t)) > 2),
    test=shares,
    validation=shares,
    seed=seeds,
)
def test_time_runs_from_training_over_validation_to_test(times, test, validation, seed):
    time = np.array(times)
    parts = hold_out(len(time), time=time, test=test, validation=validation, rng=rng(seed))
    train, validated, tested = (time[parts == part] for part in (0, 1, 3))
    assert train.max() < validated.min()
    assert validated.max() < tested.min()


def test_distinct_times_are_cut_where_the_shares_say():
    time = rng(1).permutation(1000)
    parts = hold_out(1000, time=time, test=0.2, validation=0.25, rng=rng())
    np.testing.assert_array_equal(parts, np.where(time < 600, 0, np.where(time < 800, 1, 3)))


def test_dates_are_times():
    time = np.datetime64("2024-01-01") + np.arange(10)
    parts = hold_out(10, time=time, test=0.2, validation=0.0, rng=rng())
    assert parts.tolist() == [0] * 8 + [3] * 2


@settings(deadline=None)
@given(sizes=class_sizes, k=st.integers(2, 6), repeats=st.integers(1, 3), seed=seeds)
def test_folds_test_each_row_once_a_repeat_evenly_by_class(sizes, k, repeats, seed):
    labels = shuffled_labels([size + 2 * k for size in sizes], seed)
    parts = folds(len(labels), k, repeats=repeats, labels=labels, rng=rng(seed))
    assert len(parts) == k * repeats
    tested = np.array(parts).reshape(repeats, k, -1) == Part.TEST
    assert (tested.sum(axis=1) == 1).all()
    assert np.ptp(tested.sum(axis=2)) <= 1
    for code in range(len(sizes)):
        assert np.ptp(tested[:, :, labels == code].sum(axis=2)) <= 1
        assert all((each[labels == code] == Part.TRAIN).any() for each in parts)
    assert all((each == Part.VALIDATION).any() for each in parts)
    if repeats > 1:
        assert not (parts[0] == parts[k]).all() or len(labels) < 10


def test_group_folds_keep_groups_whole():
    groups = rng(0).integers(0, 30, 500)
    parts = folds(500, 5, groups=groups, rng=rng())
    for each in parts:
        assert all(len(set(each[groups == group])) == 1 for group in set(groups))
    assert (np.array([each == Part.TEST for each in parts]).sum(axis=0) == 1).all()


def test_time_folds_are_an_expanding_window():
    time = rng(2).permutation(60)
    parts = folds(60, 5, time=time, validation=0.2, rng=rng())
    assert len(parts) == 5
    for fold, each in enumerate(parts, 1):
        assert set(time[each == Part.TEST]) == set(range(10 * fold, 10 * fold + 10))
        assert set(time[(each == Part.TRAIN) | (each == Part.VALIDATION)]) == set(range(10 * fold))
        assert time[each == Part.TRAIN].max() < time[each == Part.VALIDATION].min()
        assert set(time[each == -1]) == set(range(10 * fold + 10, 60))


@pytest.mark.parametrize("key", ["labels", "groups", None])
def test_same_seed_same_parts(key):
    codes = {key: rng(5).integers(0, 9, 200)} if key else {}
    once, again, other = (hold_out(200, **codes, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    for a, b in zip(
        folds(200, 3, **codes, rng=rng(1)), folds(200, 3, **codes, rng=rng(1)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_a_share_of_zero_leaves_that_part_out():
    assert set(hold_out(50, test=0.0, validation=0.2, rng=rng())) == {0, 1}
    assert set(hold_out(50, test=0.2, validation=0.0, rng=rng())) == {0, 3}
    assert set(hold_out(50, groups=np.arange(50), test=0.0, validation=0.0, rng=rng())) == {0}
    assert set(hold_out(50, time=np.arange(50), test=0.0, validation=0.2, rng=rng())) == {0, 1}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hold_out(2, rng=rng()), "2 rows cannot be divided among 3"),
        (
            lambda: hold_out(9, groups=np.arange(9) % 2, rng=rng()),
            "2 groups cannot be divided among 3",
        ),
        (
            lambda: hold_out(9, time=np.ones(9), rng=rng()),
            "1 distinct time cannot be divided among 3",
        ),
        (lambda: hold_out(9, labels=np.arange(9), rng=rng()), "No row is left for test"),
        (lambda: hold_out(9, test=1.0, rng=rng()), "test share is 1.0"),
        (lambda: hold_out(9, validation=-0.1, rng=rng()), "validation share is -0.1"),
        (lambda: hold_out(9, time=np.arange(9), groups=np.arange(9), rng=rng()), "at once"),
        (
            lambda: hold_out(4, time=np.array([1, np.nan, 2, np.nan]), rng=rng()),
            "time is missing in rows 2, 4",
        ),
        (lambda: folds(9, 1, rng=rng()), "1 folds"),
        (lambda: folds(4, 5, rng=rng()), "4 rows cannot be divided among 5"),
        (
            lambda: folds(9, 5, groups=np.arange(9) % 4, rng=rng()),
            "4 groups cannot be divided among 5",
        ),
        (
            lambda: folds(9, 3, time=np.arange(9) % 3, rng=rng()),
            "3 distinct times cannot be divided among 4",
        ),
    ],
)
def test_impossible_requests_are_explained(call, message):
    with pytest.raises(SpecError, match=message) as caught:
        call()
    assert caught.value.remedy


def test_lengths_must_agree():
    with pytest.raises(ShapeError, match=r"labels have shape \(3,\), the rows \(4,\)"):
        hold_out(4, labels=np.zeros(3), rng=rng())


def brute_force_duplicates(frame, parts):
    rows = [str(row) for row in frame.rows()]
    others = {row for row, part in zip(rows, parts, strict=True) if part not in (Part.TEST, -1)}
    return sum(row in others for row, part in zip(rows, parts, strict=True) if part == Part.TEST)


@settings(deadline=None, max_examples=60)
@given(seed=seeds, rows=st.integers(1, 60))
def test_duplicates_across_parts_are_counted_as_by_hand(seed, rows):
    generator = rng(seed)
    values = [None, float("nan"), 0.0, 1.5]
    frame = pl.DataFrame(
        {
            "number": [values[i] for i in generator.integers(0, 4, rows)],
            "text": [["a", "b", None][i] for i in generator.integers(0, 3, rows)],
        },
        schema={"number": pl.Float64, "text": pl.String},
    )
    parts = generator.choice([-1, 0, 1, 3], rows)
    assert straddling_duplicates(frame, parts) == brute_force_duplicates(frame, parts)


def test_duplicates_of_unused_rows_or_of_test_rows_do_not_count():
    frame = pl.DataFrame({"x": [1, 1, 1, 2, 2]})
    assert straddling_duplicates(frame, np.array([3, 3, -1, 0, 3])) == 1
    assert straddling_duplicates(pl.DataFrame(), np.zeros(0)) == 0
