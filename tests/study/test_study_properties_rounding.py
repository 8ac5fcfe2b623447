"""What counts as rounding in a proof, at targets of any size; `predict` attacks each proof."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.core.models import Network
from gradum.fitting.target_scale import TargetScale
from synthetic import FEW, ONCE

OPTIONS = ONCE | {"learning_curve": False, "explain": False}
TIE = 2.0**-40  # the share of what is asked that a proof leaves open
DENSE = np.round(np.linspace(-1, 1, 201), 3)


@cache
def table():
    rng = np.random.default_rng(0)
    a, b = np.round(rng.uniform(-1, 1, 300), 3), np.round(rng.uniform(0, 14, 300), 3)
    a[:2], b[:2] = (-1, 1), (0, 14)
    return pl.DataFrame({"a": a, "b": b, "y": 1.5 * a + b - 4 + rng.normal(0, 0.1, 300)})


@cache
def fitted(kind):
    return gradum.fit(table(), "y", **OPTIONS | {"model": kind, "pack": FEW})


def with_rung(model, name, **changes):
    rung = replace(model.fitted.rung(name), **changes)
    return gradum.api.Model(replace(model.fitted, rungs={**model.fitted.rungs, name: rung}))


def at_scale(kind, rng):
    """Return a model of some kind whose targets have a size, an outlier, a logarithm by chance."""
    model = fitted(kind)
    rung = model.fitted.rung(kind)
    if kind == "mlp":
        network = Network(rung.network.inputs, 1, (6, 5))
        params = network.init(rng)
        rising = rng.random() < 0.5
        for layer in params["layers"]:
            layer["weight"] = np.abs(layer["weight"]) if rising else 1.5 * layer["weight"]
        model = with_rung(model, kind, network=network, params=params)
        rung = model.fitted.rung(kind)
    log, outlier = rng.random(2) < 0.5
    unit = 10.0 ** rng.uniform(-30, 30)
    target = unit * (np.exp(table()["y"].to_numpy() / 4) if log else table()["y"].to_numpy())
    if outlier:
        target[0] = unit * 10.0 ** rng.uniform(1, 8)
    weight = np.ones(len(target))
    scale = TargetScale.fit(target, weight, log=bool(log))
    scaled = model.fitted.rung(kind).logits(encoded(model, table()))[:, 0]
    scale = scale.with_smearing(target, scaled, weight)
    return with_rung(model, kind, target_scale=scale)


def encoded(model, rows):
    return model.fitted.encoder.transform(rows.drop("y"))


def grid(a, b):
    return pl.DataFrame(list(itertools.product(b, a)), schema=["b", "a"], orient="row")


def answers(model, kind, a, b):
    """Return predictions [b, a]."""
    values = model.predict(grid(a, b).select("a", "b"), rung=kind)
    return np.asarray(values).reshape(len(b), len(a))


def ask(model, kind, text, where, data=None, seconds=0.3):
    (found,) = model.verify(text, data, where=where, rung=kind, seconds=seconds).found.properties
    return found


def attack(seed, kind):
    """Ask five properties of a model; return how many were proved, all of which must hold."""
    rng = np.random.default_rng(seed)
    model = at_scale(kind, rng)
    low = round(rng.uniform(0, 12), 3)
    high = round(float(rng.choice([low, low + 1, 14.0])), 3)
    where = f"b {low}..{high}"
    b = np.unique(np.round([low, high, *rng.uniform(low, high, 20)], 3))
    values = answers(model, kind, DENSE, b)
    spread, size = np.ptp(values, axis=1).max(), np.abs(values).max()
    last = np.spacing(size)
    proved = 0

    def share():
        return float(rng.choice([1e-9, 0.5, 1.02, 1.5, 1e3]))

    within = float(spread * share())
    for text, asked in (("irrelevant a", 0.0), (f"irrelevant a within {within!r}", within)):
        found = ask(model, kind, text, where)
        if found.verdict == "proved":
            proved += 1
            assert spread <= asked + found.rounding + last
            assert found.rounding <= (TIE * asked if asked else 1e-6 * np.abs(values).min())
    for sign, name in ((1, "+"), (-1, "-")):
        found = ask(model, kind, f"monotone a{name}", where)
        if found.verdict == "proved":
            proved += 1
            fall = np.maximum.accumulate(sign * values, axis=1) - sign * values
            assert fall.max() <= found.rounding
            rise = (sign * (values[:, -1] - values[:, 0])).max()
            assert found.rounding < 2 * max(rise, 0) + last
    ends = sorted(float(end) for end in (values.min(), values.max()))
    room = share() * (ends[1] - ends[0])
    bottom, top = (float(end + room * rng.choice([-1, 1])) for end in ends)
    if bottom <= top:
        found = ask(model, kind, f"range {bottom!r}..{top!r}", where)
        if found.verdict == "proved":
            proved += 1
            assert bottom - found.rounding <= ends[0] <= ends[1] <= top + found.rounding
            assert found.rounding <= TIE * max(abs(bottom), abs(top))
    row = table().select("a", "b")[int(rng.integers(300)) :][:1]
    around = np.clip(row["a"][0] + DENSE / 10, -3, 3)
    near = answers(model, kind, np.append(row["a"][0], around), row["b"].to_list())[0]
    moved = np.abs(near - near[0]).max()
    within = float(moved * share())
    found = ask(model, kind, f"robust a ±0.1 within {within!r}", "", row)
    if found.verdict == "proved":
        proved += 1
        assert moved <= within + found.rounding + last
        assert found.rounding <= (TIE * within if within else 1e-6 * abs(near[0]))
    return proved


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_no_proof_is_contradicted_at_any_scale(kind):
    assert sum(attack(seed, kind) for seed in range(5)) >= 5


@cache
def with_one_large_target():
    """Return a table whose targets span 1e-2 to 1e6, of which one is 5e6, and its linear model."""
    rng = np.random.default_rng(0)
    a, b = np.round(rng.uniform(-1, 1, 500), 3), np.round(rng.uniform(0, 14, 500), 3)
    y = np.append(np.exp(1.5 * a + b - 4 + rng.normal(0, 0.1, 500)), 5e6)
    rows = pl.DataFrame({"a": np.append(a, 1.0), "b": np.append(b, 14.0), "y": y})
    options = {"model": "linear", "learning_curve": False, "explain": False}
    return rows, gradum.fit(rows, "y", log_target=True, **options)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("irrelevant a", "b 0..1"),
        ("irrelevant a within 0.001", "b 0..2"),
        ("monotone a-", "b 0..1"),
        ("range 0..0.03", "b 0..1"),
        ("robust a ±2 within 0.001", "b 0..1"),
    ],
)
def test_one_large_target_proves_nothing_of_small_answers(text, where):
    rows, model = with_one_large_target()
    found = ask(model, "linear", text, where, rows[:60])
    assert found.verdict == "refuted"
    assert found.rounding < 1e-9


def test_what_is_said_names_the_rounding_in_the_targets_unit():
    _, model = with_one_large_target()
    report = model.verify(["monotone a+", "irrelevant a within 0.5"], where="b 0..1")
    rises, still = report.found.properties
    assert (rises.verdict, still.verdict) == ("proved", "proved")
    assert 0 < rises.rounding < 1e-12
    assert still.rounding == TIE * 0.5
    said = " ".join(str(report).split())
    assert f"Up to {rises.rounding:.2g}, in the unit of the answer, counts as rounding." in said
    assert report.record()["properties"][1]["rounding"] == still.rounding
    assert report.frame["rounding"].to_list() == [rises.rounding, still.rounding]
