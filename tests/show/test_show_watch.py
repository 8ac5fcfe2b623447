"""The text of a watch: all columns that have drifted, and the ten nearest to it."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.show.watch import Watch
from gradum.study.watch.watched import MissingShare
from synthetic import ONCE


@pytest.fixture(scope="module")
def watch():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"x": rng.normal(size=200), "target": rng.normal(size=200)})
    model = gradum.fit(table, "target", model="linear", **ONCE)
    return model.watch(table.head(100))


def with_columns(watch, count, drifted):
    """Return a watch of many columns, the p-value of column ``n`` being n / 100."""
    (column,) = watch.found.columns
    columns = [
        structs.replace(
            column,
            column=f"column {number}.",
            p=number / 100,
            missing=MissingShare(0.0, 0.0, None),
            drifted=number in drifted,
        )
        for number in np.random.default_rng(1).permutation(count).tolist()
    ]
    return Watch(structs.replace(watch.found, columns=tuple(columns)), watch.fitted, "new.csv")


def test_all_that_drifted_and_the_nearest_ten_are_shown(watch):
    many = with_columns(watch, 60, {0, 1, 30})
    text = many.summary()
    shown = [number for number in range(60) if f"column {number}." in text]
    assert shown == [*range(12), 30]
    assert "47 more columns show no drift." in text
    assert len(many.frame) == 60
    assert all(f"column {number}." in many.page() for number in range(60))


def test_few_columns_are_all_shown(watch):
    text = with_columns(watch, 10, set()).summary()
    assert all(f"column {number}." in text for number in range(10))
    assert "more column" not in text
