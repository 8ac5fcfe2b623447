"""Coverage of judged and of new rows, against predictions and brute force; and its pictures."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.show.pictures.coverage import coverage_pictures
from gradum.study.coverage.coverage import coverage, judged_intervals, without_few_rows
from gradum.study.coverage.covered_groups import SHORT
from gradum.study.evidence import Evidence
from gradum.tables.split import Part
from synthetic import ONCE, task

FIT = {"model": "linear", "learning_curve": False}


def noisy(rows, seed=0, spread=6.0):
    """Numbers to which noise of that spread is added where members are."""
    frame = task("amount", rows, seed)
    noise = np.random.default_rng([seed, 7]).normal(size=rows)
    factor = np.where(frame["member"], spread, 0.0)
    return frame.with_columns(amount=pl.col("amount") + pl.Series(noise * factor))


@pytest.fixture(scope="module")
def held_out():
    """Judged on rows whose noise those that were learned from did not have."""
    test = noisy(200, seed=1)
    return gradum.fit(task("amount", 800), "amount", test=test, **FIT, **ONCE)


@pytest.fixture(scope="module")
def found(held_out):
    return coverage(held_out.run, Evidence.of(held_out.run), ["age"])


@pytest.fixture(scope="module")
def crossed():
    return gradum.fit(task("grade", 240), "grade", cv=3, **FIT, **ONCE)


def test_each_judged_row_is_held_against_the_others(held_out):
    judged = judged_intervals(held_out.run, 0.8)
    rows = np.flatnonzero(held_out.run.parts == Part.TEST)
    assert np.array_equal(judged.rows, rows)
    frame = noisy(200, seed=1)
    predicted, target = held_out.predict(frame), frame["amount"].to_numpy()
    low, high = held_out.predict_interval(frame, coverage=0.8).T
    # In units of the interval's own half, so that a threshold of 1 gives the interval itself.
    sizes = np.abs(target - predicted) / np.where(
        target < predicted, predicted - low, high - predicted
    )
    for place in range(len(rows)):
        others = np.sort(np.delete(sizes, place))
        size = others[int(np.ceil(round(0.8 * len(rows), 9))) - 1]
        assert judged.covered[place] == (sizes[place] <= size)
    assert judged.predicted == pytest.approx(predicted)
    assert judged.width == pytest.approx(high - low, rel=1e-4)


def test_the_noisy_group_is_named_and_the_count_is_a_matter_of_counting(found):
    assert (found.guarantee, found.rows, found.covered) == ("split", 200, 180)
    short = [group for group in found.groups if group.finding == SHORT]
    assert ("member", "true") in {(group.column, group.values) for group in short}
    assert "member" in found.sentence
    assert "200" in found.overall
    assert {group.column for group in found.groups} == {"colour", "member", "city", "age"}
    assert found.tested == sum(group.p_value is not None for group in found.groups)


def test_widths_are_summed_up_by_tenths(held_out, found):
    widths = judged_intervals(held_out.run, 0.9).width
    assert found.widths.mean == pytest.approx(widths.mean())
    assert found.widths.median == pytest.approx(np.median(widths))
    assert all(at.low <= at.median <= at.high for at in found.widths.by_prediction)
    assert len(found.widths.by_prediction) == 10
    assert np.mean([at.covered for at in found.widths.by_prediction]) == pytest.approx(0.9)
    assert found.sizes == ()


def test_sets_of_a_cross_validation_are_those_of_the_judges(crossed):
    judged = judged_intervals(crossed.run, 0.9)
    evidence = Evidence.of(crossed.run)
    shares = evidence.prediction.probability
    score = 1 - shares[np.arange(240), evidence.target]
    threshold = np.sort(score)[int(np.ceil(0.9 * 241)) - 1]
    sets = 1 - shares <= threshold + 1e-6
    sets[np.arange(240), evidence.prediction.value] = True
    assert np.array_equal(judged.rows, np.arange(240))
    assert np.array_equal(judged.size, sets.sum(axis=1))
    found = coverage(crossed.run, evidence)
    assert found.guarantee == "cross"
    assert sum(size.rows for size in found.sizes) == 240
    assert found.covered >= 216
    by_class = [group for group in found.groups if group.column == "grade"]
    assert sum(group.rows for group in by_class) == 240


def test_new_rows_are_counted_as_predict_answers_them(held_out):
    new = noisy(500, seed=5)
    covered = held_out.evaluate(new).coverage
    low, high = held_out.predict_interval(new, coverage=0.9).T
    within = (low <= new["amount"].to_numpy()) & (new["amount"].to_numpy() <= high)
    assert (covered.rows, covered.covered) == (500, within.sum())
    assert covered.p_value > 0.05
    assert held_out.evaluate(new).sentences[-1] == covered.sentence


def test_rows_of_more_noise_are_said_to_be_unlike(held_out):
    covered = held_out.evaluate(noisy(500, seed=6, spread=15.0)).coverage
    assert covered.p_value < 0.001
    assert "not like those that judged" in covered.sentence


def test_rows_of_the_run_are_not_new(held_out):
    assert held_out.evaluate(noisy(200, seed=1)).coverage is None


def test_the_pictures_show_the_values(found, crossed):
    by_name = {picture.name: picture for picture in coverage_pictures(found, "amount")}
    assert set(by_name) == {"coverage", "widths"}
    groups = by_name["coverage"]
    assert groups.description == found.sentence
    shown = groups.chart.to_dict()["layer"][1]["data"]["values"]
    assert [row["value"] for row in shown] == pytest.approx(
        [group.share.value for group in found.groups[:20]], rel=1e-4
    )
    assert len(groups.rows) == len(shown)
    assert groups.svg.startswith("<svg")
    assert by_name["widths"].svg.startswith("<svg")
    sizes = coverage_pictures(coverage(crossed.run, Evidence.of(crossed.run)), "grade")[-1]
    assert sizes.name == "set-sizes"
    assert sizes.svg.startswith("<svg")


def test_without_rows_no_group_of_few_is_named(found):
    few = [group for group in found.groups if group.rows < 10]
    assert few
    kept = without_few_rows(found)
    assert set(kept.groups) == set(found.groups) - set(few)
