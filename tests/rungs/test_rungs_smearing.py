"""The mean of a target learned by its logarithm, where residuals spread equally and where not."""

import msgspec
import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2
from sklearn.linear_model import LinearRegression

import gradum
from gradum.messages import as_text
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.smearing import LEVEL, ResidualSpread, equal_spread
from gradum.rungs.target_scale import TargetScale
from synthetic import FEW

LINEAR = {"model": "linear", "linear": LinearSpec(strengths=(1.0, 0.1))}


def uneven(rows, seed=0, slope=0.45, columns=0):
    """Rows whose log y is x + s e with s = .3 + slope x, e normal: a frame, and its true means."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 2, rows)
    spread = 0.3 + slope * x
    others = {f"z{k}": rng.normal(size=rows) for k in range(columns)}
    frame = pl.DataFrame({"x": x, **others, "y": np.exp(x + spread * rng.normal(size=rows))})
    return frame, np.exp(x + spread**2 / 2)


def ratios(predicted, means):
    """Mean prediction over the true mean: of all rows, of the highest tenth, the lowest quarter."""
    order = np.argsort(predicted)
    parts = (order, order[-len(order) // 10 :], order[: len(order) // 4])
    return [predicted[part].mean() / means[part].mean() for part in parts]


def test_the_test_is_n_times_the_r2_of_squared_residuals():
    rng = np.random.default_rng(0)
    f, residual = rng.normal(3, 2, 200), rng.normal(size=200)
    columns, squares = np.column_stack([f, f**2]), residual**2
    share = LinearRegression().fit(columns, squares).score(columns, squares)
    expected = chi2.sf(200 * share, 2)
    assert equal_spread(f, residual, np.ones(200)) == pytest.approx(expected, rel=1e-8)
    assert equal_spread(1e6 + 1e-3 * f, 7 * residual, np.full(200, 0.1)) == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.parametrize("residuals", ["normal", "heavy tails", "skewed"])
def test_equal_spread_is_seldom_doubted_and_unequal_found(residuals):
    """At a level of 1%, 400 draws: 11 or more are above 1 in 500 of what chance would bring."""
    rng = np.random.default_rng(1)
    draw = {
        "normal": lambda: rng.normal(size=500),
        "heavy tails": lambda: rng.standard_t(6, size=500),
        "skewed": lambda: rng.gamma(4, size=500) / 2 - 2,
    }[residuals]
    doubted, found = 0, 0
    for _ in range(400):
        f, e, weight = rng.normal(size=500), draw(), rng.uniform(0.5, 2, 500)
        doubted += equal_spread(f, e, weight) < LEVEL
        found += equal_spread(f, e * np.exp(0.4 * f), weight) < LEVEL
    assert doubted <= 10
    assert found > 360


def test_rows_of_one_prediction_or_without_residuals_say_nothing():
    assert equal_spread(np.zeros(50), np.random.default_rng(0).normal(size=50), np.ones(50)) == 1
    assert equal_spread(np.arange(50.0), np.zeros(50), np.ones(50)) == 1
    two = np.repeat([0.0, 1.0], 200)
    rng = np.random.default_rng(0)
    found = ResidualSpread.of(two, two + rng.normal(size=400) * (0.2 + two), np.ones(400), "here")
    assert found.at == (0.0, 1.0)
    few = ResidualSpread.of(
        two[150:250], two[150:250] * (1 + 2 * rng.normal(size=100)), np.ones(100), "here"
    )
    assert few.p < LEVEL
    assert len(few.at) == 2


def test_the_factor_of_unequal_spread_is_that_of_the_lognormal():
    frame, means = uneven(60_000)
    x, target, weight = frame["x"].to_numpy(), frame["y"].to_numpy(), np.ones(60_000)
    scale = TargetScale.fit(target, weight, log=True)
    scaled = (x - scale.centre) / scale.scale
    found = scale.with_smearing(target, scaled, weight)
    expected = np.exp((0.3 + 0.45 * np.array(found.spread.at)) ** 2 / 2)
    np.testing.assert_allclose(found.spread.factors, expected, rtol=0.05)
    np.testing.assert_allclose(ratios(found.inverse(scaled, clamp=False), means), 1, atol=0.03)
    one = msgspec.structs.replace(found, spread=None)
    assert ratios(one.inverse(scaled, clamp=False), means)[1] < 0.85
    again = msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text), type=TargetScale)
    assert again == found
    assert again.largest(3.0) >= np.abs(found.inverse(np.linspace(-3, 3), clamp=False)).max()


def test_a_prediction_that_has_learned_noise_keeps_the_mean():
    """Of noise that f has learned exp(f) has the mean already; that of exp(e) is too small."""
    rng = np.random.default_rng(0)
    level, noise = rng.normal(size=(2, 40_000))
    target, weight = np.exp(level + 0.8 * noise), np.ones(40_000)
    scale = TargetScale.fit(target, weight, log=True)
    learned = scale.with_smearing(
        target, (level + 0.4 * noise - scale.centre) / scale.scale, weight
    )
    new = level[::-1] + 0.4 * rng.normal(size=40_000)
    said = learned.inverse((new - scale.centre) / scale.scale, clamp=False)
    assert said.mean() == pytest.approx(target.mean(), rel=0.03)
    assert np.mean(np.exp(0.4 * noise)) < 0.9 * learned.smearing


@pytest.mark.parametrize("model", ["linear", "pack"])
def test_means_are_right_where_the_spread_grows(model, tmp_path):
    frame, _ = uneven(4_000)
    new, means = uneven(40_000, seed=1)
    fitted = gradum.fit(frame, "y", log_target=True, pack=FEW, **LINEAR | {"model": model})
    said = ratios(fitted.predict(new), means)
    np.testing.assert_allclose(said, 1, atol=0.15)
    (note,) = (note for note in fitted.fitted.judgement.notes if "White" in note)
    assert "do not spread equally" in note
    assert ("on held-out rows" in note) == (model == "pack")
    fitted.save(tmp_path / "m.gradum")
    loaded, few = gradum.load(tmp_path / "m.gradum"), new.head(5)
    np.testing.assert_array_equal(loaded.predict(few), fitted.predict(few))
    rows = [loaded.predict(row)[0] for row in few.rows(named=True)]
    np.testing.assert_allclose(rows, fitted.predict(few), rtol=1e-5)


def test_where_it_does_not_grow_one_factor_is_said():
    frame, _ = uneven(2_000, slope=0.0)
    model = gradum.fit(frame, "y", log_target=True, **LINEAR)
    assert model.fitted.rungs["linear"].target_scale.spread.at == ()
    assert any("one smearing factor" in note for note in model.fitted.judgement.notes)
    assert model.fitted.rungs["baseline"].target_scale.spread is None
