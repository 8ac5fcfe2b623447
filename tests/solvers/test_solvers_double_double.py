"""Products in twice the precision, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from exact_rationals import rationals

from gradum.solvers.double_double import DoubleDoubleColumns, Pair, total
from gradum.solvers.matrix import Columns


def exact(pair):
    high, low = rationals(pair.high), rationals(pair.low)
    return [[h + l for h, l in zip(*rows, strict=True)] for rows in zip(high, low, strict=True)]


def product(left, right):
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, c, strict=True)) for c in columns] for row in left]


def error(pair, truth):
    difference = [
        [abs(float(a - b)) for a, b in zip(*rows, strict=True)]
        for rows in zip(exact(pair), truth, strict=True)
    ]
    return np.array(difference)


def table(kind):
    rng = np.random.default_rng(4)
    dense = rng.normal(size=(90, 3)) * 10.0 ** np.array([-9, 0, 9]) + [0.0, 1e8, 0.0]
    sparse = sp.random_array((90, 4), density=0.3, rng=rng, format="csr")
    if kind == "sparse":
        return Columns.of(dense, sparse), np.hstack([dense, sparse.toarray()]), rng
    return Columns.of(np.asarray(dense, order=kind)), dense, rng


def pair(rng, rows, vectors):
    return Pair(rng.normal(size=(rows, vectors)), 1e-17 * rng.normal(size=(rows, vectors)))


@pytest.mark.parametrize("kind", ["C", "F", "sparse"])
@pytest.mark.parametrize("rows_per_block", [7, 64, 90])
def test_products_have_a_hundred_bits(kind, rows_per_block):
    columns, whole, rng = table(kind)
    accurate = DoubleDoubleColumns(columns)
    accurate.rows_per_block = rows_per_block
    left, right = pair(rng, 90, 2), pair(rng, whole.shape[1], 2)
    size = np.abs(whole).max(axis=0)
    right = Pair(right.high / size[:, None], right.low / size[:, None])
    truth = product(rationals(whole), exact(right))
    assert error(accurate.product(right), truth).max() < 2.0**-100
    truth = product(rationals(whole.T), exact(left))
    assert (error(accurate.transpose_product(left), truth) / size[:, None]).max() < 2.0**-97


def test_a_sum_that_cancels_is_not_lost():
    values = np.array([[1e16], [1.0], [-1e16], [2.0**-40]])
    summed = total(Pair.of(values))
    assert summed.high.item() == 1.0 + 2.0**-40


def test_pairs_add_and_multiply_to_a_hundred_bits():
    rng = np.random.default_rng(0)
    a, b = pair(rng, 50, 1), pair(rng, 50, 1)
    for found, truth in [
        (a + b, [[x + y] for (x,), (y,) in zip(exact(a), exact(b), strict=True)]),
        (a - b, [[x - y] for (x,), (y,) in zip(exact(a), exact(b), strict=True)]),
        (a * b, [[x * y] for (x,), (y,) in zip(exact(a), exact(b), strict=True)]),
    ]:
        assert error(found, truth).max() < 2.0**-100


def test_an_exact_zero_stays_zero():
    accurate = DoubleDoubleColumns(Columns.of(np.zeros((5, 2))))
    assert exact(accurate.product(Pair.of(np.ones((2, 1))))) == [[Fraction(0)]] * 5
    assert exact(accurate.transpose_product(Pair.of(np.zeros((5, 1))))) == [[Fraction(0)]] * 2
