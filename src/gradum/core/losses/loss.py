"""What every loss knows, and the shapes it works on.

Shapes, throughout: ``logits`` is [n, k], the network's raw outputs; ``target`` is
[n], floats for regression and integer class codes 0 .. K-1 for classes. A loss is
per example: [n, k] and [n] in, [n] out; weighting and averaging are the objective's.

``value`` serves NumPy arrays on the host and JAX arrays, traced or not, alike: the
formula is written once, over the module that :func:`array_module` picks. ``gradient``
and ``hessian`` are the closed forms in NumPy float64, for Newton's method and for
certificates; the tests hold them against automatic differentiation.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from gradum.errors import ShapeError


class Loss(Protocol):
    """The cost of one prediction, with its link, its outputs and its curvature."""

    name: ClassVar[str]

    def outputs(self, classes: int | None) -> int:
        """Return k, the number of outputs for that many classes (None: regression)."""
        ...

    def value(self, logits: Any, target: Any) -> Any:
        """Return the loss of each example, [n]; NumPy in, NumPy out, and JAX likewise."""
        ...

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return predictions [n], or class probabilities [n, K], in NumPy."""
        ...

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d value / d logits, float64 [n, k]."""
        ...

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d² value / d logits², float64 [n, k, k]."""
        ...


def array_module(*arrays: Any) -> ModuleType:
    """Return ``jax.numpy`` if any array is JAX's, else ``numpy``."""
    return jnp if any(isinstance(array, jax.Array) for array in arrays) else np


def check_shapes(logits: Any, target: Any, outputs: int | None = None) -> None:
    """Refuse a target that is not one value per row of the logits [n, outputs].

    NumPy and JAX would stretch predictions [n, 1] against a target [n] to [n, n] and
    train on nonsense without a word; nothing here broadcasts.

    Raises
    ------
    ShapeError
        ``logits`` is not [n, k] (k = ``outputs``, where given), ``target`` is not [n], or
        the two n differ.
    """
    logits_shape, target_shape = np.shape(logits), np.shape(target)
    pair_off = len(logits_shape) == 2 and target_shape == logits_shape[:1]
    if pair_off and outputs in (None, logits_shape[1]):
        return
    named = f"The target has shape {target_shape} but the predictions have shape {logits_shape}."
    raise ShapeError(named, _remedy(logits_shape, target_shape))


def _remedy(logits_shape: tuple[int, ...], target_shape: tuple[int, ...]) -> str:
    if len(logits_shape) != 2:
        return "Predictions are [n, outputs]; for one output, give them as column [n, 1]."
    if len(target_shape) != 1:
        return (
            f"The target must be one value a row, shape {logits_shape[:1]}; "
            "if its values stand in one column, flatten it with target.ravel()."
        )
    if target_shape != logits_shape[:1]:
        return "Both need the same number of rows."
    return "This loss takes one output a row: predictions of shape [n, 1]."
