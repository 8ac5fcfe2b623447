"""A padded pack against the same pack as it is."""

import jax
import numpy as np
import pytest
from msgspec import structs
from pack_tables import fitted, numbers, rows_of
from test_rungs_pack_program import PROGRAMS, SOURCE, batches, hyper, parameters

from gradum.core import Embedding
from gradum.core.models.pack_network import PackNetwork
from gradum.rungs.pack.padding import Padding
from gradum.rungs.pack.program import PackProgram, folded


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


@pytest.mark.parametrize("name", ["number", "classes"])
def test_a_padded_pack_learns_the_same(name):
    """What is padded are inputs and units; two classes have one output, as a number has."""
    program = PROGRAMS[name]
    padding = Padding(program.network)
    params, fixed = parameters(program)
    chosen, given = hyper(program, 0.3, 0.4), batches(program)
    column = SOURCE[: program.network.first]
    chosen["source"] = np.eye(column.max() + 1, dtype=np.float32)[column].T
    state, losses = program.learn(program.start(params), fixed, chosen, given)
    wide = PackProgram(padding.network, program.loss)
    padded, losses_padded = wide.learn(
        wide.start(padding.fill(params)),
        padding.fill(fixed),
        chosen | {"source": padding.source(column)},
        given._replace(dense=padding.dense(given.dense)),
    )
    np.testing.assert_allclose(losses_padded, losses, rtol=1e-5)
    found = padding.cut(jax.tree.map(np.asarray, padded.params))
    for one, other in zip(leaves(found), leaves(state.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    added = np.delete(np.asarray(folded(padded.params)["layers"][0]["weight"]), padding.places, 1)
    assert added.size
    assert not added.any()


def test_cutting_undoes_filling():
    padding = Padding(structs.replace(PROGRAMS["number"].network, projected=1))
    params, fixed = parameters(PROGRAMS["number"])
    for given in (params, fixed):
        back = padding.cut(padding.fill(given))
        assert jax.tree.all(jax.tree.map(np.array_equal, back, given))
    assert padding.network.inputs == 16
    assert padding.network.embedding.rows == 64
    assert padding.network.projected == 0


@pytest.mark.parametrize(("inputs", "projected"), [(9, 0), (9, 3), (16, 3), (16, 0)])
def test_pairs_stand_at_the_end_whatever_is_before_them(inputs, projected):
    """So that neither levels nor words move them, and what they are coded as stays theirs."""
    pairs, columns = ((0, 1, 1), (2, 0, -1)), inputs - projected - 2
    true = PackNetwork(
        3, inputs, 1, (5,), (0, columns, columns + 1), 2, "identity",
        projected=projected, pairs=pairs,
    )  # fmt: skip
    padding, rng = Padding(true), np.random.default_rng(0)
    assert padding.network.coded == (0, 14, 15)
    assert padding.network.pairs == ()
    dense = rng.normal(size=(7, inputs)).astype(np.float32)
    padded = padding.dense(dense)
    assert padded.shape == (7, 16)
    np.testing.assert_array_equal(padded[:, 14:], dense[:, columns : columns + 2])
    weight = {"layers": [{"weight": rng.normal(size=(3, true.first, 5)).astype(np.float32)}]}
    codes = {name: rng.normal(size=(3, 3, 2)).astype(np.float32) for name in ("shift", "slope")}
    codes["wave"] = np.array([1, 0, 0], np.float32)
    x = true.flattened.expand(codes, dense[None], None, np)
    wide = padding.network.expand(codes, padded[None], None, np)
    expected = x @ weight["layers"][0]["weight"]
    filled = padding.fill(weight)
    np.testing.assert_allclose(wide @ filled["layers"][0]["weight"], expected, atol=1e-5)
    np.testing.assert_array_equal(
        padding.cut(filled)["layers"][0]["weight"], weight["layers"][0]["weight"]
    )


def test_a_round_width_is_left_as_it_is():
    padding = Padding(PackNetwork(3, 32, 1, (5,), (0, 2), 2, "logit", Embedding(128, 1, 2)))
    assert padding.network == padding.true
    dense, scale = np.ones((2, 32), np.float32), np.ones((3, padding.true.first), np.float32)
    assert padding.dense(dense) is dense
    assert padding.fill({"scale": scale})["scale"] is scale


def test_tables_that_differ_by_a_level_share_their_programs():
    def fit(levels):
        frame = numbers(400)
        codes = np.random.default_rng(5).integers(levels, size=len(frame))
        frame = frame.select("x0", "x1", "y").with_columns(level=np.array(list("abcdefgh"))[codes])
        return fitted(rows_of(frame, "y"))

    first = fit(4)
    known = PackProgram.learn._cache_size(), PackProgram.judge._cache_size()
    second = fit(5)
    assert (PackProgram.learn._cache_size(), PackProgram.judge._cache_size()) == known
    assert second.network.inputs == first.network.inputs + 1
    assert second.params["layers"][0]["weight"].shape[1] == second.network.first
