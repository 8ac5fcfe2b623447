"""Shards of members side by side, against all members in one program and in one thread."""

import threading
from contextlib import suppress
from dataclasses import replace
from time import sleep

import jax
import numpy as np
import pytest
from msgspec import structs
from test_rungs_pack_program import PROGRAMS, M, batches, hyper, parameters

from gradum.rungs.pack import shards as module
from gradum.rungs.pack.program import PackBatches
from gradum.rungs.pack.shards import Shards

LEFT_OUT = {"dropout": 0.4, "column_dropout": 0.3}


@pytest.fixture
def of_one_member(monkeypatch):
    """Shards of one member each, of packs as small as those of this file."""
    monkeypatch.setattr(module, "FEWEST", 1)


def shards_of(name, threads):
    program = PROGRAMS[name]
    drawn = hyper(program, **LEFT_OUT)
    shared = {"source": drawn.pop("source")}
    return Shards(program, *parameters(program), drawn, shared, threads)


def of(given, members):
    """Return the part of a chunk that belongs to some members."""
    dense, codes, target, weight, *same = given
    own = [None if each is None else each[:, members] for each in (dense, codes, target, weight)]
    return PackBatches(*own, *same)


def learned(name, threads, chunks=2):
    """Return the losses, the parameters and the logits of some rows after some chunks."""
    program = PROGRAMS[name]
    with shards_of(name, threads) as shards:
        losses = []
        for seed in range(chunks):
            given = batches(program, seed)
            losses += shards.learn(lambda members, given=given: of(given, members))
        first = batches(program)
        shards.hold_out(first.dense[0], None if first.codes is None else first.codes[0])
        return np.concatenate(losses), shards.params(np.ones(M, bool)), shards.judge()


def assert_equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("name", PROGRAMS)
def test_members_side_by_side_learn_what_they_learn_one_after_the_other(name):
    alone = learned(name, 1)
    for threads in (2, 3):
        assert_equal(learned(name, threads), alone)


@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("name", PROGRAMS)
def test_shards_learn_what_all_members_learn_in_one_program(name):
    """Also what is left out by chance hangs on the member, not on its shard."""
    program, losses = PROGRAMS[name], []
    params, fixed = parameters(program)
    state = program.start(params)
    for seed in range(2):
        drawn = hyper(program, **LEFT_OUT)
        state, loss = program.learn(state, fixed, drawn, batches(program, seed))
        losses.append(loss)
    first = batches(program)
    codes = None if first.codes is None else first.codes[0]
    logits = program.judge(state.params, fixed, first.dense[0], codes)
    expected = (np.concatenate(losses), state.params, logits)
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6),
        learned(name, 2),
        jax.tree.map(np.asarray, expected),
    )


@pytest.mark.usefixtures("of_one_member")
def test_the_shards_of_two_threads_learn_at_the_same_time():
    """Each waits until the other has come as far, which they could not in one thread."""
    meet = threading.Barrier(2, timeout=60)

    def batches_of(members):
        if members.start:  # the first shard goes alone: it may have to compile
            meet.wait()
        return of(batches(PROGRAMS["number"]), members)

    with shards_of("number", 3) as shards:
        assert len(shards.learn(batches_of)) == M


@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("place", range(M))
def test_an_error_in_one_shard_is_raised_as_it_was_and_ends_all(threads, place):
    error, begun = MemoryError("no room"), threading.active_count()

    def batches_of(members):
        if members.start == place:
            raise error
        sleep(0.001)
        return of(batches(PROGRAMS["number"]), members)

    with pytest.raises(MemoryError) as raised, shards_of("number", threads) as shards:
        shards.learn(batches_of)
    assert raised.value is error
    assert threading.active_count() == begun


@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("marked", [[0], [1, 2], [0, 2]])
def test_the_parameters_of_some_members_are_theirs(marked):
    which = np.isin(np.arange(M), marked)
    params, _ = parameters(PROGRAMS["number"])
    with shards_of("number", 2) as shards:
        assert_equal(shards.params(which), jax.tree.map(lambda leaf: leaf[which], params))


@pytest.mark.parametrize(("members", "count"), [(2, 1), (4, 2), (24, 8), (48, 8), (13, 1), (22, 2)])
def test_all_shards_are_of_one_size(members, count):
    """So that they share one compiled program."""
    program, places = PROGRAMS["two classes"], []
    program = replace(program, network=structs.replace(program.network, members=members))

    def batches_of(own):
        places.append(np.arange(members)[own].tolist())
        raise StopIteration

    given = np.zeros((members, 1), np.float32)
    shards = Shards(program, {"scale": given}, {"wave": given}, {"dropout": given}, {})
    with suppress(StopIteration):
        shards.learn(batches_of)
    assert places == [list(range(members // count))]
