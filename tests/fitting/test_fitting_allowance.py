"""The time of a run, shared among its fits."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.fitting import allowance
from gradum.fitting.allowance import Allowance
from gradum.fitting.rungs import KINDS
from gradum.solvers.status import Status

QUICK = {"effort": "quick", "max_epochs": 4, "learning_curve": False, "seed": 1}


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets: a list of one moment."""
    now = [100.0]
    monkeypatch.setattr(allowance, "perf_counter", lambda: now[0])
    return now


def test_under_a_tight_limit_each_fit_gets_its_part_of_what_is_left(clock):
    shared = Allowance(110.0, [10.0, 20.0, 10.0], judging=10.0)
    assert shared.next() == pytest.approx(102.0)  # 10 of 50 expected, of 10 s
    clock[0] = 101.0  # a second less than its part
    assert shared.next() == pytest.approx(101.0 + 9.0 * 20 / 40)
    clock[0] = 109.0
    assert shared.next() == pytest.approx(109.5)


def test_a_wide_limit_cuts_short_nothing_that_leaves_the_others_enough(clock):
    shared = Allowance(1100.0, [10.0, 20.0], judging=5.0)
    assert shared.next() == pytest.approx(1100.0 - 2 * 25.0)
    assert shared.next() == pytest.approx(1100.0 - 2 * 5.0)


def test_a_fit_of_which_little_is_expected_gets_a_tenth_of_three(clock):
    shared = Allowance(250.0, [0.1, 50.0, 100.0], judging=10.0)
    assert shared.next() == pytest.approx(100.0 + 150.0 * 0.3 / 3)
    assert shared.next() == pytest.approx(100.0 + 150.0 * 50 / 160)


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
    assert "linear ran out of time in 4 of 4 fits. The run's time limit ended it" in notes
    assert "left no time for MLP and pack; allow more with --time-limit" in notes
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


def test_a_limit_that_is_not_reached_changes_nothing(table):
    free, limited = (
        gradum.fit(table, "y", test=table.head(60), **limit, **QUICK)
        for limit in ({}, {"time_limit": 10_000.0})
    )
    assert limited.fitted.provenance.fingerprint == free.fitted.provenance.fingerprint
