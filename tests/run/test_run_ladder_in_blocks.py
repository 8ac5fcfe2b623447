"""A fit of blocks is as good as one of the same rows in memory, and goes on where it stopped."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import TargetError
from gradum.run import plan as fitting_plan
from gradum.run.events.events import Passed, Resumed
from gradum.run.fingerprint import fingerprint
from gradum.run.options.options import make_spec
from gradum.run.run import run
from gradum.run.source.row_parts import HELD_CELL, Parting
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.run.spec.spec import LEAST_MEMORY
from gradum.rungs.checkpoints import NO_CHECKPOINTS
from gradum.rungs.context import Context
from gradum.solvers import ChunkDone, pool
from gradum.tables.sources.open_stream import opened
from gradum.tables.split import Part
from kept_in_memory import Kept
from streamed_fits import QUICK, ROWS, batches, make_small, score, streamed
from synthetic import task


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    make_small(monkeypatch)


def assert_as_good(frame, target, metric, margin, monkeypatch, **options):
    """Both fits on the parts of the streamed one, so that the same rows judge."""
    ours = streamed(frame, target, **options)
    parts = Parting.of(make_spec(target), len(frame), HELD_CELL * frame.width, 2**34, None)
    kept = parts.parts(np.arange(len(frame)), None, None)
    monkeypatch.setattr(fitting_plan, "hold_out", lambda *_, **__: kept)
    theirs = gradum.fit(frame, target, **(QUICK | options))
    assert ours.run.fitted.judgement.how.startswith(f"Judged on {(kept == Part.TEST).sum():,} held")
    for rung in ("baseline", "linear", "mlp"):
        one, other = score(ours, rung, metric), score(theirs, rung, metric)
        assert one == pytest.approx(other, rel=margin), rung
    return ours, theirs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "metric"), [("label", "log_loss"), ("grade", "log_loss"), ("amount", "rmse")]
)
def test_it_predicts_as_well_as_a_fit_in_memory(target, metric, monkeypatch):
    ours, theirs = assert_as_good(task(target, ROWS), target, metric, 0.1, monkeypatch)
    # The linear rung is convex: given one penalty, only the units differ that it is measured in.
    fits = [each.run.fitted.rungs["linear"] for each in (ours, theirs)]
    assert fits[0].status.value == "converged"
    assert score(ours, "linear", metric) == pytest.approx(score(theirs, "linear", metric), rel=0.02)
    assert score(ours, "baseline", metric) == pytest.approx(
        score(theirs, "baseline", metric), rel=0.01
    )


@pytest.mark.slow
def test_the_logarithm_of_the_target(monkeypatch):
    frame = task("amount", ROWS).with_columns((pl.col("amount") / 10).exp().alias("amount"))
    ours, _ = assert_as_good(frame, "amount", "rmse", 0.15, monkeypatch, log_target=True)
    assert ours.run.fitted.rungs["linear"].target_scale.log
    assert ours.run.fitted.rungs["linear"].target_scale.smearing > 1
    low = frame.with_columns(
        amount=pl.when(pl.int_range(ROWS) == 2_345).then(0.0).otherwise("amount")
    )
    with pytest.raises(TargetError, match="logarithm"):
        streamed(low, "amount", log_target=True)


@pytest.mark.slow
def test_rows_sorted_by_the_target_are_no_hindrance():
    for target, metric in (("label", "log_loss"), ("amount", "rmse")):
        frame = task(target, ROWS).sort(target)
        ours = streamed(frame, target)
        assert ours.run.fitted.rungs["linear"].status.value == "converged"
        for rung in ("linear", "mlp"):
            assert score(ours, rung, metric) < 0.8 * score(ours, "baseline", metric)


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [1, 5, 9])
def test_a_run_that_was_cut_short_goes_on_to_the_same_weights(chunks, monkeypatch):
    monkeypatch.setattr(pool, "MOST_STEPS", 4)  # chunks within an epoch
    frame = task("label", 1_500)
    spec = make_spec("label", max_memory=LEAST_MEMORY, **QUICK)

    def followed(checkpoints, seen, stop=lambda: False):
        context = Context(tell=seen.append, stop=stop, checkpoints=checkpoints)
        with opened(batches(frame)) as rows:
            return run(spec, RowsInBlocks(rows), context=context)

    whole, kept, seen = followed(NO_CHECKPOINTS, []), Kept(), []
    first = followed(
        kept, seen, lambda: sum(isinstance(each, ChunkDone) for each in seen) >= chunks
    )
    assert first.interrupted
    assert set(kept.rungs) == {"fit-linear"}
    more = []
    again = followed(kept, more)
    assert any(isinstance(each, Resumed) for each in more)
    assert not any(isinstance(each, Passed) for each in more)  # the linear rung is kept
    prints = [fingerprint(each.fitted.rungs.values()) for each in (again, whole)]
    assert prints[0] == prints[1]
