"""The test of errors in their order, against products, exact expectations and simulation."""

import math

import msgspec
import numpy as np
import polars as pl
import pytest
from evidence_of import classes, numbers
from scipy import stats

from gradum.errors import SpecError
from gradum.run.reference.judged_errors import JudgedErrors, judged_errors
from gradum.study.watch.counted_table import CountedTable, refuse_counted, stable_hashes
from gradum.study.watch.error_rate_test import (
    SHARES,
    TILTS,
    Labelled,
    bounds,
    follow,
    found_from,
    log_evidence,
    reaches,
)
from gradum.study.watch.sequential_test import ErrorBound, ErrorCount, Unjudged


def evidence_of_counts(rows, rate):
    """E after so many rows, for each number of errors."""
    errors = np.arange(rows + 1)
    return np.exp(log_evidence(np.full(rows + 1, rows), errors, rate))


def labelled(wrong, **more):
    wrong = np.asarray(wrong, bool)
    return Labelled("new.csv", "label", wrong, np.arange(1, len(wrong) + 1), Unjudged(), **more)


def test_evidence_is_the_mean_of_products_of_bets():
    rng, rate = np.random.default_rng(0), 0.2
    wrong = rng.random(60) < 0.35
    bets = np.expm1(TILTS) / (1 - rate + rate * np.exp(TILTS))
    assert (bets * rate < 1).all()
    products = np.cumprod(1 + bets * (wrong[:, None] - rate), axis=0)
    logs = log_evidence(np.arange(1, 61), np.cumsum(wrong), rate)
    np.testing.assert_allclose(logs, np.log(products @ SHARES), rtol=1e-10)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.6])
def test_evidence_at_the_rate_itself_is_1_on_average(rate):
    chances = stats.binom.pmf(np.arange(41), 40, rate)
    assert chances @ evidence_of_counts(40, rate) == pytest.approx(1.0)


def test_evidence_at_the_mean_of_rates_that_drift_is_at_most_1():
    drifting = np.linspace(0.02, 0.4, 30)
    chances = np.ones(1)  # of 0, 1, … errors: exact, row by row
    for rate in drifting:
        chances = np.convolve(chances, [1 - rate, rate])
    average = chances @ evidence_of_counts(30, drifting.mean())
    assert 0.8 < average <= 1.0


def test_bounds_are_where_evidence_is_2_by_alpha():
    rows, errors = np.array([50, 400, 5000]), np.array([20, 90, 400])
    low, high = bounds(rows, errors, 0.05)
    np.testing.assert_allclose(log_evidence(rows, errors, low), np.log(40), atol=1e-6)
    np.testing.assert_allclose(log_evidence(rows, rows - errors, 1 - high), np.log(40), atol=1e-6)
    assert (low < errors / rows).all()
    assert (errors / rows < high).all()


def test_bounds_of_few_rows_are_as_wide_as_they_can_be():
    low, high = bounds(np.array([1, 1]), np.array([0, 1]), 0.05)
    assert low[0] == 0
    assert high[1] == pytest.approx(1)


def test_alarms_are_false_in_at_most_5_percent_of_streams_and_come_soon_where_they_are_due():
    rng, looks = np.random.default_rng(1), np.arange(1, 2001)
    false = [
        reaches(log_evidence(looks, np.cumsum(rng.random(2000) < 0.1), 0.1), 0.05).any()
        for _ in range(300)
    ]
    assert sum(false) <= stats.binom.ppf(0.999, 300, 0.05)
    due = [
        reaches(log_evidence(looks, np.cumsum(rng.random(2000) < 0.15), 0.1), 0.05).argmax()
        for _ in range(101)
    ]
    assert 0 < np.median(due) < 400


@pytest.mark.parametrize(("errors", "rows"), [(0, 30), (7, 50), (50, 500), (40, 40)])
def test_the_highest_rate_is_clopper_and_pearsons(errors, rows):
    highest = JudgedErrors(rows, errors, rows).highest_rate(0.025)
    exact = stats.binomtest(errors, rows, alternative="less").proportion_ci(0.975, method="exact")
    assert highest == pytest.approx(exact.high)


def test_the_highest_rate_holds_although_the_judged_rows_choose_the_distance():
    rng, beyond = np.random.default_rng(2), []
    for _ in range(400):
        judged = numbers(rng.random(60), np.zeros(60))  # distances uniform in [0, 1]
        found = judged_errors(judged.truth, judged.rows, judged.prediction, 0)
        beyond.append(1 - found.beyond > found.highest_rate(0.1))
    assert abs(np.mean(beyond) - 0.1) < 3 * math.sqrt(0.09 / 400)


def test_rows_of_one_group_count_as_one():
    rng = np.random.default_rng(3)
    wrong = np.repeat(rng.random(50) < 0.3, 10)
    judged = classes(wrong.astype(int), np.full(500, 0.1), groups=np.repeat(np.arange(50), 10))
    found = judged_errors(judged.truth, judged.rows, judged.prediction, 0)
    assert (found.rows, found.errors) == (500, wrong.sum())
    assert 40 < found.independent < 56


def test_a_test_carried_on_is_the_test_of_all_rows():
    wrong = np.random.default_rng(4).random(900) < 0.2
    begun = ErrorCount("model", ErrorBound.given(0.12, None))
    whole = follow(labelled(wrong), begun)
    first = follow(labelled(wrong[:300]), begun)
    second = follow(labelled(wrong[300:]), first.count)
    assert second.count == whole.count
    assert second.course[-1] == whole.course[-1]
    assert whole.alarm.rows == (first.alarm or second.alarm).rows
    third = follow(labelled([False] * 50), whole.count)
    assert (third.alarm.rows, third.alarm.row) == (whole.alarm.rows, None)
    assert "earlier table" in third.sentences[0]


def test_the_course_is_short_and_holds_the_alarm_and_the_last_row():
    wrong = np.random.default_rng(5).random(5000) < 0.2
    test = follow(labelled(wrong), ErrorCount("model", ErrorBound.given(0.1, None)))
    rows = [look.rows for look in test.course]
    assert len(rows) <= 500
    assert rows == sorted(set(rows))
    assert {test.alarm.rows, 5000} <= set(rows)
    before = next(look for look in reversed(test.course) if look.rows < test.alarm.rows)
    at = next(look for look in test.course if look.rows == test.alarm.rows)
    assert before.evidence < math.log10(20) <= at.evidence


def test_the_bound_from_judged_rows_takes_half_of_alpha():
    bound = ErrorBound.of_judged(JudgedErrors(500, 50, 500.0))
    assert (bound.alpha, bound.level) == (0.05, 0.025)
    assert bound.at_most > 0.1
    test = follow(labelled([False] * 40), ErrorCount("model", bound))
    assert any("50 of 500" in sentence for sentence in test.sentences)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(SpecError, match="between 0 and 1"):
        ErrorBound.given(rate, None)


def test_rows_without_labels_are_refused():
    with pytest.raises(SpecError, match=r"No row of new\.csv has a label"):
        follow(labelled([]), ErrorCount("model", ErrorBound.given(0.1, None)))


def test_a_state_survives_json():
    count = follow(labelled([True] * 30), ErrorCount("m", ErrorBound.given(0.1, None))).count
    assert msgspec.json.decode(msgspec.json.encode(count), type=ErrorCount) == count


@pytest.mark.parametrize("changed", [{"errors": 31}, {"rows": -1}, {"bound": {"at_most": 2.0}}])
def test_a_state_that_contradicts_itself_is_refused(changed):
    count = follow(labelled([True] * 30), ErrorCount("m", ErrorBound.given(0.1, None))).count
    content = msgspec.to_builtins(count)
    bound = content["bound"] | changed.pop("bound", {})
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(content | changed | {"bound": bound}, ErrorCount)


def frame(rows=30, seed=0):
    rng = np.random.default_rng(seed)
    columns = {
        "size": rng.normal(size=rows),
        "name": [f"level {k}" for k in rng.integers(0, 9, rows)],
        "member": rng.random(rows) < 0.5,
    }
    return pl.DataFrame(columns)


def test_a_table_is_known_again_alone_and_at_the_beginning_of_a_longer_one():
    seen = stable_hashes(frame())
    tables = (CountedTable.of("monday.csv", seen),)
    for again in (frame(), pl.concat([frame(), frame(seed=1)])):
        with pytest.raises(SpecError, match=r"the 30 rows of monday\.csv"):
            refuse_counted("tuesday.csv", stable_hashes(again), tables)
    refuse_counted("tuesday.csv", stable_hashes(frame(seed=1)), tables)
    refuse_counted("tuesday.csv", stable_hashes(frame().reverse()), tables)
    refuse_counted(
        "one.csv", seen[:1], (CountedTable.of("row.csv", seen[:1]),)
    )  # perhaps by chance


def test_hashes_tell_values_apart_and_stay_what_they_are():
    values = pl.DataFrame({"x": [0.0, -0.0, 1.0, None, None], "y": ["a", "a", "a", "b", None]})
    hashes = stable_hashes(values)
    assert hashes[0] == hashes[1]
    assert len(np.unique(hashes)) == 4
    narrow = values.with_columns(pl.col("x").cast(pl.Float32))
    np.testing.assert_array_equal(stable_hashes(narrow), hashes)


def power(rate, rows, at_most, level, draws=800):
    """The share of simulated runs with an alarm at any of their rows."""
    rng = np.random.default_rng(0)
    errors = (rng.random((draws, rows)) < rate).cumsum(axis=1)
    counts = np.tile(np.arange(1, rows + 1), draws)
    logs = log_evidence(counts, errors.ravel(), at_most)
    return reaches(logs, level).reshape(draws, rows).any(axis=1).mean()


@pytest.mark.parametrize(("rows", "at_most", "level"), [(60, 0.1, 0.05), (300, 0.25, 0.025)])
def test_the_least_rate_that_labels_find_is_found_by_so_many(rows, at_most, level):
    rate = found_from(rows, at_most, level, 0.8)
    assert at_most < rate < 1
    assert 0.77 < power(rate, rows, at_most, level) < 0.92  # earlier rows add a little
    assert power((rate + at_most) / 2, rows, at_most, level) < 0.4
    assert found_from(10 * rows, at_most, level, 0.8) < rate
    assert found_from(1, at_most, level, 0.8) is None


def test_too_few_labels_say_what_they_cannot_find():
    judged = ErrorBound.of_judged(JudgedErrors(200, 40, 200.0))
    assert judged.at_most > 0.25  # so that a rise of 5 points is never found
    test = follow(labelled(np.arange(3000) % 4 == 0), ErrorCount("m", judged))
    text = " ".join(test.sentences)
    assert test.alarm is None
    assert "With 3,000 labels, the smallest rise that is found with a probability of 80% is" in text
    assert f"is from 20%, the rate of the judged rows, to {test.found_from:.1%}" in text
    assert f"a rise to {judged.at_most:.1%} or less is not found" in text
    few = follow(labelled([False] * 2), ErrorCount("m", ErrorBound.given(0.3, None)))
    assert few.found_from is None
    assert "No rate of errors is high enough to be shown by 2 labels." in few.sentences
    more = follow(labelled([False] * 50), ErrorCount("m", ErrorBound.given(0.3, None)))
    assert f"a rate of {more.found_from:.1%} or more is found" in " ".join(more.sentences)
    found = follow(labelled([True] * 50), ErrorCount("m", ErrorBound.given(0.3, None)))
    assert found.alarm is not None
    assert "or more is found" not in " ".join(found.sentences)
