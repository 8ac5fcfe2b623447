"""The alarm of identifiers: columns that number rows, and measurements that do not."""

import numpy as np
import polars as pl
import pytest
from alarm_tables import CLEAN, planned

from gradum.run.alarms.identifier import identifiers
from gradum.tables.wording import number
from synthetic import task

ROWS = 300
RNG = np.random.default_rng(0)
COUNT = np.arange(ROWS)

NUMBERING = {
    "in order": COUNT + 1,
    "from zero": COUNT,
    "as fractions": (COUNT + 1).astype(float),
    "shuffled": RNG.permutation(ROWS) + 1,
    "with gaps": np.sort(RNG.choice(int(1.08 * ROWS), ROWS, replace=False)),
    "tickets": 100_000 + COUNT,
    "tickets, shuffled": 100_000 + RNG.permutation(ROWS),
    "tickets with gaps of 1 to 3": 100_000 + np.cumsum(RNG.integers(1, 4, ROWS)),
}
MEASURES = {
    "years": 1700 + COUNT,
    "seconds": 1_600_000_000 + 3600 * COUNT,
    "days of a spreadsheet": 43_000 + COUNT,
    "seconds, every one": 1_600_000_000 + COUNT,
    "sorted amounts": np.sort(RNG.choice(100_000, ROWS, replace=False)),
    "populations": RNG.lognormal(9, 1.5, ROWS).astype(int),
    "prices in cents": RNG.integers(10_000, 500_000, ROWS),
    "sorted measurements": np.sort(RNG.normal(100_000, 200, ROWS).round()),
    "sorted fractions": np.sort(RNG.random(ROWS)),
    "places in a season": COUNT % 52,
    "counts": RNG.poisson(40, ROWS),
    "balances": RNG.permutation(ROWS) - 150,
}


def alarms(values, name="record", target="amount", **options):
    frame = task(target, ROWS).with_columns(pl.Series(name, values))
    return identifiers(planned(frame, target, **options)[0])


@pytest.mark.parametrize("values", [pytest.param(v, id=k) for k, v in NUMBERING.items()])
def test_a_column_that_numbers_the_rows_is_found(values):
    (alarm,) = alarms(values)
    assert (alarm.kind, alarm.columns) == ("identifier", ("record",))
    assert f"from {number(values.min())} to {number(values.max())}" in alarm.sentence
    assert "--drop 'record'" in alarm.sentence


@pytest.mark.parametrize("values", [pytest.param(v, id=k) for k, v in MEASURES.items()])
def test_measurements_and_times_are_not(values):
    assert alarms(values) == ()


@pytest.mark.parametrize("target", ["amount", "label", "grade"])
def test_a_ranking_goes_with_the_target_and_is_said_to_be_one(target):
    frame = task(target, ROWS)
    size = frame["size"] + 10 * (frame["colour"] == "red").cast(float)  # both raise every target
    for values, ranks in ((size.rank("ordinal"), True), (RNG.permutation(ROWS) + 1, False)):
        dataset, _ = planned(frame.with_columns(place=pl.Series(values)), target)
        (alarm,) = identifiers(dataset)
        assert alarm.columns == ("place",)
        assert ("or to rank them" in alarm.sentence) is ranks
        assert ("keep it if it is a ranking" in alarm.sentence) is ranks


def test_ages_that_happen_to_differ_are_no_counter():
    """Of 25 ages from 18 to 89, all differ in 1% of tables; of 40, in none to speak of."""
    ages = RNG.choice(np.arange(18, 90), 25, replace=False)
    frame = task("amount", 25).with_columns(years=pl.Series(ages))
    assert identifiers(planned(frame, "amount")[0]) == ()


def test_an_identifier_is_left_alone_until_it_is_forced_into_use():
    customers = RNG.choice(10**7, ROWS, replace=False)
    assert alarms(customers, "customer_id") == ()
    for options in ({"numeric": ("customer_id",)}, {"categorical": ("customer_id",)}):
        (alarm,) = alarms(customers, "customer_id", **options)
        assert alarm.columns == ("customer_id",)
    names = pl.Series([f"c-{k}" for k in customers])
    assert alarms(names) == ()
    (alarm,) = alarms(names, categorical=("record",))
    assert "300 levels in 300 rows" in alarm.sentence


def test_a_counter_that_orders_the_rows_is_no_feature():
    assert alarms(COUNT, time="record") == ()


def test_rows_left_out_do_not_hide_a_counter():
    frame = task("amount", ROWS).with_columns(record=pl.Series(COUNT))
    holed = frame.with_columns(pl.when(pl.col("record") % 3 == 0).then("amount").alias("amount"))
    (alarm,) = identifiers(planned(holed, "amount")[0])
    assert alarm.columns == ("record",)


def test_the_rows_of_a_test_file_are_numbered_anew():
    frame = task("amount", ROWS).with_columns(record=pl.Series(COUNT))
    dataset, _ = planned(frame, "amount", test=frame.head(100))
    assert len(identifiers(dataset)) == 1


@pytest.mark.parametrize(("target", "rows"), CLEAN)
def test_clean_tables_raise_no_alarm(target, rows):
    for seed in range(3):
        assert identifiers(planned(task(target, rows, seed), target)[0]) == ()
