"""The path of penalties, against scikit-learn's."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error

from gradum.core.losses import LOSSES
from gradum.rungs.folding import folds_up_to
from gradum.rungs.penalty_path.path import Path, choose_penalty
from gradum.solvers.convex import descend
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import Newton
from gradum.tables.split import Part

ROWS, STRENGTHS = 120, (300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 12))
WEIGHT = RNG.random(ROWS) + 0.2
NUMBERS = X[:, 0] - 0.5 * X[:, 1] + RNG.normal(0, 1.5, ROWS)
CLASSES = (NUMBERS > 0).astype(np.int64)
FOLDS = [(np.flatnonzero(RNG.permutation(ROWS) % 3 != k), None) for k in range(3)]
FOLDS = [(train, np.setdiff1d(np.arange(ROWS), train)) for train, _ in FOLDS]


def problem(task):
    if task == "regression":
        return LinearModel.of(X, NUMBERS, LOSSES["squared_error"], weight=WEIGHT)
    return LinearModel.of(X, CLASSES, LOSSES["log_loss"], weight=WEIGHT)


def finish(walk, hear=lambda _: False):
    steps = []

    def noted(step):
        steps.append(step)
        return hear(step)

    return steps, solve(walk, noted)


def peers_loss(task, strength):
    """The mean held-out loss of scikit-learn's: with weights of mean 1, alpha = s/2 and C = 1/s."""
    losses, shares = [], []
    for train, held in FOLDS:
        unit = WEIGHT[train] / WEIGHT[train].mean()
        if task == "regression":
            peer = Ridge(alpha=strength / 2, tol=1e-12).fit(X[train], NUMBERS[train], unit)
            said = mean_squared_error(
                NUMBERS[held], peer.predict(X[held]), sample_weight=WEIGHT[held]
            )
        else:
            peer = LogisticRegression(C=1 / strength, tol=1e-10, max_iter=10_000)
            peer.fit(X[train], CLASSES[train], unit)
            said = log_loss(CLASSES[held], peer.predict_proba(X[held]), sample_weight=WEIGHT[held])
        losses.append(said)
        shares.append(WEIGHT[held].sum())
    return np.average(losses, weights=shares)


@pytest.mark.parametrize("task", ["regression", "classes"])
def test_the_path_is_scikit_learns_and_the_best_penalty_its_best(task):
    steps, path = finish(choose_penalty(problem(task), FOLDS, STRENGTHS))
    expected = [peers_loss(task, strength) for strength in STRENGTHS[: len(path.losses)]]
    np.testing.assert_allclose(path.losses, expected, rtol=1e-4)
    np.testing.assert_allclose(np.multiply(path.alphas, ROWS), STRENGTHS[: len(path.losses)])
    assert path.best == path.alphas[int(np.argmin(expected))]
    assert [step.step for step in steps] == list(range(1, len(path.losses) + 1))


def test_the_walk_ends_after_two_rises_and_not_before():
    _, path = finish(choose_penalty(problem("regression"), FOLDS, STRENGTHS))
    best = int(np.argmin(path.losses))
    assert 0 < best < len(STRENGTHS) - 3  # so that there was something to cut short
    assert len(path.losses) == best + 3


def test_asked_to_stop_it_ends_with_what_it_has():
    _, path = finish(choose_penalty(problem("regression"), FOLDS, STRENGTHS), hear=lambda _: True)
    assert path.alphas == (STRENGTHS[0] / ROWS,)


def test_a_single_penalty_needs_no_judge():
    steps, path = finish(choose_penalty(problem("regression"), [], (7.0,)))
    assert (steps, path.best, path.losses) == ([], 7.0 / ROWS, ())


@pytest.mark.parametrize("task", ["regression", "classes"])
def test_the_last_fit_starts_nearer_to_its_end_than_any_fold_is(task):
    model, aside = problem(task), np.arange(ROWS) % 3
    folds = [(np.flatnonzero(aside != k), np.flatnonzero(aside == k)) for k in range(3)]
    _, path = finish(choose_penalty(model, folds, STRENGTHS))
    (end,) = solve(descend(model, Newton(), l2=path.best)).params["layers"]

    def distance(params):
        return np.linalg.norm(params["layers"][0]["weight"] - end["weight"])

    assert path.start is not None
    assert distance(path.start) < min(distance(each) for each in path.of_folds)


def test_of_equals_the_stronger_penalty_is_chosen():
    assert Path((3.0, 2.0, 1.0), (0.5, 0.5, 0.7)).best == 3.0


def test_fewer_folds_are_made_where_groups_or_times_are_few():
    groups = np.arange(30) % 3
    parts = folds_up_to(5, 30, groups=groups, rng=np.random.default_rng(0))
    assert len(parts) == 3
    for part in parts:
        sides = [set(groups[part == each]) for each in (Part.TRAIN, Part.VALIDATION, Part.TEST)]
        assert all(sides)
        assert not any(a & b for a, b in itertools.combinations(sides, 2))
    one = np.zeros(30, int)
    assert folds_up_to(5, 30, groups=one, rng=np.random.default_rng(0)) == []
