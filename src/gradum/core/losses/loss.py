"""What every loss knows, and the shapes it works on.

Shapes, throughout: ``logits`` is [n, k], the network's raw outputs; ``target`` is
[n], floats for regression and integer class codes 0 .. K-1 for classes. A loss is
per example: [n, k] and [n] in, [n] out; weighting and averaging are the objective's.

``value`` serves NumPy arrays on the host and JAX arrays, traced or not, alike: the
formula is written once, over the module that :func:`array_module` picks. ``gradient``,
``hessian`` and ``conjugate`` are the closed forms in NumPy float64, for Newton's method and
for certificates; the tests hold them against automatic differentiation.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from gradum.errors import ShapeError, TargetError


class Loss(Protocol):
    """The cost of one prediction, convex in the logits, with its link and its curvature.

    ``link`` names the function that turns the mean of the target into a logit. ``smooth`` says
    that the gradient is continuous, so that methods which follow it settle.
    """

    name: ClassVar[str]
    link: ClassVar[str]
    smooth: ClassVar[bool]

    def outputs(self, classes: int | None) -> int:
        """Return k, the number of outputs for that many classes (None: regression)."""
        ...

    def check_target(self, target: np.ndarray) -> None:
        """Refuse a target that the loss has no meaning for.

        Raises
        ------
        TargetError
            The first such row is named, counted from 1, with its value and what is valid.
        """
        ...

    def value(self, logits: Any, target: Any) -> Any:
        """Return the loss of each example, [n]; NumPy in, NumPy out, and JAX likewise."""
        ...

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return predictions [n] or [n, k], or class probabilities [n, K], in NumPy."""
        ...

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d value / d logits, float64 [n, k]; where there is a kink, its middle."""
        ...

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d² value / d logits², float64 [n, k, k]."""
        ...

    @property
    def largest_curvature(self) -> float | None:
        """The least upper bound of the Hessian's eigenvalues; None where there is none."""
        ...

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return sup over z of slope·z − value(z, target), [n], for slopes [n, k].

        It is infinite for a slope that the loss has nowhere. The dual of a penalised fit is
        made of it, and with the dual the proof of how far an answer is from the optimum.
        """
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
    wanted = "one output" if outputs in (None, 1) else f"{outputs} outputs"
    named = f"The target has shape {target_shape} but the predictions have shape {logits_shape}."
    raise ShapeError(named, _remedy(logits_shape, target_shape, wanted))


def check_values(target: np.ndarray, valid: np.ndarray, rule: str, remedy: str) -> None:
    """Refuse a target of which some values are not valid; ``rule`` completes "must be".

    Raises
    ------
    TargetError
        The first such row is named, counted from 1, and how many there are.
    """
    if valid.all():
        return
    rows = np.flatnonzero(~valid)
    others = f", and so have {len(rows) - 1} more" if len(rows) > 1 else ""
    raise TargetError(
        f"The target must be {rule}; row {rows[0] + 1} has {target[rows[0]]!s}{others}.", remedy
    )


def check_finite(target: np.ndarray) -> None:
    """Refuse a target with values that are no finite numbers; TargetError names the first."""
    check_values(target, np.isfinite(target), "finite numbers", "Drop or mend these rows.")


def _remedy(logits_shape: tuple[int, ...], target_shape: tuple[int, ...], wanted: str) -> str:
    if len(logits_shape) != 2:
        return "Predictions are [n, outputs]; for one output, give them as column [n, 1]."
    if len(target_shape) != 1:
        return (
            f"The target must be one value a row, shape {logits_shape[:1]}; "
            "if its values stand in one column, flatten it with target.ravel()."
        )
    if target_shape != logits_shape[:1]:
        return "Both need the same number of rows."
    return f"This loss takes {wanted} a row."
