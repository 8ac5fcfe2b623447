"""The target recognised: quantities, classes, logarithms, and refusals."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from gradum.errors import SpecError, TargetError
from gradum.tables.check.check import check
from gradum.tables.check.role_values import target_values
from gradum.tables.schema.schema import Overrides, Schema, infer
from gradum.tables.schema.target import _skewness
from gradum.tables.sources.read import read
from gradum.tables.table import Table

N = 200
X = np.random.default_rng(0).normal(size=N)
OTHER = np.random.default_rng(1).normal(size=N)


def learn(y, tmp_path=None, **options):
    """Return target, checked values and column, of a typed frame or else of a CSV file."""
    frame = pl.DataFrame({"x": OTHER, "y": pl.Series(y, strict=False)})
    if tmp_path is not None:
        frame.write_csv(tmp_path / "t.csv")
    table = read(frame if tmp_path is None else tmp_path / "t.csv")
    schema = infer(table, target="y", **options)
    return schema.target, target_values(check(table, schema))


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        ([True, False], "binary", (False, True)),
        (["b", "a"], "binary", ("a", "b")),
        (["c", "a", "b", "a"], "multiclass", ("a", "b", "c")),
        (["2", "1"], "binary", ("1", "2")),
        ([1, 0], "binary", (0, 1)),
        ([1.5, 0.5], "binary", (0.5, 1.5)),
        ([3, 1, 2, 1], "multiclass", (1, 2, 3)),
        ([3.0, 1.0, 2.0, 1.0], "multiclass", (1.0, 2.0, 3.0)),
        ([2**60, 2**60 + 1, 2**60 + 2, 0], "multiclass", (0, 2**60, 2**60 + 1, 2**60 + 2)),
    ],
)
def test_classes_keep_their_labels_and_get_sorted_codes(y, task, classes):
    y = y * (N // len(y))
    target, codes = learn(y)
    assert (target.task, target.classes) == (task, classes)
    assert [type(label) for label in target.classes] == [type(label) for label in sorted(set(y))]
    assert codes.dtype == np.int64
    assert [classes[code] for code in codes] == y


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["1", "2", "3", "1"], (1, 2, 3)),
        (["1.0", "2.0"], (1.0, 2.0)),
        (["01", "02", "10", "01"], ("01", "02", "10")),
        (["True", "False"], ("False", "True")),
        ([" yes", "no "], ("no", "yes")),
        (["1" * 20, "2" * 20], ("1" * 20, "2" * 20)),
    ],
)
def test_a_file_without_types_parses_numbers_first(y, classes, tmp_path):
    target, codes = learn(y * (N // len(y)), tmp_path)
    assert target.classes == classes
    assert [type(label) for label in target.classes] == [type(label) for label in classes]
    assert set(codes) == set(range(len(classes)))


def test_a_stray_word_among_whole_labels_is_missing_and_they_stay_whole(tmp_path):
    target, codes = learn([*([1, 2, 3, 1] * 50)[:-1], "oops"], tmp_path)
    assert target.classes == (1, 2, 3)
    assert all(type(label) is int for label in target.classes)
    assert codes[-1] == -1


def test_a_target_may_bear_any_name():
    for name in ("count", "level", "raw", "label", ""):
        table = read({"x": OTHER, name: [0, 1] * 100})
        assert infer(table, target=name).target.classes == (0, 1)


def test_numbers_are_a_regression(tmp_path):
    for y in (X, X.astype(np.float32), np.arange(N), [i % 11 for i in range(N)]):
        target, values = learn(y)
        assert (target.task, target.classes) == ("regression", ())
        assert np.array_equal(values, np.asarray(y, np.float64))
    prices = np.random.default_rng(2).integers(900, 9_000_000, N)
    _, values = learn([f"${price:,}" for price in prices], tmp_path)
    assert np.array_equal(values, prices)


def test_few_whole_numbers_are_classes_only_with_enough_rows_each():
    assert learn([1, 2, 3, 4, 5] * 40)[0].task == "multiclass"
    assert "--task regression" in learn([1, 2, 3, 4, 5] * 40)[0].reason
    few = read({"x": OTHER[:30], "y": [1, 2, 3, 4, 5] * 6})
    assert infer(few, target="y").target.task == "regression"


def test_the_task_can_be_said():
    rating = [1, 2, 3, 4, 5] * 40
    assert learn(rating, task="regression")[0].task == "regression"
    assert learn([str(r) for r in rating], task="regression")[0].task == "regression"
    assert learn(list(range(50)) * 4, task="multiclass")[0].task == "multiclass"
    assert learn([1.5, 2.5, 3.5, 4.5] * 50, task="classification")[0].task == "multiclass"
    assert learn([0, 1] * 100, task="multiclass")[0].task == "binary"
    assert learn([0, 1] * 100, task="regression")[0].task == "regression"


def test_rows_without_a_target_are_kept_and_marked(tmp_path):
    _, values = learn([1.5, None, np.inf, np.nan, 2.5] * 40, task="regression")
    assert np.isnan(values[1:4]).all()
    assert list(values[[0, 4]]) == [1.5, 2.5]
    target, codes = learn(["a", "", "b", "?", "NA"] * 40, tmp_path)
    assert "120 rows without it" in target.reason
    assert list(codes[:5]) == [0, -1, 1, -1, -1]
    assert list(learn([True, None] * 50 + [False] * 100)[1][:2]) == [1, -1]


def test_none_is_a_class(tmp_path):
    """Pandas reads "None" as missing, which loses the commonest class of some data."""
    target, _ = learn(["None", "Apnea", "Insomnia", "None"] * 50, tmp_path)
    assert target.classes == ("Apnea", "Insomnia", "None")


@pytest.mark.parametrize(
    ("y", "options", "words"),
    [
        ([1] * N, {}, ["constant", "'1'"]),
        ([None] * N, {}, ["missing in all 200 rows"]),
        (["NA"] * N, {}, ["missing in all 200 rows"]),
        ([f"k{i}" for i in range(N)], {}, ["label of its own", "200 rows"]),
        (["a", "b", "c", "a"] * 50, {"task": "binary"}, ["3 classes"]),
        (["a", "3"] * 100, {"task": "regression"}, ["rows 1, 3, 5", "'a'"]),
        (pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 7, 18), eager=True), {}, ["dates"]),
        ([[1], [2]] * 100, {}, ["lists"]),
        ([*np.exp(X[2:]), -1.0, 0.0], {"log_target": True}, ["rows 199, 200", "such as -1"]),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(y, options, words):
    with pytest.raises(TargetError) as caught:
        learn(y, **options)
    for word in words:
        assert word in str(caught.value)


def test_too_many_classes_are_refused():
    many = [f"k{i % 1500}" for i in range(3000)]
    table = read({"x": np.arange(3000) / 7, "y": many})
    with pytest.raises(TargetError, match=r"1,500 classes.*Group rare labels"):
        infer(table, target="y")
    numbers = read({"x": np.arange(24_000) / 7, "y": list(range(12_000)) * 2})
    with pytest.raises(TargetError, match="12,000 classes"):
        infer(numbers, target="y", task="multiclass")


def test_an_absent_target_names_the_nearest():
    with pytest.raises(TargetError, match="Did you mean 'Price'"):
        infer(read({"Price": X}), target="price")


def test_unknown_tasks_and_logarithms_of_classes_are_refused():
    with pytest.raises(SpecError, match="'ranking'"):
        learn(X, task="ranking")
    with pytest.raises(SpecError, match="no logarithm"):
        learn(["a", "b"] * 100, log_target=True)


def test_the_logarithm_is_offered_where_it_straightens_a_long_tail():
    lognormal = np.exp(1.5 * X)
    assert stats.skew(lognormal) > 2 > abs(stats.skew(1.5 * X))
    target, values = learn(lognormal)
    assert target.log_advised
    assert "--log-target" in target.reason
    target, logged = learn(lognormal, log_target=True)
    assert (target.log, target.log_advised) == (True, False)
    assert np.array_equal(values, logged)  # the target stays in raw units
    for y in (X, lognormal - 1, np.exp(0.1 * X)):
        assert not learn(y)[0].log_advised
    assert _skewness(lognormal) == pytest.approx(stats.skew(lognormal))


def prices(words, rows=400):
    """Prices as text, with some words in their place."""
    values = [f"{100 + row * 7 % 391}.5" for row in range(rows)]
    for place, word in enumerate(words):
        values[3 + 11 * place] = word
    return values


def of_prices(words, **options):
    """What is understood of a table whose target is such prices."""
    frame = pl.DataFrame({"y": prices(words), "a": range(400)})
    return infer(Table(frame, "t"), target="y", **options)


def test_a_few_words_among_numbers_are_left_out_and_said_with_their_rows():
    schema = of_prices(["POA", "on request", "POA"])
    column = schema.column("y")
    assert (schema.target.task, column.missing) == ("regression", 3)
    assert "no number in rows 4, 15, 26 ('POA', 'on request'); 3 rows without it" in column.reason
    assert of_prices(["POA"], task="regression").column("y").missing == 1


@pytest.mark.parametrize("task", [None, "regression"])
def test_many_words_among_numbers_are_asked_about(task):
    with pytest.raises(TargetError, match=r"rows 4, 15, 26, 37, 48 and 25 more") as refused:
        of_prices(["POA"] * 30, task=task)
    assert "--missing" in refused.value.remedy


def test_values_that_are_named_as_missing_are_missing_in_every_column():
    rows = {"y": prices(["POA"] * 30), "a": [-999, 1, 2, 3] * 100, "b": ["?!", "u", "v", "w"] * 100}
    asked = Overrides(missing=("POA", "-999", "?!"))
    schema = infer(Table(pl.DataFrame(rows), "t"), target="y", overrides=asked)
    assert [column.missing for column in schema.columns] == [30, 100, 100]
    assert schema.target.task == "regression"
    later = pl.DataFrame({"y": ["POA", "7"], "a": [-999, 4], "b": ["?!", "w"]})
    checked = check(Table(later, "t"), schema)
    assert checked.frame.null_count().row(0) == (1, 1, 1)
    assert not checked.differences


def test_a_target_may_be_named_a_number():
    table = Table(pl.DataFrame({"y": [1, 2, 3, 4] * 50, "a": range(200)}), "t")
    schema = infer(table, target="y", overrides=Overrides(numeric=("y",)))
    assert schema.target.task == "regression"


def test_classes_that_differ_in_case_alone_are_one_unless_they_are_kept_apart():
    y = ["Ja", "ja", "Ja", "nein", "JA ", "nein", "Ja", "nein"] * 25
    table = Table(pl.DataFrame({"y": y, "a": range(200)}), "t")
    schema = infer(table, target="y")
    assert (schema.target.task, schema.target.classes) == ("binary", ("Ja", "nein"))
    assert "'JA', 'ja' taken as 'Ja'" in schema.column("y").reason
    later = Table(pl.DataFrame({"y": ["jA", "NEIN", " Ja", "vielleicht"], "a": [1, 2, 3, 4]}), "l")
    read = check(later, Schema.from_json(schema.to_json())).frame["y"]
    assert read.to_list() == ["Ja", "nein", "Ja", "vielleicht"]
    kept = infer(table, target="y", overrides=Overrides(keep_case=True))
    assert kept.target.classes == ("JA", "Ja", "ja", "nein")
    assert kept.column("y").parse.spellings == ()
