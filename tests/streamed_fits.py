"""Fits of tables in batches, made small enough that several blocks, segments and pools occur."""

import polars as pl

import gradum
from gradum.run.source import row_parts, rows_in_blocks
from gradum.rungs import spool
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.solvers import pool
from gradum.tables.sources import stream
from synthetic import FEW

ROWS = 3_000
QUICK = {
    "linear": LinearSpec(strengths=(100.0, 10.0, 1.0), folds=2),
    "mlp": MLPSpec(hidden_layer_sizes=(8,), max_epochs=4),
    "pack": FEW,  # of the fits in memory that are compared with
    "learning_curve": False,
}


def make_small(monkeypatch):
    """Blocks of 400 rows, segments of 128, pools of 512, and samples of 1,000 rows."""
    monkeypatch.setattr(stream, "BLOCK_ROWS", 400)
    monkeypatch.setattr(stream, "WINDOW_ROWS", 64)
    monkeypatch.setattr(rows_in_blocks, "SAMPLED_ROWS", 1_000)
    monkeypatch.setattr(spool, "SEGMENT_ROWS", 128)
    monkeypatch.setattr(pool, "POOL_ROWS", 512)
    monkeypatch.setattr(row_parts, "MOST_SAMPLED", 1_000)


def batches(frame, size=250):
    """The rows in batches."""
    return (frame[at : at + size] for at in range(0, len(frame), size))


def streamed(frame, target, **options):
    """A quick fit of the rows in batches."""
    return gradum.fit(batches(frame), target, **(QUICK | options))


def score(model, rung, metric="log_loss"):
    """A rung's figure on the test rows."""
    scores = model.scores.filter((pl.col("rung") == rung) & (pl.col("part") == "test"))
    return scores.filter(metric=metric)["value"].item()
