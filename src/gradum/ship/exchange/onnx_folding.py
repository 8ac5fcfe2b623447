"""Operators of ONNX on constants alone: they are computed once, in float64, when a file is read.

Source: the ONNX operator specifications.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import scipy.special

from gradum.errors import ModelFileError
from gradum.messages import say
from gradum.ship.exchange.onnx_operators import Call, summed_axes

PRODUCTS_A_NUMBER = 2**10
"""Products that count as one number of weights towards `onnx_operators.WEIGHT_LIMIT`."""

Fold = Callable[[Call], np.ndarray]


def folded(kind: str, call: Call) -> np.ndarray | None:
    """Return what an operator makes of constants; None if its inputs are not, or it is not here.

    Raises
    ------
    ModelFileError
        It makes too many numbers, or some that are not finite; a clause that says so.
    """
    if kind not in FOLDS or not all(isinstance(value, np.ndarray) for value in call.given):
        return None
    with np.errstate(all="ignore"):  # what is not finite is refused
        values = FOLDS[kind](call)
    if not np.all(np.isfinite(values)):
        raise ModelFileError(say("it makes numbers that are not finite"))
    return values


def _of_two(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Fold:
    def fold(call: Call) -> np.ndarray:
        first, second = call.constant(0), call.constant(1)
        call.nodes.reserve(math.prod(np.broadcast_shapes(first.shape, second.shape)))
        return function(first, second)

    return fold


def _of_each(function: Callable[[np.ndarray], np.ndarray]) -> Fold:
    def fold(call: Call) -> np.ndarray:
        values = call.constant(0)
        call.nodes.reserve(values.size)
        return function(values)

    return fold


def _quotient(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return a / b; of whole numbers, rounded towards 0."""
    if not np.all(second):
        raise ModelFileError(say("it divides by 0"))
    if first.dtype.kind == second.dtype.kind == "i":
        return np.sign(first) * np.sign(second) * (np.abs(first) // np.abs(second))
    return first / second


def _matmul(call: Call) -> np.ndarray:
    return _product(call, call.constant(0), call.constant(1))


def _product(call: Call, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    rows = first.size // max(first.shape[-1], 1)
    columns = second.size // max(second.shape[-2 if second.ndim > 1 else 0], 1)
    stacks = math.prod(np.broadcast_shapes(first.shape[:-2], second.shape[:-2]))
    numbers = rows * columns * (stacks if max(first.ndim, second.ndim) > 2 else 1)
    call.nodes.reserve(numbers + numbers * first.shape[-1] // PRODUCTS_A_NUMBER)
    return first @ second


def _gemm(call: Call) -> np.ndarray:
    first, second = call.weights(0), call.weights(1)
    first = first.T if call.attributes.get("transA", 0) else first
    second = second.T if call.attributes.get("transB", 0) else second
    if first.ndim != 2 or second.ndim != 2:
        raise ValueError
    values = call.attributes.get("alpha", 1.0) * _product(call, first, second)
    if call.has(2):
        added = np.broadcast_to(call.weights(2), values.shape)
        values = values + call.attributes.get("beta", 1.0) * added
    return values


def _leaky(call: Call) -> np.ndarray:
    values, slope = call.weights(0), call.attributes.get("alpha", np.float32(0.01))
    call.nodes.reserve(values.size)
    return np.where(values < 0, float(slope) * values, values)


def _reduce_sum(call: Call) -> np.ndarray:
    axes, keep = summed_axes(call)
    return np.sum(call.constant(0), axes, keepdims=keep)


FOLDS: Mapping[str, Fold] = {
    "Add": _of_two(np.add),
    "Cos": _of_each(np.cos),
    "Div": _of_two(_quotient),
    "Gemm": _gemm,
    "LeakyRelu": _leaky,
    "MatMul": _matmul,
    "Mul": _of_two(np.multiply),
    "Neg": _of_each(np.negative),
    "ReduceSum": _reduce_sum,
    "Relu": _of_each(lambda values: np.maximum(values, 0)),
    "Sigmoid": _of_each(scipy.special.expit),
    "Sin": _of_each(np.sin),
    "Sub": _of_two(np.subtract),
    "Tanh": _of_each(np.tanh),
}
"""By operator; those that only put numbers elsewhere do so with constants as well."""
