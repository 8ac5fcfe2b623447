"""Newton over passes reaches the optimum that solvers reach with all rows in memory."""

import threading
from functools import partial

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression, Ridge

from gradum.core import L2, LogLoss, SquaredError
from gradum.solvers import passes
from gradum.solvers.convex import minimise
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import Newton
from gradum.solvers.passes import NewtonOverPasses, newton_over_passes
from gradum.solvers.solution import Status
from gradum.solvers.standard import StandardColumns

ROWS, COLUMNS = 400, 5
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, COLUMNS))
SCORE = X @ [0.8, -1.0, 0.4, 0.0, 0.2] + 0.3
WEIGHT = RNG.uniform(0.2, 3.0, ROWS)
NUMBER = 2.0 + SCORE + RNG.normal(size=ROWS)
CLASS = (SCORE + RNG.logistic(size=ROWS) > 0).astype(np.int64)
FOUR = np.digitize(SCORE + RNG.logistic(size=ROWS), [-1.0, 0.3, 1.5])
LEVELS = sp.csr_array(sp.eye_array(40).tocsr()[RNG.integers(0, 40, ROWS)])

PROBLEMS = {
    "squared error": (SquaredError(), NUMBER, 1),
    "log loss": (LogLoss(), CLASS, 1),
    "log loss of four": (LogLoss(), FOUR, 4),
}
every_problem = pytest.mark.parametrize("problem", PROBLEMS)
CUTS = (1, 7, 90, 91, 200, 399)


class Blocks(list):
    """Functions, each of which returns the model of a block."""

    def read(self, block):
        yield self[block]()


def model_of(problem, rows, weight, text=None, x=X):
    loss, target, outputs = PROBLEMS[problem]
    columns = StandardColumns.as_given(Columns.of(x[rows], None if text is None else text[rows]))
    return LinearModel(columns, target[rows], loss, outputs, weight[rows], fit_intercept=True)


def passes_over(problem, l2=0.01, *, weight=WEIGHT, text=None, x=X, cuts=CUTS, order=None, **how):
    """Solve for the rows in blocks, a third of them the sample; ``text`` is sparse columns."""
    hear = how.pop("hear", lambda _: False)
    order = np.arange(ROWS) if order is None else order
    share = weight / weight.sum()
    blocks = Blocks(
        partial(model_of, problem, rows, share, text, x) for rows in np.split(order, cuts)
    )
    some = np.arange(0, ROWS, 3)
    sample = model_of(problem, some, weight / weight[some].sum(), text, x)
    passes = newton_over_passes(blocks, sample, rows=ROWS, l2=l2, **how)
    return solve(passes, hear)


def in_memory(problem, alpha, weight=WEIGHT, text=None):
    loss, target, outputs = PROBLEMS[problem]
    columns = Columns.of(X, text)
    options = {"solver": Newton(tol=1e-12), "weight": weight, "outputs": outputs}
    return solve(minimise(columns, target, loss, L2(alpha), **options))


def layer(solution):
    """Weights and biases, of classes but for what all have in common."""
    values = solution.params["layers"][0]
    whole = np.vstack([values["weight"], values["bias"]])
    return whole - whole.mean(axis=1, keepdims=True) * (whole.shape[1] > 1)


@every_problem
@pytest.mark.parametrize("text", [None, LEVELS], ids=["dense", "sparse"])
@pytest.mark.parametrize("weight", [WEIGHT, np.ones(ROWS)], ids=["weights", "none"])
def test_the_optimum_is_that_of_all_rows_in_memory(problem, text, weight):
    ours = passes_over(problem, weight=weight, text=text)
    theirs = in_memory(problem, 0.01, weight, text)
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(layer(ours), layer(theirs), rtol=0, atol=1e-8)
    difference = ours.certificate.objective - theirs.certificate.objective
    assert abs(difference) < 1e-13


def test_ridge_regression_as_scikit_learn_has_it():
    ours = passes_over("squared error", 0.05)
    # Ours is the weighted mean of ½ (fitted - y)², or without the ½: the ratio tells.
    factor = SquaredError().hessian(np.zeros((1, 1)), np.zeros(1)).item()
    ridge = Ridge(alpha=0.05 * WEIGHT.sum() / factor).fit(X, NUMBER, WEIGHT)
    expected = [*ridge.coef_, ridge.intercept_]
    np.testing.assert_allclose(layer(ours)[:, 0], expected, rtol=1e-8)


@pytest.mark.parametrize(("problem", "target"), [("log loss", CLASS), ("log loss of four", FOUR)])
def test_logistic_regression_as_scikit_learn_has_it(problem, target):
    ours = layer(passes_over(problem))
    theirs = LogisticRegression(C=1 / (0.01 * WEIGHT.sum()), tol=1e-12, max_iter=10_000)
    theirs.fit(X, target, WEIGHT)
    expected = np.vstack([theirs.coef_.T, theirs.intercept_])
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6)


def test_no_penalty_as_statsmodels_has_it():
    exog = sm.add_constant(X)
    binary = passes_over("log loss", 0.0, weight=np.ones(ROWS))
    expected = sm.Logit(CLASS, exog).fit(disp=0, tol=1e-14).params
    np.testing.assert_allclose(layer(binary)[:, 0], np.roll(expected, -1), atol=1e-8)
    linear = passes_over("squared error", 0.0)
    expected = sm.WLS(NUMBER, exog, WEIGHT).fit().params
    np.testing.assert_allclose(layer(linear)[:, 0], np.roll(expected, -1), atol=1e-8)


def test_each_column_may_have_its_own_penalty():
    strengths = np.array([0.0, 0.5, 0.01, 3.0, 0.1])
    ours = layer(passes_over("log loss", strengths))[:, 0]
    signs, share = 2.0 * CLASS - 1.0, WEIGHT / WEIGHT.sum()

    def objective(values):
        logits = X @ values[:-1] + values[-1]
        return share @ np.logaddexp(0, -signs * logits) + 0.5 * strengths @ values[:-1] ** 2

    theirs = scipy.optimize.minimize(objective, np.zeros(6), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(ours, theirs.x, atol=1e-6)


@every_problem
def test_how_the_rows_are_cut_makes_no_difference_but_of_rounding(problem):
    method = NewtonOverPasses(tol=1e-13)
    whole = layer(passes_over(problem, cuts=(), method=method))
    shuffled = np.random.default_rng(1).permutation(ROWS)
    for how in ({}, {"cuts": range(10, ROWS, 10)}, {"order": shuffled}):
        ours = layer(passes_over(problem, **how, method=method))
        np.testing.assert_allclose(ours, whole, rtol=0, atol=1e-9)


@every_problem
def test_the_same_cut_gives_the_same_bits(problem):
    first, second = (passes_over(problem, cuts=range(10, ROWS, 10)) for _ in range(2))
    assert layer(first).tobytes() == layer(second).tobytes()
    losses = [[epoch.train_loss for epoch in each.history] for each in (first, second)]
    assert losses[0] == losses[1]


@every_problem
def test_as_many_blocks_are_at_work_as_memory_has_room_for(problem, monkeypatch):
    at_work, seen = 0, []
    lock = threading.Lock()
    measured = passes._Measuring._measured

    def counted(*arguments, **options):
        nonlocal at_work
        with lock:
            at_work += 1
            seen.append(at_work)
        found = measured(*arguments, **options)
        with lock:
            at_work -= 1
        return found

    plenty = passes_over(problem)
    monkeypatch.setattr(passes._Measuring, "_measured", counted)
    monkeypatch.setattr(passes, "WAITING_BYTES", 1)  # no Hessian beside another one
    scarce = passes_over(problem, method=NewtonOverPasses(max_iter=1))
    assert max(seen) == 1
    assert scarce.history[0].train_loss == plenty.history[0].train_loss


@every_problem
def test_the_certificate_bounds_what_is_left(problem):
    best = in_memory(problem, 0.01).certificate.objective
    for passed in (1, 2, 3):
        method = NewtonOverPasses(max_iter=passed, tol=0.0)
        ours = passes_over(problem, method=method)
        left = ours.certificate.objective - best
        assert -1e-13 < left <= ours.certificate.duality_gap + 1e-13


def test_from_the_optimum_of_a_sample_few_passes_are_needed():
    rows = np.arange(0, ROWS, 2)
    options = {"solver": Newton(), "weight": WEIGHT[rows]}
    start = solve(minimise(X[rows], CLASS[rows], LogLoss(), L2(0.01), **options)).params
    near = passes_over("log loss", start=start)
    far = passes_over("log loss")
    assert near.status is far.status is Status.CONVERGED
    assert near.iterations < far.iterations
    at_once = passes_over("log loss", start=far.params)
    assert at_once.iterations == 1


@every_problem
def test_the_sample_steers_where_the_hessian_is_too_large(problem, monkeypatch):
    theirs = layer(in_memory(problem, 0.01, text=LEVELS))
    monkeypatch.setattr(passes, "LARGEST_DIRECT", 0)
    ours = passes_over(problem, text=LEVELS)
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(layer(ours), theirs, rtol=0, atol=1e-7)


@every_problem
def test_rows_sorted_by_their_target_change_nothing(problem):
    order = np.argsort(PROBLEMS[problem][1], kind="stable")
    ours = passes_over(problem, order=order, cuts=range(20, ROWS, 20))
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(layer(ours), layer(in_memory(problem, 0.01)), rtol=0, atol=1e-8)


@pytest.mark.parametrize("largest", [0, 3_000])
def test_separable_classes_without_a_penalty_end_all_the_same(largest, monkeypatch):
    monkeypatch.setattr(passes, "LARGEST_DIRECT", largest)
    x = (2.0 * CLASS - 1.0)[:, None] * np.abs(X[:, :1])
    ours = passes_over("log loss", 0.0, x=x, method=NewtonOverPasses(max_iter=12))
    assert np.isfinite(layer(ours)).all()
    assert ours.certificate.objective < 0.1


@pytest.mark.parametrize("largest", [0, 3_000])
def test_columns_that_repeat_or_never_vary_do_no_harm(largest, monkeypatch):
    monkeypatch.setattr(passes, "LARGEST_DIRECT", largest)
    odd = np.column_stack([X[:, 0], X[:, 0], np.zeros(ROWS), np.ones(ROWS)])
    ours = passes_over("log loss", x=odd)
    weights = layer(ours)[:, 0]
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-8)
    np.testing.assert_allclose(weights[2:4], 0.0, atol=1e-8)


def test_a_wish_to_stop_is_heard_before_the_next_pass():
    wishes = iter([False, True])
    ours = passes_over("log loss", hear=lambda _: next(wishes))
    assert ours.status is Status.INTERRUPTED
    assert ours.iterations == 2


class Passes(dict):
    """Passes that are remembered."""

    sums = dict.get

    def keep_sums(self, number, sums):
        self[number] = {name: array.copy() for name, array in sums.items()}


@every_problem
def test_a_search_that_was_cut_short_goes_on_after_its_last_pass(problem):
    counted = []

    def across(work, items, most):
        counted.append(work)
        return map(work, items)

    whole = passes_over(problem, across=across)
    alone, kept = len(counted), Passes()
    passes_over(problem, recall=kept, hear=lambda event: event.epoch == 2)
    counted.clear()
    again = passes_over(problem, recall=kept, across=across)
    assert layer(again).tobytes() == layer(whole).tobytes()
    assert 0 < len(counted) < alone
    assert len(kept) == alone

    counted.clear()  # what was kept of another search is not taken
    other = passes_over(problem, l2=0.5, recall=kept, across=across)
    assert layer(other).tobytes() == layer(passes_over(problem, l2=0.5)).tobytes()
    assert len(counted) >= 1


def blocks_and_sample():
    blocks = Blocks(
        partial(model_of, "log loss", rows, WEIGHT / WEIGHT.sum())
        for rows in np.split(np.arange(ROWS), 4)
    )
    some = np.arange(0, ROWS, 3)
    return blocks, model_of("log loss", some, WEIGHT / WEIGHT[some].sum())


def test_events_tell_of_every_pass():
    blocks, sample = blocks_and_sample()
    events = list(newton_over_passes(blocks, sample, rows=ROWS, l2=0.01))
    assert [event.epoch for event in events] == list(range(1, len(events) + 1))
    assert (np.diff([event.train_loss for event in events]) < 1e-15).all()


def test_an_error_in_a_block_comes_out():
    def broken():
        raise OSError("gone")

    blocks, sample = blocks_and_sample()
    with pytest.raises(OSError, match="gone"):
        solve(newton_over_passes(Blocks([*blocks, broken]), sample, rows=ROWS, l2=0.01))
