"""Rows read a segment at a time: each of them once an epoch, in an order of seed and lengths."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import jax
import numpy as np
import pytest
from scipy import sparse

from gradum.core import L2, Embedding, LogLoss, Network, Problem, SquaredError
from gradum.errors import SpecError
from gradum.randomness import stream
from gradum.solvers import (
    SGD,
    Adam,
    ChunkDone,
    Data,
    EpochDone,
    Regime,
    Status,
    Validation,
    pool,
    solve,
    train,
)
from gradum.solvers.batches import SegmentBatches, feed_of
from gradum.solvers.chunk import pad_problem
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import newton
from gradum.solvers.pool import ChunkRows, Pool, SegmentedData

LENGTHS = (20, 7, 1, 31, 16, 20, 5)
ROWS = sum(LENGTHS)


@dataclass(frozen=True)
class InMemory:
    """Segments of rows that are in memory, and which of them were read."""

    data: Data
    lengths: tuple[int, ...]
    read_so_far: list

    @classmethod
    def of(cls, data, lengths=LENGTHS):
        return cls(data, lengths, [])

    @property
    def rows(self):
        return self.data.rows

    @property
    def columns(self):
        return self.data.columns

    @property
    def coded_columns(self):
        return self.data.coded_columns

    @property
    def soft_classes(self):
        return self.data.soft_classes

    @property
    def dtype(self):
        return self.data.dtype

    def read(self, segment):
        self.read_so_far.append(segment)
        start = sum(self.lengths[:segment])
        rows = slice(start, start + self.lengths[segment])
        whole = ChunkRows.of(self.data)
        inputs = {name: block[rows] for name, block in whole.inputs.items()}
        return ChunkRows(inputs, whole.target[rows], whole.weight[rows])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pools of 40 rows, two segments or three, and chunks of 4 steps."""
    monkeypatch.setattr(pool, "POOL_ROWS", 40)
    monkeypatch.setattr(pool, "MOST_STEPS", 4)


def numbered(rows=ROWS, lengths=LENGTHS):
    """Rows whose only column and target are their number."""
    numbers = np.arange(rows, dtype=np.float32)
    return InMemory.of(Data({"dense": numbers[:, None]}, numbers), lengths)


def feed(data, size=8, outputs=1, embedding=None):
    columns = data.columns
    network = Network(columns, outputs, (4,), embedding=embedding)
    problem = Problem(network, SquaredError())
    return SegmentBatches(data, pad_problem(problem).network, size)


def poured(chunks):
    """The numbers of the rows of each step, and what else each chunk holds."""
    steps, shares, factors = [], [], []
    for chunk in chunks:
        target, weight = np.asarray(chunk.batches.target), np.asarray(chunk.batches.weight)
        dense = np.asarray(chunk.batches.inputs["dense"])
        for step in range(chunk.steps):
            there = weight[step] > 0
            assert (dense[step, there, 0] == target[step, there]).all()
            assert chunk.batches.total[step] == there.sum()
            steps.append(target[step, there].astype(int).tolist())
        shares += chunk.share.tolist()
        factors += chunk.batches.factor[: chunk.steps].tolist()
    return steps, shares, factors


def test_every_row_comes_once_an_epoch_and_each_epoch_in_another_order():
    batches = feed(numbered())
    assert batches.steps_per_epoch == 13
    factors = np.linspace(1, 0, 3 * 13)
    steps, shares, given = poured(batches.chunks(factors, seed=5, first_epoch=0))
    assert len(steps) == 39
    np.testing.assert_allclose(given, factors, rtol=1e-6)
    orders = []
    for epoch in range(3):
        part = steps[13 * epoch : 13 * (epoch + 1)]
        assert [len(step) for step in part] == [8] * 12 + [ROWS - 96]
        np.testing.assert_allclose(
            shares[13 * epoch : 13 * (epoch + 1)], [len(s) / ROWS for s in part]
        )
        orders.append([row for step in part for row in step])
        assert sorted(orders[-1]) == list(range(ROWS))
    assert orders[0] != orders[1] != orders[2] != orders[0]


def order(seed, epoch=0, size=8, data=None):
    data = data or numbered()
    batches = feed(data, size)
    chunks = batches.chunks(np.ones(batches.steps_per_epoch), seed, epoch)
    return [row for step in poured(chunks)[0] for row in step]


def test_the_order_is_a_function_of_seed_and_epoch_and_lengths_alone():
    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1, size=8) == order(1, size=13)
    other = numbered()
    other = replace(other, data=replace(other.data, weight=np.linspace(1, 2, ROWS)))
    assert order(1, data=other) == order(1)
    both = feed(numbered())
    steps = poured(both.chunks(np.ones(26), 1, 0))[0]
    assert [row for step in steps[13:] for row in step] == order(1, epoch=1)


def test_segments_come_in_random_order_and_rows_are_mixed_within_a_pool():
    firsts = set()
    for seed in range(20):
        data = numbered()
        rows = order(seed, data=data)
        visited = data.read_so_far[1:]  # the first was read for the buffers' shapes
        assert sorted(visited) == list(range(len(LENGTHS)))
        firsts.add(visited[0])
        at, mixed = 0, False
        while visited:
            count = 1
            while sum(LENGTHS[each] for each in visited[: count + 1]) <= 40 and count < len(
                visited
            ):
                count += 1
            poured, visited = visited[:count], visited[count:]
            starts = [sum(LENGTHS[:segment]) for segment in poured]
            known = [
                start + k
                for start, seg in zip(starts, poured, strict=True)
                for k in range(LENGTHS[seg])
            ]
            drawn = rows[at : at + len(known)]
            assert sorted(drawn) == sorted(known)
            mixed |= drawn != known
            at += len(known)
        assert mixed
    assert len(firsts) > 3


def test_a_batch_may_take_rows_of_several_pools():
    steps = poured(feed(numbered(), size=90).chunks(np.ones(2), 0, 0))[0]
    assert [len(step) for step in steps] == [90, 10]
    assert sorted(steps[0] + steps[1]) == list(range(ROWS))


@pytest.mark.parametrize("lengths", [(100,), (1,) * 100, (60, 40), (99, 1)])
def test_any_lengths_will_do(lengths):
    assert sorted(order(0, data=numbered(lengths=lengths))) == list(range(ROWS))


def test_wide_rows_have_smaller_pools(monkeypatch):
    monkeypatch.setattr(pool, "POOL_BYTES", 4 * 21)
    drawn = Pool(numbered(), np.random.default_rng(0), None)._drawn(np.random.default_rng(0))
    rows = [sum(LENGTHS[each] for each in chosen) for chosen, _ in drawn]
    assert sum(rows) == ROWS
    assert max(rows) == 31  # a segment of its own
    assert sorted(rows)[-2] <= 21


@pytest.mark.parametrize("done", [0, 4, 8, 12, 13, 17, 26, 38])
def test_an_epoch_goes_on_anywhere_as_if_undisturbed(done):
    factors = np.linspace(1, 0, 39)
    whole = poured(feed(numbered()).chunks(factors, seed=2, first_epoch=3))
    data = numbered()
    rest = poured(feed(data).chunks(factors, seed=2, first_epoch=3, done=done))
    for found, expected in zip(rest, whole, strict=True):
        assert found == expected[done:]
    visits = len(data.read_so_far) - 1  # one was read for the buffers' shapes
    assert visits <= (3 - done // 13) * len(LENGTHS)


def test_skipped_pools_are_not_read():
    data = numbered()
    with ThreadPoolExecutor(1) as reader:
        mixed = Pool(data, stream(0, "shuffle", 0), reader)
        mixed.skip(ROWS - 1)
        rows = Pool(data, stream(0, "shuffle", 0), reader)
        last = list(rows._drawn(stream(0, "shuffle", 0)))[-1][0]
    assert sorted(data.read_so_far) == sorted(last)


def test_a_segment_that_cannot_be_read_is_an_error_and_no_hang():
    @dataclass(frozen=True)
    class Broken(InMemory):
        def read(self, segment):
            if segment == 4:
                raise OSError("gone")
            return super().read(segment)

    data = Broken(numbered().data, LENGTHS, [])
    with pytest.raises(OSError, match="gone"):
        poured(feed(data).chunks(np.ones(13), 0, 0))


def test_all_rows_in_one_step_are_refused():
    problem = Problem(Network(1, 1, (4,)), SquaredError())
    assert isinstance(numbered(), SegmentedData)
    for size in (None, ROWS):
        with pytest.raises(SpecError, match="mini-batches"):
            feed_of(numbered(), problem, size, epoch_by_epoch=False)


def rich(rows=300, classes=None, seed=0):
    """Dense, sparse and coded columns, and weights."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, 3)).astype(np.float32)
    words = sparse.random_array((rows, 6), density=0.3, rng=rng, dtype=np.float32).tocsr()
    codes = rng.integers(0, 11, (rows, 2)).astype(np.int32)
    score = dense[:, 0] - 0.5 * dense[:, 1] + words.toarray()[:, 0] + 0.3 * (codes[:, 0] % 3)
    noisy = score + 0.3 * rng.normal(size=rows)
    target = noisy.astype(np.float32)
    if classes:
        target = np.digitize(noisy, np.quantile(noisy, np.arange(1, classes) / classes))
    inputs = {"dense": dense, "sparse": sparse.csr_array(words), "codes": codes}
    return Data(inputs, target, rng.uniform(0.5, 2.0, rows))


def training(data, classes=None, solver=None, epochs=3, size=16, validation=None, **more):
    outputs = 1 if classes in (None, 2) else classes
    network = Network(9, outputs, (6,), embedding=Embedding(11, 2, 3))
    return train(
        Problem(network, LogLoss() if classes else SquaredError(), L2(1e-3)),
        data,
        solver=solver or Adam(0.02),
        regime=Regime(epochs, batch_size=size),
        validation=validation,
        seed=1,
        **more,
    )


def leaves(solution):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(solution.params)]


@pytest.mark.parametrize("classes", [None, 2, 4])
def test_one_step_on_segments_is_the_gradient_of_the_same_rows(classes):
    # Two steps cover all rows, in whatever order; without momentum and at a tiny rate their
    # sum is the whole gradient, up to second order in the rate.
    data = rich(classes=classes)
    solver, whole = SGD(1e-3, schedule="constant"), 150
    ours = solve(
        training(InMemory.of(data, (90, 110, 100)), classes, solver=solver, epochs=1, size=whole)
    )
    theirs = solve(training(data, classes, solver=solver, epochs=1, size=whole))
    start = solve(training(data, classes, solver=SGD(1e-12), epochs=1, size=whole))
    for one, other, before in zip(leaves(ours), leaves(theirs), leaves(start), strict=True):
        moved = np.abs(other - before).max()
        assert np.abs(one - other).max() <= 0.01 * moved + 1e-7


@pytest.mark.parametrize("classes", [None, 2, 4])
def test_training_arrives_at_the_optimum_where_there_is_one(classes):
    data = rich(classes=classes)
    data = replace(data, inputs={name: data.inputs[name] for name in ("dense", "sparse")})
    outputs, loss = 1 if classes in (None, 2) else classes, LogLoss() if classes else SquaredError()
    solution = solve(
        train(
            Problem(Network(9, outputs), loss, L2(0.01)),
            InMemory.of(data, (90, 110, 100)),
            solver=Adam(0.05, schedule="cosine"),
            regime=Regime(40, batch_size=32),
            seed=1,
        )
    )
    columns = Columns.of(data.inputs["dense"].astype(float), data.inputs["sparse"].astype(float))
    model = LinearModel.of(columns, data.target, loss, outputs=outputs, weight=data.weight)
    best = solve(newton(model, l2=0.01)).certificate.objective
    reached = model.point(model.start(solution.params), model.strengths(0.0, 0.01)).objective
    nothing = model.point(model.start(None), model.strengths(0.0, 0.01)).objective
    assert best <= reached + 1e-9
    assert reached - best < 0.003 * (nothing - best)


def followed(events):
    seen, snapshots = [], []
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            return seen, snapshots, ended.value
        seen.append(replace(event, seconds=0.0) if isinstance(event, EpochDone) else event)
        if isinstance(event, ChunkDone) and event.snapshot is not None:
            snapshots.append((len(seen), event.snapshot()))


def test_a_training_goes_on_to_the_bit_from_every_chunk():
    data = rich(rows=ROWS)
    held = Validation(rich(rows=40, seed=1))
    events, snapshots, whole = followed(training(InMemory.of(data), validation=held, size=8))
    assert len(snapshots) > 6
    for place, snapshot in snapshots:
        again = training(InMemory.of(data), validation=held, size=8, resume=snapshot)
        rest, _, resumed = followed(again)
        assert rest == events[place:]
        assert resumed.status == whole.status
        for one, other in zip(leaves(resumed), leaves(whole), strict=True):
            assert one.tobytes() == other.tobytes()


def test_the_same_training_gives_the_same_bits_and_hears_a_wish_to_stop():
    data = InMemory.of(rich(rows=ROWS))
    first, second = (solve(training(data, size=8)) for _ in range(2))
    assert [leaf.tobytes() for leaf in leaves(first)] == [leaf.tobytes() for leaf in leaves(second)]
    wishes = iter([False, False, True])
    stopped = solve(
        training(data, size=8), lambda event: isinstance(event, ChunkDone) and next(wishes)
    )
    assert stopped.status is Status.INTERRUPTED
    assert stopped.steps < first.steps
