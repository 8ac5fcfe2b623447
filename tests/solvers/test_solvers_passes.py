"""Newton over passes reaches the optimum that solvers reach with all rows in memory."""

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
from gradum.solvers.passes import Passes, newton_over_passes
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


def cut(problem, weight=WEIGHT, text=None, cuts=CUTS, order=None):
    """The rows in blocks, ``text`` being sparse columns."""
    loss, target, outputs = PROBLEMS[problem]
    order = np.arange(ROWS) if order is None else order

    def block(rows):
        return lambda: LinearModel(
            StandardColumns.as_given(Columns.of(X[rows], None if text is None else text[rows])),
            target[rows],
            loss,
            outputs,
            weight[rows] / weight.sum(),
            fit_intercept=True,
        )

    return [block(rows) for rows in np.split(order, cuts)]


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
    ours = solve(newton_over_passes(cut(problem, weight, text), l2=0.01))
    theirs = in_memory(problem, 0.01, weight, text)
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(layer(ours), layer(theirs), rtol=0, atol=1e-8)
    difference = ours.certificate.objective - theirs.certificate.objective
    assert abs(difference) < 1e-13


def test_ridge_regression_as_scikit_learn_has_it():
    ours = solve(newton_over_passes(cut("squared error"), l2=0.05))
    # Ours is the weighted mean of ½ (fitted - y)², or without the ½: the ratio tells.
    factor = SquaredError().hessian(np.zeros((1, 1)), np.zeros(1)).item()
    ridge = Ridge(alpha=0.05 * WEIGHT.sum() / factor).fit(X, NUMBER, WEIGHT)
    expected = [*ridge.coef_, ridge.intercept_]
    np.testing.assert_allclose(layer(ours)[:, 0], expected, rtol=1e-8)


@pytest.mark.parametrize(("problem", "target"), [("log loss", CLASS), ("log loss of four", FOUR)])
def test_logistic_regression_as_scikit_learn_has_it(problem, target):
    ours = layer(solve(newton_over_passes(cut(problem), l2=0.01)))
    theirs = LogisticRegression(C=1 / (0.01 * WEIGHT.sum()), tol=1e-12, max_iter=10_000)
    theirs.fit(X, target, WEIGHT)
    expected = np.vstack([theirs.coef_.T, theirs.intercept_])
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6)


def test_no_penalty_as_statsmodels_has_it():
    exog = sm.add_constant(X)
    binary = solve(newton_over_passes(cut("log loss", np.ones(ROWS)), l2=0.0))
    expected = sm.Logit(CLASS, exog).fit(disp=0, tol=1e-14).params
    np.testing.assert_allclose(layer(binary)[:, 0], np.roll(expected, -1), rtol=1e-8)
    linear = solve(newton_over_passes(cut("squared error"), l2=0.0))
    expected = sm.WLS(NUMBER, exog, WEIGHT).fit().params
    np.testing.assert_allclose(layer(linear)[:, 0], np.roll(expected, -1), rtol=1e-8)


def test_each_column_may_have_its_own_penalty():
    strengths = np.array([0.0, 0.5, 0.01, 3.0, 0.1])
    ours = layer(solve(newton_over_passes(cut("log loss"), l2=strengths)))[:, 0]
    signs, share = 2.0 * CLASS - 1.0, WEIGHT / WEIGHT.sum()

    def objective(values):
        logits = X @ values[:-1] + values[-1]
        return share @ np.logaddexp(0, -signs * logits) + 0.5 * strengths @ values[:-1] ** 2

    theirs = scipy.optimize.minimize(objective, np.zeros(6), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(ours, theirs.x, atol=1e-6)


@every_problem
def test_how_the_rows_are_cut_makes_no_difference_but_of_rounding(problem):
    method = Passes(tol=1e-13)
    whole = layer(solve(newton_over_passes(cut(problem, cuts=()), l2=0.01, method=method)))
    shuffled = np.random.default_rng(1).permutation(ROWS)
    for how in ({}, {"cuts": range(10, ROWS, 10)}, {"order": shuffled}):
        ours = layer(solve(newton_over_passes(cut(problem, **how), l2=0.01, method=method)))
        np.testing.assert_allclose(ours, whole, rtol=0, atol=1e-9)


@every_problem
def test_the_same_cut_gives_the_same_bits(problem):
    first, second = (
        solve(newton_over_passes(cut(problem, cuts=range(10, ROWS, 10)), l2=0.01)) for _ in range(2)
    )
    assert layer(first).tobytes() == layer(second).tobytes()
    losses = [[epoch.train_loss for epoch in each.history] for each in (first, second)]
    assert losses[0] == losses[1]


@every_problem
def test_the_certificate_bounds_what_is_left(problem):
    best = in_memory(problem, 0.01).certificate.objective
    for passed in (1, 2, 3):
        method = Passes(max_iter=passed, tol=0.0)
        ours = solve(newton_over_passes(cut(problem), l2=0.01, method=method))
        left = ours.certificate.objective - best
        assert -1e-13 < left <= ours.certificate.duality_gap + 1e-13


def test_from_the_optimum_of_a_sample_few_passes_are_needed():
    rows = np.arange(0, ROWS, 2)
    options = {"solver": Newton(), "weight": WEIGHT[rows]}
    start = solve(minimise(X[rows], CLASS[rows], LogLoss(), L2(0.01), **options)).params
    near = solve(newton_over_passes(cut("log loss"), l2=0.01, start=start))
    far = solve(newton_over_passes(cut("log loss"), l2=0.01))
    assert near.status is far.status is Status.CONVERGED
    assert near.iterations < far.iterations
    at_once = solve(newton_over_passes(cut("log loss"), l2=0.01, start=far.params))
    assert at_once.iterations == 1


@every_problem
def test_the_diagonal_steers_where_the_hessian_is_too_large(problem, monkeypatch):
    monkeypatch.setattr(passes, "LARGEST_DIRECT", 0)
    method = Passes(max_iter=400)
    ours = solve(newton_over_passes(cut(problem, text=LEVELS), l2=0.01, method=method))
    theirs = in_memory(problem, 0.01, text=LEVELS)
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(layer(ours), layer(theirs), rtol=0, atol=1e-7)


@every_problem
def test_rows_sorted_by_their_target_change_nothing(problem):
    target = PROBLEMS[problem][1]
    order = np.argsort(target, kind="stable")
    size = LinearModel.of(X, target, PROBLEMS[problem][0], outputs=PROBLEMS[problem][2]).size
    blocks = cut(problem, order=order, cuts=range(20, ROWS, 20))
    ours = solve(newton_over_passes(blocks, l2=0.01, method=Passes(size=size)))
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(layer(ours), layer(in_memory(problem, 0.01)), rtol=0, atol=1e-8)


def test_separable_classes_without_a_penalty_end_all_the_same():
    x = np.linspace(-1, 1, 40)[:, None]
    target = (x[:, 0] > 0).astype(np.int64)

    def block(rows):
        columns = StandardColumns.as_given(Columns.of(x[rows]))
        share = np.full(len(rows), 1 / 40)
        return lambda: LinearModel(columns, target[rows], LogLoss(), 1, share, True)

    blocks = [block(rows) for rows in np.split(np.arange(40), 4)]
    ours = solve(newton_over_passes(blocks, l2=0.0))
    assert np.isfinite(layer(ours)).all()
    assert ours.certificate.objective < 0.01


def test_columns_that_repeat_or_never_vary_do_no_harm():
    odd = np.column_stack([X[:, 0], X[:, 0], np.zeros(ROWS), np.ones(ROWS)])

    def block(rows):
        columns = StandardColumns.as_given(Columns.of(odd[rows]))
        share = np.full(len(rows), 1 / ROWS)
        return lambda: LinearModel(columns, CLASS[rows], LogLoss(), 1, share, True)

    blocks = [block(rows) for rows in np.split(np.arange(ROWS), 4)]
    ours = solve(newton_over_passes(blocks, l2=0.01))
    weights = layer(ours)[:, 0]
    assert ours.status is Status.CONVERGED
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-9)
    np.testing.assert_allclose(weights[2:4], 0.0, atol=1e-9)


def test_a_wish_to_stop_is_heard_before_the_next_pass():
    wishes = iter([False, True])
    ours = solve(newton_over_passes(cut("log loss"), l2=0.01, stop=lambda: next(wishes)))
    assert ours.status is Status.INTERRUPTED
    assert ours.iterations == 2


def test_events_hold_the_parameters_of_their_pass():
    events = newton_over_passes(cut("log loss"), l2=0.01)
    losses, last = [], None
    for event in events:
        losses.append(event.train_loss)
        last = event
    assert (np.diff(losses) < 1e-15).all()
    assert last.epoch == len(losses)


def test_an_error_in_a_block_comes_out():
    def broken():
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        solve(newton_over_passes([*cut("log loss"), broken], l2=0.01))
