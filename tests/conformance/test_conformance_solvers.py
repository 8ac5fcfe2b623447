"""The demands on every solver of the registries: right, repeatable, and honest about both."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import scipy.optimize
from scipy.special import expit

from gradum.core import L1, L2, AbsoluteError, LogLoss, Network, Problem, SquaredError
from gradum.errors import SpecError
from gradum.solvers import FIRST_ORDER, Data, EpochDone, Regime, Solution, Status, Stopped, train
from gradum.solvers.convex import CONVEX, minimise
from gradum.solvers.driver import solve
from gradum.solvers.first_order import resolve

ROWS, COLUMNS, ALPHA = 60, 3, 0.1
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, COLUMNS))
SCORE = X @ [1.0, -0.5, 0.0] + 0.5
NUMBER = SCORE + 0.5 * RNG.normal(size=ROWS)
CLASS = (SCORE + RNG.logistic(size=ROWS) > 0).astype(np.int64)
COUNTS = {  # how often a row is there
    "once": np.ones(ROWS, int),
    "weighted": RNG.integers(1, 4, ROWS),
    "some of weight 0": RNG.integers(0, 3, ROWS),
}

LOSSES = {
    "squared error": (SquaredError(), NUMBER),
    "log loss": (LogLoss(), CLASS),
    "absolute error": (AbsoluteError(), NUMBER),
}
COSTS = {  # the same written out, and its slope
    "squared error": (lambda z, y: (z - y) ** 2, lambda z, y: 2 * (z - y)),
    "log loss": (lambda z, y: np.logaddexp(0.0, z) - y * z, lambda z, y: expit(z) - y),
    "absolute error": (lambda z, y: np.abs(z - y), lambda z, y: np.sign(z - y)),
}
PENALTIES = {"l2": (L2(ALPHA), 0.0, ALPHA), "l1": (L1(ALPHA), ALPHA, 0.0)}
STRONGLY_CONVEX = [("squared error", "l2"), ("log loss", "l2")]
PROBLEMS = [*STRONGLY_CONVEX, ("squared error", "l1"), ("log loss", "l1"), ("absolute error", "l1")]

IN_ONE_STEP = {"exact"}  # no iterations: nothing to hear, nothing to stop
OF_ORDERED_CLASSES = {"one-score"}  # several logits, as in solvers/test_solvers_one_score.py
# On these problems steps of 0.1 suit all; decay that is no part of the objective leads elsewhere.
FIRST_ORDER_HERE = {
    **{name: resolve(name, s.learning_rate and 0.1) for name, s in FIRST_ORDER.items()},
    "adamw": replace(FIRST_ORDER["adamw"], learning_rate=0.1, weight_decay=0.0),
}
REGIME = Regime(5000, gradient_tol=1e-9)


@dataclass(frozen=True)
class Fit:
    """A solution, and the events on the way."""

    solution: Solution
    events: tuple

    @property
    def point(self):
        """Coefficients, then the intercept."""
        layer = self.solution.params["layers"][0]
        return np.append(layer["weight"][:, 0], layer["bias"])

    @property
    def epochs(self):
        return [event for event in self.events if isinstance(event, EpochDone)]


def run(name, loss, penalty, counts="once", hear=None, regime=REGIME):
    function, target = LOSSES[loss]
    price = PENALTIES[penalty][0]
    weight = COUNTS[counts].astype(float)
    if name in CONVEX:
        how = {"solver": CONVEX[name], "weight": weight}
        steps = minimise(X, target, function, price, **how)
    else:
        problem, data = (
            Problem(Network(COLUMNS), function, price),
            Data({"dense": X}, target, weight),
        )
        how = {"solver": FIRST_ORDER_HERE[name], "regime": regime}
        steps = train(problem, data, **how)
    events = []

    def noted(event):
        events.append(event)
        return hear is not None and hear(event)

    solution = solve(steps, noted)
    return Fit(solution, tuple(events))


fitted = cache(run)


def claims(name, loss, penalty):
    try:
        fitted(name, loss, penalty)
    except SpecError:
        return False
    return True


CASES = [(name, *problem) for name in CONVEX for problem in PROBLEMS if claims(name, *problem)]
CASES += [(name, *problem) for name in FIRST_ORDER for problem in STRONGLY_CONVEX]
every_case = pytest.mark.parametrize(("name", "loss", "penalty"), CASES)


def objective(point, loss, penalty, counts="once"):
    """Mean cost + Σ l1·|v| + l2·½v² of a point, with rows repeated instead of weighted."""
    rows = np.repeat(np.arange(ROWS), COUNTS[counts])
    _, l1, l2 = PENALTIES[penalty]
    logit = X[rows] @ point[:-1] + point[-1]
    price = l1 * np.abs(point[:-1]).sum() + l2 / 2 * point[:-1] @ point[:-1]
    return COSTS[loss][0](logit, LOSSES[loss][1][rows]).mean() + price


@cache
def least(loss, penalty, counts="once"):
    """The least objective by SciPy: |v| is p + m for v = p − m and p, m ≥ 0, without a kink."""
    rows = np.repeat(np.arange(ROWS), COUNTS[counts])
    x, y = np.column_stack([X, np.ones(ROWS)])[rows], LOSSES[loss][1][rows]
    l1, l2 = (strength * np.append(np.ones(COLUMNS), 0.0) for strength in PENALTIES[penalty][1:])
    if loss == "absolute error":  # and |z − y| is the least t above z − y and y − z
        price = np.concatenate([l1, l1, np.full(len(y), 1 / len(y))])
        above = np.block([[x, -x, -np.eye(len(y))], [-x, x, -np.eye(len(y))]])
        return scipy.optimize.linprog(price, above, np.append(y, -y)).fun

    def both(parts):
        p, m = np.split(parts, 2)
        z, v = x @ (p - m), p - m
        cost, slope = (function(z, y) for function in COSTS[loss])
        pull = x.T @ slope / len(y) + l2 * v
        return cost.mean() + l1 @ (p + m) + l2 @ v**2 / 2, np.append(l1 + pull, l1 - pull)

    options = {"ftol": 1e-16, "gtol": 1e-11, "maxiter": 10_000}
    bounds = [(0, None)] * (2 * COLUMNS + 2)
    start = np.full(2 * COLUMNS + 2, 0.1)
    return scipy.optimize.minimize(both, start, jac=True, bounds=bounds, options=options).fun


def test_every_solver_claims_a_problem_and_every_problem_is_claimed():
    assert {name for name, _, _ in CASES} == (set(CONVEX) - OF_ORDERED_CLASSES) | set(FIRST_ORDER)
    assert {(loss, penalty) for name, loss, penalty in CASES if name in CONVEX} == set(PROBLEMS)
    assert set(FIRST_ORDER_HERE) == set(FIRST_ORDER)
    assert not CONVEX.keys() & FIRST_ORDER.keys()


@pytest.mark.parametrize("counts", COUNTS)
@every_case
def test_the_optimum_is_scipys_and_weights_are_repetition(name, loss, penalty, counts):
    fit = fitted(name, loss, penalty, counts)
    certificate, best = fit.solution.certificate, least(loss, penalty, counts)
    assert fit.solution.status is Status.CONVERGED
    found = objective(fit.point, loss, penalty, counts)
    assert found == pytest.approx(best, rel=1e-8)
    assert certificate.kind == "stationary"
    assert certificate.objective == pytest.approx(found, rel=1e-12)
    assert 0 <= certificate.duality_gap < 1e-7
    assert found - certificate.duality_gap <= best + 1e-10
    if penalty == "l2":  # without kinks, the gradient's norm is that of central differences
        shifts = 1e-4 * np.eye(COLUMNS + 1)
        rise = [
            objective(fit.point + shift, loss, penalty, counts)
            - objective(fit.point - shift, loss, penalty, counts)
            for shift in shifts
        ]
        norm = np.linalg.norm(rise) / 2e-4
        assert certificate.gradient_norm == pytest.approx(norm, abs=1e-8)


@every_case
def test_the_same_again_is_the_same_bit_for_bit(name, loss, penalty):
    first, again = fitted(name, loss, penalty), run(name, loss, penalty)
    np.testing.assert_array_equal(again.point, first.point)
    assert [e.train_loss for e in again.epochs] == [e.train_loss for e in first.epochs]
    assert again.solution.certificate == first.solution.certificate
    assert again.solution.iterations == first.solution.iterations


@every_case
def test_the_events_tell_of_the_answer(name, loss, penalty):
    fit = fitted(name, loss, penalty)
    solution, epochs = fit.solution, fit.epochs
    assert list(solution.history) == epochs
    assert solution.advice.endswith(".")
    assert solution.seconds >= 0
    if name in FIRST_ORDER:
        stopped = fit.events[-1]
        assert isinstance(stopped, Stopped)
        assert (stopped.status, stopped.advice) == (solution.status, solution.advice)
    if name in IN_ONE_STEP:
        assert epochs == []
        return
    assert [event.epoch for event in epochs] == list(range(1, solution.iterations + 1))
    assert epochs[-1].train_loss == pytest.approx(solution.certificate.objective, rel=1e-9)
    assert epochs[-1].train_loss < epochs[0].train_loss or len(epochs) == 1


@pytest.mark.parametrize(("name", "loss", "penalty"), [c for c in CASES if c[0] not in IN_ONE_STEP])
def test_a_wish_to_stop_is_heard_and_said(name, loss, penalty):
    # With patience training goes epoch by epoch, and the wish is heard after the first.
    fit = run(name, loss, penalty, "once", lambda _: True, replace(REGIME, patience=5000))
    solution = fit.solution
    assert solution.steps == 1
    value = objective(fit.point, loss, penalty)
    assert solution.certificate.objective == pytest.approx(value, rel=1e-12)
    if solution.status is Status.CONVERGED:  # in one step
        assert value == pytest.approx(least(loss, penalty), rel=1e-9)
        return
    assert solution.status is Status.INTERRUPTED
    assert "stopped before it was done" in solution.advice
    assert value > least(loss, penalty)
