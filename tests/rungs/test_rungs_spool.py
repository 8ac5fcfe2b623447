"""Encoded rows come back from disk as they went there."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from gradum.core.models.input_layer import InputLayer
from gradum.errors import DiskError
from gradum.rungs import spool as module
from gradum.rungs.rows import balance
from gradum.rungs.spool import Spool
from gradum.tables.kinds.blocks import Units
from gradum.tables.kinds.design import CodedColumn, Design, Feature, Layout

ROWS = 50
RNG = np.random.default_rng(0)
DENSE = RNG.normal(5.0, 3.0, (ROWS, 3))
CODES = RNG.integers(0, 4, (ROWS, 2)).astype(np.int32)
WORDS = sparse.random_array((ROWS, 5), density=0.3, rng=RNG).tocsr()
UNITS = Units(DENSE.mean(axis=0), DENSE.std(axis=0))


@pytest.fixture(autouse=True)
def short_segments(monkeypatch):
    monkeypatch.setattr(module, "SEGMENT_ROWS", 8)


def design(words=WORDS, dense=DENSE, codes=CODES):
    layout = Layout(
        tuple(Feature(f"x{k}", f"x{k}", "value") for k in range(dense.shape[1])),
        tuple(CodedColumn(f"c{k}", ("a", "b", "c")) for k in range(codes.shape[1])),
        () if words is None else tuple(Feature("w", f"w{k}", "words") for k in range(5)),
    )
    arrays = {"dense": np.asfortranarray(dense), "codes": codes}
    return Design(arrays | ({} if words is None else {"sparse": words}), layout)


def spooled(parts, rows=None, *, classes=0, units=UNITS, folder=None):
    rows = rows or design()
    target = np.arange(len(rows)) % 3 if classes else np.arange(len(rows)) / 7
    weight = np.linspace(0.5, 2.0, len(rows))
    spool = Spool(rows.layout, units, classes=classes, folder=folder)
    for part in np.split(np.arange(len(rows)), parts):
        spool.write(rows.take(part), target[part], weight[part])
    return spool, target, weight


@pytest.mark.parametrize("words", [None, WORDS], ids=["no text", "text"])
@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("pread", [True, False])
def test_rows_come_back_in_order(words, classes, pread, tmp_path, monkeypatch):
    if not pread:
        monkeypatch.delattr(os, "pread", raising=False)  # as on Windows
    rows = design(words)
    spool, target, weight = spooled([11, 11, 40], rows, classes=classes, folder=tmp_path)
    with spool:
        assert spool.lengths == (8, 3, 8, 8, 8, 5, 8, 2)
        assert len(spool) == ROWS
        assert spool.total_weight == pytest.approx(weight.sum())
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(spool.read, range(len(spool.lengths))))
    dense = np.concatenate([part.arrays["dense"] for part in parts])
    assert dense.dtype == np.float32
    np.testing.assert_allclose(dense, (DENSE - UNITS.centre) / UNITS.scale, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate([part.arrays["codes"] for part in parts]), CODES)
    np.testing.assert_array_equal(np.concatenate([part.target for part in parts]), target)
    np.testing.assert_array_equal(np.concatenate([part.weight for part in parts]), weight)
    if words is None:
        assert not any("sparse" in part.arrays for part in parts)
    else:
        found = sparse.vstack([part.arrays["sparse"] for part in parts]).toarray()
        np.testing.assert_allclose(found, WORDS.toarray(), rtol=1e-6)


@pytest.mark.parametrize(("classes", "rows"), [(0, 5), (4, 4), (60, 1)])
def test_segments_of_many_values_have_fewer_rows(classes, rows, monkeypatch):
    width = DENSE.shape[1] + 4 * CODES.shape[1]  # a code, and a column for each of its levels
    monkeypatch.setattr(module, "SEGMENT_VALUES", 4 * (width + 4))
    monkeypatch.setattr(module, "SEGMENT_ROWS", 8)
    spool = Spool(design(None).layout, UNITS, classes=classes)
    with spool:
        spool.write(design(None), np.zeros(ROWS), np.ones(ROWS))
        assert max(spool.lengths) == rows
        assert len(spool) == ROWS


def test_tables_without_dense_or_coded_columns():
    for rows in (design(None, dense=DENSE[:, :0]), design(None, codes=CODES[:, :0])):
        units = Units(*(each[: rows.dense.shape[1]] for each in (UNITS.centre, UNITS.scale)))
        spool, _, _ = spooled([20], rows, units=units)
        with spool:
            part = spool.read(1)
            assert part.arrays["dense"].shape == (8, rows.dense.shape[1])
            np.testing.assert_array_equal(part.arrays["codes"], rows.codes[8:16])


def test_no_rows_make_no_segment():
    spool = Spool(design().layout, UNITS, classes=0)
    with spool:
        spool.write(design().take(np.arange(0)), np.empty(0), np.empty(0))
        assert (len(spool), spool.lengths, spool.bytes) == (0, (), 0)


def test_the_file_has_no_name(tmp_path):
    spool, _, _ = spooled([20], folder=tmp_path)
    with spool:
        assert list(tmp_path.iterdir()) == []
        assert spool.bytes > 0


def test_balanced_classes_weigh_the_same():
    spool, target, weight = spooled([20], classes=True)
    with spool:
        spool.weigh(balance(np.bincount(target, weight)))
        parts = [spool.read(segment) for segment in range(len(spool.lengths))]
        found = np.concatenate([part.weight for part in parts])
        totals = np.bincount(target, found)
        np.testing.assert_allclose(totals, weight.sum() / 3)
        assert found.sum() == pytest.approx(spool.total_weight)
        for code in range(3):  # within a class, weights keep their ratios
            ratio = found[target == code] / weight[target == code]
            np.testing.assert_allclose(ratio, ratio[0])


def test_the_input_layer_takes_standard_units_as_it_takes_raw_ones():
    raw = design(None)
    wide = DENSE * [1.0, 1e6, 1e-6] + [0.0, 1e9, 0.0]
    units = Units(wide.mean(axis=0), wide.std(axis=0))
    for style in ("robust", "standard"):
        layer = InputLayer.fit(wide, (3, 3), ("one_hot", "sign"), style=style)
        standard = ((wide - units.centre) / units.scale).astype(np.float32)
        ours = layer.in_units(units.centre, units.scale)({**raw.arrays, "dense": standard})["dense"]
        theirs = layer({**raw.arrays, "dense": wide})["dense"]
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_a_full_disk_is_said_in_one_line(tmp_path):
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with (
            pytest.raises(DiskError, match=r"encoded rows: File too large.*TMPDIR"),
            Spool(design().layout, UNITS, classes=0, folder=tmp_path) as spool,
        ):
            spool.write(design(), np.zeros(ROWS), np.ones(ROWS))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_rows_written_after_reading_follow_the_others(monkeypatch):
    monkeypatch.delattr(os, "pread", raising=False)  # so that reading moves the file's position
    rows, target, weight = design(), np.arange(ROWS) / 7, np.ones(ROWS)
    with Spool(rows.layout, UNITS, classes=0) as spool:
        spool.write(rows.take(np.arange(8)), target[:8], weight[:8])
        spool.read(0)
        spool.write(rows.take(np.arange(8, 16)), target[8:16], weight[8:16])
        np.testing.assert_array_equal(spool.read(0).target, target[:8])
        np.testing.assert_array_equal(spool.read(1).target, target[8:16])
