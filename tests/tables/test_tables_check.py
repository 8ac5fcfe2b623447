"""The door of a table: typed columns of the schema, and refusals."""

import datetime as dt

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.tables.mixed_table import FRAME, SCHEMA, N

from gradum.errors import SchemaError
from gradum.tables.check.check import check
from gradum.tables.schema.schema import Overrides, Parse, infer
from gradum.tables.sources.read import read

TYPES = {
    "count": pl.Float32,  # which holds whole numbers of this size
    "size": pl.Float64,
    "colour": pl.String,
    "smoker": pl.Boolean,
    "day": pl.Datetime("us"),
    "note": pl.String,
    "y": pl.String,
}


def test_the_typed_frame_holds_the_columns_in_use_in_the_schemas_order():
    checked = check(read(FRAME), SCHEMA)
    assert dict(checked.frame.schema) == TYPES
    assert checked.frame.columns == list(TYPES)
    assert checked.differences == ()
    assert checked.frame["count"].to_list() == [3.0, 5.0, 7.0, 90.0] * 10
    assert checked.frame["note"].equals(FRAME["note"])


def test_the_same_table_in_any_clothing_gives_the_same_frame(tmp_path):
    """Text, strings, objects, other number types, other order, extra and padded columns."""
    expected = check(read(FRAME), SCHEMA).frame
    FRAME.write_csv(tmp_path / "t.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    clothings = [
        tmp_path / "t.csv",
        FRAME.to_pandas(),
        FRAME.to_dicts(),
        FRAME.select(reversed(FRAME.columns)),
        FRAME.with_columns(pl.col("count").cast(pl.Float32), extra=1),
        FRAME.with_columns(pl.col("count", "size").cast(pl.String)),
        FRAME.with_columns(pl.format(" {} ", pl.col("count")).alias("count")),
        FRAME.with_columns(pl.col("colour").cast(pl.Categorical)),
        FRAME.with_columns(pl.col("smoker").cast(pl.Int8)),
        FRAME.with_columns(pl.col("smoker").replace_strict([True, False], ["YES", "n"])),
        FRAME.with_columns(pl.col("colour").fill_null("NA")),
        FRAME.with_columns(pl.col("day").dt.strftime("%d.%m.%Y")),
        FRAME.with_columns(pl.col("day").cast(pl.Date)),
        FRAME.with_columns(pl.col("day").dt.replace_time_zone("UTC")),
    ]
    for clothing in clothings:
        assert check(read(clothing), SCHEMA).frame.equals(expected)


def test_one_row_at_a_time_gives_the_same_rows():
    expected = check(read(FRAME), SCHEMA).frame
    for row, record in enumerate(FRAME.drop("y", "same").to_dicts()):
        frame = check(read(record), SCHEMA).frame
        assert frame.row(0) == expected.drop("y").row(row)


def test_unused_columns_may_be_absent_and_extra_ones_are_said():
    checked = check(read(FRAME.drop("same", "y").with_columns(more=1)), SCHEMA)
    (extra,) = checked.differences
    assert (extra.column, extra.kind) == ("more", "extra column")
    assert "y" not in checked.frame.columns


def test_missing_columns_are_refused_with_the_nearest_names():
    with pytest.raises(SchemaError, match=r"'size'.*Rename 'Size' to 'size'"):
        check(read(FRAME.rename({"size": "Size"})), SCHEMA)
    with pytest.raises(SchemaError, match="2 columns 'count', 'colour'"):
        check(read(FRAME.drop("count", "colour")), SCHEMA)
    with pytest.raises(SchemaError, match="'y'"):
        check(read(FRAME.drop("y")), SCHEMA, require_target=True)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("size", ["big"] * N, "should hold numbers, but holds 'big'"),
        ("smoker", ["often"] * N, "should hold yes or no"),
        ("day", ["monday"] * N, "should hold dates"),
        ("size", [dt.date(2020, 1, 1)] * N, "should hold numbers"),
    ],
)
def test_a_feature_wholly_of_another_kind_is_refused(column, values, words):
    table = read(FRAME.with_columns(pl.Series(column, values)))
    with pytest.raises(SchemaError, match=words) as caught:
        check(table, SCHEMA)
    assert repr(column) in str(caught.value)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pl.Series([1.5, None, -3.0], dtype=pl.Float32), pl.Float32),
        (pl.Series([1.5, float("nan"), float("inf")], dtype=pl.Float32), pl.Float32),
        (pl.Series([1.5, None, 2.0**-149]), pl.Float32),
        (pl.Series([2**24, None, 2**24 + 2]), pl.Float32),
        (pl.Series([2**24, None, 2**24 + 1]), pl.Float64),
        (pl.Series([0.5, None, 0.1]), pl.Float64),
        (pl.Series(["0.5", None, "1e39"]), pl.Float32),  # which is taken as missing
    ],
)
def test_a_number_is_kept_in_float32_where_that_loses_nothing(values, dtype):
    frame = pl.DataFrame({"x": pl.concat([values] * 8), "y": np.arange(24) % 2})
    schema = infer(read(frame), target="y", overrides=Overrides(numeric=("x",)))
    kept, wide = (check(read(frame), schema, block=block).frame["x"] for block in (False, True))
    assert (kept.dtype, wide.dtype) == (dtype, pl.Float64)
    assert kept.cast(pl.Float64).equals(wide)


def test_markers_that_the_user_adds_are_missing():
    columns = [
        msgspec.structs.replace(column, parse=Parse(missing=("3", "red")))
        if column.name in ("count", "colour")
        else column
        for column in SCHEMA.columns
    ]
    checked = check(read(FRAME), msgspec.structs.replace(SCHEMA, columns=tuple(columns)))
    assert checked.frame["count"].to_list() == [None, 5.0, 7.0, 90.0] * 10
    assert checked.frame["colour"].to_list() == [None, "green", None, "blue"] * 10


def test_whole_levels_match_across_types():
    schema = infer(read(FRAME), overrides=Overrides(categorical=("count",)))
    for dtype in (pl.Int64, pl.Float64, pl.String):
        frame = FRAME.with_columns(pl.col("count").cast(dtype))
        values = check(read(frame), schema).frame["count"]
        assert values.to_list() == ["3", "5", "7", "90"] * 10
    floats = FRAME.with_columns(pl.col("count").cast(pl.Float64).cast(pl.String))
    assert check(read(floats), schema).frame["count"][0] == "3"
