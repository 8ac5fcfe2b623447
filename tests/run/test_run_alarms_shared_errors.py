"""Groups that no column names, told by errors that neighbours share, apart from curves."""

import numpy as np
import polars as pl
import pytest
from alarm_tables import planned

import gradum
from gradum.run.alarms.shared_errors import Neighbours, hidden_groups
from synthetic import ONCE


def alarms(x, y, seed=0):
    frame = pl.DataFrame({f"x{place}": column for place, column in enumerate(x.T)} | {"y": y})
    return hidden_groups(planned(frame, "y", seed=seed)[0], seed=seed)


def subjects(columns, jitter, seed, own=0.0):
    """300 subjects of 5 rows, alike up to jitter; the target is the subject's noise."""
    rng = np.random.default_rng(seed)
    of = rng.permutation(np.repeat(np.arange(300), 5))
    x = rng.normal(size=(300, columns))[of] + rng.normal(0, jitter, (1500, columns))
    return x, rng.normal(size=300)[of] + rng.normal(0, own, 1500)


@pytest.mark.parametrize("jitter", [0.2, 0.3])
def test_subjects_that_are_described_are_found(jitter):
    for seed in range(2):
        (alarm,) = alarms(*subjects(8, jitter, seed), seed)
        assert alarm.kind == "undeclared groups"
        assert "give it by --group" in alarm.sentence
    x, y = subjects(8, jitter, 3)
    assert len(alarms(x, np.where(y > 0, "ill", "well"))) == 1
    assert alarms(x, np.random.default_rng(4).permutation(y)) == ()


CURVES = {
    "a sine": (3, lambda x: np.sin(2 * x[:, 0])),
    "a fast sine": (1, lambda x: np.sin(40 * x[:, 0])),
    "waves": (2, lambda x: np.sin(9 * x[:, 0]) * np.cos(9 * x[:, 1])),
    "narrow waves": (2, lambda x: np.sin(25 * x[:, 0]) * np.cos(25 * x[:, 1])),
    "a product of many": (8, lambda x: x[:, 0] * x[:, 1]),
    "a sine of many": (8, lambda x: np.sin(2 * x[:, 0])),
    "steps": (4, lambda x: np.sign(x[:, 0]) * np.sign(x[:, 1])),
    "nothing": (4, lambda x: np.zeros(len(x))),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_what_a_straight_model_misses_is_no_group(name, noise):
    columns, curve = CURVES[name]
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1000, columns))
    assert alarms(x, curve(x) + max(noise, 0.01) * rng.normal(size=1000)) == ()


def test_rows_that_repeat_and_neighbours_are_those_of_brute_force():
    rng = np.random.default_rng(6)
    x = np.round(rng.normal(size=(150, 2)), 1)
    x[75:110] = x[0]  # more equal rows than there are neighbours
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": rng.normal(size=150)})
    around = Neighbours.of(planned(frame, "y")[0], 0)
    assert around is not None
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    apart = ((standard[:, None] - standard) ** 2).sum(axis=2) + np.diag(np.full(150, np.inf))
    assert (around.near != np.arange(150)[:, None]).all()
    np.testing.assert_allclose(around.square, np.sort(apart, axis=1)[:, :20], atol=1e-4)


def test_a_straight_model_of_a_sine_is_told_to_be_too_simple_and_raises_no_alarm():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(800, 2))
    for curve, noted in ((np.sin(2 * x[:, 0]), True), (x[:, 0], False)):
        y = 2 * curve + rng.normal(0, 0.5, 800)
        model = gradum.fit({"a": x[:, 0], "b": x[:, 1], "y": y}, "y", model="linear", **ONCE)
        judgement = model.fitted.judgement
        assert judgement.alarms == ()
        said = judgement.split.neighbours
        assert bool(said) == noted
        assert said in judgement.notes or not noted
        assert "too simple" in said or not noted
