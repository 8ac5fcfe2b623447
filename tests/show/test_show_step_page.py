"""The page of a step: its numbers against NumPy alone, its sums, and no markup from a table."""

import numpy as np
import pytest
from step_page import number, read_page

import gradum
from gradum.core import L2, Embedding, LogLoss, Network, Poisson, Problem, SquaredError
from gradum.show.step.explain_step import StepExplanation
from gradum.study.explain_step import Names, explain_step

RNG = np.random.default_rng(3)
WIDE = {
    "layers": [
        {"weight": RNG.normal(size=(30, 20)), "bias": RNG.normal(size=20)},
        {"weight": RNG.normal(size=(20, 9)), "bias": RNG.normal(size=9)},
        {"weight": RNG.normal(size=(9, 3)), "bias": RNG.normal(size=3)},
    ]
}
X = RNG.normal(size=30) * (RNG.random(30) < 0.8)
COLUMNS = tuple(f"column {k}" for k in range(30))
NAMES = Names(COLUMNS, ("red", "green", "blue"), (), tuple(f"{v:.3f}" for v in X), "Row 7 of t.csv")
ALPHA, RATE = 0.01, 0.2


def by_numpy(x, truth):
    """The chain rule of a tanh network with three classes, written out once more."""
    weights = [layer["weight"] for layer in WIDE["layers"]]
    b1, b2, b3 = (layer["bias"] for layer in WIDE["layers"])
    w1, w2, w3 = weights
    a1 = x @ w1 + b1
    a2 = np.tanh(a1) @ w2 + b2
    a3 = np.tanh(a2) @ w3 + b3
    p = np.exp(a3 - a3.max()) / np.exp(a3 - a3.max()).sum()
    d3 = p - np.eye(3)[truth]
    d2 = w3 @ d3 * (1 - np.tanh(a2) ** 2)
    d1 = w2 @ d2 * (1 - np.tanh(a1) ** 2)
    gradients = [
        np.outer(z, d) + ALPHA * w
        for z, d, w in ((x, d1, w1), (np.tanh(a1), d2, w2), (np.tanh(a2), d3, w3))
    ]
    return {"a": (a1, a2, a3), "p": p, "d": (d1, d2, d3), "dW": gradients}


@pytest.fixture(scope="module")
def page():
    problem = Problem(
        Network(30, hidden=(20, 9), outputs=3, activation="tanh"), LogLoss(), L2(ALPHA)
    )
    step = explain_step(WIDE, problem, {"dense": X[None]}, 2, learning_rate=RATE, names=NAMES)
    return StepExplanation(step).page()


@pytest.fixture(scope="module")
def tables(page):
    return read_page(page).tables


def cells(rows):
    """Rows of a table that have as many cells as its header, by their first."""
    return {row[0]: row[1:] for row in rows[1:] if len(row) == len(rows[0])}


def entry(name):
    """``W2[7,3]`` as level and position from 0."""
    level, _, at = name[1:].rstrip("]").partition("[")
    return int(level), tuple(int(place) - 1 for place in at.split(","))


def test_every_derivative_shown_is_that_of_numpy_and_agrees_with_its_quotient(tables):
    expected, shown = by_numpy(X, 2), 0
    for rows in tables["backward"]:
        if rows[0][0] != "derivative by":
            continue
        for name, (by_hand, by_difference, apart) in cells(rows).items():
            level, at = entry(name)
            truth = (expected["dW"] if name[0] == "W" else expected["d"])[level - 1][at]
            assert number(by_hand) == pytest.approx(truth, rel=1e-4)
            assert number(by_difference) == pytest.approx(truth, rel=1e-4, abs=1e-8)
            assert 0 <= number(apart) < 1e-6
            shown += 1
    assert shown == 3 * 9


def test_the_derivatives_on_which_the_row_pulls_most_are_shown(tables):
    expected = by_numpy(X, 2)
    rows = [rows for rows in tables["backward"] if rows[0][0] == "derivative by"][-1]
    pull = np.abs(np.outer(X, expected["d"][0]))
    largest = {np.unravel_index(place, pull.shape) for place in np.argsort(-pull, axis=None)[:6]}
    assert {entry(name)[1] for name in cells(rows) if name.startswith("W")} == largest


def test_every_sum_that_is_written_out_adds_up(tables):
    checked = 0
    for section in ("forward", "backward"):
        for rows in tables[section]:
            if rows[0][0] != "term":
                continue
            terms = [row for row in rows[1:] if len(row) == 4 and row[1]]
            products = [number(left) * number(right) for _, left, right, _ in terms]
            said = [number(row[-1]) for row in terms]
            np.testing.assert_allclose(said, products, rtol=2e-4, atol=1e-9)
            named = {row[0]: row for row in rows[1:] if len(row) == 4}
            rest = [number(row[-1]) for name, row in named.items() if "more term" in name]
            bias = [number(row[-1]) for name, row in named.items() if name in ("b1", "b2", "b3")]
            total = named.get("sum") or next(r for n, r in named.items() if n.startswith("a"))
            assert sum([*said, *rest, *bias]) == pytest.approx(number(total[-1]), abs=1e-3)
            checked += 1
    assert checked == 5


def test_the_forward_pass_shown_is_that_of_numpy(tables):
    expected = by_numpy(X, 2)
    prediction = cells(tables["forward"][-1])
    for place, name in enumerate(("red", "green", "blue")):
        logit, p = map(number, prediction[name])
        assert logit == pytest.approx(expected["a"][2][place], rel=1e-4)
        assert p == pytest.approx(expected["p"][place], rel=1e-4)
    units = [rows for rows in tables["forward"] if rows[1][0].startswith("unit")]
    hidden = [rows for rows in units if rows[0][0] == ""]
    assert len(hidden) == 2
    for level, rows in enumerate(hidden):
        for name, (a, z, slope) in cells(rows).items():
            truth = expected["a"][level][int(name.split()[1]) - 1]
            assert number(a) == pytest.approx(truth, rel=1e-4)
            assert number(z) == pytest.approx(np.tanh(truth), rel=1e-4)
            assert number(slope) == pytest.approx(1 - np.tanh(truth) ** 2, rel=1e-3, abs=1e-6)


def test_the_update_is_the_gradient_times_the_rate(tables):
    expected = by_numpy(X, 2)
    (rows,) = tables["update"]
    for name, (before, slope, after) in cells(rows).items():
        level, at = entry(name)
        layer = WIDE["layers"][level - 1]
        start = layer["weight" if name[0] == "W" else "bias"][at]
        truth = (expected["dW"] if name[0] == "W" else expected["d"])[level - 1][at]
        assert number(before) == pytest.approx(start, rel=1e-4)
        assert number(slope) == pytest.approx(truth, rel=1e-4)
        assert number(after) == pytest.approx(start - RATE * truth, rel=1e-3, abs=1e-4)


def test_what_is_left_out_is_counted(page, tables):
    inputs = tables["forward"][0]
    assert len(inputs) == 1 + 12
    shown = {row[0] for row in inputs[1:]}
    zeros = sum(value == 0 for name, value in zip(COLUMNS, X, strict=True) if name not in shown)
    assert f"18 more numbers, {zeros} of them 0." in page
    assert "Of 20 units, unit " in page
    assert f"{30 * 20 + 20 - 9:,} more derivatives of this layer." in page
    assert all(value == NAMES.given[COLUMNS.index(name)] for name, value, _ in inputs[1:])


def test_the_page_is_small_and_has_neither_script_nor_outside(page):
    assert page.startswith("<!doctype html>")
    assert len(page.encode()) < 300_000
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<math") > 20


HOSTILE = ("<script>alert(1)</script>", "</td><img src=x onerror=y>", "a & b\u202e", "{{ 7*7 }}")


def test_names_and_values_are_never_markup():
    names = Names(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE[0])
    params = {"layers": [{"weight": np.eye(4), "bias": np.zeros(4)}]}
    problem = Problem(Network(4, outputs=4), LogLoss())
    row = {"dense": np.arange(1.0, 5.0)[None]}
    text = StepExplanation(explain_step(params, problem, row, 1, names=names)).page()
    page = read_page(text)
    assert not {"script", "img"} & set(page.tags)
    assert not {"onerror", "src"} & set(page.attributes)
    assert "\u202e" not in text
    shown = {row[0] for row in page.tables["forward"][0]}
    assert shown >= {HOSTILE[0], HOSTILE[1], "a & b\\u202e", "{{ 7*7 }}"}


@pytest.mark.parametrize(
    ("network", "loss", "target", "inputs"),
    [
        (Network(2), SquaredError(), 1.0, {"dense": np.ones((1, 2))}),
        (Network(2), Poisson(), 3, {"dense": np.ones((1, 2))}),
        (Network(2, hidden=(3,)), LogLoss(), 1, {"dense": np.ones((1, 2))}),
        (
            Network(1, hidden=(3,), embedding=Embedding(4, 2, 2)),
            SquaredError(),
            1.0,
            {"dense": np.ones((1, 1)), "codes": np.array([[0, 3]])},
        ),
    ],
)
def test_other_losses_a_line_and_an_embedding_have_their_page(network, loss, target, inputs):
    params = network.init(np.random.default_rng(0))
    step = explain_step(params, Problem(network, loss), inputs, target)
    page = StepExplanation(step).page()
    backward = read_page(page).tables["backward"]
    names = {row[0][0] for rows in backward if rows[0][0] == "derivative by" for row in rows[1:]}
    assert names >= ({"W", "b", "E"} if network.embedding else {"W", "b"})


def test_a_model_of_a_table_says_what_the_row_holds(classifier):
    row = {"size": 61.25, "age": None, "colour": "red", "member": True, "city": "city 03"}
    explained = gradum.explain_step(classifier, row, "yes", rung="linear")
    given = dict(zip(explained.step.names.inputs, explained.step.names.given, strict=True))
    assert given["size"] == "61.25"
    assert given["age missing"] == "missing"
    assert given["colour=red"] == given["colour=blue"] == "red"
    inputs = read_page(explained.page()).tables["forward"][0]
    assert ["size", "61.25"] in [cells[:2] for cells in inputs]
    assert "size (61.25)" in str(explained)


def test_a_page_in_another_language_says_so_and_keeps_its_anchors():
    problem = Problem(Network(2), SquaredError())
    params = problem.network.init(np.random.default_rng(0))
    explained = StepExplanation(explain_step(params, problem, {"dense": np.ones((1, 2))}, 1.0))
    english = explained.page()
    with gradum.language("zh"):
        chinese = explained.page()
    for page, language in ((english, "en"), (chinese, "zh")):
        assert f'<html lang="{language}' in page
        for section in ("forward", "loss", "backward", "check", "update"):
            assert f'<a href="#{section}">' in page
            assert f'<section id="{section}">' in page
    assert english.count("<math") == chinese.count("<math")
