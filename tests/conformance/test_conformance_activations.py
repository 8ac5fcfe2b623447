"""The demands on every activation of the registry: the same in NumPy and JAX, with its slope."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradum.core import ACTIVATIONS

POINTS = np.concatenate([np.linspace(-30.0, 30.0, 401), [1e-9, -1e-9, 300.0, -300.0]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_is_that_of_automatic_differentiation(name):
    activation = ACTIVATIONS[name]
    with jax.enable_x64(True):
        automatic = jax.vmap(jax.grad(activation.jax))(POINTS)
    np.testing.assert_allclose(activation.derivative(POINTS), automatic, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_is_that_of_the_numpy_form(name):
    activation, h = ACTIVATIONS[name], 1e-6
    points = np.array([-2.3, -0.7, -0.1, 0.2, 0.9, 3.1])
    differences = (activation.numpy(points + h) - activation.numpy(points - h)) / (2 * h)
    np.testing.assert_allclose(activation.derivative(points), differences, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_numpy_and_jax_agree_and_are_finite_far_out(name, dtype, rtol):
    activation = ACTIVATIONS[name]
    points = np.concatenate([POINTS, [1e4, -1e4, 0.0]]).astype(dtype)
    with jax.enable_x64(dtype is np.float64):
        plain, compiled = (
            f(jnp.asarray(points)) for f in (activation.jax, jax.jit(activation.jax))
        )
    expected = activation.numpy(points)
    assert plain.dtype == expected.dtype == dtype
    assert np.isfinite(expected).all()
    assert np.isfinite(activation.derivative(points)).all()
    for found in (plain, compiled):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_goes_by_its_name_and_each_number_by_itself(name):
    activation, points = ACTIVATIONS[name], np.linspace(-3.0, 3.0, 6)
    assert activation.name == name
    for function in (activation.numpy, activation.derivative):
        np.testing.assert_array_equal(
            function(points.reshape(2, 3)), np.array([function(x) for x in points]).reshape(2, 3)
        )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_initial_weights_are_the_smaller_the_more_meet(name):
    bounds = [ACTIVATIONS[name].bound(fan_in, 8) for fan_in in (1, 10, 1000)]
    assert bounds == sorted(bounds, reverse=True)
    assert 0 < bounds[-1] < bounds[0] <= np.sqrt(6.0)
