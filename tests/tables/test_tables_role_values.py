"""The target, weights, groups and times of a checked table."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.tables.mixed_table import FRAME, SCHEMA, N

from gradum.errors import ColumnError, TargetError
from gradum.tables.check.check import check
from gradum.tables.check.role_values import group_values, target_values, time_values, weight_values
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.sources.read import read


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
