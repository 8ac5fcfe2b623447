"""Proofs that answers stay: against closed forms, all combinations, random copies and attacks."""

import datetime
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.errors import NotCertifiableError, SpecError
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.stress.attack import attack
from gradum.questions.stress.budget import Budget
from gradum.questions.stress.proof import certify
from gradum.questions.stress.reach import Reach
from gradum.questions.stress.stressed_rows import StressedRows, Threat
from gradum.run.predicting import predict_typed
from gradum.rungs.mlp.spec import MLPSpec
from gradum.study.certified.table_graph import TableGraph
from gradum.tables.check.check import check, widened
from gradum.tables.sources.read import read
from synthetic import ONCE

OPTIONS = {**ONCE, "mlp": MLPSpec(hidden_layer_sizes=(8,), max_epochs=30)}
SECONDS = 30.0
"""More than any proof here takes, so that no result hangs on time."""


def table(rows=240, seed=1):
    """Whole numbers with gaps, prices, dates, yes and no, levels; two classes, three, a number."""
    rng = np.random.default_rng(seed)
    whole, price = rng.integers(0, 30, rows), rng.gamma(3, 20, rows).round(2)
    since, member = rng.integers(0, 600, rows), rng.random(rows) < 0.5
    colour = rng.choice(["red", "green", "blue"], rows)
    y = 0.1 * whole + 0.03 * price + since / 300 + member + 1.5 * (colour == "red")
    y = y + 0.3 * rng.normal(size=rows)
    begin = datetime.datetime(2021, 1, 1)
    return pl.DataFrame(
        {
            "whole": pl.Series(whole).set(pl.Series(rng.random(rows) < 0.1), None),
            "price": price,
            "since": [begin + datetime.timedelta(days=int(days)) for days in since],
            "member": member,
            "colour": colour,
            "label": np.where(y > np.median(y), "high", "low"),
            "grade": np.digitize(y, np.quantile(y, [0.3, 0.6])).astype(str),
            "amount": y,
        }
    )


TARGETS = ("label", "grade", "amount")


@cache
def fitted(target, kind):
    """The rows of a model, and the model."""
    rows = table().drop(name for name in TARGETS if name != target)
    return rows, gradum.fit(rows, target, model=kind, **OPTIONS)


def features(model, rows):
    checked = check(read(rows), model.fitted.schema, encoder=model.fitted.encoder)
    return widened(checked.frame.select(model.features))


def stressed(model, rows, budget="iqr", frozen=(), upward=(), **options):
    fitted, frame = model.fitted, features(model, rows)
    limits = Limits.of(fitted.schema, frozen, upward)
    threat = Threat(Budget.of(budget, fitted), limits, **options)
    numbers = np.arange(len(frame)) + 1
    return StressedRows(fitted, fitted.rung(None), fitted.reference, frame, numbers, threat)


def attacked(model, rows, **options):
    """Rows with what an attack found, and with what is proved without knowing of it."""
    under_stress = stressed(model, rows, **options)
    found = attack(under_stress)
    unknown = tuple(structs.replace(row, radius=None) for row in found.rows)
    proved = certify(under_stress, structs.replace(found, rows=unknown), seconds=SECONDS)
    pairs = zip(proved.rows, found.rows, strict=True)
    rows = tuple(structs.replace(row, radius=other.radius) for row, other in pairs)
    return under_stress, structs.replace(proved, rows=rows)


def radii(found):
    """Attacked, infinite where nothing was found; and proved, below 0 where nothing is."""
    none = [(np.inf if r.radius is None else r.radius, r.certified_radius) for r in found.rows]
    return np.array([(least, -1.0 if size is None else size) for least, size in none]).T


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "kind", "rows", "options"),
    [
        ("label", "linear", 8, {"levels": 2, "budget": "quantile"}),
        ("label", "linear", 3, {"together": [["price", "since"]]}),
        ("grade", "mlp", 3, {}),
        ("amount", "mlp", 2, {"levels": 1, "upward": ["whole"], "share": 0.4}),
        ("amount", "mlp", 3, {"budget": {"whole": 10.0, "since": 300.0}}),
        ("label", "pack", 2, {"frozen": ["since"]}),
    ],
)
def test_no_copy_within_a_proof_is_answered_otherwise(target, kind, rows, options):
    table_rows, model = fitted(target, kind)
    under_stress, found = attacked(model, table_rows[:rows], **options)
    least, proved = radii(found)
    assert (proved < least).all()
    assert (proved > 0).sum() >= 2
    unchanged = replace(under_stress, threat=replace(under_stress.threat, levels=0))
    reach = Reach.of(unchanged)
    some = np.flatnonzero(proved > 0)
    rng, moves = np.random.default_rng(0), reach.moves
    copies = np.repeat(some, 300)
    shares = np.clip(rng.uniform(-1.5, 1.5, (len(copies), moves.count)), -1, 1)
    places = moves.places(copies, shares * proved[copies, None])
    moved, present = (
        moves.frame(copies, places),
        predict_typed(model.fitted, under_stress.rows).middle,
    )
    answers = predict_typed(model.fitted, moved).middle
    if model.classes:
        assert (answers == present[copies]).all()
    else:
        assert (np.abs(answers - present[copies]) < found.least_move).all()
    low, high = reach.around(some, proved[some]).box
    x = reach.inputs.of_typed(moved)
    owners = np.searchsorted(some, copies)
    assert ((low[owners] <= x) & (x <= high[owners])).all()


@pytest.mark.parametrize("target", ["label", "amount"])
def test_of_a_linear_model_attack_and_proof_are_the_truth(target):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 3)) * [1, 10, 0.1]
    y = x @ [2.0, -0.3, 8.0] + 0.3 * rng.normal(size=300)
    rows = pl.DataFrame({f"x{k}": x[:, k] for k in range(3)}).with_columns(
        **{target: np.where(y > 0, "yes", "no") if target == "label" else y}
    )
    model = gradum.fit(rows, target, model="linear", **OPTIONS)
    inside = rows.filter((np.abs(x) < np.quantile(np.abs(x), 0.5, axis=0)).all(axis=1))[:6]
    _, found = attacked(model, inside, share=0.05)
    least, proved = radii(found)
    known = np.isfinite(least)
    assert known.any()
    # A class's answer may change by rounding alone where its margin is no more than 1e-6.
    np.testing.assert_allclose(proved[known], least[known], rtol=0.021)
    graph = TableGraph(model.fitted, model.fitted.rung(None))
    own = graph.inputs.of_typed(features(model, inside))
    lengths = [column.scale.length for column in stressed(model, inside).moves.columns]
    step = np.eye(3) * lengths
    slopes = np.abs([model_output(graph, own + row) - model_output(graph, own) for row in step])
    far = np.abs(model_output(graph, own)) if target == "label" else found.least_move
    truth = far / slopes.sum(axis=0)
    assert (proved[known] <= truth[known] * (1 + 1e-6)).all()
    assert (least[known] >= truth[known] * (1 - 1e-4)).all()


def model_output(graph, x):
    """The log-odds of two classes, or the number: both straight in the inputs, but for clipping."""
    if graph.fitted.classes:
        return graph.margin(1)(x)[:, 0]
    return graph.answer(x)[:, 0]


@pytest.mark.slow
def test_where_all_copies_can_be_written_out_the_search_proves_all_that_holds():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 12, 240), rng.integers(-4, 5, 240)
    score = np.sin(a / 3) * b + 0.3 * rng.normal(size=240)
    rows = pl.DataFrame({"a": a, "b": b, "label": np.where(score > 0.5, "yes", "no")})
    model = gradum.fit(rows, "label", model="mlp", **OPTIONS)
    under_stress, found = attacked(model, rows[:5])
    grid = pl.DataFrame(
        [(i, j) for i in range(12) for j in range(-4, 5)], schema=["a", "b"], orient="row"
    )
    answers = model.predict(grid)
    lengths = {column.name: column.scale.length for column in under_stress.moves.columns}
    for row, (own_a, own_b) in zip(found.rows, rows["a", "b"][:5].iter_rows(), strict=True):
        far = np.maximum(
            np.abs(grid["a"].to_numpy() - own_a) / lengths["a"],
            np.abs(grid["b"].to_numpy() - own_b) / lengths["b"],
        )
        truth = far[answers != row.answer].min(initial=np.inf)
        truth = truth if truth <= 1 else np.inf
        assert row.certified_radius < truth
        assert row.certified_radius >= min(0.97 * truth, 1.0)


@pytest.fixture(scope="module")
def proved():
    rows, model = fitted("label", "linear")
    return model.stress(rows[:20], rows=2, certify=SECONDS).found


def test_the_curve_counts_proofs(proved):
    rows, model = fitted("label", "linear")
    found = proved
    assert any("with values rounded as in the table" in note for note in found.notes)
    _, sizes = radii(found.attack)
    for point in found.attack.curve:
        assert point.certified == np.mean(sizes >= point.epsilon)
        assert point.certified <= point.attacked.value
    frame = model.stress(rows[:20], rows=2, certify=0).frame
    assert frame["certified_radius"].null_count() == 2


def test_the_same_seed_proves_the_same(proved):
    rows, model = fitted("label", "linear")
    assert model.stress(rows[:20], rows=2, certify=SECONDS).found.attack == proved.attack


def test_a_model_that_is_not_certifiable_says_why(monkeypatch):
    rows, model = fitted("grade", "mlp")

    def refuse(self, *labels):
        raise NotCertifiableError("It reads texts.")

    monkeypatch.setattr(TableGraph, "margin", refuse)
    test = model.stress(rows[:20], rows=2)
    assert "note: Nothing could be proved: It reads texts." in test.summary().splitlines()
    assert not test.found.attack.is_certified
    assert "proved to stay" not in test.summary().split("note:")[0]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_no_time_for_proofs_is_refused(seconds):
    rows, model = fitted("label", "linear")
    with pytest.raises(SpecError, match="certify is"):
        model.stress(rows, certify=seconds)
