"""Spreads against the ones that residuals were drawn with, and against plain quantiles."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.files import archive
from gradum.rungs.spread.fit import HeldOutResiduals, constant_spread, fit_spread
from gradum.rungs.spread.spread import Side, Spread, SpreadCurve
from gradum.rungs.with_spread import with_spread_of
from synthetic import FEATURES, QUICK, task

ROWS = 3000
TAIL = 1.6448536  # of a normal distribution, beyond which is 1 in 20


def drawn(log_sigma, rows=ROWS, seed=0, inputs=3):
    """Normal residuals about predictions, whose deviation the features give."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 1 + inputs))
    sigma = np.exp(log_sigma(features))
    return HeldOutResiduals(features, sigma * rng.normal(size=rows), np.ones(rows)), sigma


def fitted(rows):
    return fit_spread(rows, np.random.default_rng(1))


@pytest.mark.parametrize(
    "log_sigma",
    [
        lambda features: 0.7 * features[:, 0] - 1,
        lambda features: 0.8 * np.abs(features[:, 2]),
        lambda features: (
            0.4 * features[:, 0] + 0.5 * np.tanh(features[:, 1]) - 0.3 * features[:, 3]
        ),
    ],
    ids=["of the prediction", "of one input", "of several"],
)
def test_a_known_spread_is_found(log_sigma):
    rows, _ = drawn(log_sigma)
    spread = fitted(rows)
    fresh, sigma = drawn(log_sigma, seed=2)
    for side in (spread.below, spread.above):
        ratio = np.log(side(fresh.features) / (TAIL * sigma))
        assert np.sqrt(np.mean(ratio**2)) < 0.15
        assert np.std(np.log(sigma)) > 2 * np.std(ratio)


def test_sides_are_found_apart():
    """Above the prediction residuals grow with the first input, below they shrink."""
    rows, _ = drawn(lambda features: np.zeros(len(features)))
    slope = np.where(rows.residual > 0, 0.8, -0.8) * rows.features[:, 1]
    spread = fitted(replace(rows, residual=rows.residual * np.exp(slope)))
    ends = np.zeros((2, 4))
    ends[:, 1] = [-1, 1]
    below, above = (np.log(side(ends)) for side in (spread.below, spread.above))
    assert below[1] - below[0] == pytest.approx(-1.6, abs=0.3)
    assert above[1] - above[0] == pytest.approx(1.6, abs=0.3)


def test_where_nothing_tells_the_spread_is_all_but_constant():
    rows, _ = drawn(lambda features: np.zeros(len(features)))
    for side in (fitted(rows).below, fitted(rows).above):
        assert side(rows.features) == pytest.approx(TAIL, rel=0.2)


def test_one_residual_in_twenty_is_beyond_either_side():
    rows, _ = drawn(lambda features: 0.5 * features[:, 1])
    rows = replace(rows, residual=np.expm1(rows.residual))  # a long tail above
    spread = fitted(rows)
    below = np.mean(rows.residual < -spread.below(rows.features))
    above = np.mean(rows.residual > spread.above(rows.features))
    assert (below, above) == (pytest.approx(0.05, abs=1e-3), pytest.approx(0.05, abs=1e-3))


def test_a_constant_spread_is_made_of_weighted_quantiles():
    rng = np.random.default_rng(3)
    residual, repeats = rng.gamma(2, size=99) - 1.5, rng.integers(1, 4, 99)
    spread = constant_spread(residual, repeats.astype(float))
    repeated = np.quantile(np.repeat(residual, repeats), [0.05, 0.95], method="inverted_cdf")
    ends = (-spread.below(np.zeros((1, 1)))[0], spread.above(np.zeros((1, 1)))[0])
    np.testing.assert_allclose(ends, repeated)


def test_beyond_the_rows_that_it_was_fitted_to_a_spread_stays_within_its_range():
    rows, _ = drawn(lambda features: 2 * features[:, 1])
    spread = fitted(rows)
    far = np.array([[0, sign * size, 0, 0] for sign in (-1, 1) for size in (10, 1e300, np.inf)])
    for side in (spread.below, spread.above):
        known, beyond = side(rows.features), side(far)
        assert known.min() > 0
        assert known.min() * (1 - 1e-9) <= beyond.min() <= beyond.max() <= known.max() * (1 + 1e-9)
        assert beyond[:3] == pytest.approx(beyond[0])


@pytest.mark.parametrize(
    "residual",
    [np.zeros(200), np.r_[np.zeros(199), 1.0], np.full(200, -2.0), np.r_[1.0, -1e-9]],
    ids=["none", "one", "all on one side", "of two rows"],
)
def test_a_spread_is_above_0_whatever_the_residuals(residual):
    features = np.random.default_rng(0).normal(size=(len(residual), 2))
    spread = fitted(HeldOutResiduals(features, residual, np.ones(len(residual))))
    assert spread.is_sound(inputs=1)
    assert (spread.below(features) > 0).all()
    assert (spread.above(features) > 0).all()


def test_many_inputs_of_few_rows_are_chosen_from():
    rows, sigma = drawn(lambda features: 0.9 * features[:, 7], rows=600, inputs=80)
    spread = fitted(rows)
    numbers = {curve.feature for side in (spread.below, spread.above) for curve in side.curves}
    assert 7 in numbers
    assert len(numbers) < 30
    assert np.corrcoef(np.log(spread.above(rows.features)), np.log(sigma))[0, 1] > 0.8


def test_curves_add_up_between_bounds():
    side = Side(
        0.5, -1.0, 1.0, (SpreadCurve(0, (0.0, 1.0), (0.0, 2.0)), SpreadCurve(2, (3.0,), (-0.25,)))
    )
    features = np.array([[0.0, 9, 9], [0.1, 9, 9], [5.0, 9, 9]])
    np.testing.assert_allclose(side(features), np.exp([0.25, 0.45, 1.0]))
    np.testing.assert_allclose(side.times(3.0)(features), 3 * side(features))


@pytest.mark.parametrize(
    "side",
    [
        Side(np.nan, 0.0, 1.0),
        Side(0.0, 1.0, 0.0),
        Side(0.0, -np.inf, 1.0),
        Side(0.0, -1e4, 1.0),
        Side(0.0, 0.0, 1e4),
        Side(0.0, 0.0, 1.0, (SpreadCurve(3, (0.0,), (0.0,)),)),
        Side(0.0, 0.0, 1.0, (SpreadCurve(-1, (0.0,), (0.0,)),)),
        Side(0.0, 0.0, 1.0, (SpreadCurve(0, (), ()),)),
        Side(0.0, 0.0, 1.0, (SpreadCurve(0, (0.0,), (0.0, 1.0)),)),
        Side(0.0, 0.0, 1.0, (SpreadCurve(0, (1.0, 0.0), (0.0, 1.0)),)),
        Side(0.0, 0.0, 1.0, (SpreadCurve(0, (0.0,), (np.inf,)),)),
    ],
)
def test_what_is_no_spread_is_not_sound(side):
    assert Side(0.0, 0.0, 1.0, (SpreadCurve(2, (0.0,), (0.0,)),)).is_sound(2)
    assert not Spread(side, Side.constant(1.0)).is_sound(2)
    assert not Spread(Side.constant(1.0), side).is_sound(2)


@pytest.fixture(scope="module")
def design(regressor):
    return regressor.fitted.encoder.transform(task("amount", 300, seed=4).select(FEATURES))


@pytest.mark.parametrize("name", ["baseline", "linear", "mlp", "pack"])
def test_every_rung_of_numbers_says_how_far_targets_may_lie(name, regressor, design):
    rung = regressor.fitted.rungs[name]
    located = rung.locate(design)
    assert (located.below > 0).all()
    assert (located.above > 0).all()
    target = task("amount", 300, seed=4)["amount"].to_numpy()
    t = located.deviations(rung.target_scale.forward(target))
    assert 0.8 < np.mean(np.abs(t) < 1) < 0.97


@pytest.mark.parametrize("name", ["baseline", "linear", "mlp", "pack"])
def test_a_spread_is_saved_and_loaded_bit_for_bit(name, regressor, design, tmp_path):
    regressor.save(tmp_path / "model.gradum")
    again = gradum.load(tmp_path / "model.gradum").fitted.rungs[name]
    rung = regressor.fitted.rungs[name]
    assert again.spread == rung.spread
    np.testing.assert_array_equal(again.locate(design).below, rung.locate(design).below)
    np.testing.assert_array_equal(again.locate(design).above, rung.locate(design).above)


def test_a_file_without_a_spread_loads_with_an_even_one(regressor, design, tmp_path):
    path = tmp_path / "old.gradum"
    regressor.save(path)
    manifest, arrays = archive.read(path)
    for record in manifest["rungs"]:
        del record["spread"]
    archive.write(path, manifest, arrays)
    located = gradum.load(path).fitted.rungs["linear"].locate(design)
    assert set(located.below) == set(located.above) == {1.0}


def test_a_linear_rung_is_spread_by_rows_that_it_had_not_learned_from():
    """With half as many columns as rows, residuals of learned rows are far too short."""
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(160, 80))
    frame = pl.DataFrame(columns, schema=[f"x{place}" for place in range(80)])
    target = columns @ rng.normal(size=80) + 3 * rng.normal(size=160)
    model = gradum.fit(frame.with_columns(y=target), "y", model="linear", cv=2, **QUICK)
    rung, design = model.fitted.rungs["linear"], model.fitted.encoder.transform(frame)
    assert rung.target_scale is not None
    t = rung.locate(design).deviations(rung.target_scale.forward(target))
    assert np.mean(np.abs(t) < 1) > 0.95


def test_classes_have_no_spread(classifier):
    assert all(rung.spread is None for rung in classifier.fitted.rungs.values())


def test_blocks_are_located_as_all_rows_at_once(regressor, design, monkeypatch):
    rung = replace(regressor.fitted.rungs["mlp"])
    whole = rung.locate(design)
    monkeypatch.setattr("gradum.rungs.rung.BLOCK_ROWS", 64)
    parts = rung.locate(design)
    np.testing.assert_allclose(parts.below, whole.below, rtol=1e-4)
    np.testing.assert_allclose(parts.above, whole.above, rtol=1e-4)


def test_a_refit_keeps_the_spread_in_units_of_the_target(regressor, design):
    judged = regressor.fitted.rungs["linear"]
    scale = judged.target_scale
    other = replace(
        judged, target_scale=type(scale)(scale.centre, 2 * scale.scale, scale.low, scale.high)
    )
    layout = design.layout
    refitted = with_spread_of(other, judged, layout, layout)
    np.testing.assert_allclose(
        2 * refitted.locate(design).below, judged.locate(design).below, rtol=1e-12
    )


@pytest.mark.slow
def test_a_refit_keeps_the_spread_where_it_has_an_input_more():
    """A level that only later rows have gives an input more, and others new places."""
    rng = np.random.default_rng(0)
    kinds = np.array(["a", "b", "c"])[rng.integers(0, 3, 600)]
    frame = pl.DataFrame(
        {"size": rng.uniform(0, 3, 600), "kind": kinds, "grade": rng.permutation(kinds)}
    )
    target = np.exp(frame["size"].to_numpy()) * rng.normal(size=600)
    table = frame.with_columns(y=target)
    judged, refitted = (
        gradum.fit(rows, "y", model="linear", **QUICK).fitted
        for rows in (
            table,
            table.with_columns(
                kind=pl.when(pl.col("size") > 2.9).then(pl.lit("_")).otherwise("kind")
            ),
        )
    )
    before, after = (each.encoder.transform(frame) for each in (judged, refitted))
    rung = with_spread_of(
        refitted.rungs["linear"], judged.rungs["linear"], after.layout, before.layout
    )
    assert after.layout != before.layout
    said = judged.rungs["linear"]
    ratio = rung.locate(after).below * rung.target_scale.scale
    ratio = ratio / (said.locate(before).below * said.target_scale.scale)
    assert np.quantile(ratio, [0.1, 0.9]) == pytest.approx(1, rel=0.15)
