"""Every loss in the registry, against SciPy, autodiff and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

from gradum.core.losses import (
    LOSSES,
    AbsoluteError,
    Gamma,
    Huber,
    LogLoss,
    Poisson,
    Quantile,
    SquaredError,
    resolve,
)
from gradum.errors import ShapeError, SpecError

CASES = [
    pytest.param(SquaredError(), 1, None, id="squared_error"),
    pytest.param(AbsoluteError(), 1, None, id="absolute_error"),
    pytest.param(Huber(0.7), 1, None, id="huber"),
    pytest.param(Quantile(0.3), 1, None, id="quantile of one level"),
    pytest.param(Quantile((0.1, 0.5, 0.8)), 3, None, id="quantile of 3 levels"),
    pytest.param(LogLoss(), 1, 2, id="log_loss binary"),
    pytest.param(LogLoss(), 4, 4, id="log_loss of 4 classes"),
    pytest.param(LogLoss(0.1), 1, 2, id="log_loss binary, smoothed"),
    pytest.param(LogLoss(0.1), 4, 4, id="log_loss of 4 classes, smoothed"),
    pytest.param(LogLoss(), 1, "soft", id="log_loss binary, soft"),
    pytest.param(LogLoss(0.2), 4, "soft", id="log_loss of 4 classes, soft and smoothed"),
    pytest.param(Poisson(), 1, "counts", id="poisson"),
    pytest.param(Gamma(), 1, "amounts", id="gamma"),
]


def example(outputs, classes, rows=23, seed=0):
    rng = np.random.default_rng(seed)
    logits = 3.0 * rng.normal(size=(rows, outputs))
    if classes is None:
        return logits, rng.normal(size=rows)
    if classes == "soft":
        target = rng.dirichlet(np.ones(max(outputs, 2)), rows)
        return logits, target if outputs > 1 else target[:, 1]
    if classes == "counts":
        return logits, rng.poisson(2.0, rows).astype(float)
    if classes == "amounts":
        return logits, rng.gamma(2.0, size=rows)
    return logits, rng.integers(0, classes, rows)


def test_every_loss_is_tested_here():
    assert {case.values[0].name for case in CASES} == set(LOSSES)


@pytest.mark.parametrize(("loss", "outputs", "classes"), CASES)
def test_gradient_is_the_central_difference_of_the_value(loss, outputs, classes):
    logits, target = example(outputs, classes)
    step = 1e-5
    for k in range(outputs):
        shift = step * np.eye(outputs)[k]
        slope = (loss.value(logits + shift, target) - loss.value(logits - shift, target)) / (
            2 * step
        )
        np.testing.assert_allclose(loss.gradient(logits, target)[:, k], slope, atol=1e-7)


@pytest.mark.parametrize(("loss", "outputs", "classes"), CASES)
def test_hessian_is_the_central_difference_of_the_gradient(loss, outputs, classes):
    logits, target = example(outputs, classes)
    step = 1e-5
    hessian = loss.hessian(logits, target)
    assert hessian.shape == (len(target), outputs, outputs)
    for k in range(outputs):
        shift = step * np.eye(outputs)[k]
        slope = (loss.gradient(logits + shift, target) - loss.gradient(logits - shift, target)) / (
            2 * step
        )
        np.testing.assert_allclose(hessian[:, k], slope, atol=1e-7)


@pytest.mark.parametrize(("loss", "outputs", "classes"), CASES)
def test_jax_and_numpy_agree_and_autodiff_gives_the_closed_forms(loss, outputs, classes):
    logits, target = example(outputs, classes)
    with jax.enable_x64(True):
        z, y = jnp.asarray(logits), jnp.asarray(target)
        np.testing.assert_allclose(
            jax.jit(loss.value)(z, y), loss.value(logits, target), rtol=1e-13
        )
        gradient = jax.grad(lambda z: loss.value(z, y).sum())(z)
        np.testing.assert_allclose(gradient, loss.gradient(logits, target), atol=1e-13)

        def of_row(row, label):
            return loss.value(row[None], label[None])[0]

        hessian = jax.vmap(jax.hessian(of_row))(z, y)
        np.testing.assert_allclose(hessian, loss.hessian(logits, target), atol=1e-12)


@pytest.mark.parametrize(("outputs", "classes"), [(1, 2), (3, 3)])
def test_log_loss_is_scikit_learns(outputs, classes):
    logits, target = example(outputs, classes)
    probability = LogLoss().inverse_link(logits)
    assert probability.shape == (len(target), classes)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-14)
    expected = sklearn.metrics.log_loss(target, probability)
    np.testing.assert_allclose(LogLoss().value(logits, target).mean(), expected, rtol=1e-12)


@pytest.mark.parametrize("huge", [1e2, 1e4, 1e30])
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


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    ("predictions", "target"),
    [
        ((100, 1), (100, 100)),
        ((100,), (100, 1)),
        ((100, 1), (100, 1)),
        ((100,), (100,)),
        ((100, 1), (99,)),
    ],
)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=str)
def test_unequal_shapes_are_refused_naming_both(loss, predictions, target, traced):
    value = jax.jit(loss.value) if traced else loss.value
    with pytest.raises(ShapeError) as caught:
        value(np.zeros(predictions), np.zeros(target))
    assert str(predictions) in str(caught.value)
    assert str(target) in str(caught.value)


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
