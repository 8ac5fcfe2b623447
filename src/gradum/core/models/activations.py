"""The registry of activations: each one in JAX and in NumPy, with its slope and initial weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from gradum.core.bounds.operation import Operation
from gradum.core.bounds.piecewise import Relu
from gradum.core.bounds.s_shaped import Sigmoid, Tanh
from gradum.core.bounds.smooth import SELU_ALPHA, SELU_SCALE, Gelu, Selu


def he_bound(fan_in: int, fan_out: int) -> float:
    """Return √(6 / fan_in): uniform weights within this bound keep the variance through a ReLU.

    He et al., "Delving deep into rectifiers", ICCV 2015.
    """
    return math.sqrt(6.0 / fan_in)


def glorot_bound(fan_in: int, fan_out: int) -> float:
    """Return √(6 / (fan_in + fan_out)), for activations with slope 1 at 0.

    Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    return math.sqrt(6.0 / (fan_in + fan_out))


def lecun_bound(fan_in: int, fan_out: int) -> float:
    """Return √(3 / fan_in), for a variance of 1 / fan_in, which self-normalisation requires.

    Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.
    """
    return math.sqrt(3.0 / fan_in)


@dataclass(frozen=True)
class Activation:
    """The function σ between two layers, applied to each number by itself.

    Parameters
    ----------
    name : str
        Its name in :data:`ACTIVATIONS`.
    jax, numpy : callable
        σ on JAX and on NumPy arrays; both agree to rounding.
    derivative : callable
        σ′ on NumPy arrays, for a backward pass by hand; at a kink, the value that JAX takes.
    bound : callable
        (fan_in, fan_out) → the bound of the uniform initial weights before σ.
    operation : Operation or None
        Its operation in a graph for bounds; None if it leaves numbers as they are.
    straight : bool
        Whether it is straight on either side of 0.
    rising : bool
        Whether it never falls.
    """

    name: str
    jax: Callable[[jax.Array], jax.Array]
    numpy: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray]
    bound: Callable[[int, int], float]
    operation: Operation | None
    straight: bool = False
    rising: bool = True


def _same(x: Any) -> Any:
    return x


def _relu(x: jax.Array) -> jax.Array:
    # jax.nn.relu is itself a jitted function; this fuses equally well and traces faster.
    return jnp.maximum(x, 0)


def _relu_slope(x: np.ndarray) -> np.ndarray:
    return np.heaviside(x, 0.5)


def _tanh_slope(x: np.ndarray) -> np.ndarray:
    return 1.0 - np.tanh(x) ** 2


def _logistic_slope(x: np.ndarray) -> np.ndarray:
    return scipy.special.expit(x) * scipy.special.expit(-x)


def _numpy_gelu(x: np.ndarray) -> np.ndarray:
    return x * scipy.special.ndtr(x)


def _jax_gelu(x: jax.Array) -> jax.Array:
    return jax.nn.gelu(x, approximate=False)


def _gelu_slope(x: np.ndarray) -> np.ndarray:
    return scipy.special.ndtr(x) + x * np.exp(-(x**2) / 2.0) / math.sqrt(2.0 * math.pi)


def _numpy_selu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _selu_slope(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("relu", _relu, lambda x: np.maximum(x, 0), _relu_slope, he_bound, Relu(), True),
        Activation("tanh", jnp.tanh, np.tanh, _tanh_slope, glorot_bound, Tanh()),
        Activation(
            "logistic",
            jax.nn.sigmoid,
            scipy.special.expit,
            _logistic_slope,
            glorot_bound,
            Sigmoid(),
        ),
        Activation("identity", _same, _same, np.ones_like, glorot_bound, None, True),
        Activation("gelu", _jax_gelu, _numpy_gelu, _gelu_slope, he_bound, Gelu(), rising=False),
        Activation("selu", jax.nn.selu, _numpy_selu, _selu_slope, lecun_bound, Selu()),
    )
}
STEEPEST = 1.1
"""Every activation satisfies |σ(z)| ≤ 1.1 |z| + 2."""


def leaky(z: Any, leak: Any, xp: ModuleType) -> Any:
    """Return max(z, λ z) for z [M, n, h] and the units' leaks λ [M, h]."""
    return xp.maximum(z, leak[:, None] * z)
