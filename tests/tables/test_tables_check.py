import datetime as dt
from dataclasses import dataclass

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest

from gradum.errors import ColumnError, SchemaError, TargetError
from gradum.tables.check import check, group_values, target_values, time_values, weight_values
from gradum.tables.encode import Encoder
from gradum.tables.schema import Overrides, Parse, infer
from gradum.tables.sources.read import read

N = 40
FRAME = pl.DataFrame(
    {
        "count": [3, 5, 7, 90] * 10,
        "size": np.linspace(0.5, 9.5, N),
        "colour": ["red", "green", None, "blue"] * 10,
        "smoker": [True, False] * 20,
        "day": [dt.datetime(2020, 1, 1), dt.datetime(2021, 6, 30)] * 20,
        "note": [f"this is row number {i} of it" for i in range(N)],
        "same": ["x"] * N,
        "y": ["no", "yes"] * 20,
    }
)
SCHEMA = infer(read(FRAME), target="y")
TYPES = {
    "count": pl.Float32,  # which holds whole numbers of this size
    "size": pl.Float64,
    "colour": pl.String,
    "smoker": pl.Boolean,
    "day": pl.Datetime("us"),
    "note": pl.String,
    "y": pl.String,
}


@dataclass
class Memory:
    """What an encoder remembers of training."""

    levels: dict
    ranges: dict

    @property
    def known(self):
        return {name: pl.Series(levels).implode() for name, levels in self.levels.items()}


def kinds(checked):
    return [(difference.column, difference.kind) for difference in checked.differences]


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
    assert kinds(checked) == [("more", "extra column")]
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


def test_single_values_of_another_kind_become_missing_and_are_said():
    texts = FRAME["size"].cast(pl.String).to_list()
    texts[4], texts[9], texts[10] = "big", "inf", "NA"
    checked = check(read(FRAME.with_columns(pl.Series("size", texts))), SCHEMA)
    wrong, missing = checked.differences
    assert (wrong.column, wrong.kind, wrong.count, wrong.rows) == ("size", "wrong kind", 2, (5, 10))
    assert "'big', 'inf'" in wrong.sentence
    assert (missing.kind, missing.count, missing.rows) == ("new missing", 3, (5, 10, 11))
    assert checked.frame["size"].null_count() == 3


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
    assert [step.holds(moment) for moment in rows] == [False, True, True, False]


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


def test_labels_that_training_never_saw_are_refused():
    labels = FRAME["y"].to_list()
    labels[6] = "maybe"
    checked = check(read(FRAME.with_columns(pl.Series("y", labels))), SCHEMA)
    with pytest.raises(TargetError, match="row 7: 'maybe'"):
        target_values(checked)
    with pytest.raises(TargetError, match="no column 'y'"):
        target_values(check(read(FRAME.drop("y")), SCHEMA))
    with pytest.raises(TargetError, match="no column that is the target"):
        target_values(check(read(FRAME), infer(read(FRAME))))


def test_labels_match_across_types(tmp_path):
    for labels in ([1, 2], [1.0, 2.0], [True, False], ["a", "b"]):
        frame = FRAME.with_columns(pl.Series("y", labels * 20))
        schema = infer(read(frame), target="y")
        frame.write_csv(tmp_path / "t.csv")
        codes = target_values(check(read(frame), schema))
        assert np.array_equal(target_values(check(read(tmp_path / "t.csv"), schema)), codes)
        assert [schema.target.classes[code] for code in codes] == labels * 20


def roles(frame, **options):
    return check(read(frame), infer(read(FRAME), overrides=Overrides(**options)))


def test_weights_groups_and_times_come_as_arrays():
    assert np.array_equal(weight_values(roles(FRAME, weight="size")), FRAME["size"])
    groups = group_values(roles(FRAME, group="smoker"))
    assert groups.dtype == np.int64
    assert set(groups) == {0, 1}
    assert len(set(zip(groups, FRAME["smoker"], strict=True))) == 2
    times = time_values(roles(FRAME, time="day"))
    epoch = pd.to_datetime(FRAME["day"].to_numpy()).astype("datetime64[us]").astype(np.int64)
    assert np.array_equal(times, epoch)
    assert np.array_equal(time_values(roles(FRAME, time="count")), FRAME["count"])
    checked = check(read(FRAME), SCHEMA)
    assert weight_values(checked) is group_values(checked) is time_values(checked) is None


def test_a_prediction_needs_no_weight_group_or_time():
    checked = roles(FRAME.drop("size", "smoker"), weight="size", group="smoker")
    assert weight_values(checked) is None
    assert group_values(checked) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, -2.0, 3.0, -0.5] * 10, "negative in rows 2, 4, 6, 8, 10 and 15 more"),
        ([0.0] * N, "0 in every row"),
        ([None, *[1.0] * (N - 1)], "no usable value in row 1"),
        ([*[1.0] * (N - 1), np.inf], "no usable value in row 40"),
    ],
)
def test_weights_that_make_no_sense_are_refused(values, words):
    checked = roles(FRAME.with_columns(pl.Series("size", values, strict=False)), weight="size")
    with pytest.raises(ColumnError, match=words):
        weight_values(checked)


def test_rows_without_group_or_time_are_refused():
    with pytest.raises(ColumnError, match=r"Group column 'colour'.*rows 3, 7"):
        group_values(roles(FRAME, group="colour"))
    frame = FRAME.with_columns(day=pl.when(pl.col("count") > 7).then(None).otherwise("day"))
    with pytest.raises(ColumnError, match=r"Time column 'day'.*rows 4, 8"):
        time_values(roles(frame, time="day"))
