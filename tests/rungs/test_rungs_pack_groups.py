"""Groups of members side by side, against all members in one program and in one thread."""

import threading
from time import sleep

import jax
import numpy as np
import pytest
from test_rungs_pack_program import PROGRAMS, D, M, batches, hyper, parameters

from gradum.rungs.pack.groups import Groups
from gradum.rungs.pack.program import PackBatches, PackProgram

LEFT_OUT = {"dropout": 0.4, "column_dropout": 0.3}


def groups_of(name, threads):
    program = PROGRAMS[name]
    drawn = hyper(program, **LEFT_OUT)
    shared = {"source": drawn.pop("source")}
    return Groups(program, *parameters(program), drawn, shared, threads)


def of(given, members):
    """Return the part of a chunk that belongs to some members."""
    dense, codes, target, weight, *same = given
    own = [None if each is None else each[:, members] for each in (dense, codes, target, weight)]
    return PackBatches(*own, *same)


def learned(name, threads, chunks=2):
    """Return the losses, the parameters and the logits of some rows after some chunks."""
    program = PROGRAMS[name]
    with groups_of(name, threads) as groups:
        losses = []
        for seed in range(chunks):
            given = batches(program, seed)
            losses += groups.learn(lambda members, given=given: of(given, members))
        first = batches(program)
        rows = groups.placed(first.dense[0], None if first.codes is None else first.codes[0])
        logits = groups.judge(rows)
        return np.concatenate(losses), groups.params(np.ones(M, bool)), logits


def assert_equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("name", PROGRAMS)
def test_members_side_by_side_learn_what_they_learn_one_after_the_other(name):
    alone = learned(name, 1)
    for threads in (2, 3):
        assert_equal(learned(name, threads), alone)


@pytest.mark.parametrize("name", PROGRAMS)
def test_groups_learn_what_all_members_learn_in_one_program(name):
    """Also what is left out by chance hangs on the member, not on its group."""
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


def test_the_groups_of_two_threads_learn_at_the_same_time():
    """Each waits until the other has come as far, which they could not in one thread."""
    meet = threading.Barrier(2, timeout=60)

    def batches_of(members):
        if members.start:  # the first group goes alone: it may have to compile
            meet.wait()
        return of(batches(PROGRAMS["number"]), members)

    with groups_of("number", 3) as groups:
        assert len(groups.learn(batches_of)) == M


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("place", range(M))
def test_an_error_in_one_group_is_raised_as_it_was_and_ends_all(threads, place):
    error, begun = MemoryError("no room"), threading.active_count()

    def batches_of(members):
        if members.start == place:
            raise error
        sleep(0.001)
        return of(batches(PROGRAMS["number"]), members)

    with pytest.raises(MemoryError) as raised, groups_of("number", threads) as groups:
        groups.learn(batches_of)
    assert raised.value is error
    assert threading.active_count() == begun


@pytest.mark.parametrize("marked", [[0], [1, 2], [0, 2]])
def test_the_parameters_of_some_members_are_theirs(marked):
    which = np.isin(np.arange(M), marked)
    params, _ = parameters(PROGRAMS["number"])
    with groups_of("number", 2) as groups:
        assert_equal(groups.params(which), jax.tree.map(lambda leaf: leaf[which], params))


@pytest.mark.parametrize(
    ("members", "groups"), [(4, 4), (24, 8), (48, 8), (5, 5), (13, 1), (22, 2)]
)
def test_all_groups_are_of_one_size(members, groups):
    """So that they share one compiled program."""
    network = PROGRAMS["two classes"].network
    network = type(network)(members, D, 1, network.hidden, network.coded, 2, "logit")
    program = PackProgram(network, PROGRAMS["two classes"].loss)
    shapes = network.shapes()
    fixed = {
        name: np.zeros(shapes[name], np.float32) for name in ("shift", "slope", "wide", "wave")
    }
    params = {"scale": np.ones((members, network.first), np.float32), "layers": []}
    made = Groups(program, params, fixed, {"dropout": np.zeros(members)}, {})
    rows = made.placed(np.zeros((members, 2, D), np.float32), None)
    assert [len(dense) for dense, _ in rows] == [members // groups] * groups
