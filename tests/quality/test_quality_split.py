"""The protocol: the same rows as scikit-learn's own split of the same table gives."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality import split as module
from benchmarks.quality.sets import Suite, Table
from benchmarks.quality.split import Split
from sklearn.model_selection import train_test_split

from gradum.errors import ColumnError, TargetError


def divided(folder, name, **options):
    return Split.of(folder, Suite.read(folder).tables[name], **{"seed": 0, "rows": 4000, **options})


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["two", "number"])
def test_rows_are_those_of_scikit_learn(folder, tables, name, seed):
    frame = tables[name]
    strata = frame["y"] if name == "two" else None
    train, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=strata)
    split = divided(folder, name, seed=seed)
    np.testing.assert_array_equal(split.train["x"], train["x"])
    np.testing.assert_array_equal(split.test["x"], test["x"])
    assert split.train_target.tolist() == train["y"].tolist()
    assert split.test_target.tolist() == test["y"].tolist()
    assert split.regression == (name == "number")


@pytest.mark.parametrize("name", ["two", "number"])
def test_training_rows_are_capped_by_a_second_draw(folder, tables, name):
    frame = tables[name]
    strata = frame["y"] if name == "two" else None
    train, test = train_test_split(frame, test_size=0.2, random_state=3, stratify=strata)
    strata = train["y"] if name == "two" else None
    train, _ = train_test_split(train, train_size=30, random_state=3, stratify=strata)
    split = divided(folder, name, seed=3, rows=30)
    np.testing.assert_array_equal(split.train["x"], train["x"])
    np.testing.assert_array_equal(split.test["x"], test["x"])


def test_test_rows_are_capped_to_the_first(folder, monkeypatch):
    whole = divided(folder, "two")
    monkeypatch.setattr(module, "MOST_TEST_ROWS", 10)
    assert divided(folder, "two").test.index.tolist() == whole.test.index[:10].tolist()


def test_rows_without_a_target_and_rare_classes_go(folder, tables):
    split = divided(folder, "three")
    assert split.classes.tolist() == ["0.0", "1.0", "2.0"]
    kept = len(tables["three"]) - 4 - 3
    assert len(split.train) + len(split.test) == kept
    assert len(split.test) == np.ceil(0.2 * kept)


def test_a_class_that_was_not_drawn_for_training_is_not_tested_on(tmp_path, monkeypatch):
    target = np.repeat(["a", "b", "c"], [20, 20, 10])
    pd.DataFrame({"x": np.arange(50.0), "y": target}).to_parquet(tmp_path / "t.parquet")

    def in_order(rows, *, test_size=None, train_size=None, **_):
        first = train_size or round(len(rows) * (1 - test_size))
        return (
            (rows[:first], rows[first:]) if train_size else (rows[: first + 1], rows[first - 5 :])
        )

    monkeypatch.setattr(module, "train_test_split", in_order)
    split = Split.of(tmp_path, Table("t.parquet", "y", "multiclass"), seed=0, rows=38)
    assert split.classes.tolist() == ["a", "b"]
    assert split.test_target.tolist() == ["b"] * 5


def by(kind, tmp_path, frame, seed=0, rows=4000, **table):
    frame.to_parquet(tmp_path / "t.parquet")
    return Split.of(tmp_path, Table("t.parquet", "y", **table), seed=seed, rows=rows, kind=kind)


def test_by_time_the_latest_rows_are_tested_and_those_of_one_time_together(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"year": random.integers(0, 7, 200), "month": random.integers(0, 3, 200)})
    frame = frame.assign(x=random.normal(size=200), y=random.normal(size=200))
    table = {"task": "regression", "time_col": ("year", "month")}
    split = by("time", tmp_path, frame, **table)
    assert split.numeric == ["x"]
    time = frame["year"] * 3 + frame["month"]
    last = time[split.train.index].max()
    assert sorted(split.test.index) == frame.index[time > last].tolist()
    assert len(split.test) >= 40 > (time > last + 1).sum()
    again = by("time", tmp_path, frame, seed=1, rows=100, **table)
    assert sorted(again.test.index) == sorted(split.test.index)
    assert len(again.train) == 100
    assert set(again.train.index) < set(split.train.index)


def test_rows_that_are_in_the_order_of_time_are_divided_there(tmp_path):
    frame = pd.DataFrame({"x": np.arange(50.0), "y": list("ab") * 25})
    split = by("time", tmp_path, frame, task="binary", ordered=True)
    assert split.train["x"].tolist() == list(range(40))
    assert sorted(split.test["x"]) == list(range(40, 50))


def test_rows_that_are_all_of_one_time_are_refused(tmp_path):
    frame = pd.DataFrame({"when": 1, "x": np.arange(50.0), "y": np.arange(50.0)})
    with pytest.raises(TargetError, match="four fifths of the rows are of one time"):
        by("time", tmp_path, frame, task="regression", time="when")


def test_a_column_of_time_that_is_not_there_is_named(tmp_path):
    frame = pd.DataFrame({"x": np.arange(50.0), "y": np.arange(50.0)})
    with pytest.raises(ColumnError, match=r"no column 'when', .* by time\. It has x"):
        by("time", tmp_path, frame, task="regression", time="when")


def test_by_group_whole_groups_are_tested_others_by_another_seed(tmp_path):
    random = np.random.default_rng(0)
    groups = random.choice(list("abcdefghij"), 300).astype(object)
    frame = pd.DataFrame({"who": groups, "x": np.arange(300.0), "y": random.normal(size=300)})
    tested = []
    for seed in range(3):
        split = by("group", tmp_path, frame, seed=seed, task="regression", group_col="who")
        assert split.numeric == ["x"]
        tested.append(set(groups[split.test.index]))
        assert len(tested[-1]) == 2
        assert not tested[-1] & set(groups[split.train.index])
        assert len(split.train) + len(split.test) == 300
    assert len(set(map(frozenset, tested))) > 1


def test_columns_are_numbers_but_for_the_categorical(folder):
    split = divided(folder, "two")
    assert split.train.columns.tolist() == split.test.columns.tolist() == ["x", "colour"]
    assert (split.numeric, split.categorical) == (["x"], ["colour"])
    assert split.train["x"].dtype == np.float64


def test_words_in_a_column_of_numbers_are_refused(folder):
    table = Table("two.parquet", "y", "binary")
    with pytest.raises(
        ColumnError, match=r"Column 'colour' of .*two\.parquet holds what is no num"
    ):
        Split.of(folder, table, seed=0, rows=4000)


@pytest.mark.parametrize(
    ("target", "task", "said"),
    [
        (["a", "b", "c"] * 10, "binary", "has 3 classes of 5 rows or more, and its task is binary"),
        (["a"] * 30, "multiclass", "has 1 classes"),
        ([None] * 27 + [1.0] * 3, "regression", "has 3 rows that can be learned from"),
        ([4.0] * 30, "regression", "is the same in every row"),
    ],
)
def test_a_target_that_does_not_suit_its_task_is_refused(tmp_path, target, task, said):
    pd.DataFrame({"x": range(30), "y": target}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TargetError, match=said):
        Split.of(tmp_path, Table("t.parquet", "y", task), seed=0, rows=4000)


def test_fewer_rows_than_classes_are_refused(folder):
    with pytest.raises(TargetError, match=r"cannot be divided into 2 training rows .* --rows"):
        divided(folder, "three", rows=2)
