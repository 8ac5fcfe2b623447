"""Profiles of columns: counts by range, by value and by level."""

import datetime

import evidence_of
import numpy as np
import polars as pl
import pytest

from gradum.run.dataset import Dataset
from gradum.study.profile import profile
from gradum.tables.columns import Column, Target
from gradum.tables.schema.schema import Schema

KINDS = {pl.Boolean: "boolean", pl.String: "categorical", pl.Datetime: "date"}


def of_column(values, *, rows=True, kind=None):
    """The profile of one feature."""
    feature = pl.Series("x", values)
    kind = kind or KINDS.get(type(feature.dtype), "numeric")
    count = len(feature)
    schema = Schema(
        "table",
        count,
        (Column("x", kind, "feature"), Column("y", "numeric", "target")),
        Target("y", "regression"),
    )
    frame = pl.DataFrame([feature, pl.Series("y", np.arange(count, dtype=float))])
    dataset = Dataset(
        source="table", frame=frame, schema=schema, numbers=np.arange(count), own_rows=count
    )
    return profile(dataset, rows=rows)[1]


def ends(label):
    """The ends of a bar's range as numbers."""
    words = label.replace(",", "").split()
    if words[0] == "up":
        return -np.inf, float(words[2])
    if words[0] == "from":
        return float(words[1]), np.inf
    return float(words[0]), float(words[2])


@pytest.mark.parametrize("rows", [True, False])
def test_numbers_are_counted_by_ranges_of_equal_width(rows):
    values = np.random.default_rng(0).gamma(2, 10, 5000)
    found = of_column(values, rows=rows)
    assert len(found.bars) == 12
    assert sum(share for _, share in found.bars) == pytest.approx(1.0)
    edges = [ends(label) for label, _ in found.bars]
    assert [high for _, high in edges[:-1]] == [low for low, _ in edges[1:]]
    inner = np.array([high for _, high in edges[:-1]])
    low, high = np.quantile(values, [0.01, 0.99])
    np.testing.assert_allclose(inner, np.linspace(low, high, 13)[1:-1], rtol=0.02)
    for (start, stop), (_, share) in zip(edges, found.bars, strict=True):
        assert share == pytest.approx(np.mean((values >= start) & (values < stop)), abs=0.002)


def test_the_range_is_smallest_median_and_largest():
    values = [3.0, None, 1.5, 2000.0, 7.0, 12345678.0]
    assert of_column(values).range == ("1.5", "7", "12,345,678")
    assert of_column(values).missing == pytest.approx(1 / 6)
    assert sum(share for _, share in of_column(values).bars) == pytest.approx(1.0)


def test_few_values_are_counted_one_by_one():
    found = of_column([2.0] * 6 + [1.0] * 3 + [10.0])
    assert found.bars == (("1", 0.3), ("2", 0.6), ("10", 0.1))


def test_numbers_nearly_all_the_same_are_counted_around_that_one():
    values = np.r_[np.zeros(9980), np.arange(1, 16), -np.arange(1, 6)].astype(float)
    assert of_column(values).bars == (("below 0", 0.0005), ("0", 0.998), ("above 0", 0.0015))


def test_dates_are_written_as_dates():
    start = datetime.datetime(2020, 1, 1)
    days = [start + datetime.timedelta(days=k) for k in range(1000)]
    found = of_column(days)
    assert found.range == ("2020-01-01", "2021-05-14", "2022-09-26")
    assert found.bars[0][0].startswith("up to 2020-0")
    assert found.bars[5][0].count("-") == 4
    assert sum(share for _, share in found.bars) == pytest.approx(1.0)
    hours = [start + datetime.timedelta(hours=k) for k in range(48)]
    assert of_column(hours).range[2] == "2020-01-02 23:00"


def test_the_commonest_levels_are_shown_and_the_rest_together():
    levels = [f"level {k:02}" for k in range(20) for _ in range(k + 1)]
    found = of_column([*levels, None])
    total = len(levels)
    assert found.bars[:2] == (("level 19", 20 / total), ("level 18", 19 / total))
    assert found.bars[-1] == ("all others", pytest.approx(sum(range(1, 10)) / total))
    assert len(found.bars) == 12
    assert found.range == ()
    assert of_column(["b", "a", "b", "c"]).bars == (("b", 0.5), ("a", 0.25), ("c", 0.25))


def test_booleans_are_counted():
    assert of_column([True, False, True, None]).bars == (("yes", 2 / 3), ("no", 1 / 3))


def test_texts_are_counted_by_their_number_of_words():
    found = of_column(["one", "two words", "and two", "three, of them"], kind="text")
    assert found.bars == (("1 word", 0.25), ("2 words", 0.5), ("3 words", 0.25))
    long = of_column(["word " * k for k in range(200)], kind="text")
    assert long.bars[0][0].startswith("up to ")
    assert all(label.endswith(" words") for label, _ in long.bars)


def test_the_target_comes_first_as_number_or_as_classes():
    evidence = evidence_of.numbers(np.arange(100.0), np.zeros(100))
    (target,) = profile(evidence_of.dataset(evidence), rows=True)
    assert target.name == "target"
    assert target.range == ("0", "49.5", "99")
    evidence = evidence_of.classes([0, 1, 0, 0], np.zeros(4))
    (target,) = profile(evidence_of.dataset(evidence), rows=True)
    assert target.bars == (("no", 0.75), ("yes", 0.25))
    assert target.range == ()


@pytest.mark.parametrize("rows", [True, False])
def test_a_column_without_a_value_has_nothing_to_show(rows):
    for kind, dtype in (("numeric", pl.Float64), ("date", pl.Datetime("us")), ("text", pl.String)):
        found = of_column(pl.Series([None] * 10, dtype=dtype), kind=kind, rows=rows)
        assert (found.missing, found.range, found.bars) == (1.0, (), ())


@pytest.mark.parametrize("count", [4, 5, 13, 50, 301])
def test_no_value_of_a_single_row_is_told_where_rows_may_not_be_shown(count):
    values = np.random.default_rng(1).integers(10_000, 99_999, count).astype(float) + 0.5
    found = of_column(values, rows=False)
    told = " ".join([*found.range, *(label for label, _ in found.bars)])
    assert told.strip()
    for value in values:
        assert f"{value:,.1f}" not in told
    if count > 5:
        low, _, high = (float(each.replace(",", "")) for each in found.range)
        assert values.min() < low < high < values.max()


def test_rare_levels_and_values_are_not_told_where_rows_may_not_be_shown():
    levels = ["common"] * 20 + ["five"] * 5 + ["four"] * 4 + ["one"]
    assert of_column(levels, rows=False).bars == (
        ("common", 20 / 30),
        ("five", 5 / 30),
        ("all others", 5 / 30),
    )
    assert of_column([1.0] * 20 + [2.0] * 9 + [3.0], rows=False).bars == (
        ("1", 20 / 30),
        ("2", 9 / 30),
        ("all others", 1 / 30),
    )


def test_many_rows_are_sampled_but_ends_and_missing_values_are_those_of_all():
    rng = np.random.default_rng(0)
    values = rng.normal(size=60_000)
    values[[12_345, 54_321]] = -100.0, 100.0
    whole = pl.Series(values).scatter(rng.choice(10_000, 600, replace=False), None)
    found = of_column(whole)
    assert found.missing == 0.01
    assert (found.range[0], found.range[2]) == ("-100", "100")
    assert float(found.range[1]) == pytest.approx(0.0, abs=0.03)
    for label, share in found.bars:
        start, stop = ends(label)
        inside = ((whole >= start) & (whole < stop)).mean()
        assert share == pytest.approx(inside, abs=0.01)


def test_the_first_five_hundred_features_are_shown():
    features = pl.DataFrame({f"x{k}": [0.0, 1.0] for k in range(600)})
    evidence = evidence_of.numbers([1.0, 2.0], [1.0, 2.0], features=features)
    names = [each.name for each in profile(evidence_of.dataset(evidence), rows=True)]
    assert names == ["target", *(f"x{k}" for k in range(500))]
