"""The slopes of the activations, against automatic differentiation and differences."""

import jax
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


def test_a_slope_keeps_the_shape():
    for activation in ACTIVATIONS.values():
        assert activation.derivative(np.zeros((2, 3))).shape == (2, 3)
