"""Shards of members side by side, against all members in one program and in one thread."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import sleep

import jax
import numpy as np
import pytest
from msgspec import structs
from test_rungs_pack_program import PROGRAMS, M, batches, hyper, parameters

from gradum.engines import engine_of
from gradum.rungs.context import ALONE
from gradum.rungs.pack import shards as module
from gradum.rungs.pack.program import PackBatches, PackProgram
from gradum.rungs.pack.shards import Learning
from gradum.rungs.pack.shards_on_engine import ShardsOnEngine
from gradum.rungs.pack.shards_on_threads import ShardsOnThreads

LEFT_OUT = {"dropout": 0.4, "column_dropout": 0.3}


@pytest.fixture
def of_one_member(monkeypatch):
    """Shards of one member each, of packs as small as those of this file."""
    monkeypatch.setattr(module, "FEWEST", 1)


@dataclass(frozen=True)
class Given:
    """Chunks in place of draws and batches: each is ``batches`` of a seed."""

    program: PackProgram
    before: Callable[[slice], object] = lambda members: None

    def batches(self, draw, members):
        self.before(members)
        dense, codes, target, weight, *same = batches(self.program, draw.seed)
        own = [
            each if each is None else each[:, members] for each in (dense, codes, target, weight)
        ]
        return PackBatches(*own, *same)

    def padded(self, members):
        """The rows of the first step's batches, where the rows asked for are numbers of members."""
        first = batches(self.program)
        return first.dense[0][members], None if first.codes is None else first.codes[0][members]


@dataclass(frozen=True)
class Seed:
    seed: int

    def of(self, members):
        return self


def learning_of(name, before=lambda members: None):
    program = PROGRAMS[name]
    params, fixed = parameters(program)
    drawn = hyper(program, **LEFT_OUT)
    shared = {"source": drawn.pop("source")}
    return Learning.of(program, fixed, drawn, shared, Given(program, before)), params


def shards_of(name, threads, before=lambda members: None):
    return ShardsOnThreads(*learning_of(name, before), threads)


def learned(shards, chunks=2):
    """Return the losses, the parameters and the logits of some rows after some chunks."""
    shards.hold_out(np.arange(M))
    losses = shards.learn([Seed(seed) for seed in range(chunks)])
    losses = np.concatenate([np.ravel(loss) for loss in losses])
    return losses, shards.params(np.ones(M, bool)), shards.judge()


def learned_on(name, threads):
    with shards_of(name, threads) as shards:
        return learned(shards)


def assert_equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.slow
@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("name", PROGRAMS)
def test_members_side_by_side_learn_what_they_learn_one_after_the_other(name):
    alone = learned_on(name, 1)
    for threads in (2, 3):
        assert_equal(learned_on(name, threads), alone)


@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("name", PROGRAMS)
def test_shards_that_are_tasks_learn_what_those_on_threads_learn(name):
    with ThreadPoolExecutor(2) as threads, engine_of(threads) as engine:
        shards = ShardsOnEngine(*learning_of(name), replace(ALONE, engine=engine))
        assert_equal(learned(shards), learned_on(name, 2))


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
        learned_on(name, 2),
        jax.tree.map(np.asarray, expected),
    )


@pytest.mark.usefixtures("of_one_member")
def test_the_shards_of_two_threads_learn_at_the_same_time():
    """Each waits until the other has come as far, which they could not in one thread."""
    meet = threading.Barrier(2, timeout=60)

    def wait(members):
        if members.start:  # the first shard goes alone: it may have to compile
            meet.wait()

    with shards_of("number", 3, wait) as shards:
        assert len(shards.learn([Seed(0)])) == M


@pytest.mark.usefixtures("of_one_member")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("place", range(M))
def test_an_error_in_one_shard_is_raised_as_it_was_and_ends_all(threads, place):
    error, begun = MemoryError("no room"), threading.active_count()

    def fail(members):
        if members.start == place:
            raise error
        sleep(0.001)

    with pytest.raises(MemoryError) as raised, shards_of("number", threads, fail) as shards:
        shards.learn([Seed(0)])
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
    program = PROGRAMS["two classes"]
    program = replace(program, network=structs.replace(program.network, members=members))
    given = np.zeros((members, 1), np.float32)
    learning = Learning.of(program, {"wave": given}, {"dropout": given}, {}, Given(program))
    places = [np.arange(members)[shard.members].tolist() for shard in learning.shards]
    size = members // count
    assert places == [list(range(first, first + size)) for first in range(0, members, size)]
