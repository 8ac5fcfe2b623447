"""Folds in their rows' dual numbers have the coefficients that the columns' equations give."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.core.losses import LOSSES
from gradum.rungs.penalty_path.batched_folds import Price
from gradum.rungs.penalty_path.dual_folds import DualFolds, are_dual
from gradum.rungs.penalty_path.path import OneByOne, choose_penalty
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns

ROWS, COLUMNS = 60, 90
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, COLUMNS)) * RNG.uniform(0.2, 5, COLUMNS)
X *= RNG.random(X.shape) < 0.4
WEIGHT, OFFSET = RNG.random(ROWS) + 0.2, RNG.normal(0, 0.3, ROWS)
TARGETS = {
    "log_loss": RNG.integers(0, 2, ROWS),
    "squared_error": RNG.normal(3, 1, ROWS),
    "poisson": RNG.poisson(2.0, ROWS).astype(float),
}
ASIDE = RNG.integers(0, 3, ROWS)
FOLDS = [(np.flatnonzero(fold != ASIDE), np.flatnonzero(fold == ASIDE)) for fold in range(3)]
UNIT = Price(l2=RNG.uniform(0.5, 2, COLUMNS))


def priced(strength):
    return [Price(l2=strength / len(train) * UNIT.l2) for train, _ in FOLDS]


def problem(loss, **options):
    given = {"weight": WEIGHT, "offset": OFFSET} | options
    return LinearModel.of(given.pop("columns", X), TARGETS[loss], LOSSES[loss], **given)


def exactly(model, prices):
    """The p × p solutions, by a solver that stops where no step helps any more."""
    walk = OneByOne(model, FOLDS, lambda _: None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("gradum.rungs.penalty_path.path.COMPARED", 1e-12)
        losses = walk.fit(prices)
    return losses, [walk.params(fold)["layers"][0] for fold in range(3)]


@pytest.mark.parametrize("columns", [X, Columns.of(sp.csr_array(X))], ids=["dense", "sparse"])
@pytest.mark.parametrize("loss", TARGETS)
def test_they_are_the_solutions_of_the_columns_equations(loss, columns):
    model = problem(loss, columns=columns)
    dual = DualFolds(model, FOLDS, UNIT)
    for strength in (100.0, 3.0, 0.1):
        losses, layers = exactly(model, priced(strength))
        np.testing.assert_allclose(dual.fit(priced(strength)), losses, rtol=1e-5)
        for fold, layer in enumerate(layers):
            said = dual.params(fold)["layers"][0]
            scale = np.abs(layer["weight"]).max()
            np.testing.assert_allclose(said["weight"], layer["weight"], atol=1e-4 * scale)
            np.testing.assert_allclose(said["bias"], layer["bias"], rtol=1e-4)


def test_ridge_without_an_intercept_is_that_of_the_normal_equations():
    model = problem("squared_error", fit_intercept=False, offset=None)
    dual = DualFolds(model, FOLDS, UNIT)
    dual.fit(priced(1.0))
    for fold, (train, _) in enumerate(FOLDS):
        z, y, weight = X[train], TARGETS["squared_error"][train], WEIGHT[train]
        weight = weight / weight.sum()
        gram = 2 * z.T @ (weight[:, None] * z) + np.diag(UNIT.l2) / len(train)
        expected = np.linalg.solve(gram, 2 * z.T @ (weight * y))
        layer = dual.params(fold)["layers"][0]
        np.testing.assert_allclose(layer["weight"][:, 0], expected, rtol=1e-6, atol=1e-9)
        assert "bias" not in layer


def test_a_path_is_chosen_as_the_columns_equations_choose_it(monkeypatch):
    model, strengths = problem("log_loss"), tuple(np.geomspace(300, 0.1, 9))
    path = solve(choose_penalty(model, FOLDS, strengths))
    monkeypatch.setattr("gradum.rungs.penalty_path.path.are_dual", lambda *_: False)
    other = solve(choose_penalty(model, FOLDS, strengths))
    assert (path.best, path.alphas) == (other.best, other.alphas)
    np.testing.assert_allclose(path.losses, other.losses, rtol=1e-4)


def test_what_they_cannot_solve_is_not_dual():
    model = problem("log_loss")
    assert are_dual(model, UNIT)
    assert not are_dual(model, Price(l1=0.1, l2=1.0))
    assert not are_dual(model, Price(l2=np.arange(COLUMNS)))  # the first asks nothing
    assert not are_dual(replace(model, signs=np.ones(COLUMNS)), UNIT)
    assert not are_dual(replace(model, loss=LOSSES["huber"]), UNIT)
    assert not are_dual(problem("log_loss", columns=X[:, :20]), UNIT)
    three = LinearModel.of(X, RNG.integers(0, 3, ROWS), LOSSES["log_loss"], outputs=3)
    assert not are_dual(three, UNIT)
