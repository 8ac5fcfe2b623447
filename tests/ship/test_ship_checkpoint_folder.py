"""Checkpoints on disk: every bit, this run's alone, and when they are written."""

import math
import random
from dataclasses import replace

import jax
import numpy as np
import pytest

from gradum.core import LogLoss, Network, Problem
from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.messages import say
from gradum.run.fingerprint import named_arrays
from gradum.ship import checkpoint_folder
from gradum.ship.checkpoint_folder import CheckpointFolder
from gradum.ship.rung_record import recorded
from gradum.ship.sayings import sayings
from gradum.solvers import Adam, ChunkDone, Data, EpochDone, Regime, Snapshot, Validation, train
from mutations import mutated


@pytest.fixture
def kept(tmp_path):
    return CheckpointFolder(tmp_path, "this run", every=1.0)


@pytest.fixture(scope="module")
def snapshot():
    """Of a training in the middle of its third epoch."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)).astype(np.float32)
    data = Data({"dense": x}, (x[:, 0] > 0).astype(int))
    events = train(
        Problem(Network(3, 1, (4,)), LogLoss()),
        data,
        solver=Adam(),
        regime=Regime(4, batch_size=7),
        validation=Validation(data),
    )
    chunks = (event for event in events if isinstance(event, ChunkDone))
    return [event.snapshot() for event, _ in zip(chunks, range(3), strict=False)][-1]


def assert_same_bits(one, two):
    ones, twos = jax.tree.leaves(one), jax.tree.leaves(two)
    for ours, theirs in zip(ones, twos, strict=True):
        assert (ours.dtype, ours.shape, ours.tobytes()) == (
            theirs.dtype,
            theirs.shape,
            theirs.tobytes(),
        )


@pytest.mark.parametrize("name", ["linear", "mlp", "pack"])
@pytest.mark.parametrize("model", ["regressor", "classifier"])
def test_a_rung_comes_back_as_it_was(kept, model, name, request):
    rung = request.getfixturevalue(model).fitted.rungs[name]
    rung = replace(rung, advice="Do what the status says.")
    kept.keep_rung("fold-2-mlp", rung)
    again = kept.rung("fold-2-mlp")
    plain = dict.fromkeys(("params", "input_layer"))
    assert replace(again, **plain) == replace(rung, **plain)
    assert [list(entry) for entry in again.history] == [list(entry) for entry in rung.history]
    assert list(again.settings) == list(rung.settings)
    assert_same_bits(named_arrays([again]), named_arrays([rung]))
    assert (again.input_layer.clip, again.input_layer.levels, again.input_layer.treatments) == (
        rung.input_layer.clip,
        rung.input_layer.levels,
        rung.input_layer.treatments,
    )


def test_the_sentences_of_a_rung_can_be_said_again(kept, classifier):
    rung = replace(classifier.fitted.rungs["linear"], advice=say("Fit again."))
    kept.keep_rung("linear", rung)
    assert sayings(recorded(kept.rung("linear"))) == sayings(recorded(rung))
    assert sayings(recorded(rung))["advice"]


def test_nothing_was_kept_at_first(kept):
    assert kept.rung("fit-mlp") is None
    assert kept.snapshot("fit-mlp") is None


def test_a_snapshot_comes_back_as_it_was(kept, snapshot):
    kept.offer("fit-mlp", lambda: snapshot, improved=False, last=True)
    again = kept.snapshot("fit-mlp")
    for name in ("tally", "seen", "history", "seconds", "compile_seconds"):
        assert getattr(again, name) == getattr(snapshot, name), name
    assert_same_bits((again.state, again.best), (snapshot.state, snapshot.best))
    assert kept.snapshot("fold-1-mlp") is None


def test_numbers_that_are_not_finite_come_back_too(kept, snapshot):
    odd = replace(
        snapshot,
        best=None,
        tally=replace(snapshot.tally, gradient_norm=math.inf, first_loss=math.nan),
        seen=replace(snapshot.seen, mark=-math.inf, best_loss=math.nan),
        history=(EpochDone(1, 9, 0.1, math.inf, 2.5), EpochDone(2, 18, 1e-300, None, 3.5)),
    )
    kept.offer("fit-mlp", lambda: odd, improved=False, last=True)
    assert repr(kept.snapshot("fit-mlp").tally) == repr(odd.tally)
    assert repr(kept.snapshot("fit-mlp").seen) == repr(odd.seen)
    assert kept.snapshot("fit-mlp").history == odd.history
    assert kept.snapshot("fit-mlp").best is None


def test_a_training_that_has_broken_down_leaves_the_snapshot_before(kept, snapshot):
    kept.offer("fit-mlp", lambda: snapshot, improved=False, last=True)
    broken = replace(snapshot, state=(np.array([np.inf]), *snapshot.state[1:]))
    kept.offer("fit-mlp", lambda: broken, improved=False, last=True)
    assert_same_bits(kept.snapshot("fit-mlp").state, snapshot.state)


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets, and the seconds that each writing takes."""
    now = {"seconds": 0.0, "writing": 0.5}
    write = archive.write

    def slow(*arguments):
        write(*arguments)
        now["seconds"] += now["writing"]

    monkeypatch.setattr(checkpoint_folder, "monotonic", lambda: now["seconds"])
    monkeypatch.setattr(archive, "write", slow)
    return now


def test_snapshots_are_due_by_the_clock_by_a_best_epoch_and_at_the_end(clock, tmp_path, snapshot):
    kept, taken = CheckpointFolder(tmp_path, "this run", every=60.0), []

    def offered(seconds, **why):
        clock["seconds"] = seconds
        before = len(taken)
        kept.offer(
            "fit-mlp",
            lambda: taken.append(1) or snapshot,
            **{"improved": False, "last": False, **why},
        )
        return len(taken) > before

    assert not offered(59.0)
    assert offered(60.0)
    assert not offered(90.0, improved=True)  # 0.5 s of writing are a hundredth of 50 s
    assert offered(111.0, improved=True)
    assert not offered(112.0)
    assert offered(113.0, last=True)
    assert offered(174.0)


def test_no_seconds_keep_nothing(tmp_path, snapshot, classifier):
    kept = CheckpointFolder(tmp_path, "this run", every=0.0)
    kept.offer("fit-mlp", lambda: snapshot, improved=True, last=True)
    kept.keep_rung("fit-mlp", classifier.fitted.rungs["mlp"])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def files(kept, snapshot, classifier, tmp_path):
    """The file of a rung and that of a training."""
    kept.keep_rung("fit-linear", classifier.fitted.rungs["linear"])
    kept.offer("fit-mlp", lambda: snapshot, improved=False, last=True)
    return tmp_path / "fit-linear.checkpoint", tmp_path / "training.checkpoint"


def test_what_is_of_another_run_or_place_or_version_is_refused(files, kept, tmp_path):
    other = CheckpointFolder(tmp_path, "another run", every=1.0)
    with pytest.raises(ModelFileError, match=r"of another run.* Delete it and resume"):
        other.rung("fit-linear")
    with pytest.raises(ModelFileError, match="of another run"):
        other.snapshot("fit-mlp")
    files[0].rename(tmp_path / "fold-1-linear.checkpoint")
    with pytest.raises(ModelFileError, match="another model than its name says"):
        kept.rung("fold-1-linear")
    manifest, arrays = archive.read(files[1])
    archive.write(files[1], {**manifest, "format": 1}, arrays)
    with pytest.raises(ModelFileError, match="format version 1"):
        kept.snapshot("fit-mlp")


def test_a_damaged_file_is_refused_in_one_line_or_read(files, kept):
    whole = [path.read_bytes() for path in files]
    refused = []
    for seed in range(300):
        for path, content in zip(files, whole, strict=True):
            path.write_bytes(mutated(random.Random(seed), content))
        for ask, place in ((kept.rung, "fit-linear"), (kept.snapshot, "fit-mlp")):
            try:
                ask(place)
            except ModelFileError as error:
                refused.append(error)
    assert len(refused) > 300
    assert not any("\n" in str(error) for error in refused)
    assert {error.remedy for error in refused} == {refused[0].remedy}


def test_a_missing_array_is_named(files, kept):
    manifest, arrays = archive.read(files[1])
    del arrays["state/1"]
    archive.write(files[1], manifest, arrays)
    with pytest.raises(ModelFileError, match="'state/1' is absent"):
        kept.snapshot("fit-mlp")


def test_a_snapshot_is_what_the_driver_takes(snapshot):
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.tally.epoch, snapshot.seen.best_epoch) != (0, None)
