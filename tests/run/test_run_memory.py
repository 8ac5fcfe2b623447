"""The memory of a fit besides the table: its columns once, and a few numbers a row."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from gradum.run.dataset import labelled
from gradum.run.ladder.ladder import climb
from gradum.run.options.options import make_spec
from gradum.rungs.context import ALONE
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.robust_layer import robust_layer
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
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


def rows_and_parts(raw, task):
    """Return a table's rows, unencoded, and the part of each."""
    schema = infer(raw, target="y", task=task)
    dataset = labelled(raw, schema)
    parts = np.full(ROWS, Part.TRAIN, np.int8)
    parts[::5], parts[1::5] = Part.VALIDATION, Part.TEST
    encoder = Encoder.fit(dataset.frame, schema, np.flatnonzero(parts == Part.TRAIN))
    return dataset.rows(encoder), parts


def most_traced(work):
    """Return the most that NumPy holds while something is done, in float32 tables."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / (4 * ROWS * COLUMNS)
    finally:
        tracemalloc.stop()


def most_held(task, model, categories=0):
    """Return the most that NumPy holds while the rungs are fitted, in float32 tables."""
    spec = make_spec("y", model=model, task=task, max_epochs=1)
    rows, parts = rows_and_parts(read(table(task, categories)), task)
    return most_traced(lambda: climb(spec, InMemory(rows, parts), ALONE))


def test_numbers_that_are_given_in_float32_are_not_copied():
    raw = read(table("regression"))
    features = labelled(raw, infer(raw, target="y")).frame.drop("y")
    kept, given = (
        column.to_arrow().buffers()[1].address for column in (features["x0"], raw.frame["x0"])
    )
    assert kept == given
    assert features.estimated_size() == 4 * ROWS * COLUMNS


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_linear_fit_holds_its_columns_once(task):
    # Four fifths of the rows in float64 are 1.6 tables; the rest are blocks and numbers a row.
    assert most_held(task, "linear") < 3.2


def test_a_level_is_held_in_a_byte():
    # Seven levels of five columns would be 2.8 tables in float64, and 0.35 are they in bytes.
    assert most_held("binary", "linear", categories=5) < 4.8


def test_a_networks_columns_are_measured_one_after_the_other():
    # One of 20 columns in float64 is a tenth of a table, and quantiles and clipping copy it.
    rows, _ = rows_and_parts(read(table("binary")), "binary")
    assert most_traced(lambda: robust_layer(rows)) < 0.7


@pytest.mark.slow
def test_a_network_holds_its_columns_in_float32():
    # Three fifths of the rows are 0.6 tables, validation 0.2 more; the rest are batches.
    assert most_held("binary", "mlp") < 4.2
