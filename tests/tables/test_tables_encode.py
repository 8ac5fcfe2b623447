"""The encoder as a whole: metamorphic relations, JSON, and what prediction may bring."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradum.errors import ModelFileError, SchemaError
from gradum.tables.encode import Encoder
from gradum.tables.kinds.design import Design
from gradum.tables.kinds.text import step as text_step
from gradum.tables.schema.schema import Column, Schema

DTYPES = {
    "numeric": pl.Float64,
    "boolean": pl.Boolean,
    "categorical": pl.String,
    "date": pl.Datetime("us"),
    "text": pl.String,
}
KINDS = {"size": "numeric", "sold": "boolean", "town": "categorical", "day": "date", "note": "text"}
WORDS = ["red", "Dress", "don't", "größe", "2024", "the"]

values = st.fixed_dictionaries(
    {
        "size": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "sold": st.none() | st.booleans(),
        "town": st.none() | st.sampled_from(["Rome", "Oslo", "", "São Paulo", "(missing)"]),
        "day": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
        "note": st.none() | st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    }
)
records = st.lists(values, min_size=1, max_size=25)


def schema(**kinds: str) -> Schema:
    return Schema("test", 0, tuple(Column(n, k, "feature") for n, k in kinds.items()))  # type: ignore[arg-type]


def table(rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: DTYPES[kind] for name, kind in KINDS.items()})


def text(design: Design) -> np.ndarray:
    if design.sparse is None:
        return np.zeros((len(design), 0))
    return design.sparse.toarray()


def assert_same(first: Design, second: Design) -> None:
    np.testing.assert_array_equal(first.dense, second.dense)
    np.testing.assert_array_equal(first.codes, second.codes)
    np.testing.assert_array_equal(text(first), text(second))
    assert first.layout == second.layout


@settings(max_examples=30, deadline=None)
@given(records, records)
def test_blocks_match_the_layout_and_are_finite(training, new):
    encoder = Encoder.fit(table(training), schema(**KINDS))
    for rows in (training, new):
        design = encoder.transform(table(rows))
        layout = design.layout
        assert design.dense.shape == (len(rows), len(layout.dense))
        assert design.codes.shape == (len(rows), len(layout.codes))
        assert text(design).shape == (len(rows), len(layout.sparse))
        assert design.dense.dtype == np.float64
        assert design.codes.dtype == np.int32
        assert np.isfinite(design.dense.astype(np.float32)).all()
        assert (design.codes >= 0).all()
        assert (design.codes <= np.array(layout.level_counts, dtype=int)).all()
        assert np.isfinite(text(design)).all()


@settings(max_examples=30, deadline=None)
@given(records)
def test_no_column_is_constant_among_the_training_rows(training):
    design = Encoder.fit(table(training), schema(**KINDS)).transform(table(training))
    for block in (design.dense, design.codes):
        assert all(len(np.unique(column)) > 1 for column in block.T)


@settings(max_examples=30, deadline=None)
@given(records, records)
def test_json_keeps_every_bit(training, new):
    encoder = Encoder.fit(table(training), schema(**KINDS))
    again = Encoder.from_json(encoder.to_json())
    assert again == encoder
    assert_same(again.transform(table(new)), encoder.transform(table(new)))


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(records, records)
def test_row_by_row_is_the_same_as_the_batch(training, new):
    encoder = Encoder.fit(table(training), schema(**KINDS))
    frame = table(new)
    batch = encoder.transform(frame)
    for row in range(len(new)):
        assert_same(encoder.transform(frame[row]), batch.take(np.array([row])))


@settings(max_examples=30, deadline=None)
@given(records, st.randoms(use_true_random=False))
def test_reordered_rows_are_reordered_designs(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    frame = table(rows)
    encoder = Encoder.fit(frame, schema(**KINDS))
    assert Encoder.fit(frame[order], schema(**KINDS)) == encoder
    assert_same(encoder.transform(frame[order]), encoder.transform(frame).take(np.array(order)))


@settings(max_examples=30, deadline=None)
@given(records, records)
def test_only_the_training_rows_are_looked_at(training, others):
    frame = table(others + training)
    alone = Encoder.fit(table(training), schema(**KINDS))
    positions = np.arange(len(others), len(frame))
    mask = np.isin(np.arange(len(frame)), positions)
    assert Encoder.fit(frame, schema(**KINDS), positions) == alone
    assert Encoder.fit(frame, schema(**KINDS), mask) == alone


def example() -> pl.DataFrame:
    notes = ["a red dress", "a red hat", None, "hat", "a red dress", "dress"]
    return pl.DataFrame(
        {
            "size": [1.0, 2.0, None, 4.0, 5.0, 6.0],
            "sold": [True, False, True, True, None, True],
            "town": ["Rome", "Oslo", "Rome", None, "Oslo", None],
            "day": [datetime(2024, 1, d) for d in range(1, 7)],
            "note": notes,
        }
    )


def test_every_column_maps_back_to_its_source():
    layout = Encoder.fit(example(), schema(**KINDS)).layout
    assert layout.sources == ("size", "sold", "day", "note", "town")
    assert [f.name for f in layout.dense if f.source in ("size", "sold")] == [
        "size",
        "size missing",
        "sold",
        "sold missing",
    ]
    assert layout.codes[0].source == "town"
    assert layout.codes[0].levels == ("(missing)", "Oslo", "Rome")
    assert {f.name for f in layout.sparse} >= {"note 'red'", "note 'a red'"}
    assert "day year sin" in {f.name for f in layout.dense}


def test_levels_and_ranges_of_the_training_rows_are_kept():
    encoder = Encoder.fit(example(), schema(**KINDS), np.array([0, 1, 2, 5]))
    assert encoder.ranges == {"size": (1.0, 6.0), "day": (19723.0, 19728.0)}
    assert set(encoder.levels["town"]) == {"Rome", "Oslo", "(missing)"}


def test_columns_wholly_missing_at_prediction():
    encoder = Encoder.fit(example(), schema(**KINDS))
    nothing = pl.DataFrame({name: [None, None] for name in KINDS})
    design = encoder.transform(nothing)
    assert np.isfinite(design.dense).all()
    assert design.codes.tolist() == [[1], [1]]
    assert text(design).sum() == 0


def test_no_rows_and_no_columns():
    encoder = Encoder.fit(example(), schema(**KINDS))
    empty = encoder.transform(example().head(0))
    assert len(empty) == 0
    assert empty.dense.shape == (0, len(encoder.layout.dense))
    nothing = Encoder.fit(example(), schema()).transform(example())
    assert nothing.dense.shape == (6, 0)
    assert nothing.codes.shape == (6, 0)
    assert nothing.sparse is None


def test_other_columns_and_their_order_do_not_matter():
    encoder = Encoder.fit(example(), schema(**KINDS))
    shuffled = example().select(*reversed(KINDS)).with_columns(target=pl.lit("x"))
    assert_same(encoder.transform(shuffled), encoder.transform(example()))


def test_text_columns_share_one_cap(monkeypatch):
    monkeypatch.setattr(text_step, "MOST_NGRAMS", 1_000)
    monkeypatch.setattr(text_step, "MOST_NGRAMS_IN_ALL", 2_000)
    words = pl.Series([f"w{i} w{i} v{i}" for i in range(1_200)] * 3)
    one = Encoder.fit(pl.DataFrame({"a": words}), schema(a="text"))
    assert len(one.layout.sparse) == 1_000 + 2_000  # of words, and of characters
    names = "abcd"
    four = Encoder.fit(
        pl.DataFrame(dict.fromkeys(names, words)), schema(**dict.fromkeys(names, "text"))
    )
    assert len(four.layout.sparse) == 2_000 + 4_000
    assert {f.source for f in four.layout.sparse} == set(names)


def test_a_feature_that_cannot_be_encoded_is_named():
    with pytest.raises(SchemaError, match=r"'town'.*'identifier'.*numeric"):
        Encoder.fit(example(), schema(town="identifier"))


@pytest.mark.parametrize(
    "damaged",
    [
        "{",
        '{"steps": [{"type": "closure", "source": "x"}]}',
        '{"steps": [{"type": "categorical", "source": "c", "levels": ["a", "a"]}]}',
        '{"steps": [{"type": "numeric", "source": "x", "median": "high"}]}',
    ],
)
def test_damaged_json_is_refused(damaged):
    with pytest.raises(ModelFileError, match="encoder"):
        Encoder.from_json(damaged)


def test_take_by_positions_and_by_mask():
    design = Encoder.fit(example(), schema(**KINDS)).transform(example())
    mask = np.array([False, True, False, False, True, False])
    assert_same(design.take(mask), design.take(np.array([1, 4])))
    twice = design.take(np.array([4, 4]))
    np.testing.assert_array_equal(twice.dense, design.dense[[4, 4]])
    np.testing.assert_array_equal(text(twice), text(design)[[4, 4]])


def test_importing_the_encoder_is_light():
    code = (
        "import sys, gradum.tables.encode; "
        "print({'jax', 'sklearn', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
