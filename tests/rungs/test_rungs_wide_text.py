"""Linear models of more columns than rows, as texts have: never a matrix of columns by columns."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from gradum.core import L2, LogLoss, SquaredError
from gradum.rungs.penalty_path.path import choose_penalty
from gradum.solvers.convex import choose, minimise
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns

COLUMNS = 20_000


@pytest.mark.parametrize("rows", [60, 700])
@pytest.mark.parametrize(("loss", "outputs"), [(LogLoss(), 1), (LogLoss(), 3), (SquaredError(), 1)])
def test_wide_text_takes_less_memory_than_a_square_of_its_columns(rows, loss, outputs):
    rng = np.random.default_rng(0)
    text = sparse.random_array((rows, COLUMNS), density=0.002, rng=rng, format="csr")
    target = rng.integers(max(outputs, 2), size=rows)
    penalty, columns = L2(0.1), Columns.of(text)
    model = LinearModel.of(columns, target, loss, outputs=outputs)
    halves = [(np.arange(0, rows, 2), np.arange(1, rows, 2))]
    choice = choose(loss, penalty, columns.shape, outputs, sparse=True)
    tracemalloc.start()
    solve(choose_penalty(model, halves, (10.0, 1.0)))
    found = solve(minimise(columns, target, loss, penalty, solver=choice.solver, outputs=outputs))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.isfinite(found.certificate.objective)
    assert peak < COLUMNS**2 * 8 / 20
