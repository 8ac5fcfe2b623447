"""Back-propagation by hand against automatic differentiation, and a check that can fail."""

from dataclasses import replace

import jax
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

import gradum
from gradum.core import (
    ACTIVATIONS,
    L1,
    L2,
    LOSSES,
    ElasticNet,
    Embedding,
    LogLoss,
    Network,
    Problem,
    Quantile,
    SquaredError,
    objective,
)
from gradum.errors import (
    ColumnError,
    SchemaError,
    ShapeError,
    SpecError,
    TableError,
    TargetError,
)
from gradum.study.explain_step import explain_step
from gradum.study.gradient_check import MOST_ENTRIES, Differences, check_gradient
from synthetic import FEATURES, mixed

TARGETS = {"log_loss": 1, "ordered": 1, "poisson": 3.0, "gamma": 2.5}


def draw(network, seed=0):
    rng = np.random.default_rng(seed)
    params = network.init(rng, np.float64)
    params = jax.tree.map(lambda value: rng.normal(0.0, 0.6, value.shape), params)
    inputs = {"dense": rng.normal(size=(1, network.inputs))}
    if network.embedding:
        inputs["codes"] = np.array([[1, 4]], np.int32)
    return params, inputs


def automatic(params, problem, inputs, target):
    with jax.enable_x64(True):
        return jax.grad(objective)(params, problem, inputs, np.array([target]))


def assert_same_gradient(step, expected):
    for mine, theirs in zip(jax.tree.leaves(step.gradient), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "loss"),
    [("relu", loss) for loss in LOSSES]
    + [(name, "log_loss") for name in ACTIVATIONS if name != "relu"],
)
def test_every_gradient_is_that_of_automatic_differentiation(activation, loss):
    """At every depth, with and without embeddings; classes with one logit and with three.

    A loss ends in the slopes of the logits, from which each activation takes them back. All layers
    are three wide: JAX compiles for each new shape.
    """
    target = TARGETS.get(loss, 0.8)
    for seed, (hidden, inputs, embedding) in enumerate(
        (hidden, *entry)
        for hidden in [(), (3,), (3, 3)]
        for entry in [(3, None), (1, Embedding(rows=5, columns=2, size=1))]
    ):
        if activation != "relu" and (len(hidden), seed % 2) != (2, len(loss) % 2):
            continue  # depths and embeddings differ for one activation as for another
        outputs = LOSSES[loss].outputs([None, 3][seed % 2])
        network = Network(inputs, outputs, hidden, activation, embedding=embedding)
        params, inputs = draw(network, seed)
        problem = Problem(network, LOSSES[loss])
        step = explain_step(params, problem, inputs, target)
        assert_same_gradient(step, automatic(params, problem, inputs, target))
        assert step.check.passed
        assert step.check.entries == sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("penalty", [L2(0.3), L1(0.2), ElasticNet(0.4, 0.7)])
@pytest.mark.parametrize("factor", [None, np.array([1.0, 0.0, 2.0, 1.0, 1.0, 1.0])])
def test_the_penalty_is_in_the_gradient_and_not_in_the_deltas(penalty, factor):
    network = Network(2, 1, (3,), "tanh", embedding=Embedding(rows=5, columns=2, size=2))
    params, inputs = draw(network)
    problem = Problem(network, SquaredError(), replace(penalty, factor=factor))
    step = explain_step(params, problem, inputs, 0.8)
    assert_same_gradient(step, automatic(params, problem, inputs, 0.8))
    assert step.check.passed
    free = explain_step(params, Problem(network, SquaredError()), inputs, 0.8)
    for layer, other in zip(step.layers, free.layers, strict=True):
        np.testing.assert_array_equal(layer.delta, other.delta)
    assert step.objective == pytest.approx(
        float(objective(params, problem, inputs, np.array([0.8]))), rel=1e-6
    )


def test_a_net_of_two_inputs_is_what_a_pencil_makes_of_it():
    """x = (1, 2), two ReLU units of which one is off, squared error, y = 1."""
    params = {
        "layers": [
            {"weight": np.array([[0.5, -1.0], [0.25, 0.5]]), "bias": np.array([0.5, -0.25])},
            {"weight": np.array([[2.0], [3.0]]), "bias": np.array([-1.0])},
        ]
    }
    problem = Problem(Network(2, hidden=(2,)), SquaredError())
    step = explain_step(params, problem, {"dense": np.array([[1.0, 2.0]])}, 1.0, learning_rate=0.1)
    first, last = step.layers
    np.testing.assert_allclose(first.pre_activation, [1.5, -0.25])
    np.testing.assert_allclose(first.output, [1.5, 0.0])
    np.testing.assert_allclose(step.logits, [2.0])
    assert step.loss == 1.0
    np.testing.assert_allclose(last.delta, [2.0])
    np.testing.assert_allclose(last.weight_gradient, [[3.0], [0.0]])
    np.testing.assert_allclose(first.delta, [4.0, 0.0])
    np.testing.assert_allclose(first.weight_gradient, [[4.0, 0.0], [8.0, 0.0]])
    after = step.after["layers"]
    np.testing.assert_allclose(after[0]["weight"], [[0.1, -1.0], [-0.55, 0.5]])
    np.testing.assert_allclose(after[0]["bias"], [0.1, -0.25])
    np.testing.assert_allclose(after[1]["weight"], [[1.7], [3.0]])
    np.testing.assert_allclose(after[1]["bias"], [-1.2])
    # 0.1 − 1.1 + 0.1 < 0: both units are off, and ŷ = −1.2.
    assert step.loss_after == pytest.approx(2.2**2)
    np.testing.assert_allclose(params["layers"][0]["bias"], [0.5, -0.25])


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_a_short_step_goes_down_by_the_squared_gradient(loss):
    network = Network(3, 1, (4,), "tanh")
    params, inputs = draw(network)
    step = explain_step(params, Problem(network, LOSSES[loss]), inputs, 1, learning_rate=1e-5)
    squared = sum((leaf**2).sum() for leaf in jax.tree.leaves(step.gradient))
    assert step.loss - step.loss_after == pytest.approx(1e-5 * squared, rel=1e-3)


def test_the_check_finds_a_wrong_slope_of_the_activation(monkeypatch):
    wrong = replace(ACTIVATIONS["tanh"], derivative=lambda a: 1.0 - np.tanh(a))
    monkeypatch.setitem(ACTIVATIONS, "tanh", wrong)
    network = Network(2, 1, (3,), "tanh")
    params, inputs = draw(network)
    check = explain_step(params, Problem(network, SquaredError()), inputs, 0.8).check
    assert not check.passed
    assert check.where[0] in ("W1", "b1")


def test_the_check_names_the_one_entry_that_is_wrong():
    network = Network(2, 1, (3,), "tanh")
    params, inputs = draw(network)
    step = explain_step(params, Problem(network, SquaredError()), inputs, 0.8)
    gradient = jax.tree.map(np.copy, step.gradient)
    gradient["layers"][0]["weight"][1, 2] += 1e-4

    def value(at):
        return float((network.forward(at, inputs)[0, 0] - 0.8) ** 2)

    check = check_gradient(Differences(value, params, gradient))
    assert check.where == ("W1", (1, 2))
    assert check.largest == pytest.approx(1e-4, rel=1e-3)
    assert not check.passed


def test_a_kink_within_reach_excuses_a_slope_between_both_sides_and_no_other():
    network, inputs = Network(1, 1, (1,)), {"dense": np.array([[1.0]])}
    params = {
        "layers": [
            {"weight": np.array([[1.0]]), "bias": np.array([-1.0 + 1e-6])},
            {"weight": np.array([[1.0]]), "bias": np.array([3.0])},
        ]
    }
    step = explain_step(params, Problem(network, SquaredError()), inputs, 0.0)
    assert step.check.passed
    assert step.check.kinks == 2
    gradient = jax.tree.map(lambda slope: slope * 1.5, step.gradient)

    def value(at):
        return float(network.forward(at, inputs)[0, 0] ** 2)

    assert not check_gradient(Differences(value, params, gradient)).passed


def test_of_a_large_network_entries_are_drawn_by_the_seed():
    network = Network(100, 1, (100,), "tanh")
    params, inputs = draw(network)
    problem = Problem(network, SquaredError())
    steps = [explain_step(params, problem, inputs, 0.8, seed=seed) for seed in (0, 0, 1)]
    first, again, other = (step.check for step in steps)
    assert (first.entries, first.of) == (MOST_ENTRIES, 100 * 100 + 100 + 100 + 1)
    assert first == again
    assert first.where != other.where
    assert first.passed


def test_sparse_columns_follow_the_dense_ones():
    network = Network(4, 1, (2,), "tanh")
    params, inputs = draw(network)
    problem = Problem(network, SquaredError())
    split = {
        "dense": inputs["dense"][:, :1],
        "sparse": scipy.sparse.csr_array(inputs["dense"][:, 1:]),
    }
    whole, parts = (explain_step(params, problem, each, 0.8) for each in (inputs, split))
    np.testing.assert_array_equal(whole.layers[0].weight_gradient, parts.layers[0].weight_gradient)


def test_two_codes_of_one_level_add_their_slopes():
    network = Network(1, 1, embedding=Embedding(rows=3, columns=2, size=2))
    params, inputs = draw(network)
    inputs["codes"] = np.array([[1, 1]], np.int32)
    problem = Problem(network, SquaredError())
    step = explain_step(params, problem, inputs, 0.8)
    assert_same_gradient(step, automatic(params, problem, inputs, 0.8))
    assert set(step.embedded) == {1}


def test_several_quantiles_and_a_count_of_zero_have_their_step():
    quantiles = Problem(Network(2, 2), Quantile((0.1, 0.9)))
    params, inputs = draw(quantiles.network)
    step = explain_step(params, quantiles, inputs, 0.3)
    assert len(step.prediction) == 2
    assert step.check.passed
    counts = Problem(Network(2), LOSSES["poisson"])
    params, inputs = draw(counts.network)
    assert explain_step(params, counts, inputs, 0).check.passed


def test_what_is_no_row_and_no_target_is_refused():
    problem = Problem(Network(2, 3), LogLoss())
    params, inputs = draw(problem.network)
    with pytest.raises(TargetError, match="class 3, but the network has 3 classes"):
        explain_step(params, problem, inputs, 3)
    with pytest.raises(ShapeError, match=r"\(2, 2\).*one row of this network has \(1, 2\)"):
        explain_step(params, problem, {"dense": np.zeros((2, 2))}, 1)
    with pytest.raises(TableError, match="'x2' is not a finite number"):
        explain_step(params, problem, {"dense": np.array([[1.0, np.nan]])}, 1)
    for rate in (0, -1.0, np.inf, np.nan, "fast", True, [0.1]):
        with pytest.raises(SpecError, match="learning_rate is "):
            explain_step(params, problem, inputs, 1, learning_rate=rate)
    gamma = Problem(Network(2, 3), LOSSES["gamma"])
    with pytest.raises(TargetError, match="above 0"):
        explain_step(params, gamma, inputs, -1.0)


# gradum.explain_step, on models and estimators

ROW = mixed(1, seed=4).row(0, named=True)


def features(row):
    return {name: row[name] for name in FEATURES}


@pytest.mark.parametrize("rung", ["linear", "mlp"])
def test_the_forward_pass_of_a_model_is_its_prediction(regressor, rung):
    explained = gradum.explain_step(regressor, features(ROW) | {"amount": ROW["amount"]}, rung=rung)
    step, scale = explained.step, regressor.fitted.rung(rung).target_scale
    predicted = regressor.predict(features(ROW), rung=rung)[0]
    assert scale.centre + scale.scale * step.prediction[0] == pytest.approx(predicted, rel=1e-5)
    assert step.target[0] == pytest.approx((ROW["amount"] - scale.centre) / scale.scale)
    assert step.check.passed
    assert step.penalty > 0


@pytest.mark.parametrize("rung", ["linear", "mlp"])
def test_the_forward_pass_of_a_classifier_is_its_probability(classifier, rung):
    step = gradum.explain_step(classifier, features(ROW), "yes", rung=rung).step
    expected = classifier.predict_proba(features(ROW), rung=rung)[0]
    np.testing.assert_allclose(step.prediction, expected, rtol=1e-5)
    assert step.names.outputs == ("no", "yes")
    assert step.target.tolist() == [1]
    assert step.check.passed


def test_three_classes_and_a_table_by_name(grader):
    step = gradum.explain_step(grader, features(ROW), 2).step
    expected = grader.predict_proba(features(ROW))[0]
    np.testing.assert_allclose(step.prediction, expected, rtol=1e-5)
    assert {"size", "colour=red"} <= set(step.names.inputs)
    assert any(name.startswith("city") for name in step.names.inputs)


def test_every_number_of_z0_has_a_name(regressor):
    for rung in ("linear", "mlp"):
        step = gradum.explain_step(regressor, features(ROW), 20.0, rung=rung).step
        assert len(step.names.inputs) == len(step.layers[0].input)


def test_a_row_that_does_not_fit_the_model_is_refused(regressor, classifier):
    row = features(ROW)
    with pytest.raises(TargetError, match="no 'amount', which is the target"):
        gradum.explain_step(regressor, row)
    with pytest.raises(TargetError, match="no usable value of the target 'amount'"):
        gradum.explain_step(regressor, row | {"amount": None})
    with pytest.raises(TargetError, match="never saw in row 1: 'perhaps'"):
        gradum.explain_step(classifier, row, "perhaps")
    with pytest.raises(ColumnError, match=r"'colr'. Did you mean 'colour'"):
        gradum.explain_step(regressor, row | {"colr": "red"}, 1.0)
    with pytest.raises(SchemaError, match="lacks 'size'"):
        gradum.explain_step(regressor, {k: v for k, v in row.items() if k != "size"}, 1.0)
    with pytest.raises(SpecError, match="baseline has no inputs"):
        gradum.explain_step(regressor, row, 1.0, rung="baseline")
    with pytest.raises(SpecError, match="no model 'forest'"):
        gradum.explain_step(regressor, row, 1.0, rung="forest")
    with pytest.raises(ShapeError, match="3 rows"):
        gradum.explain_step(regressor, mixed(3).select(FEATURES), 1.0)


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    return x, x @ [1.0, -2.0] + 0.5, np.array(["a", "b", "c"])[np.digitize(x[:, 0], [-0.5, 0.5])]


def test_each_estimator_has_its_step(points):
    x, y, labels = points
    quick = {"hidden_layer_sizes": 3, "max_iter": 3, "random_state": 0}
    for model, target in (
        (gradum.LinearRegression(alpha=0.1), y),
        (gradum.LinearRegression(fit_intercept=False), y),
        (gradum.LogisticRegression(), labels),
        (gradum.LogisticRegression(), labels == "a"),
        (gradum.MLPRegressor(activation="gelu", **quick), y),
        (gradum.MLPClassifier(**quick), labels),
    ):
        model.fit(x, target)
        step = gradum.explain_step(model, x[7], target[7]).step
        said = model.predict_proba if hasattr(model, "classes_") else model.predict
        np.testing.assert_allclose(step.prediction, said(x[7:8])[0], rtol=1e-9)
        assert step.check.passed


def test_at_the_optimum_the_gradients_of_all_rows_cancel(points):
    x, y, _ = points
    model = gradum.LinearRegression(alpha=0.3).fit(x, y)
    steps = [gradum.explain_step(model, row, target).step for row, target in zip(x, y, strict=True)]
    slopes = [step.layers[0].weight_gradient for step in steps]
    np.testing.assert_allclose(np.mean(slopes, axis=0), 0.0, atol=1e-12)


def test_what_an_estimator_cannot_explain_is_refused(points):
    x, y, labels = points
    line = gradum.LinearRegression().fit(x, y)
    with pytest.raises(SpecError, match="is not fitted"):
        gradum.explain_step(gradum.MLPRegressor(), x[0], 1.0)
    with pytest.raises(TargetError, match="target of the row is missing"):
        gradum.explain_step(line, x[0])
    with pytest.raises(TargetError, match="'a' is not a number"):
        gradum.explain_step(line, x[0], "a")
    with pytest.raises(ShapeError, match=r"shape \(3,\), but the model takes one of shape \(2,\)"):
        gradum.explain_step(line, [1.0, 2.0, 3.0], 1.0)
    with pytest.raises(ShapeError, match="not an array of numbers"):
        gradum.explain_step(line, {"x1": 1.0}, 1.0)
    with pytest.raises(SpecError, match="rung='mlp' has no meaning"):
        gradum.explain_step(line, x[0], 1.0, rung="mlp")
    with pytest.raises(SpecError, match="A str has no step"):
        gradum.explain_step("model.gradum", x[0], 1.0)
    with pytest.raises(TargetError, match=r"'d' is none of the model's classes. Give one of 'a'"):
        gradum.explain_step(gradum.LogisticRegression().fit(x, labels), x[0], "d")


FACTORS = np.array([1.0, 0.0])


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [
        ("poisson", gradum.L1(0.05)),
        ("gamma", gradum.L2(0.3, factor=FACTORS)),
        ("absolute_error", ElasticNet(0.1, 0.5)),
        (gradum.Huber(0.5), L1(0.2, factor=FACTORS)),
        (gradum.Quantile((0.1, 0.5, 0.9)), L2(0.1)),
        ("squared_error", None),
    ],
)
def test_an_estimator_is_explained_by_the_loss_and_the_penalty_of_its_fit(points, loss, penalty):
    x, y, _ = points
    y = np.exp(y / 2)
    line = gradum.LinearRegression(loss=loss, penalty=penalty)
    net = gradum.MLPRegressor(3, loss=loss, penalty=penalty, max_iter=3, random_state=0)
    for model in (line.fit(x, y), net.fit(x, y)):
        step = gradum.explain_step(model, x[7], y[7]).step
        np.testing.assert_allclose(step.prediction, np.ravel(model.predict(x[7:8])), rtol=1e-6)
        outputs = len(step.prediction)
        problem = Problem(
            Network(2, outputs, () if model is line else (3,)),
            LOSSES.get(loss, loss) if isinstance(loss, str) else loss,
            penalty or L2(0.0),
        )
        if model is line:
            expected = automatic(step.params, problem, {"dense": x[7:8]}, y[7])
            assert_same_gradient(step, expected)
        expected = objective(step.params, problem, {"dense": x[7:8]}, y[7:8])
        assert step.objective == pytest.approx(float(expected), rel=1e-5)
        assert step.check.passed


def test_smoothed_labels_and_the_alpha_that_was_chosen_are_those_of_the_fit(points):
    x, y, labels = points
    smooth = gradum.LogLoss(label_smoothing=0.2)
    model = gradum.LogisticRegression(loss=smooth).fit(x, labels)
    step = gradum.explain_step(model, x[7], labels[7]).step
    wanted = np.where(model.classes_ == labels[7], 0.8 + 0.2 / 3, 0.2 / 3)
    np.testing.assert_allclose(step.layers[0].delta, step.prediction - wanted, atol=1e-12)
    model = gradum.LinearRegression(penalty="l1", alpha="cv").fit(x, y)
    step = gradum.explain_step(model, x[7], y[7]).step
    assert step.penalty == pytest.approx(model.alpha_ * np.abs(model.coef_).sum())
    model.set_params(penalty="l2", alpha=7.0)
    assert gradum.explain_step(model, x[7], y[7]).step.penalty == step.penalty


def test_named_columns_come_in_any_order(points):
    x, y, _ = points
    table = pd.DataFrame({"width": x[:, 0], "height": x[:, 1]})
    model = gradum.LinearRegression().fit(table, y)
    turned = table[["height", "width"]].iloc[[7]]
    for row in (turned, turned.iloc[0], turned.iloc[0].to_dict(), pl.from_pandas(turned), x[7]):
        step = gradum.explain_step(model, row, y[7]).step
        np.testing.assert_array_equal(step.layers[0].input, x[7])
        assert step.names.inputs == ("width", "height")
    with pytest.raises(ColumnError, match=r"'heigth'. Did you mean 'height'"):
        gradum.explain_step(model, {"width": 1.0, "heigth": 2.0}, 1.0)
    with pytest.raises(SchemaError, match="lacks the column 'height'"):
        gradum.explain_step(model, {"width": 1.0}, 1.0)
    with pytest.raises(ShapeError, match=r"shape \(3, 2\)"):
        gradum.explain_step(model, table[:3], 1.0)


def test_a_row_that_overflows_is_refused_and_one_that_does_not_is_explained(points, regressor):
    x, y, _ = points
    line = gradum.LinearRegression().fit(x, y)
    with pytest.raises(TableError, match=r"overflows.* 'x2', 1e\+300"):
        gradum.explain_step(line, [1.0, 1e300], 1.0)
    with pytest.raises(TableError, match=r"overflows.* the target, 1e\+200"):
        gradum.explain_step(line, [1.0, 2.0], 1e200)
    assert gradum.explain_step(line, [1.0, 1e100], 1.0).step.check.passed
    with pytest.raises(TableError, match=r"'size'.* holds '1e\+300'"):
        gradum.explain_step(regressor, features(ROW) | {"size": 1e300}, 20.0)
    huge = features(ROW) | {"size": 1e30}
    assert gradum.explain_step(regressor, huge, 20.0, rung="mlp").step.check.passed


def test_quotients_that_are_too_blunt_to_decide_are_left_out_and_no_wrong_slope_is_excused():
    """e^(600 w) bends within h; with half the slope, none of the other entries is excused."""
    problem = Problem(Network(1), LOSSES["poisson"])
    params = {"layers": [{"weight": np.array([[1 / 60]]), "bias": np.zeros(1)}]}
    inputs = {"dense": np.array([[600.0]])}
    step = explain_step(params, problem, inputs, 1.0)
    assert (step.check.blunt, step.check.compared) == (1, 1)
    assert step.check.passed
    gradient = jax.tree.map(lambda slope: slope * 0.5, step.gradient)

    def value(at):
        return float(problem.loss.value(problem.network.forward(at, inputs), np.array([1.0]))[0])

    assert not check_gradient(Differences(value, params, gradient)).passed


def test_a_pack_in_use_is_explained_by_the_rung_below_it(regressor):
    row = features(ROW)
    # Without a judgement the last rung is in use.
    packed = gradum.Model(replace(regressor.fitted, judgement=None))
    assert packed.fitted.used == "pack"
    explained, network = (
        gradum.explain_step(packed, row, 1.0, rung=name) for name in (None, "mlp")
    )
    assert (
        str(explained) == str(network) != str(gradum.explain_step(packed, row, 1.0, rung="linear"))
    )
    with pytest.raises(SpecError, match="A network ensemble is many networks"):
        gradum.explain_step(packed, row, 1.0, rung="pack")


def test_a_step_of_no_given_length_lowers_the_loss():
    """Of y = w·x and squared error a step η lowers it by 4 e²x²η (1 − η x²), e = ŷ − y."""
    problem = Problem(Network(inputs=1, outputs=1), SquaredError())
    params = {"layers": [{"weight": np.array([[2.0]]), "bias": np.zeros(1)}]}
    for x in (0.5, 3.0, 40.0):
        inputs = {"dense": np.array([[x]])}
        step = explain_step(params, problem, inputs, 7.0)
        assert step.objective_after < step.objective
        halvings = np.log2(0.1 / step.learning_rate)
        assert halvings == round(halvings)
        limit = (1 - 1e-4) / (x**2 + 1)  # the bias has a slope as well
        assert step.learning_rate == 0.1 * 0.5 ** max(0, np.ceil(np.log2(0.1 / limit)))
    assert explain_step(params, problem, inputs, 80.0).objective == 0.0  # nothing is to be lowered
    assert explain_step(params, problem, inputs, 1.0, learning_rate=0.1).objective_after > 1e6
