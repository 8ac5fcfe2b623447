"""Intervals and sets in the order of time, from fit to prediction."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import ColumnError, SpecError
from gradum.run.intervals.conformal.adaptive import (
    SCALE_OF_CLASSES,
    SCALE_OF_NUMBERS,
    STEPS,
    Tracker,
)
from gradum.study.coverage.coverage import coverage
from gradum.study.evidence import Evidence
from synthetic import ONCE

ROWS, NEW = 700, 400
FIT = {"time": "day", "model": "linear", "learning_curve": False, **ONCE}


def days(rows, first, seed, spread=1.0):
    """A row a day, or two on every tenth; the target is a line in x and noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    amount = 3 * x + spread * rng.normal(size=rows)
    day = first + np.arange(rows) - np.arange(rows) // 10
    return pl.DataFrame(
        {"day": day, "x": x, "amount": amount, "label": np.where(amount > 0, "yes", "no")}
    )


@pytest.fixture(scope="module")
def numbers():
    return gradum.fit(days(ROWS, 0, 0).drop("label"), "amount", **FIT)


@pytest.fixture(scope="module")
def classes():
    return gradum.fit(days(ROWS, 0, 1, 2.0).drop("amount"), "label", **FIT)


@pytest.fixture(scope="module")
def later():
    """Rows after those, of three times the noise."""
    return days(NEW, 1_000, 2, 3.0)


def test_each_interval_is_made_of_outcomes_of_earlier_days(numbers, later):
    """By hand: the judged scores, then day by day what the definition says."""
    rung, scores = numbers.fitted.rung(), numbers.fitted.guarantee.scores
    tracked = SCALE_OF_NUMBERS.onto(scores.by_rung[rung.name])
    tracker = Tracker.warmed_up(tracked, scores.moment, 1 - 0.8)
    predicted, target = numbers.predict(later), later["amount"].to_numpy()
    unlearned = numbers.predict_interval(later.drop("amount"), coverage=0.8)
    sides = (unlearned - predicted[:, None]) / np.exp(tracker.threshold)
    threshold, expected = tracker.threshold, np.empty((NEW, 2))
    for day in later["day"].unique(maintain_order=True):
        places = np.flatnonzero(later["day"] == day)
        expected[places] = predicted[places, None] + sides[places] * np.exp(threshold)
        low, high = expected[places].T
        missed = np.mean((target[places] < low) | (target[places] > high))
        threshold += tracker.step * (missed - 0.2)
    assert numbers.predict_interval(later, coverage=0.8) == pytest.approx(expected, rel=1e-6)


def test_the_rate_is_kept_after_the_noise_has_trebled(numbers, later):
    low, high = numbers.predict_interval(later, coverage=0.9).T
    target = later["amount"].to_numpy()
    misses = np.count_nonzero((target < low) | (high < target))
    # A threshold that trebles, and is at most twice as high in the end, costs log(6) / η more.
    assert abs(misses - 0.1 * NEW) <= np.log(6) / STEPS[0]
    low, high = numbers.predict_interval(later.drop("amount"), coverage=0.9).T
    assert np.mean((low <= target) & (target <= high)) < 0.6


def test_rows_after_the_last_outcome_share_one_threshold(numbers, later):
    known = later.with_columns(amount=pl.when(pl.col("day") < 1_200).then(pl.col("amount")))
    low, high = numbers.predict_interval(known, coverage=0.9).T
    unknown = (later["day"] > 1_200).to_numpy()
    unlearned = np.diff(numbers.predict_interval(later.drop("amount"), coverage=0.9))[:, 0]
    ratio = (high - low) / unlearned
    assert np.ptp(ratio[unknown]) < 1e-6
    assert np.ptp(ratio[~unknown]) > 0.1
    whole = numbers.predict_interval(later, coverage=0.9)
    assert np.array_equal(np.column_stack([low, high])[~unknown], whole[~unknown])


def test_without_times_nothing_is_learned_and_a_row_without_a_time_is_refused(numbers, later):
    unlearned = numbers.predict_interval(later.drop("amount"), coverage=0.9)
    assert np.array_equal(numbers.predict_interval(later.drop("day"), coverage=0.9), unlearned)
    gap = later.with_columns(day=pl.when(pl.col("day") != 1_010).then(pl.col("day")))
    with pytest.raises(ColumnError, match="row"):
        numbers.predict_interval(gap, coverage=0.9)


def test_sets_follow_too(classes, later):
    scores = classes.fitted.guarantee.scores
    tracked = SCALE_OF_CLASSES.onto(scores.by_rung["linear"])
    tracker = Tracker.warmed_up(tracked, scores.moment, 0.1)
    shares = classes.predict_proba(later.drop("amount"))
    truth = (later["label"] == "yes").to_numpy().astype(int)
    score = SCALE_OF_CLASSES.onto(1 - shares[np.arange(NEW), truth])
    thresholds = tracker.follow(score, later["day"].to_numpy()).thresholds
    sets = classes.predict_set(later.drop("amount"), coverage=0.9)
    for place, held in enumerate(sets):
        expected = SCALE_OF_CLASSES.onto(1 - shares[place]) <= thresholds[place]
        expected[shares[place].argmax()] = True
        assert held == tuple(np.array(classes.classes)[expected])
    covered = np.mean([label in held for label, held in zip(later["label"], sets, strict=True)])
    assert covered > 0.88
    with pytest.raises(SpecError, match="order of time"):
        classes.predict_set(later, coverage=0.9, by_class=True)


def test_the_guarantee_is_named_and_kept_in_the_file(numbers, later, tmp_path):
    statement = numbers.guarantee()
    assert (statement.name, statement.at_least) == ("adaptive", None)
    assert "long run" in statement.sentence
    numbers.save(tmp_path / "model.gradum")
    loaded = gradum.load(tmp_path / "model.gradum")
    again = loaded.predict_interval(later, coverage=0.9)
    assert np.array_equal(again, numbers.predict_interval(later, coverage=0.9))


def test_the_report_counts_the_later_judged_rows(numbers):
    counted = coverage(numbers.run, Evidence.of(numbers.run))
    scores = numbers.fitted.guarantee.scores
    assert counted.guarantee == "adaptive"
    assert counted.rows == np.count_nonzero(scores.moment > scores.moment.max() // 2)
    assert counted.covered / counted.rows == pytest.approx(0.9, abs=0.06)
    assert "order of time" in counted.overall


def test_rows_in_blocks_are_promised_nothing(numbers, later, tmp_path, gradum_command):
    numbers.save(tmp_path / "model.gradum")
    later.write_parquet(tmp_path / "later.parquet")
    out = tmp_path / "out.parquet"
    words = ["predict", f"{tmp_path}/model.gradum", f"{tmp_path}/later.parquet", "-o", f"{out}"]
    for memory, promise in (("1GB", "long run"), ("10kB", "No guarantee")):
        ended = gradum_command(*words, "--interval", "0.9", "--max-memory", memory, "--force")
        assert ended.code == 0
        assert promise in ended.out
    unknown = numbers.predict_interval(later.drop("amount"), coverage=0.9)
    blocks = pl.read_parquet(out).select("low", "high").to_numpy()
    assert blocks == pytest.approx(unknown, rel=1e-5)
