"""The L2 penalty: ridge regression's, and weight decay's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class L2:
    """L2 penalty, alpha · ½ · Σ‖W‖².

    The sum runs over the weight matrices and the embedding table, which is the weight
    matrix of one-hot columns; biases and the intercept are free. With the data term a
    mean over n rows, scikit-learn's ``Ridge(alpha=a)`` is alpha = 2a/n under squared error,
    ``LogisticRegression(C=c)`` is alpha = 1/(c·n), and ``MLPClassifier(alpha=a)``
    is alpha = a/n, n being the batch's rows there.

    Parameters
    ----------
    alpha : float
        Strength, at least 0; 0 is no penalty. A JAX value serves too: changing it does
        not compile anything anew.
    """

    alpha: Any = 0.0

    def value(self, params: dict[str, Any]) -> Any:
        """Return alpha · ½ · Σ‖W‖², a scalar."""
        weights = [layer["weight"] for layer in params["layers"]]
        if "embedding" in params:
            weights.append(params["embedding"])
        return self.alpha * 0.5 * sum((weight**2).sum() for weight in weights)

    def gradient(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return alpha · W for each weight and 0 for each bias, in NumPy."""
        free = jax.tree_util.DictKey("bias")
        return jax.tree_util.tree_map_with_path(
            lambda path, value: (0.0 if path[-1] == free else self.alpha) * np.asarray(value),
            params,
        )
