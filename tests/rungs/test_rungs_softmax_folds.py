"""Folds of several classes have the coefficients that each fold has by itself, solved exactly."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gradum.core.losses import LOSSES, LogLoss
from gradum.rungs.penalty_path.batched_folds import Price
from gradum.rungs.penalty_path.path import OneByOne, choose_penalty
from gradum.rungs.penalty_path.softmax_folds import SoftmaxFolds, are_turned
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns

ROWS, COLUMNS, CLASSES = 60, 90, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, COLUMNS)) * RNG.uniform(0.2, 5, COLUMNS)
X *= RNG.random(X.shape) < 0.4
X[:, 7] = 3.0
WEIGHT = RNG.random(ROWS) + 0.2
WEIGHT[:4] = 0.0
CODES = RNG.integers(0, CLASSES, ROWS)
SOFT = RNG.dirichlet(np.ones(CLASSES), ROWS)
ASIDE = RNG.integers(0, 3, ROWS)
FOLDS = [(np.flatnonzero(fold != ASIDE), np.flatnonzero(fold == ASIDE)) for fold in range(3)]
UNIT = Price(l2=RNG.uniform(0.5, 2, COLUMNS))
PROBLEMS = {
    "wide": {},
    "tall": {"columns": X[:, :12]},
    "sparse": {"columns": Columns.of(sp.csr_array(X))},
    "soft labels": {"target": SOFT},
    "smoothed": {"loss": LogLoss(label_smoothing=0.1)},
    "no intercept": {"fit_intercept": False},
    "offset": {"offset": RNG.normal(size=ROWS)},
}


def problem(**options):
    given = {"columns": X, "target": CODES, "loss": LOSSES["log_loss"]} | options
    parts = given.pop("columns"), given.pop("target"), given.pop("loss")
    return LinearModel.of(*parts, outputs=CLASSES, weight=WEIGHT, **given)


def priced(strength, model):
    unit = UNIT.l2[: model.columns.shape[1]]
    return [Price(l2=strength / len(train) * unit) for train, _ in FOLDS]


def exactly(model, prices):
    """The solutions by a solver that stops where no step helps any more."""
    walk = OneByOne(model, FOLDS, lambda _: None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("gradum.rungs.penalty_path.path.COMPARED", 1e-10)
        losses = walk.fit(prices)
    return losses, [walk.params(fold)["layers"][0] for fold in range(3)]


@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_each_fold_is_solved_as_by_itself(options, monkeypatch):
    monkeypatch.setattr("gradum.rungs.penalty_path.softmax_folds.ARRIVED", 1e-11)
    model = problem(**options)
    folds = SoftmaxFolds(model, FOLDS, Price(l2=UNIT.l2[: model.columns.shape[1]]))
    for strength in (100.0, 10.0, 1.0, 0.1):  # from the third on, a fit starts where it foresees
        losses, layers = exactly(model, priced(strength, model))
        np.testing.assert_allclose(folds.fit(priced(strength, model)), losses, rtol=1e-5)
        for fold, layer in enumerate(layers):
            said = folds.params(fold)["layers"][0]
            scale = np.abs(layer["weight"]).max()
            np.testing.assert_allclose(said["weight"], layer["weight"], atol=1e-4 * scale)
            assert ("bias" in said) == model.fit_intercept
            if model.fit_intercept:
                ours, theirs = (bias - bias.mean() for bias in (said["bias"], layer["bias"]))
                np.testing.assert_allclose(ours, theirs, atol=1e-4 * scale)


def test_losses_are_exact_enough_to_compare_penalties():
    model = problem()
    folds = SoftmaxFolds(model, FOLDS, UNIT)
    for strength in np.geomspace(1e4, 1e-3, 12):
        losses, _ = exactly(model, priced(strength, model))
        np.testing.assert_allclose(folds.fit(priced(strength, model)), losses, rtol=1e-3)


def test_penalties_that_leap_rise_or_repeat_are_solved_too():
    model = problem()
    folds = SoftmaxFolds(model, FOLDS, UNIT)
    for strength in (1e4, 9.9e3, 1e-3, 1e-3, 1e3):
        losses, _ = exactly(model, priced(strength, model))
        np.testing.assert_allclose(folds.fit(priced(strength, model)), losses, rtol=1e-3)


def test_a_class_that_a_fold_has_not_seen_does_not_sink_as_penalties_fall():
    codes = CODES.copy()
    codes[codes == 3] = 0
    codes[np.flatnonzero(ASIDE == 1)[0]] = 3
    model = problem(target=codes)
    folds = SoftmaxFolds(model, FOLDS, UNIT)
    for strength in np.geomspace(1e4, 1e-3, 12):
        folds.fit(priced(strength, model))
        layer = folds.params(1)["layers"][0]
        shares = model.loss.inverse_link(X @ layer["weight"] + layer["bias"])
        assert 1e-13 < shares[FOLDS[1][0], 3].mean() < 1e-5  # 1e-82 if it could sink


def test_a_path_is_chosen_as_fold_by_fold(monkeypatch):
    model, strengths = problem(columns=X[:, :12]), tuple(np.geomspace(300, 0.1, 9))
    path = solve(choose_penalty(model, FOLDS, strengths))
    monkeypatch.setattr("gradum.rungs.penalty_path.path.are_turned", lambda *_: False)
    other = solve(choose_penalty(model, FOLDS, strengths))
    assert (path.best, path.alphas) == (other.best, other.alphas)
    np.testing.assert_allclose(path.losses, other.losses, rtol=1e-3)


def test_what_cannot_be_turned_is_said():
    model = problem()
    assert are_turned(model, FOLDS, UNIT)
    assert not are_turned(model, FOLDS, Price(l1=0.1, l2=1.0))
    assert not are_turned(model, FOLDS, Price(l2=np.arange(COLUMNS)))  # the first asks nothing
    assert not are_turned(replace(model, signs=np.ones(COLUMNS)), FOLDS, UNIT)
    assert not are_turned(problem(columns=X[:, :0]), FOLDS, Price(l2=1.0))
    assert not are_turned(model, FOLDS * 5_000, UNIT)
    assert not are_turned(problem(loss=LOSSES["ordered"]), FOLDS, UNIT)  # of one score
    two = LinearModel.of(X, RNG.integers(0, 2, ROWS), LOSSES["log_loss"])
    assert not are_turned(two, FOLDS, UNIT)
