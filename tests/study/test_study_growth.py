"""The learning curve: known rates, forecasts against what came true, and its fits."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.run.spec.spec import SplitSpec
from gradum.rungs import context
from gradum.rungs.context import Context
from gradum.rungs.kind import Curve
from gradum.rungs.linear.kind import LinearKind
from gradum.rungs.linear.spec import LinearSpec
from gradum.scores.interval import Interval
from gradum.study.findings import growth as module
from gradum.study.findings.extrapolation import doubled
from gradum.study.findings.growth import growth
from gradum.tables.split import Part
from synthetic import ONCE, QUICK, TINY, task

PLAIN = LinearSpec(strengths=(1e-6,))
COLUMNS = 30


def normal(rows, seed):
    """A sum of independent normal columns with noise of variance 1."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, COLUMNS))
    frame = pl.DataFrame({f"x{k}": columns[:, k] for k in range(COLUMNS)})
    return frame.with_columns(y=columns.sum(axis=1) / 3 + rng.normal(size=rows))


@pytest.fixture(scope="module")
def least_squares():
    """800 rows to learn from, 8,000 to be judged on."""
    return gradum.fit(normal(800, 1), "y", test=normal(8000, 5), model="linear", linear=PLAIN)


@pytest.fixture(scope="module")
def grown(least_squares):
    """The curve of that run."""
    return growth(least_squares.run, asked=True)


def expected_rmse(rows):
    """Of least squares with an intercept on normal columns: σ² (1 + 1/n)(n - 2) / (n - p - 2)."""
    return np.sqrt((1 + 1 / rows) * (rows - 2) / (rows - COLUMNS - 2))


def test_least_squares_learns_at_the_known_rate(grown):
    found = grown
    assert [rows for rows, _ in found.points] == [100, 200, 400, 800]
    for rows, score in found.points:
        # Chance in training moves the excess by a share of about √(2 / p).
        excess = expected_rmse(rows) - 1
        assert score.value == pytest.approx(expected_rmse(rows), abs=0.02 + 0.5 * excess)
    assert found.forecast_rows == 1600
    judging = normal(8000, 5)  # whose noise is what it is, however many rows are learned from
    noise = judging["y"] - judging.drop("y").sum_horizontal() / 3
    forecast = expected_rmse(1600) * np.sqrt(np.mean(noise.to_numpy() ** 2))
    assert found.forecast.low < forecast < found.forecast.high
    expected = expected_rmse(1600) - expected_rmse(800)
    assert found.gain.low < expected < found.gain.high
    assert found.gain.value == pytest.approx(expected, abs=0.012)


def test_what_is_forecast_comes_true_on_the_same_rows(grown):
    found = grown
    more = pl.concat([normal(800, 1), normal(800, 3)])
    model = gradum.fit(more, "y", test=normal(8000, 5), model="linear", linear=PLAIN)
    score = model.fitted.judgement.scores["linear"]["test"]["rmse"].value
    assert found.forecast.low < score < found.forecast.high
    assert found.gain.low < score - found.points[-1][1].value < found.gain.high


def test_the_last_point_is_the_model_that_was_judged(least_squares, grown):
    last = grown.points[-1][1]
    judged = least_squares.fitted.judgement.scores["linear"]["test"]["rmse"]
    assert last.value == pytest.approx(judged.value, rel=1e-12)
    # Each is of 200 draws, and so off by 5%: three deviations of their quotient.
    assert last.standard_error == pytest.approx(judged.standard_error, rel=0.21)


def test_its_fits_are_told_to_nobody(least_squares):
    """A terminal would print them below the verdict."""
    told = []
    assert growth(least_squares.run, Context(tell=told.append), asked=True).points
    assert not told


def test_the_gain_is_the_forecast_less_the_last_point(grown):
    found = grown
    last = found.points[-1][1]
    assert found.gain.value == pytest.approx(found.forecast.value - last.value)
    # On the same resamples, what makes a resample hard cancels.
    assert found.gain.standard_error < found.forecast.standard_error


def test_two_parts_of_a_size_tell_more_than_one(monkeypatch):
    """What one half has by chance the other lacks: the change from their mean is sharper."""
    run = gradum.fit(normal(600, 7), "y", model="linear", linear=PLAIN).run
    two = growth(run, asked=True)
    monkeypatch.setattr(LinearKind, "curve", Curve(models=1, chance=1.0))
    one = growth(run, asked=True)
    assert two.points[-1] == one.points[-1]
    assert two.gain.standard_error < 0.8 * one.gain.standard_error
    assert two.gain.low < expected_rmse(960) - expected_rmse(480) < two.gain.high


def levels(rows, seed):
    """A number for each of 300 levels, each to be learned from its own rows."""
    effect = np.random.default_rng(0).normal(size=300)
    rng = np.random.default_rng(seed)
    level = rng.integers(0, 300, rows)
    return pl.DataFrame(
        {
            "level": pl.Series([f"l{k}" for k in level]),
            "size": rng.normal(size=rows),
            "y": effect[level] + 0.5 * rng.normal(size=rows),
        }
    )


def test_a_gain_that_is_sure_is_shown_and_comes_true():
    options = {"test": levels(4000, 2), "model": "linear", "linear": LinearSpec(strengths=(1.0,))}
    found = growth(gradum.fit(levels(1600, 1), "y", **options).run, asked=True)
    assert found.gain.high < 0
    assert found.sentence.startswith("Twice the rows would improve the score: RMSE from 0.")
    more = gradum.fit(pl.concat([levels(1600, 1), levels(1600, 3)]), "y", **options)
    score = more.fitted.judgement.scores["linear"]["test"]["rmse"].value
    assert found.gain.low < score - found.points[-1][1].value < found.gain.high


def test_no_gain_is_shown_where_the_columns_are_few():
    frame = normal(3000, 4).select("x0", "x1", "y")
    model = gradum.fit(frame, "y", model="linear", linear=PLAIN)
    found = growth(model.run, asked=True)
    assert found.gain.high >= 0
    assert found.sentence.startswith("No gain is shown from twice the rows: RMSE from ")


def parts_of(run, monkeypatch):
    """The rows and parts of every smaller fit, without fitting."""
    fits = []

    def spy(spec, dataset, rows, parts, context):
        fits.append((rows, parts))
        judge = run.judges[0]
        return module.Refitted(len(rows), judge.encoder, judge.rungs[run.fitted.used])

    monkeypatch.setattr(module, "refitted", spy)
    growth(run, asked=True)
    return fits


def test_each_part_lies_within_the_next_and_has_every_class(monkeypatch):
    label = np.repeat(["common", "less", "rare"], [700, 92, 8])
    frame = task("amount", 800).drop("amount").with_columns(label=pl.Series(label))
    run = gradum.fit(frame, "label", model="linear", **ONCE).run
    run = replace(run, fitted=replace(run.fitted, judgement=linear_used(run)))
    learned = np.flatnonzero(run.parts != Part.TEST)
    fits = parts_of(run, monkeypatch)
    one, other = fits[2::-1], fits[:2:-1]  # the small sizes come first, and each once first
    assert set(one[0][0]) | set(other[0][0]) == set(learned)
    for own in (one, other):
        assert [len(rows) for rows, _ in own] == pytest.approx(
            [len(learned) / 2, len(learned) / 4, len(learned) / 8], abs=3
        )
        wider = learned
        for rows, parts in own:
            assert set(rows) < set(wider)
            assert set(run.dataset.target[rows[parts == Part.TRAIN]]) == {0, 1, 2}
            assert np.mean(parts == Part.VALIDATION) == pytest.approx(0.15, abs=0.02)
            wider = rows


def test_a_half_without_a_class_is_left_out():
    label = np.repeat(["common", "less", "rare"], [700, 92, 8])
    frame = task("amount", 800).drop("amount").with_columns(label=pl.Series(label))
    dataset = gradum.fit(frame, "label", model="linear", **ONCE).run.dataset
    rng = np.random.default_rng(0)
    one, other = module._halves(dataset, np.arange(800), rng)
    assert sorted([*one, *other]) == list(range(800))
    (half,) = module._halves(dataset, np.arange(793), rng)  # one row is rare
    assert set(dataset.target[half]) == {0, 1, 2}


def linear_used(run):
    verdict = structs.replace(run.fitted.judgement.verdict, used="linear")
    return structs.replace(run.fitted.judgement, verdict=verdict)


def test_groups_stay_whole(monkeypatch):
    frame = task("amount", 1200).with_columns(
        g=pl.Series([f"g{k:03}" for k in np.arange(1200) % 120])
    )
    run = gradum.fit(frame, "amount", model="linear", group="g", **ONCE).run
    for rows, parts in parts_of(run, monkeypatch):
        for part in (Part.TRAIN, Part.VALIDATION):
            inside = rows[parts == part]
            groups = np.unique(run.dataset.groups[inside])
            learned = np.isin(run.dataset.groups, groups) & (run.parts != Part.TEST)
            assert set(np.flatnonzero(learned)) == set(inside)


def test_the_latest_rows_are_kept_in_the_order_of_time(monkeypatch):
    frame = task("amount", 1200).with_columns(t=pl.Series(np.arange(1200.0)[::-1]))
    run = gradum.fit(frame, "amount", model="linear", time="t", **ONCE).run
    time, past = run.dataset.time, run.dataset.time[run.parts != Part.TEST]
    for rows, parts in parts_of(run, monkeypatch):
        assert set(time[rows]) == set(np.sort(past)[-len(rows) :])
        validated = time[rows[parts == Part.VALIDATION]]
        assert time[rows[parts == Part.TRAIN]].max() < validated.min()


def test_a_network_is_fitted_again_in_batches_of_the_same_size(monkeypatch):
    model = gradum.fit(
        task("amount", 2400), "amount", model="mlp", split=SplitSpec(test=0.1), mlp=TINY
    )
    judged = model.fitted.rungs["mlp"].settings["batch_size"]
    fitted = []
    fit = module.refitted

    def spy(*arguments):
        fitted.append(fit(*arguments))
        return fitted[-1]

    monkeypatch.setattr(module, "refitted", spy)
    found = growth(model.run, asked=True)
    assert judged == 64
    assert {each.rung.settings["batch_size"] for each in fitted} == {64}
    scores = [score.value for _, score in found.points]
    assert scores[0] > scores[-1]  # seven times the steps of five epochs tell


def test_folds_of_the_first_repeat_judge_each_row_once():
    twice = QUICK | {"split": SplitSpec()}
    model = gradum.fit(task("amount", 300), "amount", cv=3, model="linear", **twice)
    assert len(model.run.judges) == 6
    found = growth(model.run, asked=True)
    assert [rows for rows, _ in found.points] == [25, 50, 100, 200]
    predicted = np.full(300, np.nan)
    for judge in model.run.judges[:3]:
        rows = np.flatnonzero(judge.parts == Part.TEST)
        design = judge.encoder.transform(model.run.dataset.frame[rows])
        predicted[rows] = judge.rungs["linear"].predict(design).value
    rmse = np.sqrt(np.mean((model.run.dataset.target - predicted) ** 2))
    assert found.points[-1][1].value == pytest.approx(rmse)


def test_the_curve_is_left_out_where_it_says_nothing_or_takes_long(
    least_squares, grader, monkeypatch
):
    run = least_squares.run
    assert growth(run, asked=False).skipped == "Left out, as asked; --learning-curve draws it."
    monkeypatch.setattr(module, "LONGEST_SECONDS", -1.0)
    skipped = growth(run, asked=None).skipped
    assert skipped == "The learning curve was not drawn within 0.0 s; --learning-curve draws it."
    assert growth(run, asked=True).points
    assert "Interrupted" in growth(run, Context(stop=lambda: True), asked=True).skipped
    small = gradum.fit(task("amount", 200), "amount", model="linear", **ONCE).run
    assert growth(small, asked=True).points
    smaller = gradum.fit(task("amount", 190), "amount", model="linear", **ONCE).run
    skipped = growth(smaller, asked=True).skipped
    assert skipped == "A learning curve needs at least 160 training rows; there are 152."


def clocked(run, monkeypatch, *, seconds, allowed):
    """The curve that is drawn unasked where each fit takes so many seconds, and its fits' rows."""
    now, fit, rows = [0.0], module.refitted, []

    def timed(spec, dataset, part, *rest):
        now[0] += seconds
        rows.append(len(part))
        return fit(spec, dataset, part, *rest)

    monkeypatch.setattr(module, "refitted", timed)
    for file in (module, context):
        monkeypatch.setattr(file, "perf_counter", lambda: now[0])
    monkeypatch.setattr(module, "LONGEST_SECONDS", np.inf)
    provenance = structs.replace(run.fitted.provenance, seconds=4 * allowed)
    run = replace(run, fitted=replace(run.fitted, provenance=provenance))
    return growth(run, asked=None), rows


@pytest.mark.parametrize(
    ("allowed", "models"),
    [(2.5, None), (3.5, (1, 1, 1, 1)), (5.5, (2, 2, 1, 1)), (9, (2, 2, 2, 1))],
)
def test_a_quarter_of_the_fit_is_what_it_may_take(
    least_squares, grown, monkeypatch, allowed, models
):
    found, rows = clocked(least_squares.run, monkeypatch, seconds=1.0, allowed=allowed)
    assert rows == [100, 200, 400, 100, 200, 400][: int(allowed) + 1]
    if models is None:
        assert found.skipped.startswith("The learning curve was not drawn within 2.5 s; ")
        return
    assert found.models == models
    whole = grown
    assert whole.models == (2, 2, 2, 1)
    same = [one == two for one, two in zip(found.points, whole.points, strict=True)]
    assert same == [ours == full for ours, full in zip(models, whole.models, strict=True)]


def test_what_is_left_of_the_time_limit_is_all_that_it_may_take(least_squares):
    fitted = least_squares.run.fitted
    limit = fitted.provenance.seconds
    run = replace(
        least_squares.run,
        fitted=replace(fitted, spec=structs.replace(fitted.spec, time_limit=limit)),
    )
    assert "not drawn within 0.0 s" in growth(run, asked=None).skipped


def test_few_groups_cannot_be_halved_three_times():
    frame = task("amount", 400).with_columns(g=pl.Series([f"g{k}" for k in np.arange(400) % 6]))
    run = gradum.fit(frame, "amount", model="linear", group="g", **ONCE).run
    skipped = growth(run, asked=True).skipped
    assert skipped == "There are too few groups to learn from an eighth of them."


SIZES = np.array([100.0, 200.0, 400.0, 800.0])


def test_no_score_is_forecast_to_be_better_than_perfect():
    rng = np.random.default_rng(0)
    losses = np.array([0.1, 0.04, 0.015, 0.002])
    samples = losses[:, None] + 0.01 * rng.normal(size=(4, 500))
    value, draws = doubled(losses, samples, SIZES, error=0.02, least=0.0, rng=rng)
    assert -0.002 <= value < 0
    assert (samples[-1] + draws >= -1e-15).all()


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_a_power_law_without_noise_is_continued(exponent):
    losses = 0.3 + 2.0 * SIZES**-exponent
    samples = np.repeat(losses[:, None], 10, axis=1)
    rng = np.random.default_rng(0)
    value, draws = doubled(losses, samples, SIZES, error=0.0, least=0.0, rng=rng)
    exact = 2.0 * (1600**-exponent - 800**-exponent)
    assert value == pytest.approx(exact, rel=1e-9)
    np.testing.assert_allclose(draws, exact, rtol=1e-9)


def test_rows_are_never_expected_to_do_harm():
    losses = np.array([0.5, 0.52, 0.55, 0.6])
    samples = np.repeat(losses[:, None], 500, axis=1)
    rng = np.random.default_rng(0)
    value, draws = doubled(losses, samples, SIZES, error=0.01, least=0.0, rng=rng)
    assert value == 0.0
    # No curve fits: what it misses, by weights n² and two degrees of freedom, is unsure as well.
    weight = SIZES**2 / SIZES[-1] ** 2
    misfit = weight @ (losses - np.average(losses, weights=weight)) ** 2
    assert draws.std() == pytest.approx(np.sqrt(0.01**2 + misfit / 2), rel=0.1)


def test_the_same_seed_draws_the_same_curve(least_squares, grown):
    first, again = grown, growth(least_squares.run, asked=True)
    assert first == again
    assert isinstance(first.gain, Interval)
