"""The demands on every encoder step: data whose outputs are named, finite and a row's own."""

import datetime as dt
import math
from functools import cache

import numpy as np
import polars as pl
import pytest

from gradum.tables.columns import FEATURE_KINDS
from gradum.tables.encode import Encoder
from gradum.tables.kinds import STEPS
from gradum.tables.schema.schema import Column, Schema
from grids import pictures, series, sounds

N = 40
RNG = np.random.default_rng(0)
WORDS = ["red", "Dress", "don't", "größe", "2024", "the"]
DAYS = [dt.datetime(2021, 3, 1) + dt.timedelta(days=11 * i, hours=7 * i) for i in range(N)]

EXAMPLES = {  # typed as `check` leaves a column
    "numeric": pl.Series(RNG.normal(50.0, 10.0, N).tolist()),
    "boolean": pl.Series([True, False, False, True] * 10),
    "categorical": pl.Series(["Rome", "Oslo", "", "São Paulo", "Oslo"] * 8),
    "date": pl.Series(DAYS, dtype=pl.Datetime("us")),
    "time_of_day": pl.Series([dt.time(5 + i % 18, 7 * i % 60) for i in range(N)]),
    "text": pl.Series([" ".join(RNG.choice(WORDS, 1 + i % 5)) for i in range(N)]),
    "sound": sounds(*[20 + 7 * i % 60 for i in range(N)]),
    "series": series(*[10 + 7 * i % 30 for i in range(N)], channels=2),
    "picture": pictures(*[(9 + i % 4, 8 + i % 3, 3 if i % 5 else 1) for i in range(N)]),
}
NEW = {  # what training did not have
    "numeric": [-1e308, 1e308, 0.0],
    "boolean": [True, False],
    "categorical": ["Paris", "rome", "(missing)", "\x00"],
    "date": [dt.datetime(1000, 1, 1), dt.datetime(2999, 12, 31, 23, 59)],
    "time_of_day": [dt.time(0), dt.time(23, 59, 59, 999_999)],
    "text": ["", "!?", "unheard of", "red red red " * 500],
    "sound": [*sounds(1, 300), *pictures((8, 8, 1)), b"\x93grid1s"],
    "series": [*series(1, 2, 300), *series(20, channels=3), *sounds(9), b"\x93grid1t"],
    "picture": [*pictures((1, 1, 1), (96, 2, 3), (11, 10, 3)), b"", b"no picture"],
}
EVERY_SEVENTH = pl.Series(np.arange(N) % 7 == 0)
FAMILIES = ("complete", "with gaps")
CASES = [(kind, family) for kind in EXAMPLES for family in FAMILIES]
every_case = pytest.mark.parametrize(("kind", "family"), CASES)


def training(kind, family):
    values = EXAMPLES[kind]
    return values if family == "complete" else values.set(EVERY_SEVENTH, None)


def frame(values):
    return values.alias("the column").to_frame()


@cache
def fitted(kind, family):
    schema = Schema("toy.csv", N, (Column("the column", kind, "feature"),))
    return Encoder.fit(frame(training(kind, family)), schema)


def blocks(encoder, values):
    """The design's blocks as dense arrays."""
    design = encoder.transform(frame(values))
    text = np.zeros((len(values), 0)) if design.sparse is None else design.sparse.toarray()
    grids = [g.reshape(len(values), math.prod(c.shape)) for c, g in design.grid_columns()]
    return design.dense, design.codes, text, *grids


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def new(kind):
    return pl.Series([*NEW[kind], None], dtype=EXAMPLES[kind].dtype)


def test_every_step_has_its_example_here():
    assert set(EXAMPLES) == set(NEW) == set(STEPS) == set(FEATURE_KINDS)


@every_case
def test_every_output_is_named_and_traced_to_its_column(kind, family):
    encoder = fitted(kind, family)
    layout, outputs = encoder.layout, blocks(encoder, training(kind, family))
    named = (layout.dense, layout.codes, layout.sparse)
    widths = [len(names) for names in named] + [math.prod(grid.shape) for grid in layout.grids]
    assert [block.shape[1] for block in outputs] == widths
    assert sum(widths) > 0
    assert layout.sources == ("the column",)
    assert all(output.source == "the column" for names in named for output in names)
    features = [feature.name for feature in (*layout.dense, *layout.sparse)]
    assert len(set(features)) == len(features)
    assert all(name.startswith("the column") for name in features)


@every_case
def test_outputs_are_finite_and_none_is_constant_in_training(kind, family):
    encoder = fitted(kind, family)
    dense, codes, text, *_ = outputs = blocks(encoder, training(kind, family))
    assert [block.dtype for block in (dense, codes)] == [np.float64, np.int32]
    for block in outputs:
        assert np.isfinite(block).all()
    varied = np.array([not column.traits.is_of_grid for column in encoder.layout.dense], bool)
    for block in (dense[:, varied], codes, text):  # of many numbers of a grid, a few may be alike
        assert all(len(np.unique(column)) > 1 for column in block.T)
    assert len(text) == N


@every_case
def test_a_row_by_itself_is_the_row_of_the_whole(kind, family):
    encoder = fitted(kind, family)
    values = pl.concat([training(kind, family), new(kind)])
    together = blocks(encoder, values)
    for row in range(len(values)):
        alone = blocks(encoder, values[row : row + 1])
        assert_same(alone, [block[row : row + 1] for block in together])


@every_case
def test_json_keeps_every_bit(kind, family):
    encoder = fitted(kind, family)
    again = Encoder.from_json(encoder.to_json())
    assert again == encoder
    assert again.layout == encoder.layout
    assert again.to_json() == encoder.to_json()
    values = pl.concat([training(kind, family), new(kind)])
    assert_same(blocks(again, values), blocks(encoder, values))


@every_case
def test_new_and_missing_values_have_their_place(kind, family):
    encoder = fitted(kind, family)
    dtype = EXAMPLES[kind].dtype
    for values in (new(kind), pl.Series([None] * 3), pl.Series([None] * 3, dtype=dtype)):
        dense, codes, text, *_ = blocks(encoder, values)
        for block in (dense.astype(np.float32), text):
            assert np.isfinite(block).all()
        assert ((codes >= 0) & (codes <= np.array(encoder.layout.level_counts))).all()
    assert all(len(block) == 0 for block in blocks(encoder, EXAMPLES[kind][:0]))


@every_case
def test_the_order_of_the_training_rows_does_not_matter(kind, family):
    encoder, values = fitted(kind, family), training(kind, family)
    order = np.random.default_rng(1).permutation(N)
    schema = Schema("toy.csv", N, (Column("the column", kind, "feature"),))
    assert Encoder.fit(frame(values.gather(order)), schema) == encoder
    chosen = Encoder.fit(frame(pl.concat([values, new(kind)])), schema, np.arange(N))
    assert chosen == encoder  # rows that are not trained on leave no trace
    if kind != "categorical":  # whose level of missing values is one of its codes
        gap = [feature.kind for feature in encoder.layout.dense].count("missing")
        assert gap == (family == "with gaps")


@pytest.mark.parametrize("kind", STEPS)
def test_a_column_without_a_value_leaves_nothing(kind):
    schema = Schema("toy.csv", 3, (Column("the column", kind, "feature"),))
    empty = frame(pl.Series([None] * 3, dtype=EXAMPLES[kind].dtype))
    encoder = Encoder.fit(empty, schema)
    assert encoder.layout.sources == ()
    assert Encoder.from_json(encoder.to_json()) == encoder
    assert_same(blocks(encoder, EXAMPLES[kind])[:1], [np.zeros((N, 0))])
