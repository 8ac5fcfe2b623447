"""Series on a grid, and rows of an origin and a step: held against sums written out by hand."""

import datetime as dt
import sys
from calendar import monthrange
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest

from gradum.errors import GradumError, TableError
from gradum.messages import as_text
from gradum.run.forecast.continued_series import stamped
from gradum.run.forecast.learned_series import series_rows
from gradum.ship.bundle import Kept, history_arrays, restored_history
from gradum.tables.forecast.calendar import in_calendar
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.frequency import DAY, Frequency, frequency_of
from gradum.tables.forecast.pairs import Windows
from gradum.tables.forecast.panel import panel_of
from gradum.tables.schema.schema import Overrides
from gradum.tables.split import UNUSED, Part, folds, hold_out
from gradum.tables.table import Table

START = dt.datetime(2024, 1, 1)


def days(count, start=START, step=1):
    return [start + dt.timedelta(days=step * day) for day in range(count)]


def table(stamps, values, **columns):
    return Table(pl.DataFrame({"day": stamps, "sold": values, **columns}), "sales.csv")


def learned(given, horizon=7, **options):
    return series_rows(given, "sold", horizon, overrides=Overrides(time="day"), **options)


def wave(count, seed=0):
    rng = np.random.default_rng(seed)
    return 10 + np.arange(count) % 7 + rng.normal(0, 0.3, count)


def microseconds(stamps):
    return pl.Series(stamps).cast(pl.Datetime("us")).to_physical().to_numpy()


@pytest.mark.parametrize(
    ("stamps", "unit", "step"),
    [
        (pl.datetime_range(START, dt.datetime(2024, 1, 9), "30m", eager=True), "us", DAY / 48),
        (pl.date_range(START, dt.date(2024, 3, 1), "1d", eager=True), "us", DAY),
        (pl.date_range(START, dt.date(2026, 3, 1), "1w", eager=True), "us", 7 * DAY),
        (pl.date_range(START, dt.date(2030, 3, 1), "1mo", eager=True), "months", 1),
        (pl.date_range(START, dt.date(2030, 3, 1), "1q", eager=True), "months", 3),
        (
            pl.date_range(START, dt.date(2030, 3, 1), "1mo", eager=True).dt.month_end(),
            "months",
            1,
        ),
        (
            pl.date_range(START, dt.date(2024, 9, 1), "1d", eager=True).filter(
                pl.date_range(START, dt.date(2024, 9, 1), "1d", eager=True).dt.weekday() < 6
            ),
            "weekdays",
            1,
        ),
    ],
)
def test_stamps_and_places_are_each_others_inverse(stamps, unit, step):
    moments = microseconds(stamps)
    frequency = frequency_of([moments], dated=True)
    assert (frequency.unit, frequency.step) == (unit, step)
    places = frequency.places(moments)
    assert (np.diff(places) == 1).all()
    assert (frequency.stamps(places) == moments).all()


def test_a_stamp_beside_the_grid_has_no_place():
    frequency = Frequency("us", DAY, 0.0)
    assert np.isnan(frequency.places(np.array([DAY // 2]))).all()


def test_the_target_is_what_the_last_season_misses():
    values = wave(120)
    rows = learned(table(days(120), values))
    frame, known = rows.table.frame, rows.schema.forecast
    assert known.season == 7
    assert known.scales == (1.0,)
    for origin, step, target in frame.select(ORIGIN, STEP, "sold").sample(50, seed=1).iter_rows():
        at = (origin - START).days
        assert target == pytest.approx(values[at + step] - values[at + step - 7])
    assert frame[STEP].max() == 7


def test_the_last_origins_teach_the_steps_that_are_known():
    frame = learned(table(days(120), wave(120))).table.frame
    assert frame["sold"].null_count() == 0
    last = frame.group_by(ORIGIN).agg(pl.col(STEP).max()).sort(ORIGIN)[STEP].to_list()
    assert last[-9:] == [7, 7, 7, 6, 5, 4, 3, 2, 1]


def test_no_row_looks_beyond_its_origin():
    values = wave(120)
    later = values.copy()
    later[80:] += 100.0
    known = learned(table(days(120), values)).schema.forecast
    frames = [
        Windows.every(panel_of(table(days(120), each), known), known).frame()
        for each in (values, later)
    ]
    before = [
        each.filter(pl.col(ORIGIN) < START + dt.timedelta(days=80)).drop("sold") for each in frames
    ]
    assert before[0].equals(before[1])
    assert len(before[0]) > 200


def test_a_known_column_is_taken_at_the_stamp_and_another_at_the_origin():
    price = np.arange(120.0)
    given = table(days(120), wave(120), price=price, rain=price**2)
    frame = learned(given, known=["price"]).table.frame
    at = (frame[ORIGIN] - START).dt.total_days()
    assert (frame["price"] == at + frame[STEP]).all()
    assert (frame["rain"] == at**2).all()


def test_each_series_has_its_own_past_and_scale():
    small, large = wave(120), 100 * wave(120, 1)
    given = table(days(120) * 2, [*small, *large], shop=["a"] * 120 + ["b"] * 120)
    known = learned(given, series=["shop"]).schema.forecast
    for values, scale in zip((small, large), known.scales, strict=True):
        assert scale == pytest.approx(np.sqrt(np.mean((values[7:] - values[:-7]) ** 2)))
    shuffled = Table(given.frame.sample(fraction=1.0, shuffle=True, seed=3), "sales.csv")
    assert learned(shuffled, series=["shop"]).schema.forecast.scales == pytest.approx(known.scales)


def test_gaps_are_missing_and_rows_are_found_around_them():
    kept = np.arange(150) % 11 != 5
    stamps = [stamp for stamp, held in zip(days(150), kept, strict=True) if held]
    rows = learned(table(stamps, wave(150)[kept]))
    panel = panel_of(table(stamps, wave(150)[kept]), rows.schema.forecast)
    assert (
        np.isnan(panel.target[0]).sum() == (~kept).sum() - (~kept[-7:]).sum() + (~kept[-7:]).sum()
    )
    assert any("have no value" in note for note in rows.table.notes)


def test_an_hour_that_the_clock_repeats_has_the_mean():
    hours = pl.datetime_range(
        dt.datetime(2024, 10, 1), dt.datetime(2024, 12, 1), "1h", eager=True, time_zone="UTC"
    )
    local = hours.dt.convert_time_zone("Europe/Berlin").dt.replace_time_zone(None)
    values = np.arange(len(local), dtype=float)
    given = table(local, values)
    rows = learned(given, horizon=24)
    assert any("clock was set back" in note for note in rows.table.notes)
    known = rows.schema.forecast
    panel = panel_of(given, known)
    twice = known.frequency.places(microseconds([dt.datetime(2024, 10, 27, 2)])).astype(int)
    first = int(np.flatnonzero(local == dt.datetime(2024, 10, 27, 2))[0])
    assert panel.target[0, twice[0] - panel.first] == first + 0.5


REFUSED = {
    "rows 1, 121": table(days(120) + days(1), wave(121)),
    "in row 51": table([*days(50), START + dt.timedelta(days=50, hours=3), *days(40)], wave(91)),
    "from row 121 on": table(days(120) + days(60, START + dt.timedelta(days=200), 7), wave(180)),
    "no stamp, in row 1": table([None, *days(119)], wave(120)),
    "too short": table(days(20), wave(20)),
    "constant": table(days(120), np.ones(120)),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_no_regular_series_is_refused_by_row(said):
    with pytest.raises(GradumError) as refused:
        learned(REFUSED[said], horizon=14)
    assert said in str(refused.value)
    assert refused.value.remedy


def test_series_of_mixed_frequencies_are_refused_by_name():
    given = table(days(120) + days(40, step=7), wave(160), shop=["daily"] * 120 + ["weekly"] * 40)
    with pytest.raises(TableError, match="series 'weekly' has a value every 7 steps"):
        learned(given, series=["shop"])


def test_windows_go_on_from_the_end_of_each_series():
    given = table(days(120) + days(100), wave(220), shop=["a"] * 120 + ["b"] * 100)
    rows = learned(given, series=["shop"])
    last = Windows.last(panel_of(given, rows.schema.forecast), rows.schema.forecast)
    ends = rows.schema.forecast.frequency.stamps(last.origins)
    assert (ends == microseconds([days(120)[-1], days(100)[-1]])).all()
    assert last.frame()["sold"].null_count() == 7 + 7


def test_nothing_is_learned_whose_outcome_is_known_after_the_first_test():
    origins = np.repeat(np.arange(100), 7)
    until = origins + np.tile(np.arange(1, 8), 100)
    rng = np.random.default_rng(0)
    parts = hold_out(700, time=origins, until=until, test=0.2, validation=0.2, rng=rng)
    begins = origins[parts == Part.TEST].min()
    learns = (parts == Part.TRAIN) | (parts == Part.VALIDATION)
    assert until[learns].max() < begins
    assert set(until[parts == UNUSED] >= begins) == {True}
    for fold in folds(700, 4, time=origins, until=until, rng=rng):
        learns = (fold == Part.TRAIN) | (fold == Part.VALIDATION)
        assert until[learns].max() < origins[fold == Part.TEST].min()


BERLIN = "Europe/Berlin"
GIVEN = {
    "days": pl.date_range(START, dt.date(2024, 9, 1), "1d", eager=True),
    "months as texts": pl.Series([f"{2000 + m // 12}-{m % 12 + 1:02d}" for m in range(130)]),
    "quarters as texts": pl.Series([f"Q{q % 4 + 1} {1980 + q // 4}" for q in range(130)]),
    "days as texts": pl.date_range(START, dt.date(2024, 9, 1), "1d", eager=True).dt.to_string(
        "%d.%m.%Y"
    ),
    "hours in a zone": pl.datetime_range(
        dt.datetime(2024, 3, 10), dt.datetime(2024, 4, 4), "1h", time_zone=BERLIN, eager=True
    ),
    "days in a zone": pl.datetime_range(
        START, dt.datetime(2024, 9, 1), "1d", time_zone=BERLIN, eager=True
    ),
    "whole numbers": pl.Series(range(1900, 2030)),
}


@pytest.mark.parametrize("name", GIVEN)
def test_stamps_come_back_as_they_were_given(name):
    stamps = GIVEN[name].alias("day")
    given = table(stamps[:-7], wave(len(stamps) - 7))
    known = learned(given).schema.forecast
    ahead = Windows.last(panel_of(given, known), known).frame()["day"]
    assert known.as_given(ahead).to_list() == stamps[-7:].to_list()


@pytest.mark.parametrize("series", [[], ["shop"]])
def test_judged_rows_are_named_by_series_and_stamps(series):
    months = GIVEN["months as texts"].to_list()
    rows = learned(table(months, wave(130), shop=["a"] * 130), series=series)
    named = stamped(rows.schema.forecast, rows.table.frame)
    assert named.columns == [*series, ORIGIN, "day", STEP]
    row = named.row(5, named=True)
    assert months.index(row["day"]) == months.index(row[ORIGIN]) + row[STEP]


def test_origins_since_are_those_after_all_that_was_learned():
    longer = table(days(130), wave(130))
    known = learned(table(days(120), wave(120))).schema.forecast
    since = Windows.since(panel_of(longer, known), known)
    ends = known.frequency.stamps(since.origins)
    assert (ends == microseconds(days(130)[119:129])).all()
    assert since.frame()["sold"].null_count() == sum(range(7))  # of the last six origins


def test_columns_called_like_places_in_the_calendar_stay_apart():
    given = table(days(120), wave(120), weekday=[f"w{day % 3}" for day in range(120)])
    renamed = Table(given.frame.rename({"day": "day of month"}), "sales.csv")
    overrides = Overrides(time="day of month")
    rows = series_rows(renamed, "sold", 7, known=["weekday"], overrides=overrides)
    frame, stamps = rows.table.frame, rows.table.frame["day of month"]
    assert set(frame["weekday"].unique()) == {"w0", "w1", "w2"}
    assert (frame["day of month, day of month"] == stamps.dt.day()).all()
    assert frame["day of month, weekday"].n_unique() == 7
    assert "day of month, weekday" in [column.name for column in rows.schema.features]


def many(**values):
    frames = [
        pl.DataFrame({"day": days(len(each)), "shop": shop, "sold": each})
        for shop, each in values.items()
    ]
    return Table(pl.concat(frames), "sales.csv")


def test_series_that_tell_little_are_named_the_shortest_first():
    given = many(a=wave(100), tiny=wave(5), one=wave(1), flat=np.full(50, 3.0), full=wave(60))
    said = "\n".join(learned(given, series=["shop"]).table.notes)
    assert "2 series have fewer than 14 values, a season and the horizon: 'one', 'tiny'" in said
    assert "1 series never changes: 'flat'" in said
    assert "fewer" not in "\n".join(learned(many(a=wave(100)), series=["shop"]).table.notes)


def test_two_values_at_one_stamp_name_their_series():
    twice = many(a=wave(50), b=wave(60)).frame
    twice = pl.concat([twice, twice.filter(pl.col("shop") == "b")[:1]])
    with pytest.raises(TableError, match="Series 'b' has two values at one stamp, in rows 51, 111"):
        learned(Table(twice, "sales.csv"), series=["shop"])


SHOPS = {"a": 10.0, "b": 200.0, "c": 1.0}


def panel_table():
    """Three series of 60 days, with a column that is known beforehand and one that is not."""
    frames = [
        pl.DataFrame(
            {
                "day": days(60),
                "shop": shop,
                "open": [day % 7 > 0 for day in range(60)],
                "rain": wave(60, 9),
                "sold": level * wave(60, seed),
            }
        )
        for seed, (shop, level) in enumerate(SHOPS.items())
    ]
    return pl.concat(frames)


@pytest.mark.parametrize("gap", ["absent", "empty"])
def test_a_gap_at_any_of_60_stamps_of_three_series_is_kept_and_forecast(gap):
    """Nothing is made up: each value is in one place of the file, and each gap is one there."""
    whole = panel_table()
    known = learned(Table(whole, "sales.csv"), series=["shop"], known=["open"]).schema.forecast
    complete = panel_of(Table(whole, "sales.csv"), known)
    for series in range(3):
        for place in range(60):
            here = pl.int_range(pl.len()) == 60 * series + place
            cells = pl.when(~here).then(pl.col("sold")).alias("sold")
            frame = whole.filter(~here) if gap == "absent" else whole.with_columns(cells)
            panel = panel_of(Table(frame, "sales.csv"), known)
            assert np.argwhere(np.isnan(panel.target)).tolist() == [[series, place]]
            assert np.nansum(complete.target) == pytest.approx(
                np.nansum(panel.target) + complete.target[series, place]
            )
            kept = Kept(panel.keys, panel.first)
            schema = SimpleNamespace(forecast=known)
            again = restored_history(kept, history_arrays(panel), schema)
            assert np.array_equal(again.values, panel.values, equal_nan=True)
            last = Windows.last(again.latest(known), known)
            ends = np.full(3, last.origins.max())
            ends[series] -= place == 59
            assert (last.origins == ends).all()
            assert np.isfinite(last.naive).all()
            assert np.isfinite(last.scales).all()


GAPS = {
    "one": [30],
    "several in a row": range(25, 31),
    "whole weeks": range(14, 35),
    "every third": range(0, 60, 3),
    "the end": range(50, 60),
    "the begin": range(20),
    "scattered": [3, 4, 11, 17, 18, 19, 33, 40, 58],
}


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("of_all", [False, True])
def test_rows_are_made_around_gaps_and_it_is_said_how_many_there_are(gap, of_all):
    gone = (pl.col("day") - START).dt.total_days().is_in(list(GAPS[gap]))
    whole = panel_table()
    frame = whole.filter(~(gone & (of_all | (pl.col("shop") == "b"))))
    rows = learned(Table(frame, "sales.csv"), series=["shop"], known=["open"])
    values, known = rows.table.frame, rows.schema.forecast
    assert values["sold"].is_finite().all()
    panel = panel_of(Table(frame, "sales.csv"), known)
    spans = [np.flatnonzero(np.isfinite(each)) for each in panel.target]
    missing = [at[-1] - at[0] + 1 - len(at) for at in spans]
    said = "\n".join(rows.table.notes)
    assert (f"{sum(missing)} stamp" in said) == (sum(missing) > 0)
    if sum(missing):
        assert f"missing in series '{'a' if of_all else 'b'}': {max(missing)} of" in said
    windows = Windows.every(panel, known)
    truth = dict(zip(whole.select("shop", "day").iter_rows(), whole["sold"], strict=True))
    there = set(frame.select("shop", "day").iter_rows())
    for shop, origin, step, target in values.select("shop", ORIGIN, STEP, "sold").iter_rows():
        stamp = origin + dt.timedelta(days=step)
        assert {(shop, origin), (shop, stamp)} <= there
        back = [stamp - dt.timedelta(days=7 * each) for each in range(1, 5)]
        found = next((each for each in back if (shop, each) in there), origin)
        naive = truth[shop, found]
        scale = known.scales["abc".index(shop)]
        assert target == pytest.approx((truth[shop, stamp] - naive) / scale)
    assert (~windows.naive_is_known).sum() == 0 or "a season before is missing" in said


def test_a_series_without_values_or_with_one_is_named_and_left_or_continued():
    empty = many(a=wave(100), none=np.full(60, np.nan), one=wave(1))
    rows = learned(empty, series=["shop"])
    said = "\n".join(rows.table.notes)
    assert "1 series has no value at all, and is not forecast: 'none'" in said
    last = Windows.last(panel_of(empty, rows.schema.forecast), rows.schema.forecast)
    assert [last.panel.keys[each] for each in last.series] == [("a",), ("one",)]
    assert np.isfinite(last.naive).all()


CLOSED = ("2024-01-01", "2024-03-29", "2024-05-01", "2024-12-25", "2025-01-01", "2034-12-25")


@pytest.fixture
def holidays(monkeypatch):
    """The package `holidays`, which knows one country here."""

    def country_holidays(code, subdiv, years):
        if (code, subdiv) != ("DE", None):
            raise NotImplementedError
        given = map(dt.date.fromisoformat, CLOSED)
        return {day: "closed" for day in given if day.year in years}

    module = SimpleNamespace(country_holidays=country_holidays)
    monkeypatch.setitem(sys.modules, "holidays", module)


def stamps_of_rows(rows):
    """Each row's stamp, the stamp that the naive forecast repeats, and the rows' columns."""
    known, frame = rows.schema.forecast, rows.table.frame
    places = known.frequency.places(microseconds(frame["day"])).astype(int)
    ahead = frame[STEP].to_numpy().astype(int)
    before = places - known.season * -(-ahead // known.season)
    stamps = pl.Series(known.frequency.stamps(before)).cast(pl.Datetime("us"))
    return frame["day"].to_list(), stamps.to_list(), frame


def month_ends(stamps):
    return np.array([(day + dt.timedelta(1)).month != day.month for day in stamps])


def test_days_are_the_last_of_their_month_or_holidays(holidays):
    given = table(days(200), wave(200) + 5 * month_ends(days(200)))
    rows = learned(given, holidays="de")
    assert any("of de are learned from" in note and "2034" in note for note in rows.table.notes)
    stamps, before, frame = stamps_of_rows(rows)
    rules = {
        "last day of month": lambda day: (day + dt.timedelta(1)).month != day.month,
        "holiday": lambda day: day.date().isoformat() in CLOSED,
    }
    for name, rule in rules.items():
        assert frame[f"day, {name}"].to_list() == [float(rule(day)) for day in stamps]
        changes = [float(rule(day)) - rule(then) for day, then in zip(stamps, before, strict=True)]
        assert frame[f"day, {name}, change since naive"].to_list() == changes


def test_the_last_day_of_a_month_on_a_grid_of_weekdays_is_no_weekend():
    stamps = [day for day in days(200) if day.weekday() < 5]
    ends = np.array(
        [a.month != b.month for a, b in zip(stamps, [*stamps[1:], stamps[-1]], strict=True)]
    )
    frame = learned(table(stamps, wave(len(stamps)) + 5 * ends)).table.frame
    last = frame.filter(pl.col("day, last day of month") == 1)["day"].dt.date().unique().sort()
    assert last[:3].to_list() == [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 29)]


@pytest.mark.parametrize("end", [False, True])
def test_months_have_so_many_days_and_trading_days(end, holidays):
    months = pl.date_range(dt.date(2023, 1, 1), dt.date(2026, 12, 1), "1mo", eager=True)
    stamps = months.dt.month_end() if end else months
    lengths = np.array([monthrange(stamp.year, stamp.month)[1] for stamp in stamps])
    rows = learned(table(stamps, wave(48) + 20 * lengths), holidays="DE")
    for stamp, _, row in zip(
        *stamps_of_rows(rows)[:2], rows.table.frame.iter_rows(named=True), strict=True
    ):
        length = monthrange(stamp.year, stamp.month)[1]
        each = [dt.date(stamp.year, stamp.month, day + 1) for day in range(length)]
        open_days = [d for d in each if d.weekday() < 5 and d.isoformat() not in CLOSED]
        assert (row["day, days in month"], row["day, trading days"]) == (length, len(open_days))


def test_weeks_have_so_many_holidays(holidays):
    rows = learned(table(days(60, step=7), wave(60)), holidays="DE")
    stamps, _, frame = stamps_of_rows(rows)
    week = [{(day + dt.timedelta(k)).date().isoformat() for k in range(7)} for day in stamps]
    assert frame["day, holidays in week"].to_list() == [len(each & {*CLOSED}) for each in week]


def test_what_was_hardly_seen_or_does_nothing_makes_no_column(holidays):
    rows = learned(table(days(90), wave(90)), holidays="DE")
    assert any("not learned from" in note for note in rows.table.notes)
    assert rows.schema.forecast.calendar == ("weekday",)
    for count, made in ((90, True), (50, False)):
        given = table(days(count), wave(count) + 5 * month_ends(days(count)))
        calendar = learned(given).schema.forecast.calendar
        assert ("last day of month" in calendar) == made


def test_holidays_are_in_the_model_up_to_a_year_after_which_none_is_known(holidays, monkeypatch):
    known = learned(table(days(200), wave(200)), holidays="DE").schema.forecast
    monkeypatch.setitem(sys.modules, "holidays", None)  # the package is gone
    again = msgspec.json.decode(msgspec.json.encode(known, enc_hook=as_text), type=Forecast)
    assert again == known
    christmas = int(known.frequency.places(microseconds([dt.datetime(2034, 12, 25)]))[0])
    places = np.array([christmas, christmas + 1, christmas + 10])
    values, _ = in_calendar(again, places, places - 7)["day, holiday"]
    assert values.tolist()[:2] == [1.0, 0.0]
    assert np.isnan(values[2])
    older = {
        name: value
        for name, value in msgspec.to_builtins(known, enc_hook=as_text).items()
        if name != "holidays"
    }
    older["calendar"] = ["weekday", "day of month"]
    before = msgspec.convert(older, Forecast)
    assert [*in_calendar(before, places, places - 7)] == ["day, weekday", "day, day of month"]


def test_holidays_that_cannot_be_known_are_refused(holidays, monkeypatch):
    given = table(days(120), wave(120))
    numbered = table(list(range(120)), wave(120))
    for asked, of, said in (
        ("QQ", given, "'QQ'"),
        ("DE-XX", given, "DE-XX"),
        ("DE", numbered, "no dates"),
    ):
        with pytest.raises(GradumError, match=said) as refused:
            learned(of, holidays=asked)
        assert refused.value.remedy
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(GradumError, match="gradum\\[holidays\\]"):
        learned(given, holidays="DE")


def test_a_holiday_is_one_where_the_clock_stands(holidays):
    """From hour to hour, a day begins in Sydney while it is still the day before in UTC."""
    hours = pl.datetime_range(
        START, dt.datetime(2024, 4, 20), "1h", eager=True, time_zone="Australia/Sydney"
    )
    rows = learned(table(hours, wave(len(hours))), horizon=3, holidays="DE")
    frame = rows.table.frame
    local = frame["day"].dt.replace_time_zone("UTC").dt.convert_time_zone("Australia/Sydney")
    assert (frame["day, holiday"] == local.dt.date().cast(pl.String).is_in(CLOSED)).all()
    assert frame["day, holiday"].sum() > 0


def test_levels_that_only_late_or_early_rows_have_are_levels():
    levels = [None] * 100 + ["x", "y"] * 10
    for known in ([], ["kind"]):
        frame = learned(table(days(120), wave(120), kind=levels), known=known).table.frame
        assert frame["kind"].dtype == pl.String
        assert set(frame["kind"].unique()) == {None, "x", "y"}


def test_the_package_knows_the_holidays_of_a_part_of_a_country():
    pytest.importorskip("holidays")
    known = learned(table(days(200), wave(200)), holidays="de-by").schema.forecast
    assert {"2024-01-06", "2024-05-30", "2024-12-25", "2034-12-25"} <= {*known.holidays}
    assert "holiday" in known.calendar
