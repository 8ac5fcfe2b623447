"""Levels and missing values as each library takes them."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality import frames
from benchmarks.quality.split import Split


@pytest.fixture
def split():
    """Levels: a five times, b and c twice, d once; e is met in testing only."""
    train = pd.DataFrame({"c": [*"aaaaa", *"bb", *"cc", "d", None], "x": np.arange(11.0)})
    test = pd.DataFrame({"c": ["a", "c", "d", "e", None], "x": [0.0, np.nan, 1.0, 2.0, 3.0]})
    target = pd.Series(np.arange(11.0))
    return Split(train, test, target, target[:5], ["c"], ["x"], "regression")


def values(column):
    return [None if pd.isna(value) else value for value in column]


def test_categories_are_those_of_training(split):
    train, test = frames.categories(split)
    assert train["c"].cat.categories.tolist() == test["c"].cat.categories.tolist() == [*"abcd"]
    assert values(train["c"]) == values(split.train["c"])
    assert values(test["c"]) == ["a", "c", "d", None, None]
    assert split.test["c"].tolist()[3] == "e"  # the split itself is as it was


def test_of_many_categories_the_rarest_are_left_together(split):
    train, test = frames.few_categories(split, 3)
    assert train["c"].cat.categories.tolist() == ["a", "b", "__rare__"]
    assert values(train["c"]) == [*"aaaaabb", *["__rare__"] * 3, None]
    assert values(test["c"]) == ["a", "__rare__", "__rare__", None, None]


def test_few_categories_are_left_as_they_are(split):
    for found, whole in zip(frames.few_categories(split, 4), frames.categories(split), strict=True):
        pd.testing.assert_frame_equal(found, whole)


def test_numbered_columns_are_the_categories_under_plain_names(split):
    for found, whole in zip(
        frames.numbered_categories(split), frames.categories(split), strict=True
    ):
        assert found.columns.tolist() == ["c0", "c1"]
        pd.testing.assert_frame_equal(found.set_axis(whole.columns, axis=1), whole)


def test_ordinal_numbers_levels_and_leaves_numbers_as_they_are(split):
    train, test = frames.strings(split)
    step = frames.ordinal(split).fit(train)
    # Levels in order: __na__, a, b, c, d; e is new.
    np.testing.assert_array_equal(step.transform(test)[:, 1], [1, 3, 4, -1, 0])
    np.testing.assert_array_equal(step.transform(test)[:, 0], split.test["x"])


def test_strings_have_missing_as_a_level(split):
    train, test = frames.strings(split)
    assert values(train["c"])[-2:] == ["d", "__na__"]
    assert values(test["c"]) == ["a", "c", "d", "e", "__na__"]


def test_strings_or_none_keep_missing_as_none(split):
    split.test["c"] = [1, 2, 3, None, 5]  # levels that are numbers
    train, test = frames.strings_or_none(split)
    assert train["c"].tolist() == [*"aaaaabbccd", None]
    assert test["c"].tolist() == ["1.0", "2.0", "3.0", None, "5.0"]
    assert np.isnan(test["x"][1])


def test_missing_numbers_are_filled_by_the_mean_and_told(split):
    train, test = frames.filled_categories(split)
    assert test["x"].tolist() == [0.0, 5.0, 1.0, 2.0, 3.0]
    assert test["x__na"].tolist() == [0, 1, 0, 0, 0]
    assert train["x__na"].sum() == 0


def test_one_hot_scales_numbers_and_leaves_levels_met_once_together(split):
    train, test = frames.strings(split)
    step = frames.one_hot(split)
    # The number; a, b, c, and the levels met once, the missing among them.
    assert step.fit_transform(train).shape == (11, 1 + 4)
    assert step.transform(test).shape == (5, 1 + 4)
