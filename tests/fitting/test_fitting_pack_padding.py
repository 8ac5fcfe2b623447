"""A padded pack against the same pack as it is."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from pack_tables import fitted, numbers, rows_of
from test_fitting_pack_program import PROGRAMS, SOURCE, batches, hyper, parameters

from gradum.core import Embedding
from gradum.core.models.pack_network import PackNetwork
from gradum.fitting.pack.padding import Padding
from gradum.fitting.pack.program import Program, folded


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_padded_pack_learns_the_same(name):
    program = PROGRAMS[name]
    padding = Padding(program.network)
    params, fixed = parameters(program)
    chosen, given = hyper(program, 0.3, 0.4), batches(program)
    column = SOURCE[: program.network.first]
    chosen["source"] = np.eye(column.max() + 1, dtype=np.float32)[column].T
    state, losses = program.learn(program.start(params), fixed, chosen, given)
    wide = Program(padding.network, program.loss)
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
    padding = Padding(replace(PROGRAMS["number"].network, projected=1))
    params, fixed = parameters(PROGRAMS["number"])
    for given in (params, fixed):
        back = padding.cut(padding.fill(given))
        assert jax.tree.all(jax.tree.map(np.array_equal, back, given))
    assert padding.network.inputs == 16
    assert padding.network.embedding.rows == 64
    assert padding.network.projected == 0


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
    known = Program.learn._cache_size(), Program.judge._cache_size()
    second = fit(5)
    assert (Program.learn._cache_size(), Program.judge._cache_size()) == known
    assert second.network.inputs == first.network.inputs + 1
    assert second.params["layers"][0]["weight"].shape[1] == second.network.first
