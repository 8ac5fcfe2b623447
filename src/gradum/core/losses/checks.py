"""Checks of the shapes and targets that are given to a loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradum.errors import ShapeError, TargetError
from gradum.messages import say


def check_shapes(logits: Any, target: Any, outputs: int | None = None) -> None:
    """Refuse a target that is not one value per row of the logits [n, outputs].

    NumPy and JAX would broadcast predictions [n, 1] and a target [n] to [n, n] and silently train
    on nonsense; nothing here broadcasts.

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
    named = say(
        "The target has shape {target_shape} but the predictions have shape {logits_shape}.",
        target_shape=target_shape,
        logits_shape=logits_shape,
    )
    raise ShapeError(named, _remedy(logits_shape, target_shape, outputs))


def check_values(target: np.ndarray, valid: np.ndarray, rule: str, remedy: str) -> None:
    """Refuse a target with invalid values; ``rule`` completes "must be".

    Raises
    ------
    TargetError
        It names the first such row, counted from 1, and the number of such rows.
    """
    if valid.all():
        return
    rows = np.flatnonzero(~valid)
    row, more = int(rows[0]), len(rows) - 1
    values = {"rule": rule, "row": row + 1, "value": str(target[row])}
    if more:
        message = say(
            "The target must be {rule}; row {row} has {value}, and so have {more} more.",
            more=more,
            **values,
        )
    else:
        message = say("The target must be {rule}; row {row} has {value}.", **values)
    raise TargetError(message, remedy)


def _remedy(
    logits_shape: tuple[int, ...], target_shape: tuple[int, ...], outputs: int | None
) -> str:
    if len(logits_shape) != 2:
        return say("Predictions are [n, outputs]; for one output, give them as column [n, 1].")
    if len(target_shape) != 1:
        return say(
            "The target must be one value a row, shape {logits_shape}; if its values "
            "stand in one column, flatten it with target.ravel().",
            logits_shape=logits_shape[:1],
        )
    if target_shape != logits_shape[:1]:
        return say("Both need the same number of rows.")
    if outputs in (None, 1):
        return say("This loss takes one output a row.")
    return say("This loss takes {outputs} outputs a row.", outputs=outputs)
