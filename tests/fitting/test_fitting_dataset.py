import numpy as np
import polars as pl
import pytest

from gradum.errors import SchemaError, TargetError
from gradum.fitting.dataset import FEWEST_ROWS, join, labelled, require_enough
from gradum.tables.schema import Overrides, infer
from gradum.tables.table import Table


def frame(rows=30):
    return pl.DataFrame(
        {
            "x": np.linspace(0, 1, rows),
            "g": [f"g{k // 3}" for k in range(rows)],
            "w": np.linspace(1, 2, rows),
            "y": np.linspace(5, 6, rows) ** 2,
        }
    )


def made(table, schema=None, **overrides):
    table = Table(table, "made.csv")
    return labelled(table, schema or infer(table, target="y", overrides=Overrides(**overrides)))


def test_rows_without_a_target_are_left_out_and_the_others_keep_their_numbers():
    holed = frame().with_columns(
        y=pl.when(pl.int_range(30).is_in([3, 17])).then(None).otherwise("y")
    )
    dataset = made(holed)
    assert dataset.numbers.tolist() == [k for k in range(30) if k not in (3, 17)]
    np.testing.assert_array_equal(dataset.target, frame()["y"].to_numpy()[dataset.numbers])
    assert dataset.notes == ("Left out: 2 rows without a target.",)


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    weightless = frame().with_columns(w=pl.when(pl.int_range(30) < 5).then(0.0).otherwise("w"))
    dataset = made(weightless, weight="w")
    assert dataset.numbers.tolist() == list(range(5, 30))
    np.testing.assert_array_equal(dataset.weight, frame()["w"].to_numpy()[5:])
    assert dataset.notes == ("Left out: 5 rows of weight 0.",)


def test_a_table_without_any_target_is_refused():
    schema = made(frame()).schema
    with pytest.raises(TargetError, match=r"made\.csv has only rows without a target"):
        made(frame().with_columns(y=pl.lit(None, pl.Float64)), schema)


def test_too_few_rows_are_refused_with_their_number():
    require_enough(made(frame(FEWEST_ROWS)))
    with pytest.raises(TargetError, match=f"has {FEWEST_ROWS - 1} rows.*at least {FEWEST_ROWS}"):
        require_enough(made(frame(FEWEST_ROWS - 1)))


def test_a_test_file_comes_after_the_tables_own_rows():
    dataset = made(frame(), group="g")
    both = join(dataset, made(frame(6), dataset.schema))
    assert (len(both), both.own_rows) == (36, 30)
    assert both.numbers.tolist() == [*range(30), *range(6)]
    assert both.split_keys["groups"].shape == (30,)
    assert both.truth.groups.shape == (36,)


def test_a_test_file_without_the_group_column_is_refused_by_name():
    dataset = made(frame(), group="g", weight="w")
    with pytest.raises(SchemaError, match="lacks the column 'g', 'w'"):
        join(dataset, made(frame(6).drop("g", "w"), dataset.schema))
