"""The second pass: sums over training rows, rows in memory, rows on disk."""

import numpy as np
import polars as pl
import pytest

from gradum.run.dataset import labelled
from gradum.run.source.row_parts import Parting
from gradum.run.source.second_pass import Encoding, divide
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.spool import Totals
from gradum.rungs.target_scale import TargetScale
from gradum.tables.encode import Encoder
from gradum.tables.kinds.blocks import Units
from gradum.tables.schema.schema import infer
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import opened
from gradum.tables.split import Part
from gradum.tables.table import Table
from synthetic import task

ROWS = 700


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("offset", [3.0, 1e9])
def test_the_scale_is_that_of_all_rows_together(log, offset):
    rng = np.random.default_rng(0)
    target, weight = offset + np.sort(rng.gamma(2.0, size=500)), rng.uniform(0.1, 5.0, 500)
    totals = Totals(0, log=log)
    for rows in np.split(np.arange(500), [0, 1, 2, 90, 400]):
        part = Totals(0, log=log)
        for some in np.array_split(rows, 2):
            part.add(target[some], weight[some])
        totals.merge(part)
    ours, theirs = totals.scale, TargetScale.fit(target, weight, log=log)
    assert (ours.low, ours.high, ours.log) == (theirs.low, theirs.high, theirs.log)
    assert ours.centre == pytest.approx(theirs.centre, rel=1e-14)
    assert ours.scale == pytest.approx(theirs.scale, rel=1e-6 if log and offset > 5 else 1e-9)


def test_a_target_that_never_varies_has_a_scale_of_1():
    totals = Totals(0, log=False)
    totals.add(np.full(9, 0.1), np.ones(9))
    assert totals.scale.scale == TargetScale.fit(np.full(9, 0.1), np.ones(9), log=False).scale


def test_classes_weigh_what_their_rows_weigh_at_a_mean_of_1():
    rng = np.random.default_rng(0)
    target, weight = rng.integers(0, 3, 100), rng.uniform(10.0, 50.0, 100)
    totals = Totals(4, log=False)
    for rows in np.split(np.arange(100), [0, 30, 31]):
        part = Totals(4, log=False)
        part.add(target[rows], weight[rows])
        totals.merge(part)
    expected = np.bincount(target, weight / weight.mean(), 4)
    np.testing.assert_allclose(totals.by_class, expected)
    assert totals.by_class[3] == 0


def divided(frame, target, stop=lambda: False, sampled=0.3):
    table = Table(frame, "t")
    schema = infer(table, target=target)
    whole = labelled(table, schema)
    encoder = Encoder.fit(whole.frame, schema)
    design = encoder.transform(whole.frame)
    units = Units(design.dense.mean(axis=0), np.ones(design.dense.shape[1]))
    parting = Parting(Spec(target).seed, 0.2, 0.1, sampled)
    with opened([frame]) as rows:
        encoding = Encoding(rows, schema, encoder, parting, units)
        with encoding.spool() as spool:
            held = divide(encoding, spool, Context(stop=stop))
            parts = [spool.read(segment) for segment in range(len(spool.lengths))]
    return held, parts, whole, design, parting, units


@pytest.mark.parametrize("block", [1, 64, 1_000])
def test_each_row_goes_where_its_part_belongs(block, monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_ROWS", block)
    frame = task("amount", ROWS if block > 1 else 60)
    frame = frame.with_columns(
        amount=pl.when(pl.int_range(pl.len()) % 11 == 3).then(None).otherwise("amount")
    )
    held, spooled, whole, design, parting, units = divided(frame, "amount")
    numbers = whole.numbers
    parts = parting.parts(numbers, None, None)
    train, sampled = parts == Part.TRAIN, parting.in_sample(numbers)
    kept = ~train | sampled
    np.testing.assert_array_equal(held.numbers, numbers[kept])
    np.testing.assert_array_equal(held.parts, parts[kept])
    assert held.frame.equals(whole.frame.filter(kept))
    np.testing.assert_array_equal(
        np.concatenate([part.target for part in spooled]), whole.target[train]
    )
    dense = np.concatenate([part.arrays["dense"] for part in spooled])
    np.testing.assert_allclose(dense, design.dense[train] - units.centre, rtol=1e-5, atol=1e-4)
    codes = np.concatenate([part.arrays["codes"] for part in spooled])
    np.testing.assert_array_equal(codes, design.codes[train])
    expected = TargetScale.fit(whole.target[train], np.ones(train.sum()), log=False)
    assert held.totals.scale.centre == pytest.approx(expected.centre)
    assert held.totals.scale.scale == pytest.approx(expected.scale)


def test_a_wish_to_stop_is_heard_after_a_block(monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_ROWS", 64)
    held, *_ = divided(task("amount", ROWS), "amount", stop=lambda: True)
    assert held.numbers.max() < 64
