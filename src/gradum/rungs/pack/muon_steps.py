"""Muon's steps: gradients of matrices, with singular values made nearly equal.

K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. The gradient of a
matrix mostly lies in a few directions; in the others, little is learned, however long the training.
Adam evens out the gradient's entries, Muon its singular values: of G = U S Vᵀ it takes about U Vᵀ.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

NESTEROV = 0.9  # Adam's own first moment, looked one step ahead
# Polynomials p x + q x³ + r x⁵, applied one after the other. They were fitted by least squares so
# that together they bring singular values between 1/50 and 1 within 15% of 1; smaller ones grow
# sixtyfold. There are only three, because each takes three products of matrices.
POLYNOMIALS = (
    (5.4161, -15.8428, 11.8403),
    (3.4559, -5.4458, 2.3508),
    (3.2396, -4.4839, 2.1426),
)


def orthogonal(gradient: Any) -> Any:
    """Return about U Vᵀ of gradients G = U S Vᵀ, [M, a, b], by products without a decomposition."""
    size = jnp.sqrt(jnp.square(gradient).sum(axis=(1, 2), keepdims=True))
    x = gradient / (1.01 * size + 1e-20)  # so that no singular value is above 1
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(0, 2, 1) if tall else x
    for p, q, r in POLYNOMIALS:
        gram = x @ x.transpose(0, 2, 1)
        x = p * x + (q * gram + r * gram @ gram) @ x
    return x.transpose(0, 2, 1) if tall else x


def step(slope: Any, moment: Any) -> Any:
    """Return the step of matrices [M, a, b], whose entries are of size 1 on the whole.

    ``moment`` is the mean of the slopes so far, including the last one.
    """
    ahead = NESTEROV * moment + (1 - NESTEROV) * slope
    return orthogonal(ahead) * max(ahead.shape[1:]) ** 0.5
