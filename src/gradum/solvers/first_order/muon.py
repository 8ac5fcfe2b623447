"""Muon: steps along orthogonalised momentum for the matrices between hidden layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from gradum.core import Params
from gradum.solvers.first_order.solver import Method, pytree
from gradum.solvers.schedules import Schedule

QUINTIC = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5
ROOT_MEAN_SQUARE = 0.2  # of an entry of the step, like Adam's


@pytree(values=("learning_rate", "momentum", "beta_1", "beta_2", "epsilon"))
@dataclass(frozen=True)
class Muon(Method):
    """Muon: a hidden matrix with momentum UΣVᵀ moves along UVᵀ; all else moves as in Adam.

    M ← μM + ∇, W ← W − η·0.2·√max(rows, columns)·orth(∇ + μM), so that every direction of the
    matrix moves equally far. orth is five Newton–Schulz steps, after which singular values lie
    between about 0.7 and 1.2 (Jordan et al., "Muon: An optimizer for hidden layers in neural
    networks", 2024). The factor makes an entry move about as far as in Adam, so that one learning
    rate serves both (Liu et al., "Muon is Scalable for LLM Training", 2025).

    As in that paper, hidden matrices are those of layers that are neither the first nor the last. A
    network with one hidden layer has none, and a linear model has none either; for these, Muon is
    Adam.

    Parameters
    ----------
    learning_rate : float
        η, roughly the change of a parameter in one step.
    momentum : float
        μ, in [0, 1).
    beta_1, beta_2, epsilon : float
        Adam's, for everything except hidden matrices.
    schedule : str or callable
        How η changes over the run.
    """

    learning_rate: float = 1e-3
    momentum: float = 0.95
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return the scaling of each kind, times −η."""
        hidden = optax.chain(
            optax.trace(self.momentum, nesterov=True),
            optax.stateless_with_tree_map(lambda momentum, _: _matrix_step(momentum)),
        )
        other = optax.scale_by_adam(self.beta_1, self.beta_2, self.epsilon)
        return optax.chain(
            optax.partition({"hidden": hidden, "other": other}, _kinds),
            optax.scale(-self.learning_rate),
        )


def orthogonalised(matrix: Any) -> Any:
    """Return roughly UVᵀ for a matrix UΣVᵀ, by five Newton–Schulz steps X ← aX + (bA + cA²)X.

    Here A = XXᵀ. The coefficients trade accuracy for speed: singular values above about a hundredth
    of the norm end between about 0.7 and 1.2, and smaller ones grow 3.4-fold per step.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (jnp.linalg.norm(x) + 1e-8)
    a, b, c = QUINTIC
    for _ in range(NEWTON_SCHULZ_STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


def _matrix_step(momentum: Any) -> Any:
    return ROOT_MEAN_SQUARE * max(momentum.shape) ** 0.5 * orthogonalised(momentum)


def _kinds(params: Params) -> Any:
    """Name how each parameter moves, in the shape of the parameters."""
    kinds = jax.tree.map(lambda _: "other", params)
    for layer in kinds["layers"][1:-1]:
        layer["weight"] = "hidden"
    return kinds
