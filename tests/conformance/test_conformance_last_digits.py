"""No decision hangs on the last digits: inputs moved by one, other units, another order of rows.

In each table something holds exactly: columns depend on each other, tie, separate or repeat. What
another processor does to such a table is to move the last digits.
"""

import numpy as np
import pytest
from scipy import sparse

from gradum.core.losses import resolve
from gradum.core.penalties import L1, L2
from gradum.margins import distinct, falling, falls, first_greatest, first_least
from gradum.run.judging.verdict import decide
from gradum.rungs.pack.codes import thresholds
from gradum.rungs.pack.select import greedy
from gradum.rungs.penalty_path.batched_folds import Price
from gradum.rungs.penalty_path.path import Path, penalty_path
from gradum.rungs.rung import Prediction
from gradum.scores.interval import Interval
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome
from gradum.solvers.convex import InteriorPoint, Newton, minimise
from gradum.solvers.driver import solve
from gradum.solvers.exact import LeastSquares
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.solution import Status
from gradum.study.findings.threshold_sweep import Sweep
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.infer import infer
from gradum.study.prediction_bins import equal_count_bins

ROWS = 60
RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(3, ROWS))
X = np.column_stack([A, B, C]) + 2.0
NUMBER = X @ [1.0, 2.0, 3.0] + RNG.normal(size=ROWS)
CLASS = RNG.integers(0, 2, ROWS)
SEEDS = range(5)


def moved(values, seed):
    """Every value by one last digit, up or down; the first seed leaves them."""
    if seed == 0:
        return values
    upwards = np.random.default_rng(seed).random(values.shape) < 0.5
    return np.nextafter(values, np.where(upwards, np.inf, -np.inf))


def variants(columns):
    """The columns with other last digits, in other units and orders; and the order of the rows."""
    for seed, unit in enumerate((1.0, 1.0, 3.0, 1.0 / 3.0, 3.0)):
        order = np.arange(len(columns))
        if seed > 2:
            order = np.random.default_rng(seed).permutation(order)
        yield moved(unit * columns, seed)[order], order


def one(decisions):
    decisions = list(decisions)
    assert all(each == decisions[0] for each in decisions), decisions
    return decisions[0]


CLOSE = 1e4 + 1e3 * A
DEPENDENT = {
    "a sum": ([A, B, A + B, C], [(2, (0, 1))]),
    "far from 0": ([1000 + A, B, 1.19 * (1000 + A), C], [(2, (0,))]),
    "very far from 0": ([1e8 + A, B, 0.3 * (1e8 + A) + 7, C], [(2, (-1, 0))]),
    "a small difference": ([CLOSE, CLOSE + 1e-3 * B, CLOSE - (CLOSE + 1e-3 * B)], [(2, (0, 1))]),
    "all levels": ([A, *np.equal.outer(range(3), np.arange(ROWS) % 3)], [(3, (-1, 1, 2))]),
    "a constant": ([A, np.full(ROWS, 0.1), B], [(1, (-1,))]),
}


@pytest.mark.parametrize("table", DEPENDENT)
def test_whether_columns_depend_on_each_other(table):
    columns, expected = DEPENDENT[table]
    columns = np.column_stack(columns).astype(float)

    def dependencies(table):
        found = Standard.of(table, np.ones(ROWS), fit_intercept=True).dependencies
        return [(each.column, each.on) for each in found]

    assert one(dependencies(each) for each, _ in variants(columns)) == expected
    solved = [LeastSquares(each, NUMBER[order]).solve() for each, order in variants(columns)]
    decided = [(each.certificate.rank, each.status) for each in solved]
    assert one(decided) == (columns.shape[1] - 1, Status.CONVERGED)


def test_the_rank_of_a_logistic_regression():
    columns = np.column_stack([X, 1000 + X[:, 0] + X[:, 1]])
    models = [
        LinearModel.of(each, CLASS[order], resolve("log_loss")) for each, order in variants(columns)
    ]
    found = [
        solve(minimise(m.columns.given, m.target, m.loss, L2(0.0), solver=Newton())) for m in models
    ]
    assert one((each.certificate.rank, each.status) for each in found) == (3, Status.CONVERGED)


def test_a_sparse_column_that_does_not_vary():
    for rows in (10, 100_000):
        columns = sparse.csr_array(np.column_stack([np.full(rows, 0.1), np.arange(rows) % 7]))
        target = np.arange(rows) % 5.0
        assert LeastSquares(columns, target).solve().certificate.rank == 1
        assert LinearModel.of(columns, target, resolve("huber")).columns.alive.tolist() == [0, 1]


def quasi_separated(unit):
    """Two classes that share one value of a column, and else lie on either side of it."""
    columns, order = X.copy(), np.argsort(X[:, 0])
    columns[order[30], 0] = columns[order[29], 0]
    target = np.zeros(ROWS, int)
    target[order[30:]] = 1
    columns[:, 0] *= unit
    return columns, target


@pytest.mark.parametrize("unit", [1.0, 1e5])
def test_whether_a_tied_column_separates(unit):
    columns, target = quasi_separated(unit)
    loss = resolve("log_loss")
    for each, order in variants(columns):
        found = infer(each, target[order], loss)
        assert "'x0' (+∞)" in " ".join(found.sentences)
        solution = solve(minimise(each, target[order], loss, L2(0.0), solver=Newton()))
        assert solution.status is Status.SEPARATED
        assert solution.certificate.separating == (0,)


def test_which_of_columns_that_say_the_same_are_said_to_separate():
    columns = np.column_stack([X, X[:, 0], 3.0 * X[:, 1]])
    target = (X[:, 0] + X[:, 1] > np.median(X[:, 0] + X[:, 1])).astype(int)
    for each, order in variants(columns):
        model = minimise(each, target[order], resolve("log_loss"), L2(0.0), solver=Newton())
        assert solve(model).certificate.separating == (0, 1)


def test_a_flag_stays_a_flag():
    flag = np.arange(ROWS) % 7 == 0
    columns, target = np.column_stack([X, flag]).astype(float), np.where(flag, 1, CLASS)
    sentences = [infer(moved(columns, seed), target, "log_loss").sentences[0] for seed in SEEDS]
    assert "'x3' is left out with its 9 rows" in one(sentences)


@pytest.mark.parametrize("far", [0.0, 1e4, 1e6])
@pytest.mark.parametrize("loss", ["squared_error", "gamma"])
def test_whether_a_fit_is_exact(loss, far):
    for seed, (each, order) in enumerate(variants(X + far)):
        target = (X + far) @ [1.0, 2.0, 3.0] + 5.0 - 6.0 * far
        target = moved(np.exp(0.1 * target) if loss == "gamma" else target, seed)
        assert "the fit is exact" in infer(each, target[order], loss).sentences[-1]


def test_a_target_that_does_not_vary_explains_nothing():
    for value in (0.1, 3.0, 7.0):
        target = np.full(ROWS, value)
        statistics = infer(X, target, "poisson").statistics
        assert statistics is None or statistics.r_squared is None


def test_whether_groups_are_too_few_for_a_test_of_all_columns():
    for count, known in ((2, False), (3, False), (4, True)):
        for each, order in variants(X[:, :3]):
            groups = (np.arange(ROWS) % count)[order]
            found = infer(each, NUMBER[order], groups=groups).statistics.test
            assert (found is not None) is known


def test_whether_a_row_has_a_coefficient_of_its_own():
    alone = np.arange(ROWS) == 7
    for tilt in (1e-3, 1e-7, 1e-9):
        columns = np.column_stack([X, X[:, 0] + tilt * X[:, 1] ** 2, alone])
        for each, order in variants(columns):
            found = infer(each, NUMBER[order], numbers=order + 1)
            assert "Row 8 has leverage 1" in " ".join(found.sentences)


def test_rows_of_equal_influence_are_named_in_the_order_of_the_table():
    columns, target = np.vstack([X[:20]] * 3), np.concatenate([NUMBER[:20]] * 3)
    rows = [[each.row for each in infer(moved(columns, s), target).influential] for s in SEEDS]
    first, second, third, *_ = one(rows)
    assert (second - first, third - second) == (20, 20)


def test_an_exact_median_is_found():
    target = X @ [1.0, -2.0, 0.5] + 3.0
    for each, order in variants(X):
        solver = InteriorPoint()
        model = minimise(each, target[order], resolve("absolute_error"), L2(0.0), solver=solver)
        assert solve(model).status is Status.CONVERGED


def test_the_lasso_keeps_the_first_of_columns_that_say_the_same():
    columns = np.column_stack([X, X[:, [0, 2]]])
    for each, order in variants(columns):
        targets = {"squared_error": NUMBER, "log_loss": (NUMBER > 12.0).astype(int)}
        for name, target in targets.items():
            model = minimise(each, target[order], resolve(name), L1(0.002), solver=Newton())
            weight = solve(model).params["layers"][0]["weight"][:, 0]
            assert weight[[0, 2]].all()
            assert not weight[3:].any()
        model = LinearModel.of(each, NUMBER[order], resolve("squared_error"))
        path = penalty_path(model, np.array([0.05, 0.01]), lambda alpha: Price(l1=alpha))
        assert not path.weights[:, 3:].any()


def test_of_penalties_that_do_the_same_the_strongest_is_best():
    for seed in SEEDS:
        losses = moved(np.full(5, 0.1), seed)
        assert Path((16.0, 8.0, 4.0, 2.0, 1.0), tuple(losses)).best == 16.0


def test_of_rungs_that_predict_the_same_the_simplest_is_used_and_enough():
    for seed in SEEDS:
        values = moved(np.full(3, 0.7), seed)
        scores = {
            rung: Interval(value, value - 0.1, value + 0.1, 0.05)
            for rung, value in zip(("baseline", "linear", "mlp"), values.tolist(), strict=True)
        }
        nothing = {}
        for rung, simpler in (("linear", "baseline"), ("mlp", "baseline"), ("mlp", "linear")):
            gap = scores[rung].value - scores[simpler].value
            nothing[rung, simpler] = Interval(gap, gap, gap, 0.0)
        verdict = decide("rmse", scores, nothing)
        assert (verdict.used, verdict.enough) == ("baseline", "baseline")
        assert all("no difference shown" in each.finding for each in verdict.comparisons)


def test_of_members_that_predict_the_same_the_first_is_taken():
    for seed in SEEDS:
        predictions = moved(np.stack([NUMBER + 1.0] * 3 + [NUMBER + 2.0])[:, :, None], seed)
        shares = greedy(
            predictions, lambda mean: np.square(mean[..., 0] - NUMBER).mean(axis=1), picks=5
        )
        assert shares.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_rows_that_are_all_alike_are_not_parted():
    values = np.arange(80.0)
    for seed in SEEDS:
        told = moved((values >= 40)[:, None] * 0.3 + 0.1, seed)
        assert thresholds(values, told, np.full(80, 0.1), most=8).tolist() == [40]


def test_classes_of_equal_probability():
    for seed in SEEDS:
        probability = moved(np.full((40, 4), 0.25), seed)
        assert not Prediction.of_classes(probability).value.any()
        outcome = Outcome("multiclass", np.arange(40) % 4, probability=probability)
        assert not outcome.predicted.any()
        assert score(outcome)["auc"] == 0.5


def test_rows_of_equal_score_are_passed_at_once():
    scores = np.repeat([0.1, 0.3, 0.7, 0.9], 15)
    for seed in SEEDS:
        sweep = Sweep.of(moved(scores, seed), CLASS == 1)
        assert (sweep.positives + sweep.negatives).tolist() == [0, 15, 30, 45, 60]
        bins = equal_count_bins(moved(scores, seed))
        assert bins.tolist() == np.repeat([0, 1, 1, 2], 15).tolist()


def test_ties():
    for seed in SEEDS:
        values = moved(np.array([0.3, 0.1, 0.3, 0.1, 0.2]), seed)
        assert first_least(values) == 1
        assert first_greatest(values) == 0
        assert falling(values).tolist() == [0, 2, 4, 1, 3]
        assert distinct(np.sort(values)).tolist() == [0, 0, 1, 2, 2]
        assert not falls(values[1], values[3])
    assert falls(0.1, np.inf)
    assert first_least(np.array([np.inf, 1.0, np.nan])) == 2
    assert first_least(np.array([[2.0, 1.0], [-np.inf, 0.0]])).tolist() == [1, 0]
    assert first_least(np.array([1e-16, 0.0]), scale=1.0) == 0
    rng = np.random.default_rng(0)
    many = rng.integers(-2, 3, (200, 4)) * (1 + 1e-16 * rng.integers(-3, 4, (200, 4)))
    many[rng.random((200, 4)) < 0.1] = np.inf
    many[rng.random((200, 4)) < 0.05] = np.nan
    for scale in (None, 1.0):  # a row by itself, and among others
        together = first_least(many, scale=scale).tolist()
        assert [int(first_least(row, scale=scale)) for row in many] == together
