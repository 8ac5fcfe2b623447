"""Every loss trains, through padding and small batches, to the optimum that SciPy finds."""

import numpy as np
import pytest
import scipy.optimize
from training_problems import classification, fit, flat, regression

from gradum.core import (
    L2,
    LOSSES,
    ElasticNet,
    Embedding,
    Gamma,
    LogLoss,
    Network,
    Poisson,
    Problem,
    Quantile,
    SquaredError,
    Tweedie,
)
from gradum.errors import ShapeError
from gradum.solvers import LBFGS, Adam, Data, GradientDescent, Regime, Status, Validation
from gradum.solvers.convex import CONVEX, minimise
from gradum.solvers.driver import solve

ALPHA = 0.02


def target_of(loss, rows, rng, x):
    mean = np.exp(0.3 * x[:, 0] - 0.5 * x[:, 1])
    if isinstance(loss, Poisson):
        return rng.poisson(mean)
    if isinstance(loss, Gamma):
        return mean * rng.gamma(2.0, 0.5, rows)
    if isinstance(loss, Tweedie):  # sums of a Poisson number of amounts, some of them none
        return rng.gamma(np.maximum(2.0 * rng.poisson(mean), 1e-9), 0.5)
    if isinstance(loss, LogLoss):
        return rng.integers(0, 2, rows)
    if loss.one_score:
        return np.digitize(x[:, 0] + rng.logistic(size=rows), [-1.0, 1.0])
    return x[:, 0] + rng.normal(size=rows)


def least(loss, x, y, outputs=1, weight=None, alpha=ALPHA):
    """The optimum by SciPy's BFGS, from the loss's value alone."""
    columns = x.shape[1]

    def value(row):
        matrix = row.reshape(columns + 1, outputs)
        losses = loss.value(x @ matrix[:-1] + matrix[-1], y)
        return np.average(losses, weights=weight) + alpha / 2 * (matrix[:-1] ** 2).sum()

    found = scipy.optimize.minimize(
        value, np.zeros((columns + 1) * outputs), method="BFGS", options={"gtol": 1e-7}
    )
    return found.x.reshape(columns + 1, outputs), found.fun


@pytest.mark.parametrize("loss", [Poisson(), Gamma()], ids=lambda loss: loss.name)
def test_log_links_reach_scipys_optimum_through_padded_rows(loss):
    # 70 rows are laid out as 96, and 9 columns as 10.
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(70, 9)), rng.random(70)
    y = target_of(loss, 70, rng, x)
    found = fit(
        Problem(Network(9), loss, L2(ALPHA)),
        Data({"dense": x}, y, weight),
        solver=LBFGS(),
        regime=Regime(200, gradient_tol=1e-9),
    )
    assert found.status is Status.CONVERGED
    exact, _ = least(loss, x, y, weight=weight)
    layer = found.params["layers"][0]
    np.testing.assert_allclose(layer["weight"], exact[:-1], atol=2e-6)
    np.testing.assert_allclose(layer["bias"], exact[-1], atol=2e-6)


@pytest.mark.parametrize("classes", [2, 5])
def test_probabilities_as_targets_reach_scipys_optimum(classes):
    rng = np.random.default_rng(1)
    x, soft = rng.normal(size=(70, 3)), rng.dirichlet(np.ones(classes), 70)
    y = soft[:, 1] if classes == 2 else soft
    outputs = LogLoss().outputs(classes)
    problem, data = Problem(Network(3, outputs), LogLoss(), L2(ALPHA)), Data({"dense": x}, y)
    found = fit(problem, data, solver=LBFGS(), regime=Regime(200, gradient_tol=1e-9))
    _, best = least(LogLoss(), x, y, outputs)
    assert found.status is Status.CONVERGED
    np.testing.assert_allclose(found.history[-1].train_loss, best, rtol=1e-9)


def test_probabilities_train_in_small_batches_and_judge():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(70, 3)), rng.dirichlet(np.ones(5), 70)
    data = Data({"dense": x}, y)
    found = fit(
        Problem(Network(3, 5), LogLoss()),
        data,
        solver=Adam(0.05, schedule="cosine"),
        regime=Regime(60, batch_size=16),
        validation=Validation(data),
    )
    best = least(LogLoss(), x, y, 5, alpha=0.0)[1]
    assert best <= found.certificate.validation_loss < best + 1e-3


def test_codes_and_their_certain_probabilities_train_alike():
    x, y = classification(rows=70, classes=5)
    problem = Problem(Network(5, 5), LogLoss())
    how = {"solver": Adam(0.05), "regime": Regime(3, batch_size=32)}
    by_code = fit(problem, Data({"dense": x}, y), **how)
    by_share = fit(problem, Data({"dense": x}, np.eye(5)[y]), **how)
    np.testing.assert_allclose(flat(by_share.params), flat(by_code.params), rtol=1e-9, atol=1e-12)


def test_smoothing_gives_no_share_to_a_class_that_is_not_there():
    # 5 classes would be laid out as 6.
    x, y = classification(rows=80, columns=3, classes=5)
    loss = LogLoss(label_smoothing=0.1)
    found = fit(
        Problem(Network(3, 5), loss, L2(ALPHA)),
        Data({"dense": x}, y),
        solver=LBFGS(),
        regime=Regime(200, gradient_tol=1e-9),
    )
    np.testing.assert_allclose(found.history[-1].train_loss, least(loss, x, y, 5)[1], rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_comes_close_in_small_batches(loss):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(150, 2))
    y = target_of(loss, 150, rng, x)
    outputs = loss.outputs() if loss.one_score else 1
    found = fit(
        Problem(Network(2, outputs), loss, L2(ALPHA)),
        Data({"dense": x}, y),
        solver=Adam(0.05, schedule="cosine"),
        regime=Regime(60, batch_size=40),  # a last batch of 30
    )
    assert found.status is Status.STEP_LIMIT
    layer = found.params["layers"][0]
    value = loss.value(x @ layer["weight"] + layer["bias"], y).mean()
    value += ALPHA / 2 * (layer["weight"] ** 2).sum()
    if loss.one_score:
        np.testing.assert_allclose(loss.tied(layer["weight"]), layer["weight"], atol=1e-12)
        steps = minimise(x, y, loss, L2(ALPHA), solver=CONVEX["one-score"], outputs=outputs)
        best = solve(steps).certificate.objective
    elif loss.smooth:
        best = least(loss, x, y)[1]
    else:  # kinks stop BFGS short, and the simplex of Nelder and Mead does not mind them
        best = scipy.optimize.minimize(
            lambda row: (
                loss.value((x @ row[:2] + row[2])[:, None], y).mean()
                + ALPHA / 2 * row[:2] @ row[:2]
            ),
            np.zeros(3),
            method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 5000},
        ).fun
    assert best - 1e-8 < value < best + 2e-3


def test_many_quantiles_are_as_many_outputs():
    rng = np.random.default_rng(3)
    y = rng.normal(size=200)
    levels = (0.1, 0.3, 0.5, 0.7, 0.9)
    found = fit(
        Problem(Network(1, 5), Quantile(levels)),
        Data({"dense": np.zeros((200, 1))}, y),
        solver=Adam(0.05, schedule="cosine"),
        regime=Regime(600),
    )
    np.testing.assert_allclose(found.params["layers"][0]["bias"], np.quantile(y, levels), atol=0.05)


@pytest.mark.parametrize("columns", [9, 3])
def test_factors_of_the_penalty_are_the_closed_form(columns):
    # 9 columns become 10: the factors are laid out alike.
    x, y = regression(rows=80, columns=columns)
    factor = np.arange(columns) / 2.0
    found = fit(
        Problem(Network(columns), SquaredError(), L2(0.3, factor)),
        Data({"dense": x}, y),
        solver=GradientDescent("1/L"),
        regime=Regime(3000, gradient_tol=1e-11),
    )
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred + 0.3 * 80 / 2 * np.diag(factor)
    exact = np.linalg.solve(gram, centred.T @ (y - y.mean()))
    np.testing.assert_allclose(found.params["layers"][0]["weight"][:, 0], exact, rtol=1e-8)


def test_embedded_columns_have_the_factor_1():
    rng = np.random.default_rng(4)
    inputs = {"dense": rng.normal(size=(60, 9)), "codes": rng.integers(0, 5, (60, 1), np.int32)}
    network = Network(9, embedding=Embedding(5, 1, 2))
    how = {"solver": GradientDescent(0.05), "regime": Regime(5)}
    data = Data(inputs, rng.normal(size=60))
    plain = fit(Problem(network, SquaredError(), L2(0.2)), data, **how)
    ones = fit(Problem(network, SquaredError(), L2(0.2, np.ones(9))), data, **how)
    np.testing.assert_allclose(flat(ones.params), flat(plain.params), rtol=1e-12)


def test_a_penalty_with_a_kink_comes_close_by_its_subgradient():
    x, y = regression(rows=80)
    penalty = ElasticNet(0.2, 0.5)
    found = fit(
        Problem(Network(5), SquaredError(), penalty),
        Data({"dense": x}, y),
        solver=Adam(0.02, schedule="cosine"),
        regime=Regime(1500),
    )
    weight, bias = found.params["layers"][0]["weight"], found.params["layers"][0]["bias"]
    value = np.mean((x @ weight + bias - y[:, None]) ** 2) + penalty.value(found.params)

    def split(row):  # w = u − v with u, v ≥ 0, which leaves nothing to bend
        u, v, level = row[:5], row[5:10], row[10]
        l1, l2 = (strength[0] for strength in penalty.strengths(5))
        fitted = np.mean((x @ (u - v) + level - y) ** 2)
        return fitted + l1 * (u + v).sum() + l2 / 2 * ((u - v) ** 2).sum()

    bounds = [(0, None)] * 10 + [(None, None)]
    best = scipy.optimize.minimize(split, np.zeros(11), bounds=bounds, tol=1e-12).fun
    assert best - 1e-6 < value < best + 1e-3


def test_mistakes_are_refused():
    x = np.zeros((20, 4))
    with pytest.raises(ShapeError, match=r"3 classes.* 4 outputs"):
        fit(
            Problem(Network(4, 4), LogLoss()),
            Data({"dense": x}, np.full((20, 3), 1 / 3)),
            solver=Adam(),
            regime=Regime(1),
        )
    with pytest.raises(ShapeError, match=r"factors of shape \(3,\) for 4 columns"):
        fit(
            Problem(Network(4), SquaredError(), L2(0.1, np.ones(3))),
            Data({"dense": x}, np.zeros(20)),
            solver=Adam(),
            regime=Regime(1),
        )
    with pytest.raises(ShapeError, match=r"\(19, 3\).*\(20, 4\)"):
        Data({"dense": x}, np.full((19, 3), 1 / 3))
