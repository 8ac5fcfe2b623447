"""The alarm of a leak: planted ones are found, and nothing else."""

import datetime

import numpy as np
import polars as pl
import pytest
from alarm_tables import CLEAN, planned, with_column
from scipy.stats import norm, rankdata

from gradum.run.alarms.leak import leaks, strengths
from gradum.tables.split import Part
from synthetic import task

DAY = datetime.date(2001, 1, 1)


def alarms(frame, target, seed=0, **options):
    return leaks(*planned(frame, target, seed=seed, **options), seed=seed)


def days(numbers):
    return [DAY + datetime.timedelta(days=int(number)) for number in numbers]


def code(y):
    """Each class's number in another order than its label's."""
    levels, codes = np.unique(y, return_inverse=True)
    return (codes + 1) % len(levels)


def wrong(y, share, rng):
    """The labels, of which a share is another row's."""
    return np.where(rng.random(len(y)) < share, rng.permutation(y), y)


def where(shown, values):
    return pl.select(pl.when(pl.Series(shown)).then(pl.Series(values))).to_series()


NUMBERS = {
    "noise": lambda y, rng: y + rng.normal(0, 0.05 * y.std(), len(y)),
    "exponential": lambda y, rng: np.exp(-y / y.std()),
    "rank": lambda y, rng: rankdata(y),
    "date": lambda y, rng: days(3 * rankdata(y)),
    "bands": lambda y, rng: [f"band {k}" for k in np.floor(rankdata(y) / len(y) * 19.99)],
    "a code a value": lambda y, rng: [f"P{hash(value) % 7919}" for value in y.round(0)],
    "noise, a fifth missing": lambda y, rng: where(
        rng.random(len(y)) < 0.8, y + rng.normal(0, 0.2, len(y))
    ),
}
CLASSES = {
    "other labels": lambda y, rng: [f"z{k}" for k in code(y)],
    "numbers": lambda y, rng: 3 * code(y) + 7,
    "bins": lambda y, rng: 10 * code(y) + rng.uniform(0, 9, len(y)),
    "dates": lambda y, rng: days(40 * code(y) + rng.integers(0, 30, len(y))),
    "many levels": lambda y, rng: [f"{k}-{rng.integers(20)}" for k in code(y)],
    "a flag, 1% wrong": lambda y, rng: [f"z{k}" for k in code(wrong(y, 0.01, rng))],
    "bins, 1% wrong": lambda y, rng: 10 * code(wrong(y, 0.01, rng)) + rng.uniform(0, 9, len(y)),
    "filled in for one class": lambda y, rng: where(code(y) == 1, rng.normal(size=len(y))),
    "words for one class": lambda y, rng: where(
        code(y) == 1, [f"note no {k} on this row" for k in rng.permutation(len(y))]
    ),
}


@pytest.mark.parametrize(
    ("target", "values"),
    [
        *(pytest.param("amount", make, id=f"amount: {name}") for name, make in NUMBERS.items()),
        *(pytest.param("label", make, id=f"label: {name}") for name, make in CLASSES.items()),
        *(pytest.param("grade", make, id=f"grade: {name}") for name, make in CLASSES.items()),
    ],
)
def test_a_planted_leak_is_found_and_nothing_else(target, values):
    (alarm,) = alarms(with_column(target, values), target)
    assert alarm.kind == "leak"
    assert alarm.columns == ("planted",)
    assert repr(target) in alarm.sentence
    assert "--drop 'planted'" in alarm.sentence


def test_a_column_filled_in_for_high_numbers_only_is_found():
    top = lambda y, rng: where(y > np.quantile(y, 0.9), rng.normal(size=len(y)))  # noqa: E731
    (alarm,) = alarms(with_column("amount", top), "amount")
    assert alarm.sentence.startswith("'amount' decides in which rows there is a value of 'planted'")


def test_a_copy_is_set_aside_and_said():
    frame = task("amount").with_columns(copy=pl.col("amount"))
    dataset, plan = planned(frame, "amount")
    copy = dataset.schema.column("copy")
    assert (copy.role, copy.reason) == ("unused", "Equal to the target in every row; not used.")
    assert leaks(dataset, plan, seed=0) == ()


def test_a_leak_of_one_row_in_a_hundred_is_found():
    rng = np.random.default_rng(0)
    rare = rng.random(6000) < 0.01
    frame = task("amount", 6000).drop("amount")
    frame = frame.with_columns(fraud=rare, code=pl.Series(np.where(rare, "x9", "a1")))
    (alarm,) = alarms(frame, "fraud")
    assert alarm.columns == ("code",)
    missed = np.where(rare & (rng.random(6000) < 0.7), "x9", "a1")
    assert alarms(frame.with_columns(code=pl.Series(missed)), "fraud") == ()


@pytest.mark.parametrize("r2", [0.5, 0.9, 0.99])
def test_the_share_is_that_of_the_variance(r2):
    """y = x + noise: the best that x can explain is its own share of y's variance."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=20_000)
    y = np.sqrt(r2) * x + np.sqrt(1 - r2) * rng.normal(size=20_000)
    values, _ = strengths(*planned(pl.DataFrame({"x": x, "y": y}), "y"), seed=0)
    assert values["x"].share == pytest.approx(r2, abs=0.015)


@pytest.mark.parametrize("flipped", [0.3, 0.1, 0.02])
def test_the_share_is_that_of_the_log_loss(flipped):
    """A flag that is wrong with probability e leaves h(e) = −e ln e − (1 − e) ln(1 − e) of ln 2."""
    rng = np.random.default_rng(1)
    y = rng.random(20_000) < 0.5
    flag = y ^ (rng.random(20_000) < flipped)
    left = -flipped * np.log(flipped) - (1 - flipped) * np.log(1 - flipped)
    frame = pl.DataFrame({"flag": flag, "y": y})
    values, _ = strengths(*planned(frame, "y"), seed=0)
    assert values["flag"].share == pytest.approx(1 - left / np.log(2), abs=0.02)


def test_classes_that_a_normal_column_separates():
    """Two normals d apart: the entropy that x leaves, by numerical integration."""
    rng = np.random.default_rng(2)
    y = rng.random(20_000) < 0.5
    x = rng.normal(size=20_000) + 2.0 * y
    grid = np.linspace(-8, 10, 20_001)
    one, two = norm.pdf(grid), norm.pdf(grid, 2.0)
    p = one / (one + two)
    left = np.trapezoid((one + two) / 2 * (-p * np.log(p) - (1 - p) * np.log1p(-p)), grid)
    values, _ = strengths(*planned(pl.DataFrame({"x": x, "y": y}), "y"), seed=0)
    assert values["x"].share == pytest.approx(1 - left / np.log(2), abs=0.02)


def test_a_level_for_nearly_every_row_explains_nothing():
    rng = np.random.default_rng(0)
    for target in ("amount", "label"):
        frame = task(target)
        names = [f"n{k}" for k in rng.integers(0, 40_000, len(frame))]
        frame = frame.with_columns(name=pl.Series(names))
        values, _ = strengths(*planned(frame, target, categorical=("name",)), seed=0)
        assert values["name"].share < 0.3
        assert alarms(frame, target, categorical=("name",)) == ()


@pytest.mark.slow
def test_chance_finds_nothing_among_many_columns_of_few_rows():
    rng = np.random.default_rng(3)
    for rows in (20, 60):
        columns = {f"x{j}": rng.normal(size=rows) for j in range(50)}
        columns |= {f"c{j}": rng.choice(["a", "b"], rows) for j in range(100)}
        features = pl.DataFrame(columns)
        for y in (rng.normal(size=rows), rng.choice(["yes", "no"], rows)):
            assert alarms(features.with_columns(y=pl.Series(y)), "y") == ()


@pytest.mark.parametrize(("target", "rows"), CLEAN)
def test_clean_tables_raise_no_alarm(target, rows):
    for seed in range(6):
        assert alarms(task(target, rows, seed), target, seed=seed) == ()


@pytest.mark.slow
def test_a_hundred_rows_are_enough_for_a_plain_leak():
    for target, make in (
        ("amount", NUMBERS["noise"]),
        ("label", CLASSES["other labels"]),
        ("grade", CLASSES["numbers"]),
    ):
        for seed in range(5):
            (alarm,) = alarms(with_column(target, make, 100, seed), target, seed)
            assert alarm.columns == ("planted",)


def test_a_column_that_names_a_group_is_no_leak_where_groups_stay_together():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 200, 2000)
    level = rng.normal(size=200)[group]
    frame = pl.DataFrame(
        {
            "patient": [f"p{g}" for g in group],
            "birth": (rng.permutation(200) / 7)[group],
            "street": [f"s{(g * 7) % 200}" for g in group],
            "y": level + rng.normal(0, 0.05, 2000),
        }
    )
    (alarm,) = alarms(frame, "y")
    assert set(alarm.columns) == {"patient", "birth", "street"}
    assert alarms(frame, "y", group="patient") == ()


def test_only_training_rows_are_looked_at():
    frame = with_column("amount", NUMBERS["noise"])
    _, plan = planned(frame, "amount")
    others = pl.Series(plan.kept != Part.TRAIN)
    hidden = frame.with_columns(pl.when(others).then(0.0).otherwise("planted").alias("planted"))
    assert len(alarms(hidden, "amount")) == 1
    inverse = frame.with_columns(pl.when(others).then("planted").otherwise(0.0).alias("planted"))
    assert alarms(inverse, "amount") == ()


def test_many_leaks_are_listed_in_short():
    frame = task("amount")
    rng = np.random.default_rng(0)
    noise = {f"v{k:02}": frame["amount"] + rng.normal(0, 0.1, 1200) for k in range(11)}
    (alarm,) = alarms(frame.with_columns(**noise), "amount")
    assert set(alarm.columns) == set(noise)
    assert "or one of 7 more columns" in alarm.sentence


def test_more_classes_than_are_told_apart():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 60, 6000)
    frame = pl.DataFrame({"x": rng.normal(size=6000), "code": y * 10.0 + rng.random(6000)})
    frame = frame.with_columns(y=pl.Series([f"class {k}" for k in y]))
    (alarm,) = alarms(frame, "y")
    assert alarm.columns == ("code",)


@pytest.mark.parametrize("named", [True, False])
def test_a_column_that_names_subjects_is_to_group_the_rows(named):
    rng = np.random.default_rng(7)
    of = np.repeat(rng.permutation(150), 3)
    frame = pl.DataFrame(
        {
            "Subject ID": [f"OAS2_{subject}" for subject in of] if named else of,
            "age": rng.integers(60, 95, 450),
            "Group": np.where(rng.random(150) < 0.45, "Demented", "Nondemented")[of],
        }
    )
    (alarm,) = alarms(frame, "Group")
    assert (alarm.kind, alarm.columns) == ("leak", ("Subject ID",))
    assert "keep them together with --group 'Subject ID'" in alarm.sentence
    rounded = frame.with_columns(score=rng.normal(50, 9, 450)).with_columns(
        **{"Subject ID": pl.col("score").round(0).cast(pl.Int64)}
    )
    (alarm,) = alarms(rounded.drop("Group"), "score")
    assert "--group" not in alarm.sentence
    assert "leave it out with --drop 'Subject ID'" in alarm.sentence
