"""Packs within whole runs: hold-outs, folds, groups, times, and the refit on all rows."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from pack_tables import TINY, numbers

import gradum
from gradum.errors import SpecError
from gradum.run.spec.spec import SplitSpec
from gradum.rungs.pack import fit as module
from gradum.rungs.pack import training
from gradum.rungs.pack.held_out import HeldOut
from gradum.solvers.solution import Status
from gradum.tables.split import Part
from ladder import PLAIN_LADDER
from synthetic import FOLDS_ONCE, SHORT
from synthetic import TINY as TINY_MLP

QUICK = {"mlp": TINY_MLP, "linear": SHORT, "pack": TINY, "split": FOLDS_ONCE}
ONCE = {**QUICK, "split": SplitSpec(small_table_rows=0)}


def table(target="y", rows=500):
    return numbers(rows).select("x0", "x1", "x2", target)


@pytest.fixture
def watched(monkeypatch):
    """Rows, validation rows, spec and options of every pack; none is trained for long."""
    noted = []
    fit_pack = module.fit_pack

    def watching(rows, validation, spec, context, **options):
        noted.append((rows, validation, spec, options))
        rung = fit_pack(rows, validation, spec, replace(context, stop=lambda: True), **options)
        return replace(rung, status=Status.COMPLETED)  # as far as the run knows

    monkeypatch.setattr("gradum.rungs.pack.kind.fit_pack", watching)
    return noted


def test_a_pack_learns_from_all_rows_but_those_that_judge_it(watched):
    model = gradum.fit(table(), "y", model="pack", **ONCE)
    run = model.run
    ((rows, validation, spec, options),) = watched
    learned = (run.parts == Part.TRAIN) | (run.parts == Part.VALIDATION)
    np.testing.assert_array_equal(rows.target, run.dataset.target[learned])
    np.testing.assert_array_equal(validation, run.parts[learned] == Part.VALIDATION)
    assert spec == TINY
    assert options["seconds"] is None
    assert list(model.fitted.rungs) == ["baseline", "pack"]
    # What is said of the judging rows is what the kept pack says of them.
    tested = run.dataset.frame.filter(pl.Series(run.parts == Part.TEST))
    said = run.judged.predictions["pack"].value
    np.testing.assert_array_equal(said, model.predict(tested, rung="pack"))


def test_the_metric_of_the_verdict_is_the_pack_s(watched):
    gradum.fit(table("flag"), "flag", model="pack", metric="auc", refit=True, **ONCE)
    assert len(watched) > 1  # once more on all rows
    assert [options["metric"] for *_, options in watched] == ["auc"] * len(watched)


def test_the_ladder_ends_in_the_pack():
    model = gradum.fit(table(), "y", **ONCE)
    assert list(model.fitted.rungs) == list(PLAIN_LADDER)
    assert all("pack" in scores for scores in [model.fitted.judgement.scores])


def test_a_refit_is_of_all_rows(watched):
    straight = table().with_columns(y=pl.col("y") + 3 * pl.col("x2"))
    model = gradum.fit(straight, "y", model="pack", refit=True, **ONCE)
    assert model.used == "pack"  # which begins with a linear model
    assert list(model.fitted.rungs) == ["pack"]
    assert [len(rows) for rows, *_ in watched] == [400, 500]
    assert not watched[1][1].any()


def test_packs_get_what_the_rest_of_the_run_leaves(watched):
    """Of far more than the run needs, each could take nearly all that is left."""
    model = gradum.fit(table(), "y", model="pack", cv=2, time_limit=60_000.0, **QUICK)
    seconds = [options["seconds"] for *_, options in watched]
    assert len(seconds) == 1 + len(model.run.judges)
    assert all(30_000 < each < 60_000 for each in seconds)


def test_groups_times_and_class_weights_reach_the_pack(watched):
    group = pl.Series("g", [f"group {k % 25}" for k in range(500)])
    gradum.fit(table().with_columns(group), "y", model="pack", group="g", **ONCE)
    rows = watched[-1][0]
    assert len(np.unique(rows.groups)) > 10
    when = pl.Series("when", np.datetime64("2020-01-01") + np.arange(500)).cast(pl.Datetime("us"))
    gradum.fit(table().with_columns(when), "y", model="pack", time="when", **ONCE)
    rows = watched[-1][0]
    assert len(rows.time) == len(rows)
    gradum.fit(table("grade"), "grade", model="pack", class_weight="balanced", **ONCE)
    rows = watched[-1][0]
    totals = np.bincount(rows.target, weights=rows.weight)
    np.testing.assert_allclose(totals, totals.mean(), rtol=1e-9)


def test_a_run_that_is_stopped_keeps_what_it_has():
    calls = iter(range(10**9))
    model = gradum.fit(table(), "y", model="pack", stop=lambda: next(calls) > 3, **ONCE)
    assert "baseline" in model.fitted.rungs
    assert model.run.interrupted
    assert np.isfinite(model.predict(table())).all()


def test_options_that_make_no_pack_are_refused():
    for options, match in (
        ({"effort": "huge"}, "no effort 'huge'"),
        ({"time_limit": 0.0}, "time limit"),
        ({"pack": {"folds": 1}}, "folds"),
        ({"pack": {"forest": 1}}, "pack cannot be used"),
        ({"model": "packs"}, "no model 'packs'"),
    ):
        with pytest.raises(SpecError, match=match) as refused:
            gradum.fit(table(), "y", **options)
        assert refused.value.remedy


def test_a_pack_that_ran_out_of_time_says_so_and_names_the_remedy(monkeypatch):
    """By a clock on which the first look at its members takes all of it."""
    clock, note_members = [0.0], HeldOut.note

    def slowly(*arguments):
        clock[0] += 1e6
        return note_members(*arguments)

    monkeypatch.setattr(HeldOut, "note", slowly)
    for part in (module, training):
        monkeypatch.setattr(part, "perf_counter", lambda: clock[0])
    model = gradum.fit(table(), "y", model="pack", cv=2, time_limit=60_000.0, **QUICK)
    (note,) = [each for each in model.fitted.judgement.notes if "ran out of time" in each]
    assert re.match(
        r"network ensemble ran out of time in (\d) of \1 fits\. The time limit ended", note
    )
    assert "--time-limit" in note
    assert "--effort" in note
