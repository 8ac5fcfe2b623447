"""The alarm of rare classes, with their judged rows."""

import numpy as np
import polars as pl
import pytest
from alarm_tables import planned

from gradum.run.alarms.rare_class import rare_classes
from gradum.tables.split import Part
from synthetic import task


def table(counts, seed=0):
    y = np.random.default_rng(seed).permutation(np.repeat(list(counts), list(counts.values())))
    x = np.random.default_rng(seed + 1).normal(size=len(y))
    return pl.DataFrame({"x": x, "y": y})


def test_rare_classes_are_listed_with_their_judged_rows():
    dataset, plan = planned(table({"a": 1500, "b": 30, "c": 12, "d": 400}), "y")
    judged = dataset.target[plan.kept == Part.TEST]
    (alarm,) = rare_classes(dataset, plan)
    assert f"'c' ({np.sum(judged == 2)}), 'b' ({np.sum(judged == 1)})" in alarm.sentence
    assert "'a'" not in alarm.sentence
    assert "'d'" not in alarm.sentence
    assert "--cv 5" in alarm.sentence
    assert (alarm.kind, alarm.columns) == ("rare class", ("y",))


@pytest.mark.parametrize(("rare", "expected"), [(9, 1), (10, 0)])
def test_under_cross_validation_every_row_judges(rare, expected):
    found = rare_classes(*planned(table({"a": 200, "b": rare}), "y"))
    assert len(found) == expected
    assert all("--cv" not in alarm.sentence and "'b' (9)" in alarm.sentence for alarm in found)


def test_a_class_that_the_test_file_lacks_is_named():
    frame = table({"a": 300, "b": 300})
    dataset, plan = planned(frame, "y", test=frame.filter(pl.col("y") == "a"))
    (alarm,) = rare_classes(dataset, plan)
    assert "'b' (0)" in alarm.sentence
    assert "--cv" not in alarm.sentence


def test_many_rare_classes_are_not_all_listed():
    frame = table({f"class {k}": 20 for k in range(60)})
    (alarm,) = rare_classes(*planned(frame, "y"))
    assert "and 52 more" in alarm.sentence


def test_numbers_and_common_classes_raise_no_alarm():
    for target in ("amount", "label", "grade"):
        for seed in range(3):
            assert rare_classes(*planned(task(target, 400, seed), target)) == ()
