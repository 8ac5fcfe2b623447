"""Inputs, block by block: what is taken, joined and made dense are the same rows and columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gradum.core.models.input_blocks import (
    codes_in,
    join,
    made_dense,
    numbers_in,
    of_matrix,
    side_by_side,
    take,
)

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(6, 2)).astype(np.float32)
WIDE = (RNG.normal(size=(6, 3)) * (RNG.random((6, 3)) < 0.5)).astype(np.float32)
CODES = RNG.integers(0, 4, (6, 1), np.int32)
INPUTS = {"dense": DENSE, "codes": CODES, "sparse": sparse.csr_array(WIDE)}


@pytest.mark.parametrize("matrix", [WIDE, sparse.csr_array(WIDE), sparse.csc_matrix(WIDE)])
def test_a_matrix_becomes_the_columns_that_it_is(matrix):
    made = made_dense(of_matrix(matrix), np.float64)
    assert list(made) == ["dense"]
    np.testing.assert_array_equal(made["dense"], WIDE)
    assert codes_in(of_matrix(matrix)).shape == (6, 0)


def test_rows_taken_and_joined_again_are_all_rows():
    whole = join([take(INPUTS, slice(0, 2)), take(INPUTS, [2, 3, 4]), take(INPUTS, [5])])
    dense, wide = numbers_in(whole)
    np.testing.assert_array_equal(dense, DENSE)
    np.testing.assert_array_equal(wide.toarray(), WIDE)
    np.testing.assert_array_equal(codes_in(whole), CODES)


def test_every_block_stands_where_it_does_once_all_is_dense():
    made = made_dense(INPUTS, np.float64)
    assert made["dense"].dtype == np.float64
    for name, block, start in side_by_side(INPUTS):
        values = block.toarray() if sparse.issparse(block) else block
        width = values.shape[1]
        np.testing.assert_array_equal(made[name][:, start : start + width], values)
