"""Splits that flatter: what is planted is found, and tables without are left in peace."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from alarm_tables import planned
from msgspec import structs
from scipy.stats import ttest_ind

from gradum.run.alarms.both_splits import QuickRows
from gradum.run.alarms.other_split import checked_split, split_alarms
from gradum.run.alarms.quick_model import (
    PENALTIES,
    answers,
    group_means,
    ridge_answers,
)
from gradum.run.split_check import SplitCheck, SplitTrial
from gradum.scores.metrics import score


def check(frame, target="y", seed=0, metric="", **options):
    dataset, _ = planned(frame, target, seed=seed, **options)
    return checked_split(dataset, metric or dataset.truth.metric, seed=seed)


def dates(days):
    return (np.datetime64("2020-01-01") + np.asarray(days).astype("m8[D]")).astype("M8[us]")


def stores(seed=0, days=700, walk=True):
    """Sales of three stores day by day: random walks, or noise around their levels."""
    rng = np.random.default_rng(seed)
    store, day = np.divmod(np.arange(3 * days), days)
    steps = rng.normal(0, 2, (3, days))
    sales = 100 + (np.cumsum(steps, axis=1) if walk else steps + np.array([[0], [5], [9]])).ravel()
    names = np.array(["north", "south", "west"])[store]
    return pl.DataFrame({"date": dates(day), "store": names, "sales": sales.round(2)})


def pupils(seed=0, schools=60, rows=20, effect=1.0, **more):
    """Pupils of schools, which are whole numbers and matter as far as their effect goes."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(schools), rows)
    number = rng.permutation(10 * schools)[:schools]
    x = rng.normal(size=(len(of), 2))
    score = 50 + 5 * x[:, 0] + 7 * effect * rng.normal(size=schools)[of] + rng.normal(0, 5, len(of))
    table = {"school": number[of], "motive": x[:, 0], "other": x[:, 1]}
    return pl.DataFrame(table | more | {"score": score}).sample(fraction=1, shuffle=True, seed=seed)


def test_random_walks_over_time_are_found_with_both_figures_and_the_option():
    found = check(stores(), "sales")
    (trial,) = found.shown
    assert (trial.column, trial.by, trial.metric) == ("date", "time", "rmse")
    assert trial.divided > 3 * trial.at_random
    (alarm,) = split_alarms(found)
    assert (alarm.kind, alarm.columns) == ("random split", ("date",))
    assert "give --time 'date'" in alarm.sentence
    assert "RMSE" in alarm.sentence
    assert trial.useless
    assert "Do not use it for rows with a later 'date'" in trial.expectation
    better = structs.replace(trial, metric="r2", divided=0.3, useless=False)
    assert "expect R² of about 0.3" in better.expectation


@pytest.mark.parametrize(
    ("metric", "drift", "shown"),
    [("r2", 0.5, False), ("r2", 3.0, True), ("rmse", 0.5, True), ("mae", 3.0, True)],
)
def test_no_alarm_says_two_scores_that_read_alike(metric, drift, shown):
    """In the metric of the run, whichever it is."""
    rng = np.random.default_rng(0)
    x, walk = 20 * rng.normal(size=2000), 3 * np.cumsum(rng.normal(size=2000)) / np.sqrt(2000)
    y = x + drift * walk + rng.normal(size=2000)
    frame = pl.DataFrame({"date": dates(np.arange(2000)), "x": x, "y": y})
    (trial,) = check(frame, metric=metric).trials
    assert trial.metric == metric
    assert trial.p_value < 1e-4
    assert (trial.differs, trial.shown) == (shown, shown)


def test_scores_that_a_few_rows_decide_are_not_told_apart():
    """An error of a few later rows moves the score, and no interval separates it from chance."""
    rng = np.random.default_rng(1)
    place = np.arange(2000)
    walk = np.cumsum(rng.normal(size=2000)) / np.sqrt(2000)
    y = walk + 0.3 * rng.normal(size=2000) + np.where(place % 700 == 699, 300.0, 0.0)
    frame = pl.DataFrame({"date": dates(place), "x": rng.normal(size=2000), "y": y})
    by_mean, by_median = (check(frame, metric=metric).trials[0] for metric in ("rmse", "mae"))
    assert by_mean.p_value == by_median.p_value < 1e-4
    assert (by_mean.shown, by_median.shown) == (False, True)


@pytest.mark.parametrize(("loss", "metric"), [("quantile:0.9", "pinball"), ("poisson", "deviance")])
def test_a_run_of_quantiles_or_counts_is_tried_in_its_own_metric(loss, metric):
    rng = np.random.default_rng(2)
    x, walk = rng.normal(size=1500), np.cumsum(rng.normal(size=1500)) / 12
    shuffled = rng.permutation(walk)
    for level, shown in ((walk, True), (shuffled, False)):
        y = rng.poisson(np.exp(1.5 + 0.3 * x + 0.5 * level)).astype(float)
        frame = pl.DataFrame({"date": dates(np.arange(1500)), "x": x, "y": y})
        dataset, _ = planned(frame, "y", kind="regression")
        target = structs.replace(dataset.schema.target, loss=loss)
        dataset = replace(dataset, schema=structs.replace(dataset.schema, target=target))
        (trial,) = checked_split(dataset, dataset.truth.metric, seed=0).trials
        assert (trial.metric, trial.shown) == (metric, shown)
    # The quantile of a random split lies where the loss asks for it.
    rows = QuickRows.of(dataset, np.arange(1500))
    said = rows.suited(np.zeros((1500, 1)), np.arange(1500) < 1000)
    if metric == "pinball":
        assert np.mean(rows.target[:1000] <= said[:1000]) == pytest.approx(0.9, abs=0.05)
    else:
        assert (said == 0).all()


def test_the_same_stores_without_walks_are_left_in_peace():
    found = check(stores(walk=False), "sales")
    assert found.looked_at == ("date",)
    assert not found.shown
    assert not found.unchecked
    assert split_alarms(found) == ()


def test_schools_as_whole_numbers_are_found():
    (trial,) = check(pupils(), "score").shown
    assert (trial.column, trial.by) == ("school", "group")
    assert "give --group 'school'" in trial.sentence
    assert not check(pupils(effect=0.0), "score").shown


def test_subjects_of_three_rows_whose_class_is_constant_are_found():
    rng = np.random.default_rng(2)
    of = np.repeat(np.arange(150), 3)
    frame = pl.DataFrame(
        {
            "Subject ID": [f"OAS2_{100 + subject}" for subject in of],
            "age": rng.integers(60, 95, 150)[of] + np.tile([0, 1, 3], 150),
            "Group": np.where(rng.random(150) < 0.45, "Demented", "Nondemented")[of],
        }
    )
    (trial,) = check(frame, "Group").shown
    assert (trial.column, trial.by, trial.metric) == ("Subject ID", "group", "log_loss")
    assert trial.useless
    rows = frame.with_columns(pl.col("Group").shuffle(seed=0))
    assert not check(rows, "Group").shown


def test_a_trend_that_goes_on_a_curve_over_years_and_smooth_ages_are_no_leak():
    rng = np.random.default_rng(3)
    day = np.sort(rng.integers(1460, size=1200))
    age = rng.integers(18, 80, 1200)
    level = day / 200 + 2 * np.sin(2 * np.pi * day / 365.25) + np.sin(age / 10)
    frame = pl.DataFrame({"day": dates(day), "age": age, "y": level + rng.normal(size=1200)})
    found = check(frame)
    assert found.looked_at == ("day", "age")
    assert not found.shown


def test_years_group_rows_that_share_them_and_tell_when_a_house_was_built():
    rng = np.random.default_rng(4)
    year, x = np.repeat(np.arange(30), 40), rng.normal(size=1200)
    y = 2 * rng.normal(size=30)[year] + rng.normal(size=1200)
    (trial,) = check(pl.DataFrame({"year": 1990 + year, "x": x, "y": y})).shown
    assert (trial.column, trial.by) == ("year", "group")
    built = 1900 + rng.integers(110, size=1200)
    price = ((built - 1900) / 40) ** 2 + x + rng.normal(size=1200)
    assert not check(pl.DataFrame({"built": built, "x": x, "y": price})).shown


def test_what_was_asked_for_is_not_tried_and_what_cannot_be_says_why():
    frame = stores()
    assert check(frame, "sales", time="date").asked
    assert check(frame, "sales", group="store").asked
    assert "too few rows" in check(frame[:50], "sales").unchecked
    assert "test file" in check(frame[:500], "sales", test=frame[500:600]).unchecked
    plain = frame.select("sales", x=pl.col("sales").shuffle(seed=1))
    assert "No column tells" in check(plain, "sales").unchecked


def test_rows_learned_from_and_others_are_answered_alike():
    """The errors of both, of rows drawn by one law and parted at random, are of one size."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3000, 3))
    y = x[:, 0] + np.sin(2 * x[:, 1]) + rng.normal(size=3000)
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y})
    rows = QuickRows.of(planned(frame, "y")[0], np.arange(3000))
    learned = rng.random(3000) < 0.5
    losses = rows.losses(answers(rows.columns, rows.target, learned, rng, "a"))
    assert ttest_ind(losses[learned], losses[~learned]).pvalue > 0.01
    assert 1 - losses.mean() > 0.5  # of 0.62 that can be explained, 0.4 by straight lines


def test_ridge_answers_of_rows_learned_from_are_those_of_refits_without_them():
    rng = np.random.default_rng(6)
    columns, target = rng.normal(size=(25, 3)), rng.normal(size=(25, 1))
    target += columns[:, :1]
    learned = np.arange(25) < 20
    centred = columns - columns[learned].mean(axis=0)
    design = np.hstack([np.ones((25, 1)), centred])

    def said(penalty, less, rows):
        gram = design[less].T @ design[less] + penalty * np.diag([0, 1, 1, 1])
        return design[rows] @ np.linalg.solve(gram, design[less].T @ target[less])

    def left_out(penalty):
        each = [said(penalty, learned & (np.arange(25) != row), [row]) for row in range(20)]
        return np.concatenate(each)

    losses = [np.sum((target[:20] - left_out(penalty)) ** 2) for penalty in PENALTIES]
    best = PENALTIES[np.argmin(losses)]
    answered = ridge_answers(columns, target, learned)
    assert answered[:20] == pytest.approx(left_out(best), rel=1e-8)
    assert answered[20:] == pytest.approx(said(best, learned, slice(20, 25)), rel=1e-8)


def test_group_means_are_best_linear_predictions():
    """Of rows drawn with known variances, the mean of the others is drawn in by m / (m + w / b)."""
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(4000), 3)
    errors = (rng.normal(size=4000)[group] + rng.normal(0, 2, 12000))[:, None]
    said = group_means(errors, np.ones(12000, bool), group)
    others = (errors.reshape(-1, 3).sum(axis=1)[group][:, None] - errors) / 2
    assert np.median(said / others) == pytest.approx(2 / (2 + 4), rel=0.1)
    new = np.arange(12000) % 3 == 0
    known = np.where(new[:, None], 0.0, errors)
    assert np.median((group_means(known, ~new, group) / others)[new]) == pytest.approx(
        1 / 3, rel=0.1
    )


def test_classes_that_are_rare_are_never_told_right():
    labels = np.array([f"c{place:02}" for place in range(15)])
    rng = np.random.default_rng(8)
    of = np.r_[rng.integers(12, size=600), np.repeat([12, 13, 14], 5)]
    dataset, _ = planned(pl.DataFrame({"x": rng.normal(size=615), "y": labels[of]}), "y")
    rows = QuickRows.of(dataset, np.arange(615))
    outcome = rows.outcome(rows.target, np.ones(615, bool))
    assert score(outcome)["accuracy"] == pytest.approx(600 / 615)


def test_two_columns_of_time_are_one_alarm_and_two_of_groups_are_two():
    trials = [("time", "date"), ("group", "store"), ("time", "hour"), ("group", "region")]
    shown = tuple(SplitTrial(name, by, "r2", 0.9, 0.1, 1e-6, shown=True) for by, name in trials)
    alarms = split_alarms(SplitCheck(shown))
    assert [alarm.columns for alarm in alarms] == [("date",), ("store",), ("region",)]
