"""The article's page: its formulas by value, its experiments, and what it says of them."""

import re
import warnings
from pathlib import Path

import jax
import numpy as np
import pytest

import gradum
from gradum.core import (
    ACTIVATIONS,
    LogLoss,
    Network,
    Problem,
    SquaredError,
    gradient_step,
    objective,
)
from pages import assert_page_shows, script

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "article.md"
RNG = np.random.default_rng(5)
ROWS, COLUMNS = 30, 3
X, Y = RNG.standard_normal((ROWS, COLUMNS)), RNG.standard_normal(ROWS)
LABEL = (RNG.random(ROWS) < 0.4).astype(int)
THETA = RNG.standard_normal(COLUMNS + 1)
PARAMS = {"layers": [{"weight": THETA[1:, None], "bias": THETA[:1]}]}


def linear():
    return THETA[0] + sum(THETA[j + 1] * X[:, j] for j in range(COLUMNS))


def probability():
    return 1 / (1 + np.exp(-linear()))


def test_the_linear_model_is_the_articles():
    np.testing.assert_allclose(Network(COLUMNS).forward(PARAMS, {"dense": X})[:, 0], linear())


def test_the_mean_squared_error_is_the_articles():
    problem = Problem(Network(COLUMNS), SquaredError())
    written_out = sum((Y[i] - linear()[i]) ** 2 for i in range(ROWS)) / ROWS
    np.testing.assert_allclose(objective(PARAMS, problem, {"dense": X}, Y), written_out, rtol=1e-5)


def test_the_probability_of_a_class_is_the_articles():
    logits = Network(COLUMNS).forward(PARAMS, {"dense": X})
    np.testing.assert_allclose(LogLoss().inverse_link(logits)[:, 1], probability())


def test_the_log_loss_is_the_articles_with_its_sum():
    problem, p = Problem(Network(COLUMNS), LogLoss()), probability()
    rows = [LABEL[i] * np.log(p[i]) + (1 - LABEL[i]) * np.log(1 - p[i]) for i in range(ROWS)]
    found = objective(PARAMS, problem, {"dense": X}, LABEL)
    np.testing.assert_allclose(found, -sum(rows) / ROWS, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "target", "slope"),
    [
        (SquaredError(), Y, lambda: 2 * (linear() - Y)),
        (LogLoss(), LABEL, lambda: probability() - LABEL),
    ],
    ids=["mean squared error", "log loss"],
)
def test_derivative_and_update_are_the_articles(loss, target, slope):
    problem, inputs = Problem(Network(COLUMNS), loss), {"dense": X}
    logits = Network(COLUMNS).forward(PARAMS, inputs)
    np.testing.assert_allclose(loss.gradient(logits, target)[:, 0], slope(), atol=1e-12)
    partial = np.array([np.mean(slope()), *(np.mean(slope() * X[:, j]) for j in range(COLUMNS))])
    slopes = jax.grad(objective)(PARAMS, problem, inputs, target)["layers"][0]
    by_jax = np.concatenate([slopes["bias"], slopes["weight"][:, 0]])
    np.testing.assert_allclose(by_jax, partial, atol=1e-6)
    after = gradient_step(PARAMS, problem, inputs, target, learning_rate=0.3)["layers"][0]
    moved = np.concatenate([after["bias"], after["weight"][:, 0]])
    np.testing.assert_allclose(moved, THETA - 0.3 * partial, atol=1e-6)


WRITTEN_OUT = {
    "relu": lambda z: z * (z > 0),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
}


@pytest.mark.parametrize("activation", WRITTEN_OUT)
def test_the_layers_are_the_articles(activation):
    network, sigma = Network(COLUMNS, 2, (5, 4), activation), WRITTEN_OUT[activation]
    params, z = network.init(np.random.default_rng(1), np.float64), X
    *inner, last = params["layers"]
    for layer in inner:
        z = sigma(
            np.array([layer["weight"].T @ row + layer["bias"] for row in z]),
        )
    expected = np.array([last["weight"].T @ row + last["bias"] for row in z])
    np.testing.assert_allclose(network.forward(params, {"dense": X}), expected, atol=1e-12)
    np.testing.assert_allclose(ACTIVATIONS[activation].numpy(X), sigma(X), atol=1e-12)


def test_every_formula_names_functions_that_exist():
    text = PAGE.read_text()
    rows = re.findall(r"^\| 3\.\d.*\|$", text, re.MULTILINE)
    assert len(rows) == 8
    for row in rows:
        _, _, functions, file, _ = row.split("|")
        names = re.findall(r"`(?:jax\.grad\()?(\w+)", functions)
        assert names
        assert all(hasattr(gradum.core, name) for name in names), functions
        assert (DOCS / re.search(r"\]\((.*?)\)", file)[1]).exists()


@pytest.fixture(scope="module")
def printed(tmp_path_factory, judged_as_for_users):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return script("chapters").run(PAGE, tmp_path_factory.mktemp("article"))


@pytest.mark.slow
def test_the_page_shows_what_its_code_prints(printed):
    assert_page_shows(printed, script("chapters").shown_outputs(PAGE))


def figures(printed, start):
    """The numbers of the printed line that begins with these words."""
    line = next(line for text in printed for line in text.splitlines() if line.startswith(start))
    return [float(number) for number in re.findall(r"[-+]?\d+\.\d+", line.removeprefix(start))]


@pytest.mark.slow
def test_depth_pays_where_no_line_can_tell(printed):
    _, _, highest = figures(printed, "linear  ")
    for rung in ("mlp", "pack", "HistGradientBoostingClassifier"):
        assert figures(printed, rung)[1] > highest


@pytest.mark.slow
def test_more_rows_help_the_network_and_not_the_line(printed):
    few, many = figures(printed, "50  "), figures(printed, "800  ")
    assert few[1] < many[0] < few[2]  # the line, within the interval of few rows
    assert many[4] > few[5]  # the network, beyond it


@pytest.mark.slow
def test_each_remedy_of_overfitting_helps_on_new_rows(printed):
    learned, new = figures(printed, "no remedy")
    assert learned < 0.1 < 0.49 < new
    for remedy in (
        "L2 penalty, alpha 0.1",
        "dropout of a half",
        "early stopping",
        "4 units, not 32",
        "four times the rows",
    ):
        on_its_rows, *_, high = figures(printed, remedy)
        assert on_its_rows > learned
        assert high < 0


@pytest.mark.slow
def test_loss_accuracy_and_f1_choose_different_models(printed):
    share, plain, balanced, threshold = (
        figures(printed, name)[::3]
        for name in ("says the share, always", "logistic regression  ", "balanced", "threshold of")
    )
    threshold = threshold[-3:]  # after the threshold's own number
    assert plain[0] < share[0] < balanced[0]
    assert abs(plain[1] - share[1]) < 0.01 < plain[1] - balanced[1]
    assert share[2] == 0 < plain[2] < balanced[2] < threshold[2]
