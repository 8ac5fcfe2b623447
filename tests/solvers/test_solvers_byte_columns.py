"""Columns of small whole numbers that are kept in a byte, against the same ones in float64."""

import numpy as np
import pytest
from scipy import sparse

from gradum.core.losses import LOSSES
from gradum.core.penalties import L2
from gradum.solvers import byte_columns
from gradum.solvers.byte_columns import ByteColumns
from gradum.solvers.convex import CONVEX, minimise
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns

ROWS = 3_000
RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal((ROWS, 3))
WHOLE = np.column_stack(
    [RNG.integers(0, 4, ROWS)[:, None] == np.arange(4), RNG.integers(-1, 2, ROWS)]
).astype(np.int8)
WIDE = sparse.random_array((ROWS, 6), density=0.1, rng=1, format="csr")
DENSE = np.concatenate([NUMBERS, WHOLE], axis=1)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(byte_columns, "ROWS_PER_BLOCK", 700)


def both(wide):
    return Columns.of(ByteColumns(NUMBERS, WHOLE), wide), Columns.of(DENSE, wide)


def test_a_compact_matrix_is_expanded_where_an_array_is_asked_for():
    ours = ByteColumns(NUMBERS, WHOLE)
    assert ours.shape == DENSE.shape == np.asarray(ours).shape
    assert ours.size == DENSE.size
    assert np.array_equal(ours, DENSE)
    assert np.array_equal(ours[5], DENSE[5])
    for rows in (slice(10, 20), np.array([7, 3, 3]), DENSE[:, 0] > 0):
        assert np.array_equal(ours[rows], DENSE[rows])
        assert np.array_equal(ours[rows] - ours[0], DENSE[rows] - DENSE[0])
    assert np.array_equal(ours[:, [0, 2, 4, 7]], DENSE[:, [0, 2, 4, 7]])
    assert np.array_equal(ours[:50, [1]], DENSE[:50, [1]])
    assert np.array_equal(ours[:, [5]], DENSE[:, [5]])


@pytest.mark.parametrize("wide", [None, WIDE])
def test_products_are_those_of_the_expanded_columns(wide):
    share = RNG.random(ROWS)
    share /= share.sum()
    ours, theirs = (
        LinearModel.of(columns, NUMBERS[:, 0], LOSSES["squared_error"], weight=share).columns
        for columns in both(wide)
    )
    for shape in ((), (2,)):
        right = RNG.standard_normal((theirs.shape[1], *shape))
        left = RNG.standard_normal((ROWS, *shape))
        np.testing.assert_allclose(ours @ right, theirs @ right, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            ours.transpose_product(left), theirs.transpose_product(left), rtol=1e-10, atol=1e-10
        )
    np.testing.assert_allclose(ours.gram(share), theirs.gram(share), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.squares(share), theirs.squares(share), rtol=1e-10)
    few = np.array([5, 900, 7])
    np.testing.assert_array_equal(ours.take(few).to_dense(), theirs.take(few).to_dense())


@pytest.mark.parametrize("wide", [None, WIDE])
@pytest.mark.parametrize(
    ("loss", "solver"), [("squared_error", "exact"), ("log_loss", "newton"), ("huber", "newton")]
)
def test_solutions_are_those_of_the_expanded_columns(loss, solver, wide):
    signal = DENSE @ np.linspace(-1, 1, DENSE.shape[1]) + RNG.logistic(size=ROWS)
    target = (signal > 0).astype(np.int64) if loss == "log_loss" else signal
    ours, theirs = (
        solve(minimise(columns, target, LOSSES[loss], L2(1e-3), solver=CONVEX[solver]))
        for columns in both(wide)
    )
    for name, values in theirs.params["layers"][0].items():
        np.testing.assert_allclose(ours.params["layers"][0][name], values, rtol=1e-7, atol=1e-9)
