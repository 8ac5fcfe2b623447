"""Means, products and residuals in blocks, against the same of the whole matrix."""

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.solvers import moments
from gradum.solvers.matrix import Columns
from gradum.solvers.moments import BlockedColumns, Frame, Moments


def table(kind="C"):
    rng = np.random.default_rng(3)
    dense = np.asarray(rng.normal(5.0, 2.0, (700, 4)), order="F" if kind == "F" else "C")
    weight = None if kind == "unweighted" else rng.uniform(0, 2, 700)
    sparse = sp.random_array((700, 3), density=0.2, rng=rng, format="csr")
    columns = Columns.of(dense, sparse) if kind == "sparse" else Columns.of(dense)
    target = rng.normal(3.0, 1.0, 700)
    return columns, target, weight, np.ones(700) if weight is None else weight


@pytest.mark.parametrize("kind", ["C", "F", "sparse", "unweighted"])
@pytest.mark.parametrize("centred", [True, False])
def test_moments_are_those_of_the_standardised_columns(kind, centred, monkeypatch):
    monkeypatch.setattr(moments, "FEWEST_ROWS_PER_BLOCK", 64)
    monkeypatch.setattr(moments, "ENTRIES_PER_BLOCK", 64)
    columns, target, weight, v = table(kind)
    x, share = columns.to_dense(), v / v.sum()
    centre = share @ x if centred else np.zeros(x.shape[1])
    scale = np.sqrt(share @ (x - centre) ** 2)
    z, level = (x - centre) / scale, share @ target if centred else 0.0
    found = Moments.of(BlockedColumns(columns, target, weight), centred=centred)
    np.testing.assert_allclose(found.frame.centre, centre, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.frame.scale, scale, rtol=1e-13)
    np.testing.assert_allclose(found.level, level, rtol=1e-13)
    np.testing.assert_allclose(np.triu(found.gram), np.triu(z.T * share @ z), atol=1e-13)
    np.testing.assert_allclose(found.cross, z.T @ (share * (target - level)), atol=1e-13)
    np.testing.assert_allclose(found.frame.expand(columns), z, atol=1e-13)


@pytest.mark.parametrize("kind", ["C", "F", "sparse", "unweighted"])
def test_the_slope_is_that_of_the_residual(kind, monkeypatch):
    monkeypatch.setattr(moments, "FEWEST_ROWS_PER_BLOCK", 64)
    monkeypatch.setattr(moments, "ENTRIES_PER_BLOCK", 64)
    columns, target, weight, v = table(kind)
    x, share = columns.to_dense(), v / v.sum()
    origin = np.array([5.0, 4.0, 6.0, 5.0, 0.0, 0.0, 0.0])[: x.shape[1]]
    b = np.linspace(-1.0, 1.0, x.shape[1])
    residual = target - (x - origin) @ b - 0.7
    slope, level, squares = BlockedColumns(columns, target, weight).slope(b, origin, 0.7)
    np.testing.assert_allclose(slope, (x - origin).T @ (share * residual), rtol=1e-12)
    np.testing.assert_allclose(level, share @ residual, rtol=1e-12)
    np.testing.assert_allclose(squares, share @ residual**2, rtol=1e-12)


def test_rows_out_of_the_ordinary_at_every_sampled_place_cost_no_digits():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50_000, 2))
    x[np.linspace(0, len(x) - 1, 1000).astype(int)] += 1e7
    weight = np.ones(len(x))
    weight[x[:, 0] > 1e6] = 0.0
    found = Moments.of(BlockedColumns(Columns.of(x), x[:, 0], weight), centred=True)
    kept = x[weight > 0]
    np.testing.assert_allclose(found.frame.centre, kept.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.frame.scale, kept.std(axis=0), rtol=1e-9)


@pytest.mark.parametrize("value", [0.1, 1e6 + 0.1, -3.0, 0.0])
def test_a_constant_column_has_no_spread_whatever_its_value(value):
    weight = np.random.default_rng(0).uniform(size=1000)
    constant = np.full((1000, 1), value)
    for columns in (Columns.of(constant), Columns.of(sp.csr_array(constant))):
        frame = Frame.of(columns, weight / weight.sum(), centred=True)
        measured = Moments.of(BlockedColumns(columns, weight, weight), centred=True)
        for found in (frame, measured.frame):
            assert not found.alive.any()
            assert not found.expand(columns).any()
        assert not measured.gram.any()
