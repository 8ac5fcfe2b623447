"""The alarm of known columns of a forecast: planted leaks are found, drawn series pass."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from gradum.errors import SpecError
from gradum.run.alarms.known_values import known_values, told
from gradum.run.forecast.learned_series import series_rows
from gradum.tables.schema.schema import Overrides
from gradum.tables.table import Table

DAYS, LATER = 200, 7


def shops():
    rng = np.random.default_rng(0)
    days = [dt.date(2024, 1, 1) + dt.timedelta(day) for day in range(DAYS)]
    week = 1 + 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    frames = [
        pl.DataFrame(
            {
                "day": days,
                "shop": shop,
                "sold": level * week + rng.normal(0, level / 10, DAYS),
                "temperature": rng.normal(15, 5, DAYS),
            }
        )
        for shop, level in (("a", 10.0), ("b", 300.0), ("c", 20.0))
    ]
    return pl.concat(frames).with_columns(
        rounded=pl.col("sold").round(1),
        logarithm=pl.col("sold").log().round(3),
        money=2.5 * pl.col("sold") + pl.col("temperature") * 0.01,
        since_january=pl.col("sold").cum_sum().over("shop"),
        this_month=pl.col("sold").cum_sum().over("shop", pl.col("day").dt.month()),
        all_shops=pl.col("sold").sum().over("day"),
        same=pl.col("sold"),
    )


def learned(frame, known, *, one=False):
    frame = frame.filter(pl.col("shop") == "a").drop("shop") if one else frame
    series = () if one else ("shop",)
    given = Table(frame.select("day", *series, "sold", known), "sales.csv")
    rows = series_rows(
        given, "sold", 7, series=series, known=[known], overrides=Overrides(time="day")
    )
    return rows, known_values(SimpleNamespace(schema=rows.schema, history=rows.history), seed=0)


LEAKS = ["rounded", "logarithm", "money", "since_january", "this_month", "all_shops"]


@pytest.mark.parametrize("known", LEAKS)
def test_a_planted_leak_is_found(known):
    _, alarms = learned(shops(), known)
    assert [(alarm.kind, alarm.columns) for alarm in alarms] == [("leak", (known,))]
    assert "of the same stamp" in alarms[0].sentence


@pytest.mark.parametrize("one", [False, True])
def test_what_says_little_is_left_in_peace(one):
    assert not learned(shops(), "temperature", one=one)[1]


def test_no_alarm_in_drawn_series():
    rng, time, most = np.random.default_rng(1), np.arange(300), 0.0
    for _ in range(10):
        draws = (rng.normal(size=300).cumsum(), time % 7 + rng.normal(0, 0.3, 300))
        driver = rng.normal(size=300)
        columns = (rng.normal(size=300).cumsum(), 1.0 * time, 1.0 * (rng.random(300) < 0.1), driver)
        most = max(most, *(told(y + driver / 2, x, 7, rng) for y in draws for x in columns))
    assert 0.3 < most < 0.9


def later(**columns):
    ahead = [dt.date(2024, 1, 1) + dt.timedelta(DAYS + day) for day in range(LATER)]
    frames = [pl.DataFrame({"day": ahead, "shop": shop, **columns}) for shop in "abc"]
    return pl.concat([shops(), *frames], how="diagonal")


def test_a_column_filled_in_with_the_target_is_found():
    rows, alarms = learned(later(), "temperature")
    assert "has no value where 'sold' has none yet" in alarms[0].sentence
    assert any("not given at 21 stamps" in note for note in rows.table.notes)


def test_a_column_known_later_too_is_none():
    rows, alarms = learned(
        later(temperature=[20.0, 21.0, None, 19.0, 18.0, 17.0, 16.0]), "temperature"
    )
    assert not alarms
    assert any("not given at 3 stamps" in note for note in rows.table.notes)


def test_the_target_itself_under_another_name_is_refused():
    with pytest.raises(SpecError, match="Equal to the target"):
        learned(shops(), "same")
