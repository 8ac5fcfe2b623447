"""The certificate of an answer, measured once more at the answer, in float64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.linalg

from gradum.core import Params, Problem
from gradum.core.models.network import ROWS_AT_ONCE
from gradum.solvers.data import Data


def gradient_norm(params: Params, problem: Problem, data: Data) -> float:
    """Return ‖∇ objective‖ of a linear model, in closed form and float64.

    ∂/∂W = Xᵀ G / Σw + ∂penalty/∂W and ∂/∂b = 1ᵀ G / Σw, where row i of G is the loss's
    derivative with respect to the logits of row i, times its weight.
    """
    layer = {name: np.asarray(v, np.float64) for name, v in params["layers"][0].items()}
    exact: Params = {"layers": [layer]}
    slope = {name: np.zeros_like(values) for name, values in layer.items()}
    for inputs, target, weight in _blocks(data):
        logits = problem.network.forward(exact, inputs)
        residual = problem.loss.gradient(logits, target) * weight[:, None]
        width = inputs["dense"].shape[1]
        slope["weight"][:width] += inputs["dense"].T @ residual
        if "sparse" in inputs:
            slope["weight"][width:] += inputs["sparse"].T @ residual
        if "bias" in slope:
            slope["bias"] += residual.sum(axis=0)
    l1, l2 = problem.penalty.strengths(len(layer["weight"]))
    parts = [least_subgradient(slope["weight"] / data.rows, layer["weight"], l1, l2).ravel()]
    if "bias" in slope:
        parts.append(slope["bias"] / data.rows)
    # BLAS's norm does not square, so that what has diverged does not overflow.
    return float(scipy.linalg.norm(np.concatenate(parts), check_finite=False))


def least_subgradient(
    slope: np.ndarray, weight: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> np.ndarray:
    """Return the smallest member of slope + ∂(l1·|w| + l2·½w²), [D, k].

    Where w = 0 the penalty's slope is anything within ±l1, and takes up what it can; the
    result is 0 throughout exactly where w is optimal.

    Parameters
    ----------
    slope, weight : ndarray of shape (D, k)
        The data term's derivative, and w.
    l1, l2 : ndarray of shape (D,)
    """
    l1, smooth = l1[:, None], slope + l2[:, None] * weight
    at_kink = np.sign(smooth) * np.maximum(np.abs(smooth) - l1, 0.0)
    return np.where(weight == 0.0, at_kink, smooth + l1 * np.sign(weight))


def _blocks(data: Data) -> Iterator[tuple[dict[str, Any], np.ndarray, np.ndarray]]:
    """Yield the rows a few at a time, in float64, their weights of mean 1 over all rows."""
    weight = data.unit_weight()
    for start in range(0, data.rows, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        inputs = {name: values[part] for name, values in data.inputs.items()}
        inputs["dense"] = inputs["dense"].astype(np.float64)
        yield inputs, data.target[part], weight[part]
