"""The rows with a target: numbers kept, weights of 0 left out, and tables refused."""

import numpy as np
import polars as pl
import pytest

from gradum.errors import ColumnError, SchemaError, SpecError, TargetError
from gradum.run.dataset import (
    FEWEST_ROWS,
    join,
    labelled,
    require_enough,
    without_rare_classes,
)
from gradum.tables.schema.schema import Overrides, infer
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
    with pytest.raises(
        TargetError, match=f"has {FEWEST_ROWS - 1} rows to learn.*at least {FEWEST_ROWS}"
    ):
        require_enough(made(frame(FEWEST_ROWS - 1)))


def classes(*counts):
    """Rows of the labels a, b, c, …, as many of each as are asked for."""
    labels = [label for label, count in zip("abcdef", counts, strict=False) for _ in range(count)]
    return frame(len(labels)).with_columns(y=pl.Series(labels))


def test_a_class_with_fewer_than_three_rows_is_refused_with_the_remedy():
    require_enough(made(classes(12, 12, 3)))
    with pytest.raises(TargetError, match=r"1 class with fewer than 3 rows: 'c' \(2\)\.") as caught:
        require_enough(made(classes(12, 12, 2)))
    assert "--drop-rare-classes" in caught.value.remedy
    with pytest.raises(TargetError, match=r"2 classes .*: 'c' \(2\), 'd' \(1\)\."):
        require_enough(made(classes(12, 12, 2, 1)))
    with pytest.raises(TargetError, match="task regression if they are quantities"):
        require_enough(made(frame(41).with_columns(y=pl.Series([0, 1] * 10 + [2] * 20 + [9]))))


def test_a_class_of_a_schema_that_no_row_has_is_refused_as_well():
    schema = made(classes(12, 12, 3)).schema
    with pytest.raises(TargetError, match=r"1 class with fewer than 3 rows: 'c' \(0\)"):
        require_enough(made(classes(12, 12), schema))


def test_where_dropping_rare_classes_would_leave_one_it_is_not_advised():
    for dataset in (made(classes(28, 2)), made(classes(28, 1, 1, 1))):
        with pytest.raises(TargetError, match="Add rows of them, or choose another target"):
            require_enough(dataset)
        with pytest.raises(TargetError, match="Add rows of them, or choose another target"):
            without_rare_classes(dataset)


def test_rows_of_weight_zero_do_not_make_a_class():
    weightless = classes(12, 12, 4).with_columns(
        w=pl.when(pl.int_range(28) >= 26).then(0.0).otherwise("w")
    )
    with pytest.raises(TargetError, match=r"'c' \(2\)"):
        require_enough(made(weightless, weight="w"))


def test_rare_classes_are_left_out_counted_and_named():
    table = classes(12, 2, 12, 1, 12)
    dataset = without_rare_classes(made(table))
    assert dataset.classes == ("a", "c", "e")
    assert dataset.schema.target.left_out == ("b", "d")
    assert dataset.schema.target.task == "multiclass"
    common = [k for k, label in enumerate(table["y"]) if label in "ace"]
    assert dataset.numbers.tolist() == common
    assert [dataset.classes[code] for code in dataset.target] == table["y"][common].to_list()
    assert dataset.notes == ("Left out: 3 rows of classes too rare to learn: 'b' (2), 'd' (1).",)
    assert without_rare_classes(dataset) is dataset


def test_two_remaining_classes_are_a_task_of_two():
    target = without_rare_classes(made(classes(12, 12, 1))).schema.target
    assert (target.task, target.classes) == ("binary", ("a", "b"))


def test_numbers_and_booleans_as_labels_can_be_left_out():
    rare = frame(32).with_columns(y=pl.Series([3] * 15 + [4] * 15 + [5] * 2))
    dataset = without_rare_classes(made(rare))
    assert (dataset.classes, dataset.schema.target.left_out) == ((3, 4), (5,))
    assert len(dataset) == 30


def test_rows_of_a_class_left_out_are_left_out_of_a_test_file_too():
    dataset = without_rare_classes(made(classes(12, 12, 2)))
    both = join(dataset, made(classes(2, 2, 1), dataset.schema))
    assert (both.own_rows, len(both)) == (24, 28)
    assert both.notes[1:] == ("Test file: Left out: 1 row of classes too rare to learn: 'c' (1).",)
    with pytest.raises(TargetError, match=r"labels that training never saw in row 25: 'd'"):
        made(classes(12, 12, 0, 1), dataset.schema)


def test_a_number_has_no_rare_classes():
    with pytest.raises(SpecError, match="no classes to leave out"):
        without_rare_classes(made(frame()))


def test_rows_keep_their_numbers_in_what_is_refused_after_others_were_left_out():
    holed = frame().with_columns(
        y=pl.when(pl.int_range(30) < 4).then(None).otherwise("y"),
        w=pl.when(pl.int_range(30) == 9).then(-1.0).otherwise("w"),
    )
    with pytest.raises(
        ColumnError, match=r"Weight column 'w' of made\.csv is negative in row 10\."
    ):
        made(holed, weight="w")
    holed = holed.with_columns(g=pl.when(pl.int_range(30) == 20).then(None).otherwise("g"))
    with pytest.raises(ColumnError, match=r"Group column 'g' .* in row 21\."):
        made(holed.with_columns(w=1.0), group="g")


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
