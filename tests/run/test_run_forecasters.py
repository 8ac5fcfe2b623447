"""Forecasters of other libraries: what they are given, and how they are judged."""

import datetime as dt
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.api import rival_names
from gradum.api.rival_names import rivals_of
from gradum.errors import SpecError
from gradum.run.forecast import forecasters
from gradum.run.forecast.forecasters import Forecaster
from gradum.run.judging.judge_rungs import judge
from gradum.run.rivals import contest
from gradum.rungs.context import Context
from gradum.tables.split import Part
from synthetic import SHORT

HORIZON, DAYS = 7, 120
STAND_IN = """
class AutoETS:
    def __init__(self, season_length=1, model="ZZZ"):
        self.season = season_length

    def forecast(self, y, h):
        return {"mean": [y[-self.season + step % self.season] for step in range(h)]}

class Theta(AutoETS):
    def forecast(self, y, h):
        return {"mean": [y[-1]] * h}
"""


def sales():
    rng, days = np.random.default_rng(0), np.arange(DAYS)
    stamps = [dt.date(2024, 1, 1) + dt.timedelta(int(day)) for day in days]
    frames = [
        pl.DataFrame(
            {"day": stamps, "shop": shop, "sold": level + np.sin(days) + rng.normal(0, 1, DAYS)}
        )
        for shop, level in (("a", 10.0), ("b", 30.0))
    ]
    return pl.concat(frames).filter((pl.col("shop") == "a") | (pl.col("day") != stamps[50]))


def fit(**options):
    plain = {"time": "day", "series": "shop", "horizon": HORIZON, "model": "linear"}
    quick = {"linear": SHORT, "explain": False, "learning_curve": False}
    return gradum.fit(sales(), "sold", **plain, **quick, **options)


@cache
def run():
    return fit().run


def held(*rivals):
    return contest(rivals, run().dataset, [run().parts], run().fitted.spec, Context())


def repeats(past, season, steps):
    return np.resize(past[-season:], steps)


def test_the_seasonal_naive_as_a_rival_is_the_baseline():
    predictions = held(Forecaster("naive", repeats)).fits[0]
    judged = (run().parts == Part.TEST).sum()
    assert predictions["naive"].value == pytest.approx(np.zeros(judged), abs=1e-9)


def test_each_origin_gives_the_values_up_to_it_with_gaps_bridged():
    pasts = []

    def remember(past, season, steps):
        pasts.append(past)
        return np.full(steps, past[-1])

    held(Forecaster("memory", remember))
    known = run().dataset.schema.forecast
    values = {shop: part["sold"].to_numpy() for (shop,), part in sales().group_by("shop")}
    values["b"] = np.insert(values["b"], 50, values["b"][49:51].mean())
    parts, frame = run().parts, run().dataset.frame
    origins = frame.filter(parts == Part.TEST).select("shop", "forecast origin").unique()
    first = known.frequency.places(np.array([frame["forecast origin"].to_physical().min()]))[0]
    assert len(pasts) == len(origins)
    for past in pasts:
        assert any(past == pytest.approx(each[: len(past)], abs=1e-9) for each in values.values())
    assert {len(past) for past in pasts} <= set(range(int(first) and 1, DAYS))


def test_of_many_origins_some_are_drawn_and_the_difference_is_of_these(monkeypatch):
    monkeypatch.setattr(forecasters, "MOST_ORIGINS", 9)
    last = Forecaster("last", lambda past, season, steps: np.full(steps, past[-1]))
    done = held(last)
    assert "from 9 of the" in " ".join(done.notes)
    said = done.pooled(1)["last"].value
    answered = np.isfinite(said)
    seen, dataset = run().judged, run().dataset
    assert 9 < answered.sum() <= 9 * HORIZON
    options = {"metric": "mae", "seed": 0, "how": "", "rivals": done.pooled(1)}
    (found,) = judge(dataset.truth, {"test": seen}, **options).rivals
    target = dataset.target[seen.rows][answered]
    errors = [
        np.abs(each[answered] - target).mean() for each in (said, seen.predictions["linear"].value)
    ]
    assert found.scores["mae"].value == pytest.approx(errors[0])
    assert found.difference.value == pytest.approx(errors[0] - errors[1])
    again = judge(dataset.truth, {"test": seen}, **options | {"rivals": {}})
    assert again.scores == judge(dataset.truth, {"test": seen}, **options).scores


def test_one_that_fails_now_and_then_is_judged_where_it_does_not():
    calls = []

    def sometimes(past, season, steps):
        calls.append(len(past))
        if len(calls) % 2:
            raise ZeroDivisionError("too short\nfor it")
        return np.full(steps, past[-1])

    done = held(Forecaster("moody", sometimes))
    assert "moody failed from some origins" in " ".join(done.notes)
    assert 0 < np.isnan(done.fits[0]["moody"].value).mean() < 1

    def never(past, season, steps):
        raise ZeroDivisionError("no use")

    with pytest.raises(SpecError, match="failed while it predicted: no use"):
        held(Forecaster("never", never))


def test_a_run_that_is_told_to_stop_asks_no_more():
    calls = []

    def count(past, season, steps):
        calls.append(1)
        return np.full(steps, past[-1])

    context = Context(stop=lambda: len(calls) >= 3)
    asked = contest(
        [Forecaster("slow", count)], run().dataset, [run().parts], run().fitted.spec, context
    )
    assert len(calls) == 3
    assert np.isfinite(asked.fits[0]["slow"].value).sum() <= 3 * HORIZON


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a package in the place of statsforecast, and take it away again."""
    package = tmp_path / "statsforecast"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path)
    names = "statsforecast", "statsforecast.models"
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    yield
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


def test_statsforecast_is_judged_where_it_is_installed(stand_in):
    """By a stand-in: AutoETS repeats the season, and Theta the last value."""
    model = fit(against="statsforecast")
    smoothed, theta = model.fitted.judgement.rivals
    assert (smoothed.name, theta.name) == ("AutoETS", "Theta")
    baseline = model.fitted.judgement.scores["baseline"]["test"]["mae"].value
    assert smoothed.scores["mae"].value == pytest.approx(baseline)
    assert theta.scores["mae"].value > baseline
    assert model.fitted.provenance.fingerprint == run().fitted.provenance.fingerprint


def test_it_is_named_with_its_weight_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr(rival_names, "find_spec", lambda name: None)
    with pytest.raises(SpecError, match="is not installed") as caught:
        rivals_of("statsforecast")
    assert "pip install statsforecast" in caught.value.remedy
    assert "350 MB" in caught.value.remedy


def test_rows_of_a_table_and_teachers_are_refused():
    dataset = replace(run().dataset, history=None)
    with pytest.raises(SpecError, match="continues series, and this run predicts rows"):
        Forecaster("Theta", repeats).refuse_unsuited(dataset)
    with pytest.raises(SpecError, match="teaches no rows"):
        fit(teacher="statsforecast")


if find_spec("statsforecast"):  # `.ci/run` has it in an environment of its own

    def test_the_library_itself_forecasts_a_season():
        """A season, short and longer than AutoETS can follow, goes on."""
        for rival in rivals_of("statsforecast"):
            for season in (4, 30):
                past = np.tile(10.0 + np.arange(season), 6)
                assert rival.continued(past, season, season) == pytest.approx(past[:season], abs=1)
