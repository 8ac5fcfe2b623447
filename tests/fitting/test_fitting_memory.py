"""What a fit in memory holds besides the table: its columns once, and a few numbers a row."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from gradum.fitting.dataset import labelled
from gradum.fitting.ladder import climb
from gradum.fitting.options import make_spec
from gradum.solvers.driver import solve
from gradum.tables.encode import Encoder
from gradum.tables.read import read
from gradum.tables.schema import infer
from gradum.tables.split import Part

ROWS, COLUMNS = 120_000, 20


def table(task, categories=0):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
    y = x[:, :4].sum(axis=1) + rng.standard_normal(ROWS, dtype=np.float32)
    target = pl.Series(np.where(y > 0, "yes", "no")) if task == "binary" else pl.Series(y)
    frame = pl.DataFrame({f"x{k}": column for k, column in enumerate(x.T)}).with_columns(y=target)
    for name in frame.columns[:categories]:
        levels = frame[name].clip(-3, 3).round().cast(pl.Int8).cast(pl.String)
        frame = frame.with_columns(("level " + levels).alias(name))
    return frame


def most_held(task, model, categories=0):
    """Return the most that NumPy holds while the rungs are fitted, in float32 tables."""
    spec = make_spec("y", model=model, task=task, max_epochs=1)
    raw = read(table(task, categories))
    schema = infer(raw, target="y", task=task)
    dataset = labelled(raw, schema)
    parts = np.full(ROWS, Part.TRAIN, np.int8)
    parts[::5], parts[1::5] = Part.VALIDATION, Part.TEST
    encoder = Encoder.fit(dataset.frame, schema, np.flatnonzero(parts == Part.TRAIN))
    tracemalloc.start()
    try:
        solve(climb(spec, dataset.rows(encoder), parts, stop=lambda: False))
        return tracemalloc.get_traced_memory()[1] / (4 * ROWS * COLUMNS)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_linear_fit_holds_its_columns_once(task):
    # Four fifths of the rows in float64 are 1.6 tables; the rest are blocks and numbers a row.
    assert most_held(task, "linear") < 3.2


def test_a_level_is_held_in_a_byte():
    # Seven levels of five columns would be 2.8 tables in float64, and 0.35 are they in bytes.
    assert most_held("binary", "linear", categories=5) < 4.8


def test_a_network_holds_float64_columns_only_while_they_are_measured():
    # Three fifths of the rows in float64 are 1.2 tables, in float32 0.6, validation 0.2 more.
    assert most_held("binary", "mlp") < 4.2
