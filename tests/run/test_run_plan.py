"""The plan of a run: columns that cannot split it, and classes that some fits lack."""

import polars as pl
import pytest

import gradum
from gradum.errors import SpecError
from gradum.run.dataset import labelled
from gradum.run.plan import make_plan
from gradum.run.spec.spec import Spec, SplitSpec
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.split import Part
from gradum.tables.table import Table

ROWS = 60
ONCE = SplitSpec(small_table_rows=0)


def planned(split=ONCE, label=None, **columns):
    frame = pl.DataFrame(
        {
            "x": [k * 1.5 for k in range(ROWS)],
            "y": [label(k) if label else "ab"[k % 2] for k in range(ROWS)],
            **{name: [value(k) for k in range(ROWS)] for name, value in columns.items()},
        }
    )
    roles = Overrides(**{{"g": "group", "t": "time"}[name]: name for name in columns})
    table = Table(frame, "made.csv")
    dataset = labelled(table, infer(table, target="y", overrides=roles))
    return dataset, make_plan(Spec("y", overrides=roles, split=split), dataset)


def test_only_few_rows_are_cross_validated_again():
    for below, folds in ((ROWS + 1, 10), (ROWS, 5)):
        dataset, plan = planned(SplitSpec(repeated_below_rows=below))
        assert len(plan.folds) == folds
        judged = sum((parts == Part.TEST).astype(int) for parts in plan.folds)
        assert judged.tolist() == [folds // 5] * len(dataset)
        assert ("2 times over" in plan.how) == (folds == 10)


@pytest.mark.parametrize(
    ("column", "few", "said"),
    [("g", lambda k: f"g{k % 2}", "2 groups"), ("t", lambda k: 2020 + k % 2, "2 distinct times")],
)
def test_a_column_with_too_few_values_to_split_by_is_named(column, few, said):
    role = {"g": "group", "t": "time"}[column]
    with pytest.raises(SpecError, match=rf"Column '{column}' \(--{role}\).*: {said} cannot"):
        planned(**{column: few})


def test_a_group_and_a_time_are_refused_together():
    frame = {name: [step * k % 17 for k in range(ROWS)] for step, name in enumerate("xygt", 1)}
    with pytest.raises(SpecError, match=r"^Rows cannot be split .*Leave out --group or --time"):
        gradum.fit(frame, "y", group="g", time="t")


def test_a_class_that_comes_too_late_to_be_learned_is_said():
    dataset, plan = planned(t=lambda k: k, label=lambda k: "c" if k >= 55 else "ab"[k % 2])
    learned = {
        dataset.classes[code]
        for code, part in zip(dataset.target, plan.kept, strict=True)
        if part in (Part.TRAIN, Part.VALIDATION)
    }
    assert learned == {"a", "b"}
    assert plan.how.endswith("No row learned from is of class 'c', so it is never predicted.")


def test_fits_that_lack_a_class_are_counted():
    _, plan = planned(SplitSpec(folds=3), t=lambda k: k, label=lambda k: "a" if k < 40 else "b")
    assert plan.how.endswith(" In 2 of 3 fits the rows learned from lack a class.")


def test_in_chinese_clauses_and_sentences_follow_each_other_without_a_space():
    with gradum.language("zh"):
        _, plan = planned(SplitSpec(folds=3), t=lambda k: k, label=lambda k: "ab"[k >= 40])
    assert plan.how == (
        "用 3 折交叉验证评判，评判用的行都晚于训练用的行（只有 60 行时，单次留出说明不了多少）；"
        "保留的模型用所有行拟合。3 次拟合中有 2 次，学习用的行缺少某个类别。"
    )


def test_nothing_is_said_where_every_class_is_learned():
    for split in (ONCE, SplitSpec(folds=3)):
        _, plan = planned(split)
        assert "class" not in plan.how
