"""The shares of words and of stretches of time, against all coalitions and a planted cause."""

from itertools import permutations

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.show.document.marked_text import marked_text, where_in_text
from gradum.study.explanation.scale import scale_of
from gradum.study.explanation.tiles import tile_values
from synthetic import ONCE

WORDS = ["the", "pump", "is", "loud", "and", "leaks", "again", "today"]


@pytest.fixture(scope="module")
def said():
    """What is said of pumps: only "leaks" and, less, "loud" cost something."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 6, replace=False)) for _ in range(120)]
    cost = [9 * ("leaks" in text) + 3 * ("loud" in text) + rng.normal() / 99 for text in texts]
    table = pl.DataFrame({"note": texts, "cost": cost})
    return table, gradum.fit(table, "cost", model="linear", text=["note"], explain=False, **ONCE)


def test_values_of_words_are_those_of_every_order(said):
    table, model = said
    row = pl.DataFrame({"note": ["The pump leaks, loud!"]})
    found = tile_values(model.fitted, row, table, "note")
    pieces = ["The ", "pump ", "leaks", ", ", "loud", "!"]  # signs count by themselves
    assert found.grid[0, :, 0].tolist() == pieces

    def answer(inside):
        text = "".join(piece for at, piece in enumerate(pieces) if at in inside)
        return model.predict({"note": text})[0]

    values, orders = np.zeros(6), list(permutations(range(6)))
    worth = {frozenset(order[:k]): 0.0 for order in orders for k in range(7)}
    worth = {inside: answer(inside) for inside in worth}
    for order in orders:
        for k, at in enumerate(order):
            before = frozenset(order[:k])
            values[at] += (worth[before | {at}] - worth[before]) / len(orders)
    np.testing.assert_allclose(found.shapley.values[:, 0], values, atol=1e-6)
    whole = frozenset(range(6))
    lost = [worth[whole] - worth[whole - {at}] for at in range(6)]
    np.testing.assert_allclose(found.occlusion[:, 0], lost, atol=1e-6)


def test_words_that_count_are_marked_and_named(said):
    table, model = said
    row = pl.DataFrame({"note": ["the pump leaks and is loud today"]})
    found, scale = tile_values(model.fitted, row, table, "note"), scale_of(model.fitted, None)
    marked = marked_text(found, 0, scale, "cost")
    assert "".join(word.text for word in marked.marked) == row["note"][0]
    strongest = max(marked.marked, key=lambda word: word.opacity)
    assert (strongest.text, strongest.up) == ("leaks ", True)
    assert marked.rows[0][0] == "leaks"
    assert "raised most by 'leaks'" in where_in_text(found, 0, scale)


@pytest.mark.parametrize("text", ["", "leaks " * 4_000, None])
def test_empty_texts_and_long_ones_are_not_divided(said, text):
    table, model = said
    row = pl.DataFrame({"note": [text]}, {"note": pl.String})
    assert tile_values(model.fitted, row, table, "note") is None


@pytest.mark.slow
def test_the_stretch_of_time_in_which_the_cause_lies_counts_most():
    rng = np.random.default_rng(0)
    load = rng.normal(size=(160, 84))
    faulty = rng.random(160) < 0.5
    load[faulty, 50:56] += [3, 6, 9, 9, 6, 3]
    table = pl.DataFrame({"load": list(load), "faulty": faulty})
    model = gradum.fit(table, "faulty", model="linear", explain=False, **ONCE)
    rows = model.explain(table[int(np.flatnonzero(faulty)[0]) :][:1])
    (found,) = rows.tiles(0)
    assert found.lattice == (1, 14)
    assert found.columns[-1] == 84
    most = int(np.abs(found.shapley.values[:, -1]).argmax())
    assert found.columns[most] < 56
    assert found.columns[most + 1] > 50
    assert found.shapley.error[most, -1] < abs(found.shapley.values[most, -1])
