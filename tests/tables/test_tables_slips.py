"""Values far outside all others are named; long tails, counts and groups of their own are not."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from gradum.tables.doubts.slips import _chance, slips
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table


def reason(values, name="x", **table):
    frame = pl.DataFrame({name: values, "y": np.arange(len(values)) / 7})
    return infer(Table(frame, "t", **table), target="y").column(name).reason


def planted(values, places):
    values = np.array(values, dtype=float)
    for row, value in places.items():
        values[row] = value
    return values


RNG = np.random.default_rng(5)
YEARS = RNG.integers(1900, 2021, 300)
PRICES = RNG.lognormal(12, 0.5, 1000).round(2)
BEDROOMS = np.clip(RNG.poisson(3.3, 20_000), 1, 10)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        (YEARS, {17: 1196}),
        (YEARS, {17: 1196, 40: 2207}),
        (YEARS, {3: 1196, 7: 1196}),
        (PRICES, {999: 160e6}),
        (BEDROOMS, {5: 20}),
        (RNG.normal(size=200), {0: -400}),
    ],
)
def test_planted_slips_are_found_and_nothing_else(values, places):
    values = planted(values, places)
    found = slips(values)
    others = np.delete(values, list(places))
    assert found.values.tolist() == sorted(set(places.values()))
    assert (found.low, found.high) == (others.min(), others.max())


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 500 + [1.0] * 5 + [2.0] * 2,  # too few values to tell what tail they have
        [*YEARS, *[1196.0] * 4],  # a group of their own
        [*range(1, 11), 20.0],
        [1.0] * 99 + [1e9],
        [*np.linspace(0, 1, 99), 1.6],
    ],
)
def test_what_is_no_slip(values):
    assert slips(np.array(values, dtype=float)) is None


TAILS = {
    "normal": lambda n: RNG.normal(size=n),
    "lognormal": lambda n: RNG.lognormal(size=n),
    "t(3)": lambda n: RNG.standard_t(3, size=n),
    "Poisson": lambda n: RNG.poisson(1, size=n),
    "exponential": lambda n: RNG.exponential(size=n),
    "Pareto": lambda n: RNG.pareto(1, size=n),
}


@pytest.mark.parametrize("tail", TAILS)
def test_of_long_tails_no_more_are_flagged_than_one_in_a_hundred(tail):
    """Of 400 columns, 12 or more have a chance of 1 in 1,000 where the rate is 1%."""
    columns = [TAILS[tail](n).astype(float) for n in (50, 200, 1000, 3000) for _ in range(100)]
    assert sum(slips(column) is not None for column in columns) < 12


@pytest.mark.parametrize("m", [1, 2, 3])
def test_a_gap_has_the_chance_that_it_is_said_to_have(m):
    """Of Pareto's own tail, and where few enough distances follow that only one k is tried."""
    drawn = np.sort(RNG.pareto(2, size=(4_000, 60)) + 1, axis=1)[:, ::-1]
    chances = np.array([_chance(each, m) for each in np.log(drawn[:, : m + 6])])
    for level in (0.02, 0.1, 0.5):
        assert abs(np.mean(chances < level) - level) < 4 * np.sqrt(level * (1 - level) / 4_000)


@pytest.mark.parametrize("text", [False, True])
def test_the_hint_names_row_value_usual_range_and_remedy(text):
    years = planted(YEARS, {17: 1196}).astype(int)
    values = [str(year) for year in years] if text else years
    hint = (
        "; 1196 (row 18) is far from all others, which range from 1900 to 2020: correct it if "
        "it is a slip."
    )
    assert reason(values, typed=not text).endswith(hint)
    assert "slip" not in reason(values, name="zip_code", typed=not text)


def test_a_date_is_named_by_its_day():
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=int(day)) for day in RNG.integers(0, 900, 200)]
    days[3] = dt.date(1020, 5, 6)
    for values, typed in ((days, True), ([str(day) for day in days], False)):
        assert "1020-05-06 (row 4) is far from all others" in reason(values, typed=typed)


def test_marks_of_missing_values_are_called_so_alone():
    values = planted(RNG.normal(50, 9, 300).round(), {3: 999, 9: 999})
    assert "may mean missing" in reason(values)
    assert "slip" not in reason(values)


def test_a_sample_names_the_rows_of_its_table():
    years = planted(YEARS, {17: 1196})
    assert "1196 (row 4,113)" in reason(years, numbers=4_095 + np.arange(300))


def test_the_target_is_looked_at_as_well():
    frame = pl.DataFrame({"x": np.arange(1000) % 7 / 3, "y": planted(PRICES, {4: 160e6})})
    schema = infer(Table(frame, "t"), target="y")
    assert "160,000,000 (row 5) is far from all others" in schema.target.reason
