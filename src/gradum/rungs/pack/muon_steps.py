"""Muon's steps: gradients of matrices, their singular values made alike.

K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. A gradient of a
matrix is mostly a few directions; along the others little is learned, however long. Adam evens out
its entries, Muon its singular values: of G = U S Vᵀ it takes about U Vᵀ.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

NESTEROV = 0.9  # Adam's own first moment, looked one step ahead
# Polynomials p x + q x³ + r x⁵, one after the other: fitted by least squares so that together they
# bring singular values between 1/50 and 1 within 15% of 1; smaller ones grow sixtyfold. There are
# only three, for each takes three products of matrices.
POLYNOMIALS = (
    (5.4161, -15.8428, 11.8403),
    (3.4559, -5.4458, 2.3508),
    (3.2396, -4.4839, 2.1426),
)


def orthogonal(gradient: Any) -> Any:
    """Return about U Vᵀ of gradients G = U S Vᵀ, [M, a, b]; products alone, no decomposition."""
    size = jnp.sqrt(jnp.square(gradient).sum(axis=(1, 2), keepdims=True))
    x = gradient / (1.01 * size + 1e-20)  # so that no singular value is above 1
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(0, 2, 1) if tall else x
    for p, q, r in POLYNOMIALS:
        gram = x @ x.transpose(0, 2, 1)
        x = p * x + (q * gram + r * gram @ gram) @ x
    return x.transpose(0, 2, 1) if tall else x


def step(slope: Any, moment: Any) -> Any:
    """Return the step of matrices [M, a, b] whose entries are of size 1 on the whole.

    ``moment`` is the mean of the slopes so far, the last one in it.
    """
    ahead = NESTEROV * moment + (1 - NESTEROV) * slope
    return orthogonal(ahead) * max(ahead.shape[1:]) ** 0.5
