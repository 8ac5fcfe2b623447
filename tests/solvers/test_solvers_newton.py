"""Newton's method against scikit-learn, statsmodels, brute force and automatic differentiation."""

import jax
import numpy as np
import pytest
import scipy.sparse as sp
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from gradum.core import L2, LogLoss, Network, Problem, SquaredError, objective
from gradum.errors import ShapeError
from gradum.solvers import newton
from gradum.solvers.curvature import Curvature, Factored, truncated_step
from gradum.solvers.driver import solve
from gradum.solvers.exact import least_squares
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import Newton
from gradum.solvers.solution import Status
from gradum.solvers.standard import StandardColumns


def table(classes, rows=400, columns=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * [1.0, 100.0, 0.01, 1.0, 3.0][:columns] + 2.0
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    noise = rng.gumbel(size=(rows, classes))
    return x, (z @ rng.normal(size=(columns, classes)) + noise).argmax(axis=1), rng


def problem(x, y, classes, **options):
    return LinearModel.of(x, y, LogLoss(), outputs=LogLoss().outputs(classes), **options)


def fitted(model, alpha=0.0, method=Newton(), **options):  # noqa: B008 - frozen
    return solve(newton.newton(model, l2=alpha, method=method, **options))


def layer(solution):
    return solution.params["layers"][0]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-4, 0.1])
@pytest.mark.parametrize("classes", [2, 3])
def test_agrees_with_scikit_learn(classes, alpha, fit_intercept):
    x, y, rng = table(classes)
    weight = rng.uniform(0.1, 3, len(y))
    solution = fitted(problem(x, y, classes, weight=weight, fit_intercept=fit_intercept), alpha)
    solver = "newton-cholesky" if classes == 2 else "newton-cg"
    peer = LogisticRegression(
        C=1 / (alpha * weight.sum()),
        fit_intercept=fit_intercept,
        solver=solver,
        tol=1e-12,
        max_iter=1000,
    ).fit(x, y, sample_weight=weight)
    scale = np.abs(peer.coef_).max(axis=0)
    np.testing.assert_allclose(layer(solution)["weight"].T / scale, peer.coef_ / scale, atol=1e-6)
    assert solution.status is Status.CONVERGED
    assert solution.certificate.gradient_norm < 1e-8
    assert ("bias" in layer(solution)) is fit_intercept


def test_without_penalty_agrees_with_statsmodels():
    x, y, _ = table(2)
    solution = fitted(problem(x, y, 2), 0.0)
    peer = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-10).params
    np.testing.assert_allclose(layer(solution)["weight"][:, 0], peer[1:], rtol=1e-9)
    np.testing.assert_allclose(layer(solution)["bias"][0], peer[0], rtol=1e-9)
    assert solution.status is Status.CONVERGED


def test_many_classes_without_penalty_agree_with_statsmodels_and_sum_to_zero():
    x, y, _ = table(4, rows=800)
    solution = fitted(problem(x, y, 4), 0.0)
    weight = layer(solution)["weight"]
    peer = sm.MNLogit(y, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-10).params
    np.testing.assert_allclose(weight[:, 1:] - weight[:, :1], peer[1:], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weight.sum(axis=1), 0.0, atol=1e-10)
    assert solution.status is Status.CONVERGED


@pytest.mark.parametrize("classes", [2, 3])
def test_automatic_differentiation_finds_the_same_gradient(classes):
    x, y, _ = table(classes)
    outputs = LogLoss().outputs(classes)
    stopped = fitted(problem(x, y, classes), 0.2, Newton(max_iter=1))  # not yet at the optimum
    with jax.enable_x64(True):
        judged = Problem(Network(inputs=x.shape[1], outputs=outputs), LogLoss(), L2(0.2))
        slope = jax.grad(objective)(stopped.params, judged, {"dense": x}, y, np.ones(len(y)))
        norm = np.sqrt(sum(np.sum(np.square(g)) for g in jax.tree.leaves(slope)))
    np.testing.assert_allclose(stopped.certificate.gradient_norm, norm, rtol=1e-9)
    assert stopped.status is Status.STEP_LIMIT


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
def test_the_hessian_and_both_steps_against_brute_force(classes, fit_intercept):
    x, y, rng = table(classes, rows=60)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    outputs = LogLoss().outputs(classes)
    logits, weight = rng.normal(size=(60, outputs)), rng.dirichlet(np.ones(60))
    penalty = rng.uniform(0.1, 1, (5, 1))
    bent = LogLoss().hessian(logits, y)
    probability = LogLoss().inverse_link(logits) if classes > 2 else None
    second = np.einsum("nkk->nk", bent)
    block = StandardColumns.as_given(Columns.of(x[:, :2], sp.csr_array(x[:, 2:])))
    curvature = Curvature(block, penalty, weight, second, probability, fit_intercept)
    bordered = np.hstack([x, np.full((60, 1), float(fit_intercept))])
    hessian = np.einsum("n,ni,nj,nkl->ikjl", weight, bordered, bordered, bent)
    hessian = hessian.reshape(6 * outputs, -1) + np.diag(
        np.repeat(np.append(penalty, not fit_intercept), outputs)
    )
    np.testing.assert_allclose(curvature.matrix(), hessian, atol=1e-12)
    step = rng.normal(size=(6, outputs))
    step[-1] *= fit_intercept
    np.testing.assert_allclose((curvature @ step).ravel(), hessian @ step.ravel(), atol=1e-12)
    gradient = curvature @ (step - step.mean(axis=1, keepdims=True) * (classes > 2))
    expected = -np.linalg.pinv(hessian) @ gradient.ravel()
    factored = Factored.of(curvature.matrix(), outputs, softmax=classes > 2)
    np.testing.assert_allclose(factored.step(gradient).ravel(), expected, atol=1e-9)
    inexact = truncated_step(curvature, gradient, lambda residual: residual)
    left = hessian @ inexact.ravel() + gradient.ravel()
    assert np.linalg.norm(left) < 0.2 * np.linalg.norm(gradient)


@pytest.mark.parametrize("classes", [2, 3])
def test_conjugate_gradients_and_sparse_columns_reach_the_same_optimum(classes, monkeypatch):
    x, y, rng = table(classes)
    levels = rng.integers(0, 8, len(y))
    one_hot = np.eye(8)[levels]
    direct = fitted(problem(np.hstack([x, one_hot]), y, classes), 1e-3)
    monkeypatch.setattr(newton, "LARGEST_DIRECT", 0)
    truncated = fitted(problem(Columns.of(x, sp.csr_array(one_hot)), y, classes), 1e-3)
    assert truncated.status is Status.CONVERGED
    for name in ("weight", "bias"):
        np.testing.assert_allclose(
            layer(truncated)[name], layer(direct)[name], rtol=1e-6, atol=1e-7
        )


def test_whole_weights_are_repetition():
    x, y, rng = table(3)
    weight = rng.integers(0, 4, len(y))
    weighted = fitted(problem(x, y, 3, weight=weight), 1e-3)
    repeated = fitted(problem(x.repeat(weight, axis=0), y.repeat(weight), 3), 1e-3)
    np.testing.assert_allclose(
        layer(weighted)["weight"], layer(repeated)["weight"], rtol=1e-7, atol=1e-10
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("complete", [True, False])
def test_separation_is_named_and_the_parameters_stay_finite(classes, complete):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    if complete:
        y = np.digitize(x[:, 0], [0.0] if classes == 2 else [-0.5, 0.5])
    else:  # a level that only one class has
        y = rng.integers(0, classes, 120)
        x[:, 1] = (y == 0) & (rng.uniform(size=120) < 0.3)
    solution = fitted(problem(x, y, classes), 0.0)
    assert solution.status is Status.SEPARATED
    assert "alpha" in solution.advice
    assert all(np.isfinite(values).all() for values in layer(solution).values())
    assert fitted(problem(x, y, classes), 1e-4).status is Status.CONVERGED


def test_a_constant_and_a_repeated_column_do_not_matter():
    x, y, _ = table(2)
    wider = np.hstack([x, np.full((len(y), 1), 0.1), x[:, :1]])
    solution, peer = fitted(problem(wider, y, 2), 0.0), fitted(problem(x, y, 2), 0.0)
    assert solution.status is Status.CONVERGED
    np.testing.assert_allclose(
        wider @ layer(solution)["weight"] + layer(solution)["bias"],
        x @ layer(peer)["weight"] + layer(peer)["bias"],
        atol=1e-8,
    )


def test_a_warm_start_saves_iterations_and_reaches_the_same_answer():
    x, y, _ = table(3)
    fit = problem(x, y, 3)
    cold = fitted(fit, 1e-3)
    near = fitted(fit, 1.1e-3)
    warm = fitted(fit, 1e-3, start=near.params)
    assert warm.iterations < cold.iterations
    np.testing.assert_allclose(layer(warm)["weight"], layer(cold)["weight"], rtol=1e-7)


def test_every_iteration_is_an_event_and_the_objective_never_rises():
    x, y, _ = table(2)
    steps = newton.newton(problem(x, y, 2), l2=1e-3)
    events = []

    def collect():
        solution = yield from steps
        assert solution.history == tuple(events)

    for event in collect():
        events.append(event)
    losses = np.array([event.train_loss for event in events])
    assert (np.diff(losses) <= 1e-15).all()
    assert [event.epoch for event in events] == list(range(1, len(events) + 1))


def test_it_stops_when_asked():
    x, y, _ = table(2)
    solution = solve(newton.newton(problem(x, y, 2), l2=1e-3), lambda _: True)
    assert solution.status is Status.INTERRUPTED
    assert solution.steps == 1


def test_squared_error_is_solved_as_by_the_exact_solver(monkeypatch):
    monkeypatch.setattr(newton, "LARGEST_DIRECT", 0)
    x, y, _ = table(2)
    solution = fitted(LinearModel.of(x, y.astype(float), SquaredError()), 0.01)
    peer = least_squares(x, y, alpha=0.01)
    np.testing.assert_allclose(layer(solution)["weight"], layer(peer)["weight"], rtol=1e-6)


def test_a_target_of_the_wrong_shape_is_refused():
    with pytest.raises(ShapeError, match=r"\(5, 1\)"):
        problem(np.zeros((5, 2)), np.zeros((5, 1)), 2)
