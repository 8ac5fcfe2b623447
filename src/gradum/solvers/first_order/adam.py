"""Adam and AdamW: each parameter's step is in units of its own gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import optax

from gradum.core import Params
from gradum.solvers.first_order.solver import Method, pytree
from gradum.solvers.schedules import Schedule


@pytree(values=("learning_rate", "beta_1", "beta_2", "epsilon"))
@dataclass(frozen=True)
class Adam(Method):
    """Adam: each parameter's step is the mean of its gradients over their root mean square.

    m ← β₁m + (1 − β₁)∇, v ← β₂v + (1 − β₂)∇², θ ← θ − η·m̂/(√v̂ + ε), where m̂ and v̂ are corrected
    for the bias of starting at 0 (Kingma & Ba, ICLR 2015).

    Parameters
    ----------
    learning_rate : float
        η, roughly the change of a parameter in one step.
    beta_1, beta_2 : float
        β₁ and β₂, in [0, 1).
    epsilon : float
        ε > 0.
    schedule : str or callable
        How η changes over the run.
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return Adam's scaling, times −η."""
        return optax.chain(
            optax.scale_by_adam(self.beta_1, self.beta_2, self.epsilon),
            optax.scale(-self.learning_rate),
        )


@pytree(values=("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon"))
@dataclass(frozen=True)
class AdamW(Method):
    """Adam with weight decay outside its scaling, θ ← θ − η·(m̂/(√v̂ + ε) + λθ).

    Loshchilov & Hutter, ICLR 2019. Biases do not decay.

    Parameters
    ----------
    learning_rate : float
        η.
    weight_decay : float
        λ, at least 0. It is not a term of the objective: use either this or an L2 penalty.
    beta_1, beta_2, epsilon : float
        As Adam's.
    schedule : str or callable
        How η changes over the run.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return Adam's scaling plus the decay, times −η."""
        return optax.chain(
            optax.scale_by_adam(self.beta_1, self.beta_2, self.epsilon),
            optax.add_decayed_weights(self.weight_decay, mask=_decays),
            optax.scale(-self.learning_rate),
        )


def _decays(params: Params) -> Any:
    """Mark the parameters that decay: all except biases."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: path[-1] != jax.tree_util.DictKey("bias"), params
    )
