"""A run that was cut short after any of its events goes on to the same models and judgement."""

import numpy as np
import pytest
from msgspec import structs

from gradum.run.events.events import Resumed, RungFinished
from gradum.run.run import run
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import Spec, SplitSpec
from gradum.rungs.context import Context
from gradum.rungs.mlp.spec import MLPSpec
from gradum.solvers.solution import EpochDone
from gradum.tables.sources.read import read
from kept_in_memory import Killed
from ladder import PLAIN_LADDER
from synthetic import FEW, SHORT, task


class Memory:
    """Keeps all that it is offered."""

    def __init__(self):
        self.rungs, self.trainings, self.improvements = {}, {}, []

    def rung(self, place):
        return self.rungs.get(place)

    def snapshot(self, place):
        return self.trainings.get(place)

    def keep_rung(self, place, rung):
        self.rungs[place] = rung

    def offer(self, place, take, *, improved, last):
        self.improvements.append((improved, last))
        self.trainings = {place: take()}


def followed(spec, table, checkpoints, *, events=None, stop=lambda: False, left=None):
    """So many events of a run, and what it returns if it comes to its end.

    ``left`` takes what a run that is killed at each event would leave.
    """
    seen = []

    def hear(event):
        seen.append(event)
        if left is not None:
            left.append((dict(checkpoints.rungs), dict(checkpoints.trainings)))
        if len(seen) == events:
            raise Killed

    try:
        return seen, run(
            spec, RowsInMemory(lambda: table), context=Context(0, hear, stop, checkpoints)
        )
    except Killed:
        return seen, None


def epochs(trainings):
    """How far each training had come, by its place."""
    return {place: snapshot.tally.epoch for place, snapshot in trainings.items()}


@pytest.fixture(scope="module")
def asked():
    """Three fits of a ladder and a refit, judged by cross-validation."""
    small = MLPSpec(hidden_layer_sizes=(4,), max_epochs=4, patience=2)
    parts = {"linear": SHORT, "mlp": small, "pack": FEW}
    spec = Spec("label", split=SplitSpec(folds=2, repeats=1), refit=True, **parts)
    return spec, read(task("label", 240))


@pytest.fixture(scope="module")
def whole(asked):
    """All events, the run that is never cut short, what was kept of it, and what until when."""
    memory, left = Memory(), []
    return *followed(*asked, memory, left=left), memory, left


def test_every_rung_is_kept_where_it_was_fitted(whole):
    _, ended, memory, _ = whole
    fits = ["fit", "fold-1", "fold-2"]
    places = {f"{fit}-{rung}" for fit in fits for rung in PLAIN_LADDER[1:]}
    assert memory.rungs.keys() - places == {f"refit-{ended.fitted.used}"}
    assert memory.rungs.keys() >= places


@pytest.mark.slow
def test_a_run_goes_on_from_anywhere(asked, whole):
    events, undisturbed, _, kept = whole
    killed, middle = Memory(), len(events) // 2
    followed(*asked, killed, events=middle)
    rungs, trainings = kept[middle - 1]
    assert killed.rungs.keys() == rungs.keys()
    assert epochs(killed.trainings) == epochs(trainings)
    for finished, left in kept[: len(events) - 1 : 11]:
        memory = Memory()
        memory.rungs, memory.trainings = dict(finished), dict(left)
        again, ended = followed(*asked, memory)
        assert ended.fitted.provenance.fingerprint == undisturbed.fitted.provenance.fingerprint
        assert ended.fitted.judgement == undisturbed.fitted.judgement
        for one, two in zip(ended.judges, undisturbed.judges, strict=True):
            for name in one.rungs:
                assert one.rungs[name].advice == two.rungs[name].advice
                assert one.rungs[name].certificate == two.rungs[name].certificate
                assert one.rungs[name].iterations == two.rungs[name].iterations
        # What was finished is not fitted again, and the training goes on at its epoch.
        assert all(memory.rungs[place] is rung for place, rung in finished.items())
        resumed = [event for event in again if isinstance(event, Resumed)]
        unfinished = [left[place] for place in left if place not in finished]
        assert [event.epoch for event in resumed] == [each.tally.epoch for each in unfinished]


@pytest.mark.slow
def test_a_rung_that_was_stopped_is_not_finished(asked, whole):
    memory, wishes = Memory(), iter([False] * 12)
    _, ended = followed(*asked, memory, stop=lambda: next(wishes, True))
    assert ended.interrupted
    assert memory.rungs.keys() <= {"fit-linear", "fit-mlp"}
    _, ended = followed(*asked, memory)
    assert ended.fitted.provenance.fingerprint == whole[1].fitted.provenance.fingerprint


def test_a_best_epoch_is_named(asked):
    spec = structs.replace(asked[0], model="mlp", refit=False)
    memory = Memory()
    events, _ = followed(spec, asked[1], memory)
    best, expected = np.inf, []
    for event in events:
        if isinstance(event, EpochDone):
            expected.append(event.validation_loss < best)
            best = min(best, event.validation_loss)
        elif isinstance(event, RungFinished):
            best = np.inf
    # A small table's epochs are a chunk each; the chunk that ends a training offers nothing.
    named = [improved for improved, _ in memory.improvements]
    assert sum(named) == sum(expected)
    assert not any(last for _, last in memory.improvements)


def test_the_chunk_at_which_a_wish_to_stop_is_heard_is_the_last(asked):
    spec = structs.replace(asked[0], model="mlp", refit=False)
    memory, told = Memory(), []

    def hear(event):
        if isinstance(event, EpochDone):
            told.append(f"epoch {event.epoch}")

    context = Context(0, hear, lambda: "epoch 2" in told, memory)
    run(spec, RowsInMemory(lambda: asked[1]), context=context)
    assert [last for _, last in memory.improvements] == [False, True]


def test_what_was_finished_is_not_even_begun():
    def fit():
        raise AssertionError

    memory = Memory()
    memory.rungs["fit-linear"] = kept = object()
    assert Context(checkpoints=memory).at("fit-linear").once(fit) is kept
