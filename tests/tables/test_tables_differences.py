"""Differences from the rows learned from, counted and named."""

import datetime as dt
from dataclasses import dataclass

import polars as pl
import pytest
from tests.tables.mixed_table import FRAME, SCHEMA, N

from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.sources.read import read


@dataclass
class Memory:
    """What an encoder remembers of training."""

    levels: dict
    ranges: dict

    @property
    def known(self):
        return {name: pl.Enum(levels) for name, levels in self.levels.items()}


def kinds(checked):
    return [(difference.column, difference.kind) for difference in checked.differences]


def test_single_values_of_another_kind_become_missing_and_are_said():
    texts = FRAME["size"].cast(pl.String).to_list()
    texts[4], texts[9], texts[10] = "big", "inf", "NA"
    checked = check(read(FRAME.with_columns(pl.Series("size", texts))), SCHEMA)
    wrong, missing = checked.differences
    assert (wrong.column, wrong.kind, wrong.count, wrong.rows) == ("size", "wrong kind", 2, (5, 10))
    assert "'big', 'inf'" in wrong.sentence
    assert (missing.kind, missing.count, missing.rows) == ("new missing", 3, (5, 10, 11))
    assert checked.frame["size"].null_count() == 3


def test_new_missing_values_are_said_only_where_training_had_none():
    table = read(FRAME.with_columns(colour=pl.lit(None, pl.String), count=pl.lit(None)))
    checked = check(table, SCHEMA)
    assert kinds(checked) == [("count", "new missing")]
    assert checked.differences[0].count == N
    assert checked.frame["count"].dtype == pl.Float32


def test_unseen_levels_and_values_out_of_range_are_counted():
    memory = Memory({"colour": ("red", "green")}, {"size": (1.0, 9.0), "count": (3, 90)})
    checked = check(read(FRAME), SCHEMA, encoder=memory)
    outside = (FRAME["size"] < 1) | (FRAME["size"] > 9)
    size, colour = checked.differences
    assert (size.column, size.kind, size.count) == ("size", "out of range", outside.sum())
    assert size.rows == tuple(outside.arg_true().head(5) + 1)
    assert (colour.column, colour.kind, colour.count) == ("colour", "unseen levels", 10)
    assert colour.rows == (4, 8, 12, 16, 20)
    assert "'blue'" in colour.sentence


def test_dates_out_of_range_are_counted_to_the_microsecond_and_named():
    encoder = Encoder.fit(check(read(FRAME), SCHEMA).frame, SCHEMA)
    later = dt.datetime(2021, 6, 30, 0, 0, 0, 1)
    rows = [later, dt.datetime(2021, 6, 30), dt.datetime(2020, 1, 1), dt.datetime(2019, 12, 31)]
    checked = check(read(FRAME[:4].with_columns(day=pl.Series(rows))), SCHEMA, encoder=encoder)
    (difference,) = checked.differences
    assert (difference.column, difference.kind, difference.count) == ("day", "out of range", 2)
    assert difference.sentence == (
        "Column 'day' ranged from 2020-01-01 to 2021-06-30 in training; rows 1, 4 are outside."
    )
    step = next(step for step in encoder.steps if step.source == "day")
    assert [step.holds(step.counted_once(moment)) for moment in rows] == [False, True, True, False]


@pytest.mark.parametrize("text", ["green", " green", "NA", None, "lilac"])
def test_a_column_of_known_levels_is_read_as_one_of_others_is(text):
    memory = Memory({"colour": tuple(FRAME["colour"].drop_nulls().unique())}, {})
    table = read(FRAME.with_columns(colour=pl.Series([text, *FRAME["colour"][1:]])))
    checked, expected = check(table, SCHEMA, encoder=memory), check(table, SCHEMA)
    assert checked.frame.equals(expected.frame)
    unseen = [("colour", "unseen levels")] if text == "lilac" else []
    assert kinds(checked) == kinds(expected) + unseen
