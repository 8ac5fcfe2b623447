import numpy as np
import polars as pl
import pytest
from alarm_tables import CLEAN, planned

from gradum.fitting.alarms.identifier import identifiers
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
}
MEASURES = {
    "years": 1700 + COUNT,
    "seconds": 1_600_000_000 + 3600 * COUNT,
    "days of a spreadsheet": 43_000 + COUNT,
    "sorted amounts": np.sort(RNG.choice(100_000, ROWS, replace=False)),
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
    assert f"from {values.min():g} to {values.max():g}" in alarm.sentence
    assert "--drop 'record'" in alarm.sentence


@pytest.mark.parametrize("values", [pytest.param(v, id=k) for k, v in MEASURES.items()])
def test_measurements_and_times_are_not(values):
    assert alarms(values) == ()


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
