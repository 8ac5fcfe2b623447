"""Rounding in proofs, at targets of any size; `predict` attacks each proof."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.core.models import Network
from gradum.rungs.smearing import TRAINING, ResidualSpread
from gradum.rungs.target_scale import TargetScale
from synthetic import ONCE

OPTIONS = ONCE | {"learning_curve": False, "explain": False}
TIE = 2.0**-40  # the share of what is asked that a proof leaves open
ORDER = {"linear": 1e-11, "network": 5e-3, "pack": 1e-2}
"""What rounding may do to the order of answers, as a share of all numbers that they are made of.

A sum of n products in float32 is off by up to n 2⁻²⁴ of its terms, in float64 by n 2⁻⁵³. Here sums
are of 2 terms in float64, or of up to 6 in each of three layers; in a pack, of hundreds. Bounds of
a network reach further than its answers do, and behind a logarithm by a factor.
"""
DENSE = np.round(np.linspace(-1, 1, 201), 3)


@cache
def table():
    rng = np.random.default_rng(0)
    a, b = np.round(rng.uniform(-1, 1, 300), 3), np.round(rng.uniform(0, 14, 300), 3)
    a[:2], b[:2] = (-1, 1), (0, 14)
    return pl.DataFrame({"a": a, "b": b, "y": 1.5 * a + b - 4 + rng.normal(0, 0.1, 300)})


@cache
def fitted(name="linear"):
    return gradum.fit(table(), "y", **OPTIONS | {"model": name})


def with_rung(model, **changes):
    rung = replace(model.fitted.rung(None), **changes)
    return gradum.api.Model(replace(model.fitted, rungs={**model.fitted.rungs, rung.name: rung}))


def with_network(rng, *, rising):
    """Return a model whose network is drawn by chance, in single precision."""
    network = Network(fitted().fitted.rung(None).network.inputs, 1, (6, 5))
    params = network.init(rng)
    for layer in params["layers"]:
        layer["weight"] = np.abs(layer["weight"]) if rising else 1.5 * layer["weight"]
    return with_rung(fitted(), network=network, params=params)


def at_scale(kind, rng):
    """Return a model of some kind whose targets have a size, an outlier, a logarithm by chance."""
    model = fitted("pack" if kind == "pack" else "linear")
    if kind == "network":
        model = with_network(rng, rising=rng.random() < 0.5)
    log, outlier = rng.random(2) < 0.5
    unit = 10.0 ** rng.uniform(-30, 30)
    target = unit * (np.exp(table()["y"].to_numpy() / 4) if log else table()["y"].to_numpy())
    if outlier:
        target[0] = unit * 10.0 ** rng.uniform(1, 8)
    weight = np.ones(len(target))
    scaled = model.fitted.rung(None).logits(encoded(model, table()))[:, 0]
    scale = TargetScale.fit(target, weight, log=bool(log)).with_smearing(target, scaled, weight)
    return with_rung(model, target_scale=scale, clamp=bool(rng.random() < 0.5))


def encoded(model, rows):
    return model.fitted.encoder.transform(rows.drop("y"))


def grid(a, b):
    return pl.DataFrame(list(itertools.product(b, a)), schema=["b", "a"], orient="row")


def answers(model, a, b):
    """Return predictions [b, a]."""
    values = model.predict(grid(a, b).select("a", "b"))
    return np.asarray(values).reshape(len(b), len(a))


def ask(model, text, where, data=None, seconds=0.1):
    (found,) = model.verify(text, data, where=where, seconds=seconds).found.properties
    return found


def attack(seed, kind):
    """Ask properties of a model; return how many were proved, all of which must hold."""
    rng = np.random.default_rng(seed)
    model = at_scale(kind, rng)
    low = round(rng.uniform(0, 12), 3)
    high = round(float(rng.choice([low, low + 1, 14.0])), 3)
    where = f"b {low}..{high}"
    b = np.unique(np.round([low, high, *rng.uniform(low, high, 20)], 3))
    values = answers(model, DENSE, b)
    spread, size = np.ptp(values, axis=1).max(), np.abs(values).max()
    last, scale = np.spacing(size), model.fitted.rung(None).target_scale
    terms = size if scale.log else abs(scale.centre) + scale.scale * 30
    proved = 0

    def share():
        return float(rng.choice([1e-9, 0.5, 1.02, 1.5, 1e3]))

    within = float(spread * share())
    for text, asked in (("irrelevant a", 0.0), (f"irrelevant a within {within!r}", within)):
        found = ask(model, text, where)
        if found.verdict == "proved":
            proved += 1
            assert spread <= asked + found.rounding + last
            assert found.rounding <= (TIE * asked if asked else 1e-6 * np.abs(values).min())
    for sign, name in ((1, "+"), (-1, "-")):
        found = ask(model, f"monotone a{name}", where)
        if found.verdict == "proved":
            proved += 1
            fall = np.maximum.accumulate(sign * values, axis=1) - sign * values
            assert fall.max() <= found.rounding
            rise = (sign * (values[:, -1] - values[:, 0])).max()
            hardly = 1e-6 * np.abs(values).min()
            assert found.rounding < max(2 * rise, hardly) or not found.rounding
            assert found.rounding <= ORDER[kind] * terms
    ends = sorted(float(end) for end in (values.min(), values.max()))
    room = share() * (ends[1] - ends[0])
    bottom, top = (float(end + room * rng.choice([-1, 1])) for end in ends)
    if bottom <= top:
        found = ask(model, f"range {bottom!r}..{top!r}", where)
        if found.verdict == "proved":
            proved += 1
            assert bottom - found.rounding <= ends[0] <= ends[1] <= top + found.rounding
            assert found.rounding <= TIE * max(abs(bottom), abs(top))
    row = table().select("a", "b")[int(rng.integers(300)) :][:1]
    around = np.clip(row["a"][0] + DENSE / 10, -3, 3)
    near = answers(model, np.append(row["a"][0], around), row["b"].to_list())[0]
    moved = np.abs(near - near[0]).max()
    within = float(moved * share())
    found = ask(model, f"robust a ±0.1 within {within!r}", "", row)
    if found.verdict == "proved":
        proved += 1
        assert moved <= within + found.rounding + last
        assert found.rounding <= (TIE * within if within else 1e-6 * abs(near[0]))
    return proved


@pytest.mark.parametrize(("kind", "fewest"), [("linear", 5), ("network", 1)])
def test_no_proof_is_contradicted_at_any_scale(kind, fewest):
    assert sum(attack(seed, kind) for seed in range(4)) >= fewest


@cache
def with_one_large_target():
    """Return a table whose targets span 1e-2 to 1e6, of which one is 5e6, and its linear model."""
    rng = np.random.default_rng(0)
    a, b = np.round(rng.uniform(-1, 1, 500), 3), np.round(rng.uniform(0, 14, 500), 3)
    y = np.append(np.exp(1.5 * a + b - 4 + rng.normal(0, 0.1, 500)), 5e6)
    rows = pl.DataFrame({"a": np.append(a, 1.0), "b": np.append(b, 14.0), "y": y})
    options = {"model": "linear", "learning_curve": False, "explain": False}
    model = gradum.fit(rows, "y", log_target=True, **options)
    assert model.fitted.rung(None).target_scale.high == 5e6  # it is learned from
    return rows, model


@pytest.mark.slow
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
    found = ask(model, text, where, rows[:60])
    assert found.verdict == "refuted"
    assert found.rounding < 1e-9


def hardly_moved_by_a(log):
    """Return a network in single precision that column a moves by less than its own rounding."""
    model = with_network(np.random.default_rng(0), rising=True)
    params = model.fitted.rung(None).params
    first = params["layers"][0]
    weight = first["weight"] * np.array([[1e-9], [1.0]], np.float32)
    layers = [{**first, "weight": weight}, *params["layers"][1:]]
    target = np.exp(table()["y"].to_numpy()) if log else np.append(table()["y"].to_numpy(), 5e6)
    scale = TargetScale.fit(target, np.ones(len(target)), log=log)
    return with_rung(model, params={**params, "layers": layers}, target_scale=scale)


@pytest.mark.parametrize(
    ("text", "where", "log"),
    [
        ("irrelevant a", "b 2..3", True),
        ("irrelevant a within 1e-7", "b 2..3", True),
        ("irrelevant a within 0.001", "b 2..3", False),
        ("monotone a+", "b 2..3", False),
        ("robust a ±0.1 within 0.001", "", False),
    ],
)
def test_what_is_finer_than_rounding_is_not_decided(text, where, log):
    found = ask(hardly_moved_by_a(log), text, where, table()[:2], seconds=0.2)
    assert found.verdict == "not decided"
    assert found.reason.startswith("Rounding alone may move answers there by up to ")
    assert found.rounding > (1e-7 if log else 1e-3)


def test_a_level_answer_is_rounded_behind_what_makes_it():
    """Where the factor of a smearing falls as fast as the exponential rises, answers are level."""
    spread = ResidualSpread(0.0, TRAINING, (-4.0, 10.0), (1.0, float(np.exp(-14.0))))
    scale = TargetScale(3.0, 4.0, 1e-2, 1e5, log=True, spread=spread)
    level = with_rung(fitted(), target_scale=scale)
    found = ask(level, "irrelevant a", "b 4..5")
    values = answers(level, DENSE, [4.0, 4.7, 5.0])
    assert (found.verdict, found.stage) == ("proved", "weights")
    assert 0 < np.ptp(values) <= found.rounding < 1e-11 * values.min()


def test_a_row_that_may_not_change_keeps_its_answer_in_single_precision_too():
    found = ask(
        with_network(np.random.default_rng(0), rising=True), "robust a ±0 within 0", "", table()[:3]
    )
    assert (found.verdict, found.rows, found.rounding) == ("proved", 3, 0.0)


def test_limits_of_answers_are_their_range():
    model = with_rung(with_network(np.random.default_rng(0), rising=False), clamp=True)
    scale = model.fitted.rung(None).target_scale
    found = ask(model, f"range {scale.low!r}..{scale.high!r}", "")
    assert found.verdict == "proved"
    assert found.rounding <= TIE * max(abs(scale.low), abs(scale.high))


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
