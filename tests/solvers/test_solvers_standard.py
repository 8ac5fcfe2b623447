"""Columns in standard units, without a copy, against NumPy's on the copy."""

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.solvers import standard
from gradum.solvers.matrix import Columns
from gradum.solvers.standard import StandardColumns


def table(sparse_columns, offset=5.0, rows=300):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(rows, 4)) * [1.0, 100.0, 0.01, 3.0] + offset
    dense[:, 3] = 7.0  # it does not vary
    block = (
        sp.random_array((rows, 3), density=0.3, rng=rng, format="csr") if sparse_columns else None
    )
    whole = dense if block is None else np.hstack([dense, block.toarray()])
    return Columns.of(dense, block), whole, rng.dirichlet(np.ones(rows)), rng


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("sparse_columns", [True, False])
@pytest.mark.parametrize("offset", [5.0, 1e6])
def test_products_are_those_of_the_standardised_copy(sparse_columns, centred, offset):
    columns, whole, weight, rng = table(sparse_columns, offset)
    units = StandardColumns.of(columns, weight, centred=centred)
    moved = whole - whole[0] if centred else whole  # so that the copy keeps its digits too
    moved = moved - weight @ moved if centred else moved
    spread = np.sqrt(weight @ moved**2)
    varies = np.ptp(whole, axis=0) > 0 if centred else np.ones(whole.shape[1], bool)
    copy = np.where(varies, moved / np.where(varies, spread, 1.0), 0.0)
    np.testing.assert_array_equal(units.alive, varies)
    right, left = rng.normal(size=(whole.shape[1], 2)), rng.normal(size=(len(whole), 2))
    near = {"rtol": 1e-8, "atol": 1e-8}
    np.testing.assert_allclose(units @ right, copy @ right, **near)
    np.testing.assert_allclose(units.transpose_product(left), copy.T @ left, **near)
    np.testing.assert_allclose(units.to_dense(), copy, **near)
    other = rng.uniform(0, 2, len(whole))
    gram = copy.T @ (other[:, None] * copy)
    np.testing.assert_allclose(units.gram(other), gram, atol=1e-6 * np.abs(gram).max())
    np.testing.assert_allclose(units.squares(other), np.diag(gram), rtol=1e-6, atol=1e-9)
    some = np.array([5, 2, 7])
    np.testing.assert_allclose(units.take(some) @ right, (copy @ right)[some], **near)


def test_coefficients_go_there_and_back():
    columns, whole, weight, rng = table(sparse_columns=True)
    units = StandardColumns.of(columns, weight, centred=True)
    values, level = rng.normal(size=(7, 2)), rng.normal(size=2)
    layer = units.restore(values, level)
    np.testing.assert_allclose(
        whole @ layer["weight"] + layer["bias"], units @ values + level, rtol=1e-10
    )
    back, there = units.adopt(layer)
    np.testing.assert_allclose(back[units.alive], values[units.alive], rtol=1e-12)
    np.testing.assert_allclose(there, level, rtol=1e-10)


def test_a_column_that_varies_outside_of_the_sample_only_is_alive(monkeypatch):
    monkeypatch.setattr(standard, "ENTRIES_MEASURED", 0)
    monkeypatch.setattr(standard, "FEWEST_MEASURED", 10)
    x = np.zeros((100, 2))
    x[55, 0] = 1.0
    units = StandardColumns.of(Columns.of(x), np.full(100, 0.01), centred=True)
    assert units.alive.tolist() == [True, False]


def test_the_matrix_is_not_copied_unless_its_mean_is_far_away():
    columns, _, weight, _ = table(sparse_columns=False)
    assert StandardColumns.of(columns, weight, centred=True).raw.dense is columns.dense
    far, _, weight, _ = table(sparse_columns=False, offset=1e6)
    assert StandardColumns.of(far, weight, centred=True).raw.dense is not far.dense
