"""Properties of single losses, against scikit-learn and known digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

from gradum.core.losses import LogLoss, SquaredError, learned_loss, resolve
from gradum.errors import ShapeError, SpecError


def example(outputs, classes, rows=23):
    rng = np.random.default_rng(0)
    return 3.0 * rng.normal(size=(rows, outputs)), rng.integers(0, classes, rows)


@pytest.mark.parametrize(("outputs", "classes"), [(1, 2), (3, 3)])
def test_log_loss_is_scikit_learns(outputs, classes):
    logits, target = example(outputs, classes)
    probability = LogLoss().inverse_link(logits)
    assert probability.shape == (len(target), classes)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-14)
    expected = sklearn.metrics.log_loss(target, probability)
    np.testing.assert_allclose(LogLoss().value(logits, target).mean(), expected, rtol=1e-12)


@pytest.mark.parametrize("huge", [1e2, 1e30])
@pytest.mark.parametrize("module", [np, jnp])
def test_log_loss_is_exact_at_extreme_logits(huge, module):
    # The loss of a wrong answer is the size of the logit; that of a right one is 0.
    logits = module.asarray(np.array([[huge], [-huge]], np.float32))
    np.testing.assert_allclose(LogLoss().value(logits, module.asarray([0, 1])), huge, rtol=1e-6)
    np.testing.assert_allclose(LogLoss().value(logits, module.asarray([1, 0])), 0.0, atol=1e-30)
    three = module.asarray(np.array([[huge, 0.0, -huge]], np.float32))
    np.testing.assert_allclose(LogLoss().value(three, module.asarray([0])), 0.0, atol=1e-30)
    np.testing.assert_allclose(LogLoss().value(three, module.asarray([1])), huge, rtol=1e-6)
    for z, y in ((logits, [0, 1]), (three, [2])):
        gradient = LogLoss().gradient(np.asarray(z), np.asarray(y))
        assert np.isfinite(gradient).all()
        slope = jax.grad(lambda z, y=y: LogLoss().value(z, jnp.asarray(y)).sum())(jnp.asarray(z))
        np.testing.assert_allclose(slope, gradient, atol=1e-6)


def test_binary_log_loss_keeps_its_digits_where_it_is_tiny():
    # log(1 + e^-40) = 4.2483542552915889e-18, far below the spacing of numbers at 1.
    value = LogLoss().value(np.array([[40.0], [-40.0]]), np.array([1, 0]))
    np.testing.assert_allclose(value, 4.2483542552915889e-18, rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("outputs", [1, 3, 26])
def test_value_and_gradient_together_are_each_alone(outputs, smoothing):
    rng = np.random.default_rng(outputs)
    logits = rng.normal(size=(200, outputs)) * rng.choice([1.0, 300.0], (200, 1))
    target = rng.integers(0, max(outputs, 2), 200)
    loss = LogLoss(smoothing)
    soft = loss.smoothed(target, outputs)
    for of, given in ((loss, target), (LogLoss(), soft)):
        value, gradient = of.value_and_gradient(logits, given)
        assert np.array_equal(value, of.value(logits, given))
        assert np.array_equal(gradient, of.gradient(logits, given))
        assert value == pytest.approx(loss.value(logits, target), rel=1e-12)
        assert gradient == pytest.approx(loss.gradient(logits, target), abs=1e-15)


def test_squared_error_refuses_two_outputs():
    with pytest.raises(ShapeError, match=r"\(5, 2\)"):
        SquaredError().value(np.zeros((5, 2)), np.zeros(5))


def test_outputs():
    assert SquaredError().outputs(None) == 1
    assert [LogLoss().outputs(classes) for classes in (2, 3, 10)] == [1, 3, 10]


def test_resolve():
    assert resolve("log_loss") == LogLoss()
    assert resolve(SquaredError()) == SquaredError()
    with pytest.raises(SpecError, match="hinge"):
        resolve("hinge")


def test_each_target_has_its_loss_and_a_metric_may_choose_another():
    named = {metric: learned_loss(None, metric).name for metric in (None, "rmse", "r2", "mae")}
    assert named.pop("mae") == "absolute_error"
    assert set(named.values()) == {"squared_error"}
    assert {learned_loss(2, metric).name for metric in (None, "auc", "mae")} == {"log_loss"}
