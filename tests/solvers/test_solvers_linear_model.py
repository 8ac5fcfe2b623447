"""The preconditioner against the matrix that it is to invert, formed and inverted by NumPy."""

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.solvers import linear_model
from gradum.solvers.linear_model import Preconditioner
from gradum.solvers.matrix import Columns
from gradum.solvers.standard import StandardColumns

ALPHA, MEAN = 0.03, np.array([0.2, 0.01, 0.15])


def measured(sparse_columns):
    rng = np.random.default_rng(0)
    dense = (rng.normal(size=(80, 4)) + rng.normal(size=(80, 1))) * [1.0, 1e3, 1e-2, 5.0]
    block = sp.csr_array((rng.random((80, 3)) < 0.3).astype(float)) if sparse_columns else None
    weight = rng.dirichlet(np.ones(80))
    return StandardColumns.of(Columns.of(dense, block), weight, centred=True), weight


def applied(precondition, width):
    """Apply to every unit vector: the matrix of each output."""
    columns = [precondition(np.repeat(unit[:, None], 3, axis=1)) for unit in np.eye(width + 1)]
    return np.stack(columns, axis=1)


def test_dense_columns_are_inverted_exactly():
    standardised, weight = measured(sparse_columns=False)
    penalty = ALPHA / standardised.scale[:, None] ** 2
    inverse = applied(Preconditioner.of(standardised, weight).at(MEAN, penalty), 4)
    z = np.hstack([standardised.to_dense(), np.ones((80, 1))])
    for output, curvature in enumerate(MEAN):
        matrix = curvature * (z.T * weight) @ z + np.diag(np.append(penalty, 0.0))
        np.testing.assert_allclose(inverse[..., output] @ matrix, np.eye(5), atol=1e-6)


@pytest.mark.parametrize("coupled", [1000, 0])
def test_other_columns_enter_by_their_diagonal(coupled, monkeypatch):
    monkeypatch.setattr(linear_model, "LARGEST_COUPLED", coupled)
    standardised, weight = measured(sparse_columns=True)
    penalty = ALPHA / standardised.scale[:, None] ** 2
    inverse = applied(Preconditioner.of(standardised, weight).at(MEAN, penalty), 7)
    diagonal = weight @ standardised.to_dense() ** 2
    first = 4 if coupled else 0
    for output, curvature in enumerate(MEAN):
        expected = np.diag(1.0 / (curvature * diagonal + penalty[:, 0])[first:])
        np.testing.assert_allclose(inverse[first:-1, first:-1, output], expected, rtol=1e-6)
