"""The named solvers, against closed forms, scikit-learn and textbook steps."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from training_problems import classification, fit, regression

from gradum.core import L2, LogLoss, Network, Problem, SquaredError
from gradum.solvers import (
    FIRST_ORDER,
    LBFGS,
    SGD,
    Adam,
    AdamW,
    Data,
    GradientDescent,
    Muon,
    Regime,
    Status,
    StepDecay,
)


@pytest.mark.parametrize(
    ("solver", "for_logistic"),
    [
        (GradientDescent(0.1), GradientDescent(0.5)),
        (GradientDescent("1/L"), GradientDescent("1/L")),
        (GradientDescent("line_search"), GradientDescent("line_search")),
        (SGD(0.05, momentum=0.9), SGD(0.25, momentum=0.9)),
        (SGD(0.05, momentum=0.9, nesterov=True), SGD(0.25, momentum=0.9, nesterov=True)),
        (Adam(0.05), Adam(0.25)),
        (AdamW(0.05, weight_decay=0.0), AdamW(0.25, weight_decay=0.0)),
        (Muon(0.05), Muon(0.25)),
        (LBFGS(), LBFGS()),
    ],
    ids=str,
)
def test_full_batches_reach_the_optimum_of_ridge_and_logistic_regression(solver, for_logistic):
    regime = Regime(5000, gradient_tol=1e-10)
    x, y = regression()
    alpha = 0.02
    found = fit(
        Problem(Network(5), SquaredError(), L2(alpha)),
        Data({"dense": x}, y),
        solver=solver,
        regime=regime,
    )
    assert found.status is Status.CONVERGED
    assert found.certificate.kind == "stationary"
    # The certificate is of the answer, one step after the gradient that met the tolerance.
    assert found.certificate.gradient_norm < 1e-9
    exact = Ridge(alpha=alpha * len(y) / 2, tol=1e-12).fit(x, y)
    layer = found.params["layers"][0]
    np.testing.assert_allclose(layer["weight"][:, 0], exact.coef_, rtol=1e-7)
    np.testing.assert_allclose(layer["bias"][0], exact.intercept_, rtol=1e-7)

    x, y = classification()
    found = fit(
        Problem(Network(5), LogLoss(), L2(alpha)),
        Data({"dense": x}, y),
        solver=for_logistic,
        regime=regime,
    )
    assert found.status is Status.CONVERGED
    exact = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-12, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(found.params["layers"][0]["weight"][:, 0], exact.coef_[0], rtol=1e-6)


@pytest.mark.parametrize(
    "solver",
    [
        SGD(0.1, schedule=StepDecay(0.4, (0.4, 0.55, 0.7, 0.8, 0.9))),
        SGD(0.02, momentum=0.9, schedule="one_cycle"),
        Adam(0.02, schedule="cosine"),
        Muon(0.02, schedule="warm_up"),
    ],
    ids=str,
)
@pytest.mark.parametrize("classes", [2, 3])
def test_small_batches_come_close_to_the_optimum(solver, classes):
    x, y = classification(rows=600, classes=classes)
    alpha = 0.02
    problem = Problem(Network(5, LogLoss().outputs(classes)), LogLoss(), L2(alpha))
    found = fit(
        problem,
        Data({"dense": x}, y),
        solver=solver,
        regime=Regime(60, batch_size=32),
    )
    exact = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-10, max_iter=1000).fit(x, y)
    assert found.status is Status.STEP_LIMIT
    np.testing.assert_allclose(
        LogLoss().inverse_link(problem.network.forward(found.params, {"dense": x})),
        exact.predict_proba(x),
        atol=5e-3,
    )


def test_weighted_small_batches_come_close_to_the_weighted_optimum():
    x, y = regression(rows=600)
    weight = np.random.default_rng(3).uniform(0, 3, 600) * (x[:, 0] > -0.5)
    found = fit(
        Problem(Network(5), SquaredError(), L2(0.02)),
        Data({"dense": x}, y, weight),
        solver=SGD(0.05, schedule="cosine"),
        regime=Regime(60, batch_size=32),
    )
    exact = Ridge(alpha=0.02 * weight.sum() / 2).fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(found.params["layers"][0]["weight"][:, 0], exact.coef_, atol=5e-3)


def test_full_batch_adam_follows_scikit_learns_trajectory():
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    peer = MLPClassifier(
        (8, 6),
        activation="tanh",
        batch_size=len(y),
        shuffle=False,
        max_iter=1,
        learning_rate_init=0.01,
        epsilon=1e-14,  # which scikit-learn adds before the correction of bias
        alpha=0.5,
        random_state=0,
    )
    with pytest.warns(Warning, match="Maximum iterations"):
        peer.fit(x, y)
    start = {
        "layers": [
            {"weight": weight.copy(), "bias": bias.copy()}
            for weight, bias in zip(peer.coefs_, peer.intercepts_, strict=True)
        ]
    }
    ours = fit(
        Problem(Network(30, 1, (8, 6), "tanh"), LogLoss(), L2(0.5 / len(y))),
        Data({"dense": x}, y),
        solver=Adam(0.01, epsilon=1e-14),
        regime=Regime(50),
        start=start,
    )
    del peer._optimizer  # so that it, too, starts afresh from these parameters
    for _ in range(50):
        peer.partial_fit(x, y)
    for layer, weight in zip(ours.params["layers"], peer.coefs_, strict=True):
        np.testing.assert_allclose(layer["weight"], weight, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in FIRST_ORDER if name != "lbfgs"])
def test_two_steps_are_the_textbooks(name):
    x, y = regression(rows=7, columns=1)
    x = x[:, 0]

    def slope(w):
        return np.mean(2 * (w * x - y) * x)

    solver = FIRST_ORDER[name]
    eta, w, v, square = solver.learning_rate, 0.7, 0.0, 0.0
    for t in (1, 2):
        g = slope(w)
        if name in ("adam", "adamw", "muon"):
            v, square = 0.9 * v + 0.1 * g, 0.999 * square + 0.001 * g**2
            step = (v / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
            step += 0.01 * w if name == "adamw" else 0.0
        else:
            v = g + (0.9 * v if name in ("momentum", "nesterov") else 0.0)
            step = g + 0.9 * v if name == "nesterov" else v
        w -= eta * step
    found = fit(
        Problem(Network(1, intercept=False), SquaredError()),
        Data({"dense": x[:, None]}, y),
        solver=solver,
        regime=Regime(2),
        start={"layers": [{"weight": np.array([[0.7]])}]},
    )
    np.testing.assert_allclose(found.params["layers"][0]["weight"].item(), w, rtol=1e-12)


def test_the_schedule_scales_the_steps():
    x, y = regression(rows=7, columns=1)
    problem = Problem(Network(1, intercept=False), SquaredError())
    data = Data({"dense": x}, y)

    def falling(progress):
        return 1.0 - progress

    found = fit(problem, data, solver=GradientDescent(0.1, schedule=falling), regime=Regime(4))
    w = 0.0
    for factor in (1.0, 0.75, 0.5, 0.25):
        w -= 0.1 * factor * np.mean(2 * (w * x[:, 0] - y) * x[:, 0])
    np.testing.assert_allclose(found.params["layers"][0]["weight"].item(), w, rtol=1e-12)
