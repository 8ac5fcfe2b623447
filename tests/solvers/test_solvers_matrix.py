"""Columns in two blocks behave as the one dense matrix they stand for."""

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.errors import ShapeError
from gradum.solvers.matrix import Columns


@pytest.fixture
def blocks():
    rng = np.random.default_rng(3)
    dense = rng.normal(5.0, 2.0, (60, 4))
    sparse = sp.random_array((60, 7), density=0.2, rng=rng, format="csc")
    return dense, sparse, np.hstack([dense, sparse.toarray()]), rng


def test_products_equal_the_dense_ones(blocks):
    dense, sparse, whole, rng = blocks
    columns = Columns.of(dense, sparse)
    right, left = rng.normal(size=(11, 3)), rng.normal(size=(60, 2))
    assert columns.shape == (60, 11)
    np.testing.assert_allclose(columns @ right, whole @ right)
    np.testing.assert_allclose(columns @ right[:, 0], whole @ right[:, 0])
    np.testing.assert_allclose(columns.transpose_product(left), whole.T @ left)
    np.testing.assert_array_equal(columns.take(np.array([5, 2])).to_dense(), whole[[5, 2]])


def test_squares_are_the_diagonal_of_the_gram_matrix(blocks):
    dense, sparse, whole, rng = blocks
    weight = rng.uniform(0, 2, 60)
    np.testing.assert_allclose(Columns.of(dense, sparse).squares(weight), weight @ whole**2)


def test_blocks_of_unlike_length_are_refused():
    with pytest.raises(ShapeError, match=r"\(3, 1\).*\(4, 1\)"):
        Columns.of(np.zeros((3, 1)), sp.csr_array((4, 1)))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        Columns.of(np.zeros(3))
