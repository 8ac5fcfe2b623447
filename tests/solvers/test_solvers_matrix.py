"""Columns in two blocks behave as the one dense matrix they stand for."""

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.errors import ShapeError
from gradum.solvers.matrix import Columns, Standardised


@pytest.fixture
def blocks():
    rng = np.random.default_rng(3)
    dense = rng.normal(5.0, 2.0, (60, 4))
    sparse = sp.random_array((60, 7), density=0.2, rng=rng, format="csc")
    return dense, sparse, np.hstack([dense, sparse.toarray()]), rng


def test_products_and_gram_equal_the_dense_ones(blocks):
    dense, sparse, whole, rng = blocks
    columns = Columns.of(dense, sparse)
    weight = rng.uniform(0, 2, 60)
    right, left = rng.normal(size=(11, 3)), rng.normal(size=(60, 2))
    assert columns.shape == (60, 11)
    np.testing.assert_allclose(columns @ right, whole @ right)
    np.testing.assert_allclose(columns @ right[:, 0], whole @ right[:, 0])
    np.testing.assert_allclose(columns.transpose_product(left), whole.T @ left)
    np.testing.assert_allclose(columns.gram(weight), whole.T @ (weight[:, None] * whole))
    np.testing.assert_array_equal(columns.take(np.array([5, 2])).to_dense(), whole[[5, 2]])


@pytest.mark.parametrize("centred", [True, False])
def test_standardised_columns_have_mean_0_and_size_1_without_being_expanded(blocks, centred):
    dense, sparse, whole, rng = blocks
    weight = rng.uniform(0, 2, 60)
    weight /= weight.sum()
    standardised = Standardised.of(Columns.of(dense, sparse), weight, centred=centred)
    mean = weight @ whole if centred else np.zeros(11)
    expected = (whole - mean) / np.sqrt(weight @ (whole - mean) ** 2)
    columns = standardised.columns
    np.testing.assert_allclose(columns.to_dense(), expected, atol=1e-12)
    np.testing.assert_allclose(
        columns.gram(weight), expected.T @ (weight[:, None] * expected), atol=1e-12
    )
    vector = rng.normal(size=(11, 2))
    np.testing.assert_allclose(columns @ vector, expected @ vector, atol=1e-12)
    np.testing.assert_allclose(
        columns.transpose_product(expected[:, :2]), expected.T @ expected[:, :2], atol=1e-12
    )


def test_the_way_back_undoes_the_way_in(blocks):
    dense, sparse, _, rng = blocks
    standardised = Standardised.of(Columns.of(dense, sparse), np.full(60, 1 / 60), centred=True)
    layer = {"weight": rng.normal(size=(11, 2)), "bias": rng.normal(size=2)}
    back = standardised.restore(*standardised.adopt(layer))
    np.testing.assert_allclose(back["weight"], layer["weight"])
    np.testing.assert_allclose(back["bias"], layer["bias"], atol=1e-12)


@pytest.mark.parametrize("value", [0.1, 1e6 + 0.1, -3.0, 0.0])
def test_a_constant_column_has_no_spread_whatever_its_value(value):
    rng = np.random.default_rng(0)
    weight = rng.uniform(size=1000)
    weight /= weight.sum()
    constant = np.full((1000, 1), value)
    for columns in (Columns.of(constant), Columns.of(sp.csr_array(constant))):
        standardised = Standardised.of(columns, weight, centred=True)
        assert not standardised.alive.any()
        assert not standardised.columns.to_dense().any()


def test_blocks_of_unlike_length_are_refused():
    with pytest.raises(ShapeError, match=r"\(3, 1\).*\(4, 1\)"):
        Columns.of(np.zeros((3, 1)), sp.csr_array((4, 1)))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        Columns.of(np.zeros(3))
