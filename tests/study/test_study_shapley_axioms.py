"""The axioms of Shapley values, on games drawn by chance and on models.

L. S. Shapley, A value for n-person games (1953), has the axioms; with efficiency, symmetry, dummy
and additivity there are no other values. The games here are tables of worths, so that nothing but
the division itself is tested.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import gradum
from gradum.study.explanation.game import ColumnGame, Setting
from gradum.study.explanation.scale import answer_on
from gradum.study.explanation.shapley import coalition_weights, drawn, exact
from gradum.study.first_layer import Opened
from synthetic import ONCE

ROWS = 40  # of the background: two rounds of orders have 40 degrees of freedom, three have 80
CLOSE = {"rtol": 0, "atol": 1e-9}


@dataclass(frozen=True)
class Worths:
    """A game whose worths [2^d, B, k] stand in a table."""

    table: np.ndarray

    @property
    def players(self):
        return len(self.table).bit_length() - 1

    @property
    def background(self):
        return self.table.shape[1]

    products = 1

    def answers(self, coalitions):
        numbers = coalitions @ (1 << np.arange(self.players))
        if numbers.ndim == 1:
            answers = self.table[numbers]
        else:
            answers = self.table[numbers, np.arange(self.background)]
        yield slice(0, len(coalitions)), answers, answers[None]


@st.composite
def tables(draw, players=None):
    count = draw(st.integers(2, 5)) if players is None else players
    values = st.floats(-8, 8, width=32)
    return draw(arrays(np.float64, (2**count, 3, 2), elements=values))


def without(table, player):
    """The same game in which a player brings nothing, whoever else is there."""
    numbers = np.arange(len(table))
    return table[numbers & ~(1 << player)]


def swapped(table, one, other):
    """The same game in which two players have each other's name."""
    numbers = np.arange(len(table))
    bits = (numbers >> one ^ numbers >> other) & 1
    return table[numbers ^ (bits << one | bits << other)]


@given(tables(), st.data())
@settings(max_examples=40, deadline=None)
def test_exact_values_obey_the_axioms(table, data):
    count = len(table).bit_length() - 1
    one, other = data.draw(st.permutations(range(count)))[:2]
    values = exact(Worths(table)).values

    np.testing.assert_allclose(values.sum(axis=0), (table[-1] - table[0]).mean(axis=0), **CLOSE)
    renamed = exact(Worths(swapped(table, one, other))).values
    order = np.arange(count)
    order[[one, other]] = other, one
    np.testing.assert_allclose(renamed, values[order], **CLOSE)
    fair = exact(Worths((table + swapped(table, one, other)) / 2)).values
    np.testing.assert_allclose(fair[one], fair[other], **CLOSE)
    idle = exact(Worths(without(table, one))).values
    np.testing.assert_allclose(idle[one], 0.0, **CLOSE)


@given(tables(4), tables(4), st.floats(-3, 3, width=32))
@settings(max_examples=30, deadline=None)
def test_values_of_a_sum_of_games_are_the_sum_of_their_values(first, second, factor):
    together = exact(Worths(first + factor * second)).values
    apart = exact(Worths(first)).values + factor * exact(Worths(second)).values
    np.testing.assert_allclose(together, apart, **CLOSE)


@given(tables(4))
@settings(max_examples=20, deadline=None)
def test_exact_values_are_the_mean_over_all_orders(table):
    expected = np.zeros((4, 2))
    for order in permutations(range(4)):
        coalition = 0
        for player in order:
            joined = coalition | 1 << player
            expected[player] += (table[joined] - table[coalition]).mean(axis=0) / 24
            coalition = joined
    np.testing.assert_allclose(exact(Worths(table)).values, expected, **CLOSE)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_drawn_values_obey_the_axioms_that_hold_order_by_order(seed):
    """Efficiency, dummy and additivity; symmetry holds only on average over orders."""
    first, second = np.random.default_rng(seed).normal(size=(2, 32, ROWS, 2))

    def values(table):  # of the same orders, as the fewest rounds are drawn
        return drawn(Worths(table), np.random.default_rng(seed), np.inf).values

    by_orders = values(first)
    np.testing.assert_allclose(by_orders.sum(axis=0), (first[-1] - first[0]).mean(axis=0), **CLOSE)
    np.testing.assert_allclose(values(first + second), by_orders + values(second), **CLOSE)
    np.testing.assert_allclose(values(without(first, 2))[2], 0.0, **CLOSE)


@pytest.fixture(scope="module")
def pack():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 150))
    rows = pl.DataFrame({"a": a, "b": b, "c": rng.choice(["x", "y"], 150)})
    y = a * b + (rows["c"] == "x").to_numpy() + 0.1 * rng.normal(size=150)
    rows = rows.with_columns(y=pl.Series(y))
    return rows, gradum.fit(rows, "y", model="pack", seed=0, **ONCE)


def test_values_of_a_pack_of_numbers_are_the_mean_of_its_members_values(pack):
    """By the members' shares: the worth of each coalition is, and so are the values."""
    rows, model = pack
    rung = model.fitted.rung("pack")
    opened = Opened.of(rung, model.fitted.encoder.transform(rows.head(21)))
    game = ColumnGame(Setting(opened, (("a",), ("b",), ("c",)), 20, answer_on(rung, "target")), 0)
    coalitions = np.arange(8)[:, None] >> np.arange(3) & 1 == 1
    [(_, _, members)] = game.answers(coalitions)
    weights = coalition_weights(3)
    of_members = [weights @ one.mean(axis=1) for one in members]
    expected = np.tensordot(rung.params["share"], of_members, axes=1)
    whole = exact(game)
    reach = np.ptp(model.predict(rows))
    np.testing.assert_allclose(whole.values, expected, atol=1e-6 * reach)
    spread = np.std(of_members, axis=0, ddof=1)
    np.testing.assert_allclose(whole.spread, spread, atol=1e-6 * reach)


def test_values_do_not_hang_on_the_order_of_rows_columns_or_background(pack):
    rows, model = pack
    background = rows.head(30)
    values = model.explain(rows, rows=[50, 60, 70], background=background).frame["value"]
    values = values.to_numpy().reshape(3, 3)
    turned = model.explain(
        rows.select("y", "c", "b", "a"), rows=[70, 50, 60], background=background[::-1]
    )
    assert turned.frame["row"].to_list() == [70] * 3 + [50] * 3 + [60] * 3
    assert turned.frame["column"].to_list() == ["a", "b", "c"] * 3
    found = turned.frame["value"].to_numpy().reshape(3, 3)
    np.testing.assert_allclose(found, values[[2, 0, 1]], atol=1e-6 * np.ptp(model.predict(rows)))
