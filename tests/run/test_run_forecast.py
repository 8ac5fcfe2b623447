"""A forecast, from the table to the file that goes on: one linear fit, shared."""

import datetime as dt
import random
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import GradumError, SpecError
from gradum.run.forecast.continued_series import ContinuedSeries
from gradum.run.forecast.later_rows import in_later_pairs
from gradum.run.forecast.rows_of_series import series_as_asked
from gradum.run.intervals.conformal.guarantee import Guarantee, JudgedScores
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.options.options import make_spec
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, with_interval
from gradum.ship import bundle
from gradum.show.text import plain, verdict_parts
from gradum.show.words.score_rows import score_rows
from gradum.study.evidence import Evidence
from gradum.study.findings import judged_series
from gradum.tables.check.check import check
from gradum.tables.doubts.totals import without_totals
from gradum.tables.forecast.pairs import Windows
from gradum.tables.sources.read import read
from mutated_panels import mutated

HORIZON = 7


def sales(days=200):
    return every_day().filter(pl.col("day") < dt.date(2024, 1, 1) + dt.timedelta(days))


@cache
def every_day(count=210):
    rng = np.random.default_rng(0)
    days = [dt.date(2024, 1, 1) + dt.timedelta(day) for day in range(count)]
    closed = np.arange(count) % 30 == 12
    frames = []
    for shop, level in (("a", 10.0), ("b", 300.0)):
        sold = (
            level * (1 + 0.3 * np.sin(np.arange(count) * 2 * np.pi / 7)) * np.where(closed, 0.5, 1)
        )
        sold = sold + rng.normal(0, level / 20, count)
        frames.append(pl.DataFrame({"day": days, "shop": shop, "closed": closed, "sold": sold}))
    return pl.concat(frames)


@cache
def fitted():
    return gradum.fit(
        sales(),
        "sold",
        time="day",
        series="shop",
        known="closed",
        horizon=HORIZON,
        model="linear",
        explain=False,
        learning_curve=False,
    )


@pytest.mark.slow
def test_a_row_of_a_forecast_has_a_page_though_explanations_keep_no_origin():
    page = fitted().row_page(fitted().run.dataset.frame[:1], row=1)
    assert "<h1" in page
    assert "closed" in page


def test_the_baseline_is_the_seasonal_naive():
    run = fitted().run
    rows = run.judged.rows
    missed = np.abs(run.dataset.target[rows]).mean()
    scores = fitted().scores.filter(metric="mae", part="test", rung="baseline")
    assert scores["value"].item() == pytest.approx(missed)
    assert (run.judged.predictions["baseline"].value == 0).all()


def test_it_does_better_than_repeating_the_last_season():
    scores = dict(
        fitted().scores.filter(metric="mae", part="test").select("rung", "value").iter_rows()
    )
    assert scores["linear"] < 0.8 * scores["baseline"]


def test_each_series_goes_on_in_its_own_units():
    frame = fitted().forecast()
    assert frame.columns == ["shop", "day", "steps ahead", "prediction", "low", "high"]
    assert len(frame) == 2 * HORIZON
    assert frame["day"].min() == dt.date(2024, 7, 19)
    levels = frame.group_by("shop").agg(pl.col("prediction").mean()).sort("shop")["prediction"]
    assert levels.to_list() == pytest.approx([10, 300], rel=0.2)
    assert (frame["low"] < frame["prediction"]).all()
    assert (frame["prediction"] < frame["high"]).all()


def test_a_known_column_moves_the_forecast():
    table = pl.DataFrame(
        {
            "day": [dt.date(2024, 7, 19 + day) for day in range(HORIZON)] * 2,
            "shop": ["a"] * HORIZON + ["b"] * HORIZON,
            "closed": [day == 3 for day in range(HORIZON)] * 2,
        }
    )
    opened = fitted().forecast(table.with_columns(closed=False))["prediction"].to_numpy()
    closed = fitted().forecast(table)["prediction"].to_numpy()
    assert (closed < opened)[[3, 10]].all()
    assert closed[[0, 1, 7, 8]] == pytest.approx(opened[[0, 1, 7, 8]])


def test_later_rows_are_its_newest_past():
    longer = sales(210)
    whole = fitted().forecast(longer)
    added = fitted().forecast(longer.filter(pl.col("day") > dt.date(2024, 7, 10)))
    assert whole["day"].min() == dt.date(2024, 7, 29)
    assert added["prediction"].to_numpy() == pytest.approx(whole["prediction"].to_numpy())


def test_later_rows_are_judged_with_the_past_that_the_model_keeps():
    """Each value of the ten days is forecast from every origin before it."""
    later = sales(210).filter(pl.col("day") >= dt.date(2024, 7, 19))
    evaluation = fitted().evaluate(later)
    assert evaluation.judgement.rows == {"test": 10 * HORIZON * 2}
    assert not any("no value" in sentence for sentence in evaluation.differences)
    assert "amount to 1 independent stretch of time" in "".join(evaluation.judgement.notes)
    with pytest.raises(GradumError, match="after those learned from"):
        fitted().evaluate(later.with_columns(pl.lit("c").alias("shop")).head(1))


def test_the_headline_is_in_the_unit_of_the_target():
    """What is off is off in pieces sold, not in multiples of each shop's usual change."""
    run = fitted().run
    judged, known = run.judged.rows, run.fitted.schema.forecast
    scale = np.array(
        [known.scales[known.keys.index((shop,))] for shop in run.dataset.frame["shop"]]
    )
    naive = np.abs(run.dataset.target * scale)[judged].mean()
    off = run.dataset.target[judged] - run.judged.predictions["linear"].value
    missed = np.abs(off * scale[judged]).mean()
    judgement = run.fitted.judgement
    own = judgement.own_units
    assert own["baseline"]["mae"].value == pytest.approx(naive)
    assert own["linear"]["mae"].value == pytest.approx(missed)
    squares = np.square(off * scale[judged]).mean()
    assert own["linear"]["rmse"].value == pytest.approx(np.sqrt(squares))
    assert f"{missed / naive:.0%} of the error of repeating" in judgement.headline[0]


def test_scores_are_tabled_in_the_unit_of_the_target_beside_those_that_decide():
    judgement = fitted().fitted.judgement
    own, scaled = judgement.own_units["linear"], judgement.scores["linear"]["test"]
    rows = {row.title: row.scores[1].value for row in score_rows(judgement)}
    assert rows["MAE"] == own["mae"].value
    assert rows["MAE, scaled"] == scaled["mae"].value
    assert rows["RMSE"] == own["rmse"].value
    assert rows["R²"] == scaled["r2"].value
    assert [row.title for row in score_rows(judgement) if row.decides] == ["MAE, scaled"]
    shown = plain(*verdict_parts(judgement))
    assert with_interval(own["mae"]) in shown
    assert with_interval(scaled["mae"]) in shown


def test_each_series_has_its_errors_and_coverage_worst_first():
    """Against the judged pairs, computed from the table of sales and the forecasts themselves."""
    run, found = fitted().run, fitted().findings.forecast.judged
    judged, (known, scale) = run.judged.rows, (run.fitted.schema.forecast, run.dataset.truth.scale)
    frame, target = run.dataset.frame[judged], run.dataset.target[judged]
    off = (run.judged.predictions["linear"].value - target) * scale[judged]
    assert [each.share for each in found.lines] == sorted(
        (each.share for each in found.lines), reverse=True
    )
    assert {each.series for each in found.lines} == {key for (key,) in known.keys}
    for each in found.lines:
        rows = (frame["shop"] == each.series).to_numpy()
        assert each.forecasts == rows.sum()
        assert each.error == pytest.approx(np.abs(off[rows]).mean())
        assert each.bias == pytest.approx(off[rows].mean())
        assert each.naive == pytest.approx(np.abs(target * scale[judged])[rows].mean())
    covered = fitted().findings.coverage
    assert min(each.covered for each in found.lines) <= covered.covered / covered.rows
    assert max(each.covered for each in found.lines) >= covered.covered / covered.rows


def test_the_judged_stretch_has_each_stamp_once_with_what_was_sold():
    for stretch in fitted().findings.forecast.judged.stretches:
        sold = sales().filter(shop=stretch.errors.series)
        actual = dict(zip(sold["day"].cast(pl.String), sold["sold"], strict=True))
        assert len(set(stretch.named)) == len(stretch.named) >= 3 * HORIZON
        for name, (_, value, *_, step) in zip(stretch.named, stretch.points, strict=True):
            assert value == pytest.approx(actual[name])
            assert 1 <= step <= HORIZON
        banded = [each for each in stretch.points if each[3] is not None]
        assert banded
        assert all(low <= said <= high for _, _, said, low, high, _ in banded)


def test_of_many_series_the_worst_and_the_largest_are_drawn_and_the_rest_summed(monkeypatch):
    whole = fitted().findings.forecast.judged.lines
    monkeypatch.setattr(judged_series, "MOST_LINES", 1)
    monkeypatch.setattr(judged_series, "MOST_OF_A_KIND", 0)
    run = fitted().run
    found = judged_series.judged_series(run, Evidence.of(run))
    (worst,), others = found.lines, found.others
    assert worst == whole[0]
    assert others.error == pytest.approx(whole[1].error)
    assert found.stretches == ()


@cache
def with_trend(bend):
    """300 values that rise by ``bend`` a step from the 240th on, of which the last 60 judge."""
    noise = np.random.default_rng(4).normal(0, 1, 300)
    rise = np.maximum(np.arange(300) - 235, 0) * bend
    table = pl.DataFrame({"week": np.arange(300), "sold": 50 + rise + noise})
    options = {"time": "week", "horizon": 2, "model": "linear", "loss": "absolute_error"}
    return gradum.fit(table, "sold", explain=False, learning_curve=False, series=[], **options)


@pytest.mark.slow
def test_forecasts_that_are_off_on_average_are_so_in_the_unit_of_the_target_with_a_remedy():
    found, run = with_trend(1.0).findings.reliability, with_trend(1.0).run
    own = Evidence.of(run).in_own_unit()
    below = np.mean(own.target <= own.prediction.value)
    assert found.calibration_in_the_large.value == pytest.approx(0.5 - below)
    assert found.sentence.startswith(f"Predicts too low: {below:.0%}")
    means = [figure(values.mean()) for values in (own.prediction.value, own.target)]
    assert "Predictions are {} on average, actual values {}.".format(*means) in found.sentence
    assert "later half of the history" in found.sentence
    level = with_trend(0.0).findings.reliability
    assert level.tested
    assert level.sentence.startswith("No miscalibration shown")


def test_the_worst_rows_are_named_by_series_stamp_and_step_in_the_unit_of_the_target():
    worst = fitted().findings.worst[0]
    shop, day, ahead = worst.name.split(", ")
    (sold,) = sales().filter(shop=shop, day=dt.date.fromisoformat(day))["sold"]
    assert float(worst.target.replace(",", "")) == pytest.approx(sold, rel=1e-3)
    assert ahead.endswith(("step ahead", "steps ahead"))


def test_options_without_effect_on_the_watch_of_a_forecast_are_refused(tmp_path):
    later = sales(210).filter(pl.col("day") >= dt.date(2024, 7, 19))
    options = ({"stream": True}, {"by": "shop"}, {"rung": "linear"}, {"reference": later})
    for option in (*options, {"state": tmp_path / "count.json"}, {"on": "local:1"}):
        with pytest.raises(SpecError):
            fitted().watch(later, **option)
    assert not fitted().watch(later).alarm


def test_intervals_of_scores_draw_stretches_of_stamps():
    """Of 39 stamps two stretches of at least two weeks, whatever the series, origins, steps."""
    run = fitted().run
    scheme = run.dataset.truth.resamples(run.judged, np.random.default_rng(0)).scheme
    until = run.dataset.until[run.judged.rows]
    stamps = len(np.unique(until))
    assert scheme.independent(np.ones(len(until), bool)) == stamps // 14 == 2
    (weights,) = scheme.draw(1, np.random.default_rng(0))
    for stamp in np.unique(until):
        assert len(np.unique(weights[until == stamp])) == 1


def test_the_file_goes_on_as_the_model_does(tmp_path):
    fitted().save(tmp_path / "model.gradum")
    again = gradum.load(tmp_path / "model.gradum")
    assert again.forecast().equals(fitted().forecast())


@pytest.mark.parametrize("gap", ["an absent stamp", "an empty cell", "no last values"])
def test_a_history_with_gaps_is_kept(gap, tmp_path):
    at, last = dt.date(2024, 7, 12), pl.col("day") > dt.date(2024, 7, 12)
    here, sold = (pl.col("shop") == "a") & (pl.col("day") == at), pl.col("sold")
    table = {
        "an absent stamp": sales().filter(~here),
        "an empty cell": sales().with_columns(pl.when(~here).then(sold).alias("sold")),
        "no last values": sales().filter((pl.col("shop") == "b") | ~last),
    }[gap]
    again = fitted().forecast(table)
    history = ContinuedSeries.of(fitted().fitted, read(table)).windows.panel
    kept = replace(fitted().fitted, history=history.latest(fitted().fitted.schema.forecast))
    assert np.isnan(kept.history.target).any()
    bundle.save(kept, tmp_path / "model.gradum")
    assert gradum.load(tmp_path / "model.gradum").forecast().equals(again)
    assert again["low"].is_finite().all()


def test_rows_of_a_table_are_refused():
    for asks in (
        lambda: fitted().predict(sales()),
        lambda: fitted().predict_interval(sales()),
        lambda: fitted().export("model.mjs"),
    ):
        with pytest.raises(GradumError) as refused:
            asks()
        assert refused.value.remedy


def test_a_model_without_rows_needs_its_past():
    bare = replace(fitted().fitted, history=None)
    with pytest.raises(SpecError, match="no history"):
        ContinuedSeries.of(bare)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"horizon": 7}, "--time"),
        ({"series": "shop"}, "--horizon"),
        ({"horizon": 7, "time": "day", "group": "shop"}, "--group"),
        ({"horizon": 7, "time": "day", "monotone": "closed+"}, "--monotone"),
        ({"horizon": 7, "time": "day", "series": "shops"}, "shops"),
        ({"horizon": 7, "time": "day", "known": "sold"}, "sold"),
    ],
)
def test_options_that_contradict_a_forecast_are_refused(options, said):
    with pytest.raises(GradumError) as refused:
        gradum.fit(sales(60), "sold", **options)
    assert said in str(refused.value)


def test_the_report_draws_the_fan_and_the_errors_by_step():
    found = fitted().findings.forecast
    assert [each.step for each in found.steps] == list(range(1, HORIZON + 1))
    assert [each.series for each in found.fans] == ["a", "b"]
    run, rung = fitted().run, fitted().used
    step = run.dataset.frame["steps ahead"].to_numpy()[run.judged.rows]
    missed = np.abs(run.dataset.target[run.judged.rows] - run.judged.predictions[rung].value)
    missed *= run.dataset.truth.scale[run.judged.rows]
    for each in found.steps:
        assert each.error == pytest.approx(missed[step == each.step].mean())
    ahead = np.array([row[1] for fan in found.fans for row in fan.ahead])
    assert ahead == pytest.approx(fitted().forecast()["prediction"].to_numpy())


def test_intervals_widen_as_later_outcomes_surprise():
    from dataclasses import replace

    from gradum.run.forecast.continued_series import ContinuedSeries
    from gradum.tables.sources.read import read

    swinging = pl.when(pl.col("day").dt.day() % 2 == 1).then(1.5).otherwise(0.5)
    begin = dt.date(2024, 7, 18)
    for factor, wider in ((swinging, True), (pl.lit(1.0), False)):
        changed = pl.when(pl.col("day") > begin).then(factor).otherwise(1.0)
        going_on = ContinuedSeries.of(
            fitted().fitted, read(sales(210).with_columns(pl.col("sold") * changed))
        )
        still = replace(going_on, since=None)
        width, before = (np.ptp(each.intervals(0.9), axis=1).mean() for each in (going_on, still))
        assert (width > 1.1 * before) == wider
        assert len(np.unique(going_on.since.origins)) == 10
        assert "10 later origins" in replace(going_on, absent=()).promise(0.9)


def test_the_model_in_use_has_learned_from_all_origins():
    run = fitted().run
    assert run.fitted.spec.refit
    assert run.fitted.rung(None).settings["rows"] == len(run.dataset)


def test_a_new_series_far_shorter_or_constant_goes_on_beside_others():
    few = sales().filter(pl.col("shop") == "a", pl.col("day") > dt.date(2024, 7, 10))
    added = [few.with_columns(shop=pl.lit("new")), few.with_columns(shop=pl.lit("c"), sold=5.0)]
    frame = fitted().forecast(pl.concat([sales(), *added]))
    assert frame["shop"].unique().sort().to_list() == ["a", "b", "c", "new"]
    assert np.isfinite(frame.select("prediction", "low", "high").to_numpy()).all()


def test_a_new_series_has_wider_intervals_the_less_of_it_is_known():
    """In scales of its own: a series whose past is that of shop a, or the last days of it."""
    known = sales().filter(pl.col("shop") == "a").with_columns(shop=pl.lit("new"))
    width = {}
    for days in (200, 12):
        going_on = ContinuedSeries.of(fitted().fitted, read(known.tail(days)))
        ends = going_on.intervals(0.9)[-HORIZON:]
        width[days] = np.ptp(ends, axis=1).mean() / going_on.windows.scales[-1, 0]
    usual = ContinuedSeries.of(fitted().fitted)
    ends = np.ptp(usual.intervals(0.9)[:HORIZON], axis=1).mean() / usual.windows.scales[0, 0]
    assert width[12] > width[200] > 1.5 * ends
    assert "its intervals are wide" in " ".join(going_on.notes)


def test_few_origins_widen_intervals_and_leave_none_without_an_end():
    """Eleven origins judge, and none has an outcome at the last steps."""
    options = {"model": "linear", "explain": False, "learning_curve": False}
    model = gradum.fit(
        sales(60).drop("closed"), "sold", time="day", series="shop", horizon=14, **options
    )
    bands = ConformalPredictor.of(model.fitted, (), 0.9).bands
    assert len(np.unique(bands.judged.origin)) == 11
    assert bands.judged.step.max() < 14
    going_on = ContinuedSeries.of(model.fitted)
    assert np.isfinite(going_on.intervals(0.9)).all()
    assert "11 origins that judged" in going_on.promise(0.9)
    scores = model.fitted.guarantee.scores
    last = scores.moment == scores.moment.max()
    few = JudgedScores(
        {name: score[last] for name, score in scores.by_rung.items()},
        *(None if each is None else each[last] for each in (scores.fold, None, None, None)),
        *(each[last] for each in (scores.level, scores.moment, scores.series)),
    )
    alone = replace(model.fitted, guarantee=Guarantee(model.fitted.guarantee.terms, few))
    assert "only 1 origin judged" in ContinuedSeries.of(alone).promise(0.9)


def test_a_file_that_does_not_say_of_which_series_errors_are_has_intervals_for_all():
    guarantee = fitted().fitted.guarantee
    scores = replace(guarantee.scores, series=None)
    old = replace(fitted().fitted, guarantee=replace(guarantee, scores=scores))
    now, before = (ContinuedSeries.of(each).intervals(0.9) for each in (fitted().fitted, old))
    assert np.ptp(before, axis=1) == pytest.approx(np.ptp(now, axis=1), rel=0.5)


def test_later_rows_are_held_against_what_was_known_at_their_origin():
    """Outcomes of the last day change no interval of a row whose origin lies before it."""
    later = sales(210).filter(pl.col("day") >= dt.date(2024, 7, 19))
    last = pl.col("day") == later["day"].max()
    changed = later.with_columns(pl.when(last).then(10 * pl.col("sold")).otherwise(pl.col("sold")))
    conformal = ConformalPredictor.of(fitted().fitted, (), 0.9)
    ends = []
    for table in (later, changed):
        pairs = in_later_pairs(fitted().fitted, read(table))
        rows = check(
            pairs, fitted().fitted.schema, encoder=fitted().fitted.encoder, also=conformal.also
        )
        ends.append(conformal.intervals(rows.frame))
    assert ends[0] == pytest.approx(ends[1])


LATER = {"day": [dt.date(2024, 7, 19)], "shop": ["a"], "sold": [9.0]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"day": [dt.datetime(2024, 7, 19, 5)]}, "not on the grid of a row a day, in row 1"),
        ({"day": [None]}, "'day' has no stamp, in row 1"),
        ({"sold": ["many"]}, "'sold'"),
        ({"shop": None}, "lacks the column 'shop'"),
        ({name: values * 2 for name, values in LATER.items()}, "two values at one stamp"),
    ],
)
def test_later_rows_that_cannot_be_used_are_refused(changed, said):
    columns = {name: values for name, values in (LATER | changed).items() if values is not None}
    with pytest.raises(GradumError) as refused:
        fitted().forecast(pl.DataFrame(columns))
    assert said in str(refused.value)
    assert refused.value.remedy


def counts(days, shares):
    """Rare sales of two things: whole numbers, most of them 0."""
    rng = np.random.default_rng(1)
    stamps = [dt.date(2024, 1, 1) + dt.timedelta(day) for day in range(days)]
    sold = [rng.poisson(3, days) * (rng.random(days) < share) for share in shares]
    frames = [pl.DataFrame({"day": stamps, "what": f"{k}", "sold": s}) for k, s in enumerate(sold)]
    return pl.concat(frames)


def test_ends_are_what_the_target_can_be_and_zero_lies_within_where_it_is_frequent():
    table = counts(150, (0.2, 1.0))
    options = {"model": "linear", "explain": False, "learning_curve": False}
    model = gradum.fit(table, "sold", time="day", series="what", horizon=7, **options)
    found = model.forecast()
    low, high = found["low"].to_numpy(), found["high"].to_numpy()
    assert (low == np.round(low)).all()
    assert (high == np.round(high)).all()
    assert (low >= 0).all()
    assert (low <= high).all()
    rare = found["what"].to_numpy() == "0"
    assert (low[rare] == 0).all()
    assert (found["prediction"] >= 0).all()


def test_a_known_column_that_is_absent_or_was_never_so_withdraws_the_promise():
    assert "No share of the values is promised" in ContinuedSeries.of(fitted().fitted).promise(0.9)
    later = every_day().filter(pl.col("day") >= dt.date(2024, 7, 19)).with_columns(sold=None)
    given = ContinuedSeries.of(fitted().fitted, read(later.head(7).vstack(later.tail(10).head(7))))
    assert "9 of 10" in given.promise(0.9) or "90%" in given.promise(0.9)
    assert given.notes == ()
    fitted().forecast()
    (absent,) = fitted().differences
    assert (absent.column, absent.kind) == ("closed", "absent column")


def rows_or_refusal(path, options):
    """What a run would learn from, or the error that it would end with."""
    try:
        spec = make_spec(**options)
        spec.refuse_beside_forecast()
        return series_as_asked(spec, without_totals(read(path)))
    except GradumError as refused:
        return refused


@pytest.mark.parametrize("first", range(0, 30, 10))
def test_mutated_tables_become_rows_and_a_history_or_are_refused_in_a_line(first, tmp_path):
    """As `python -m benchmarks mutated_panels`, which also fits; from the file to the rows."""
    became = 0
    for number in range(first, first + 10):
        data, options = mutated(random.Random(f"0 {number}"))
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        learned = rows_or_refusal(path, options)
        if isinstance(learned, GradumError):
            assert learned.exit_code == 2
            assert learned.remedy
            assert "\n" not in str(learned)
            continue
        became += 1
        known = learned.schema.forecast
        assert learned.table.frame[options["target"]].is_finite().all()
        last = Windows.last(learned.history.latest(known), known)
        assert len(last) > 0
        assert np.isfinite(last.naive).all()
        assert np.isfinite(last.scales).all()
    assert became > 0


@pytest.mark.slow
def test_one_step_ahead_of_one_named_series():
    table = sales(80).filter(shop="a")
    words = {"time": "day", "series": "shop", "horizon": 1, "model": "linear"}
    model = gradum.fit(table, "sold", **words, explain=False, learning_curve=False)
    assert model.forecast().select("shop", "steps ahead").rows() == [("a", 1)]
    assert all(np.isfinite(float(each.target)) for each in model.findings.worst)
    assert model.findings.worst[0].name.startswith("a, 2024-")


@pytest.mark.parametrize("rung", ["drift", "smoothing", "theta"])
def test_a_classical_rung_answers_with_its_column(rung):
    line = pl.Series("sold", np.arange(400) % 200 + np.sin(np.arange(400.0)))
    model = gradum.fit(
        sales().with_columns(line) if rung == "drift" else sales(),
        "sold",
        time="day",
        series="shop",
        horizon=HORIZON,
        model=rung,
        explain=False,
        learning_curve=False,
    )
    assert model.used == rung
    going = ContinuedSeries.from_ends(model.fitted, model.fitted.history)
    column = model.fitted.schema.forecast.classical_columns[rung]
    answer = going.unscaled(going.windows.frame()[column].to_numpy())
    np.testing.assert_allclose(going.predicted(), answer, rtol=1e-9)
    holding = {kind.name for kind in KINDS.values() if kind.holds(model.fitted.rung())}
    assert holding <= {rung, "mlp"}  # a network of one linear layer could be a perceptron


@pytest.mark.parametrize(
    ("often_zero", "asked", "loss", "metric", "said"),
    [
        (False, None, "absolute_error", "mae", "Forecasts are medians"),
        (True, None, "squared_error", "rmse", "so forecasts are means"),
        (False, "quantile:0.9", "quantile:0.9", "pinball", ""),
    ],
)
def test_a_forecast_is_judged_by_what_it_learns_by(often_zero, asked, loss, metric, said):
    rare = pl.when(pl.col("sold") > 200).then("sold").otherwise(0.0)
    model = gradum.fit(
        sales().with_columns(rare) if often_zero else sales(),
        "sold",
        time="day",
        series="shop",
        horizon=2,
        loss=asked,
        model="drift",
        explain=False,
        learning_curve=False,
    )
    assert model.fitted.rung().loss == loss
    assert model.fitted.judgement.verdict.metric == metric
    notes = "".join(model.fitted.judgement.notes)
    assert said in notes
    assert asked is None or "Forecasts are" not in notes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "theta"}, "--model theta is for forecasts"),
        ({"loss": "poisson", "horizon": 2, "time": "day"}, "--loss poisson is for rows"),
    ],
)
def test_what_suits_no_forecast_or_only_one_is_refused(options, said):
    with pytest.raises(SpecError, match=said):
        gradum.fit(sales(), "sold", **options)
