"""The time of a run, shared among its fits."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.run import run
from gradum.run.events.events import Judged, NotRefitted, PathStep, RungFinished
from gradum.run.ladder import fit_predictions, ladder
from gradum.rungs import allowance, context
from gradum.rungs.allowance import Allowance
from gradum.rungs.pack import fit as pack_fit
from gradum.rungs.pack import kind as pack
from gradum.rungs.pack import training
from gradum.rungs.pack.held_out import HeldOut
from gradum.rungs.registry import KINDS
from gradum.solvers.solution import Status
from synthetic import FEW, FOLDS_ONCE, SHORT

QUICK = {
    "linear": SHORT,
    "effort": "quick",
    "max_epochs": 4,
    "split": FOLDS_ONCE,
    "learning_curve": False,
    "seed": 1,
}


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets: a list of one moment."""
    now = [100.0]
    for module in (allowance, context, ladder, run, fit_predictions, pack, pack_fit, training):
        monkeypatch.setattr(module, "perf_counter", lambda: now[0])
    return now


def test_under_a_tight_limit_each_fit_gets_its_part_of_what_the_judging_leaves(clock):
    shared = Allowance(110.0, [10.0, 20.0, 10.0], judging=10.0)
    assert shared.next() == pytest.approx(101.25)  # 10 of 40 expected, of half of 10 s
    clock[0] = 101.0  # a quarter of a second less than its part
    assert shared.next() == pytest.approx(101.0 + 4.5 * 20 / 30)
    clock[0] = 109.0
    assert shared.next() == pytest.approx(109.5)


def test_a_wide_limit_cuts_short_nothing_that_leaves_the_others_enough(clock):
    shared = Allowance(1100.0, [10.0, 20.0], judging=5.0)
    assert shared.next() == pytest.approx(1100.0 - 2 * 25.0)
    assert shared.next() == pytest.approx(1100.0 - 2 * 5.0)


def test_a_fit_of_which_little_is_expected_gets_a_tenth_of_three(clock):
    shared = Allowance(250.0, [0.1, 50.0, 100.0], judging=10.0)
    left = 150.0 - 2 * 10.0
    assert shared.next() == pytest.approx(100.0 + left * 0.3 / 3)
    assert shared.next() == pytest.approx(100.0 + left * 50 / 150)


def test_past_the_end_a_fit_is_over_at_once(clock):
    shared = Allowance(99.0, [1.0], judging=1.0)
    assert shared.next() == clock[0]
    assert shared.next() == clock[0]  # one more than was expected


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    label = np.where(x[:, 0] + x[:, 1] ** 2 + rng.normal(size=300) > 1, "yes", "no")
    return pl.DataFrame({**{f"x{j}": x[:, j] for j in range(4)}, "y": label})


def test_a_run_out_of_time_ends_with_what_it_has_and_says_so(table):
    model = gradum.fit(table, "y", cv=2, time_limit=1e-6, **QUICK)
    rungs = model.fitted.rungs
    assert list(rungs) == ["baseline", "linear"]
    assert rungs["linear"].status is Status.TIME_LIMIT
    assert len(rungs["linear"].history) == 1  # a penalty
    notes = "\n".join(model.fitted.judgement.notes)
    assert "linear ran out of time in 2 of 2 fits. The run's time limit ended it" in notes
    assert "left no time for MLP and network ensemble; allow more with --time-limit" in notes
    assert not model.fitted.judgement.interrupted
    # What the linear rung has is the answer to its one penalty, to the end.
    assert rungs["linear"].certificate.duality_gap < 1e-6


def test_a_network_out_of_time_keeps_its_best_epoch(table, monkeypatch):
    """Its share is over once its program is compiled: an epoch is all there is."""
    monkeypatch.setattr(KINDS["mlp"], "compiling", 0.0)
    model = gradum.fit(table, "y", model="mlp", test=table.head(60), time_limit=1e-6, **QUICK)
    rung = model.fitted.rungs["mlp"]
    assert rung.status is Status.TIME_LIMIT
    assert rung.certificate.best_epoch == len(rung.history) == 1
    assert any(note.startswith("MLP ran out of time. ") for note in model.fitted.judgement.notes)


@pytest.mark.slow
def test_a_limit_that_is_not_reached_changes_nothing(table):
    free, limited = (
        gradum.fit(table, "y", test=table.head(60), pack=FEW, **limit, **QUICK)
        for limit in ({}, {"time_limit": 10_000.0})
    )
    assert limited.fitted.provenance.fingerprint == free.fitted.provenance.fingerprint


def test_a_pack_whose_time_is_over_once_it_is_compiled_is_left_out(table, clock, monkeypatch):
    begin = HeldOut.begin

    def slowly(*arguments):
        clock[0] += 200.0
        begin(*arguments)

    monkeypatch.setattr(HeldOut, "begin", slowly)
    model = gradum.fit(table, "y", model="pack", test=table.head(60), time_limit=100.0, **QUICK)
    assert list(model.fitted.rungs) == ["baseline"]
    notes = "\n".join(model.fitted.judgement.notes)
    assert "The time limit left no time for network ensemble; allow more with --time-limit" in notes


def test_a_pack_keeps_time_to_judge_its_members_once_more(table, clock, monkeypatch):
    """A look takes 30 of the 100 seconds, all else none: the fourth epoch does not begin."""
    note = HeldOut.note

    def slowly(*arguments):
        clock[0] += 30.0
        return note(*arguments)

    monkeypatch.setattr(HeldOut, "note", slowly)
    model = gradum.fit(table, "y", model="pack", test=table.head(60), time_limit=100.0, **QUICK)
    rung = model.fitted.rungs["pack"]
    assert rung.status is Status.TIME_LIMIT
    assert clock[0] == 100.0 + 3 * 30.0


def test_late_scores_of_training_rows_are_those_of_some(table, clock, monkeypatch):
    monkeypatch.setattr(fit_predictions, "TRAINING_ROWS", 20)
    options = {**QUICK, "model": "linear", "test": table.head(60)}

    def late(event):
        clock[0] += 200.0 * (isinstance(event, RungFinished) and event.rung == "linear")

    whole = gradum.fit(table, "y", **options).fitted.judgement
    found = gradum.fit(table, "y", time_limit=100.0, on_event=late, **options).fitted.judgement
    assert found.rows == {**whole.rows, "train": 20}
    assert found.scores["linear"]["test"] == whole.scores["linear"]["test"]
    [note] = [note for note in found.notes if "training rows" in note]
    assert f"to score all {whole.rows['train']} training rows" in note
    assert "those of 20, drawn by chance" in note
    assert not [note for note in whole.notes if "training rows" in note]


def test_a_refit_for_which_no_time_is_left_is_left_out(table, clock):
    events, options = [], {**QUICK, "model": "linear", "test": table.head(60)}

    def late(event):
        events.append(event)
        clock[0] += 200.0 * isinstance(event, Judged)

    judged = gradum.fit(table, "y", **options)
    model = gradum.fit(table, "y", refit=True, time_limit=100.0, on_event=late, **options)
    assert model.fitted.provenance.fingerprint == judged.fitted.provenance.fingerprint
    assert not model.fitted.spec.refit
    [told] = [event.sentence for event in events if isinstance(event, NotRefitted)]
    assert told.startswith("The time limit left no time to refit the model on all rows")
    assert told in model.fitted.judgement.notes


def test_half_a_refit_is_not_kept(table, clock):
    """The refit of a network begins, and its share is over in its first epoch."""
    options = {**QUICK, "model": "mlp", "test": table.head(60)}
    judged = gradum.fit(table, "y", **options)
    told = []

    def late(event):
        told.append(type(event).__name__)
        clock[0] += 200.0 * (told.count("Judged") == 1 and told[-1] == "EpochDone")

    model = gradum.fit(table, "y", refit=True, time_limit=100.0, on_event=late, **options)
    assert told[-2:] == ["Stopped", "NotRefitted"]
    assert model.fitted.provenance.fingerprint == judged.fitted.provenance.fingerprint


def test_a_rung_that_the_limit_ends_is_noted_as_cut_short(table, clock):
    def late(event):
        clock[0] += 200.0 * isinstance(event, PathStep)

    options = {**QUICK, "model": "linear", "test": table.head(60)}
    found = gradum.fit(table, "y", on_event=late, time_limit=100.0, **options).fitted.judgement
    assert found.cut_short == ("linear",)
    assert gradum.fit(table, "y", time_limit=100.0, **options).fitted.judgement.cut_short == ()
