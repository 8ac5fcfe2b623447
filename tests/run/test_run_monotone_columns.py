"""Whole fits under --monotone: proven by signs, and followed along grids."""

from itertools import product

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import ColumnError, ModelFileError, SpecError
from gradum.run.monotone_columns import monotone_by_signs
from gradum.run.options.options import make_spec
from gradum.run.spec.spec import Spec
from gradum.rungs.smearing import ResidualSpread
from gradum.ship.run_spec import RunSpec, toml
from gradum.show.repeat import command, python
from synthetic import ONCE

RUNGS = ("baseline", "linear", "mlp", "pack")
PARTLY_SO = {"size": "+", "age": "-"}
"""In `table`, both are so on the whole and not everywhere: the constraints bind."""


def table(target, rows=500):
    rng = np.random.default_rng(4)
    size, age, mood = rng.normal(50, 10, rows), rng.gamma(4, 10, rows), rng.normal(size=rows)
    level = np.sin(size / 4) + 0.08 * (size - 50) - np.square(age - 20) / 500 + mood * (size > 50)
    return pl.DataFrame(
        {
            "size": size,
            "age": pl.Series(np.where(rng.random(rows) < 0.1, np.nan, age)).fill_nan(None),
            "mood": mood,
            "colour": rng.choice(["red", "green", "blue"], rows),
            "amount": np.exp(level + 0.2 * rng.normal(size=rows)),
            "label": np.where(level + 0.3 * rng.normal(size=rows) > 0.3, "yes", "no"),
        }
    ).select("size", "age", "mood", "colour", target)


@pytest.fixture(scope="module", params=["amount", "label"])
def held(request):
    target = request.param
    options = ONCE | {"log_target": target == "amount"}
    return gradum.fit(table(target), target, monotone=PARTLY_SO, **options)


def steps(model, column, rung):
    """How the answer changes as a column runs through a grid beyond its values, [rows, places]."""
    target = model.fitted.spec.target
    rows, grid = table(target, 40).drop(target), np.linspace(-60, 160, 120)
    walk = rows.drop(column).join(pl.DataFrame({column: grid}), how="cross")
    said = model.predict if target == "amount" else model.predict_proba
    answers = np.asarray(said(walk.select(rows.columns), rung=rung))
    answers = (answers if target == "amount" else answers[:, 1]).reshape(40, -1)
    return np.diff(answers, axis=1), 1e-6 * np.ptp(answers)


def test_every_rung_is_proven_and_keeps_to_it(held):
    layout = held.fitted.encoder.layout
    moves = 0
    for rung, (column, sign) in product(RUNGS, PARTLY_SO.items()):
        direction = 1 if sign == "+" else -1
        assert monotone_by_signs(held.fitted.rungs[rung], layout, column, direction)
        moved, rounding = steps(held, column, rung)
        assert (direction * moved >= -rounding).all(), (rung, column)
        moves += bool((np.abs(moved) > rounding).any())
    assert moves >= 2


def test_what_was_not_asked_for_is_free_and_not_proven(held):
    layout = held.fitted.encoder.layout
    pack = held.fitted.rungs["pack"]
    for column, sign in product(("mood", "colour"), (1, -1)):
        assert not monotone_by_signs(pack, layout, column, sign)
    assert not monotone_by_signs(pack, layout, "size", -1)
    assert monotone_by_signs(held.fitted.rungs["baseline"], layout, "mood", 1)
    assert monotone_by_signs(pack, layout, "no column of the model", 1)


def test_without_the_constraint_nothing_is_proven_and_something_goes_the_wrong_way():
    free = gradum.fit(table("label"), "label", model="pack", **ONCE)
    rung, layout = free.fitted.rungs["pack"], free.fitted.encoder.layout
    for column, sign in product(PARTLY_SO, (1, -1)):
        assert not monotone_by_signs(rung, layout, column, sign)
    moved, rounding = steps(free, "size", "pack")
    assert (moved < -rounding).any()
    assert free.fitted.spec.monotone == ()


def test_the_report_says_which_way_and_of_what(held):
    notes = [note for note in held.fitted.judgement.notes if "rises and all else stays" in note]
    what = "'amount'" if held.fitted.spec.target == "amount" else "probability of 'yes'"
    assert len(notes) == 2
    assert f"'size' rises and all else stays, no model's {what} ever falls" in notes[0]
    assert f"'age' rises and all else stays, no model's {what} ever rises" in notes[1]


def test_the_model_file_holds_it_and_is_held_to_it(held, tmp_path):
    held.save(tmp_path / "model.gradum")
    kept = gradum.load(tmp_path / "model.gradum")
    assert kept.fitted.spec.monotone == ("size+", "age-")
    pack = held.fitted.rungs["pack"]
    last = pack.params["layers"][-1]["weight"]
    last *= -1
    try:
        held.save(tmp_path / "turned.gradum")
    finally:
        last *= -1
    with pytest.raises(ModelFileError, match="monotone"):
        gradum.load(tmp_path / "turned.gradum")


def test_the_spec_writes_it_as_it_is_given():
    spec = make_spec("y", monotone=["age+", "income-"])
    assert spec == make_spec("y", monotone={"age": "+", "income": "-", "other": 0})
    assert spec == make_spec("y", monotone={"age": 1, "income": -1})
    assert spec.directions == {"age": 1, "income": -1}
    assert make_spec("y", monotone="a++").directions == {"a+": 1}
    assert "--monotone age+ --monotone income-" in command(spec, "t.csv")
    assert "monotone=['age+', 'income-']" in python(spec, "t.csv")
    assert 'monotone = [\n    "age+",\n    "income-",\n]' in toml(RunSpec("t.csv", spec))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monotone": "age"}, "direction of 'age' is missing"),
        ({"monotone": "+"}, "direction of '\\+' is missing"),
        ({"monotone": {"age": "up"}}, "direction of 'age' is 'up'"),
        ({"monotone": ["age+", "age-"]}, "'age' has more than one direction"),
        ({"monotone": "age+", "activation": "gelu"}, "gelu falls in places"),
        ({"monotone": "age+", "solver": "lbfgs"}, "LBFGS searches along a line"),
    ],
)
def test_what_no_spec_can_hold_is_refused(options, message):
    with pytest.raises(SpecError, match=message):
        make_spec("y", **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"monotone": "label+"}, SpecError, "'label' is the target"),
        ({"monotone": "colour+"}, SpecError, "of the kind categorical, not a number"),
        ({"monotone": "siez+"}, ColumnError, "no column 'siez'.*size"),
        ({"monotone": "size+", "drop": "size"}, SpecError, "no model learns from it"),
        ({"monotone": "size+", "blocks": True}, SpecError, "read in blocks"),
    ],
)
def test_columns_without_a_direction_are_refused_by_name(options, error, message):
    with pytest.raises(error, match=message):
        gradum.fit(table("label", 60), "label", **(ONCE | options))


def test_a_name_that_ends_in_a_sign_needs_another_one():
    frame = table("label", 60).rename({"size": "size+"})
    with pytest.raises(SpecError, match=r"'size\+' is missing.*size\+\+ or size\+-"):
        gradum.fit(frame, "label", monotone="size+", **ONCE)


def test_more_than_two_classes_are_refused():
    frame = table("label", 90).with_columns(label=pl.Series(["a", "b", "c"] * 30))
    with pytest.raises(SpecError, match="The target has 3 classes"):
        gradum.fit(frame, "label", monotone="size+", **ONCE)


def test_a_smearing_factor_never_turns_the_order_of_predictions():
    """Residuals that shrink as predictions rise would else bring the higher ones back lower."""
    rng = np.random.default_rng(5)
    predicted = np.linspace(0, 0.5, 2000)
    true = predicted + rng.normal(size=2000) * (2.5 - 4.5 * predicted)
    spread = ResidualSpread.of(predicted, true, np.ones(2000), "here")
    assert spread.factor is not None
    levels = np.exp(predicted) * spread.factor(predicted)
    assert np.diff(levels).min() >= -1e-12
    assert spread.rises
    assert not ResidualSpread(0.0, "here", (0.0, 1.0), (3.0, 1.0)).rises


def test_the_default_spec_has_no_direction():
    assert Spec("y").directions == {}
