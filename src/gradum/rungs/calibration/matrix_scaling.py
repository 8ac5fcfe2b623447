"""Structured matrix scaling of three classes or more: each logit from all, shrunk to itself.

E. Berta, D. Holzmüller, M. I. Jordan and F. Bach, "Structured matrix scaling for multi-class
calibration", 2025: first temperature scaling, then W = I + Δ, whose parameters are penalised the
more strongly the more of them share a penalty.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import msgspec
import numpy as np

from gradum.core.bounds import Affine, Operation
from gradum.messages import marked
from gradum.rungs.calibration.held_out_logits import HeldOutLogits
from gradum.rungs.calibration.temperature import TemperatureScaling

MOST_CLASSES = 30  # with more, there are more than a thousand parameters
FEWEST_ROWS = 20  # per class, on average


class MatrixScaling(msgspec.Struct, frozen=True, dict=True, tag="matrix"):
    """Mix K logits: z' = W (z − z̄) + b, where z̄ is a row's mean logit.

    A number added to all logits of a row changes no probability, and so changes nothing here.
    """

    weight: tuple[tuple[float, ...], ...]
    """W [K, K]; row k makes the logit of class k."""
    bias: tuple[float, ...]
    """b [K]."""

    title: ClassVar[str] = marked("structured matrix scaling")
    decides: ClassVar[bool] = True
    calibrates: ClassVar[bool] = True
    keeps_order: ClassVar[bool] = False
    class_weight: ClassVar[None] = None

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return logits (n, K)."""
        weight, bias = self._arrays
        return _centred(logits) @ weight.T + bias

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.weight), np.array(self.bias)

    def operation(self, outputs: int) -> Operation:
        """Return it as an operation of a graph, on logits [K]."""
        weight, bias = self._arrays
        return Affine(_centred(weight).T, bias, roundings=3 * outputs)

    @classmethod
    def suits(cls, held_out: HeldOutLogits) -> bool:
        """Whether there are more than two classes without an order, but not too many."""
        classes = held_out.logits.shape[1]
        return (
            not held_out.loss.one_score
            and 1 < classes <= MOST_CLASSES
            and len(held_out) >= FEWEST_ROWS * classes
        )

    @classmethod
    def fit(cls, held_out: HeldOutLogits, one_row: float) -> MatrixScaling:
        """Return the scaling of least mean log loss + K ε (Σ b² + Σ Δ_kk² + (K − 1) Σ Δ_kj²).

        W = (I + Δ) / T, where T is the temperature of least log loss.
        """
        temperature = TemperatureScaling.fit(held_out, one_row)
        logits = _centred(temperature(held_out.logits))
        classes = logits.shape[1]
        shape = (classes, classes + 1)  # Δ, and b in the last column
        inputs = np.concatenate([logits, np.ones((len(logits), 1))], axis=1)
        strength = classes * one_row
        penalty = np.full(shape, strength * (classes - 1))
        penalty[:, -1] = strength
        np.fill_diagonal(penalty, strength)
        theta = held_out.minimum(
            lambda theta: logits + inputs @ theta.reshape(shape).T,
            lambda slopes: (slopes.T @ inputs).ravel(),
            one_row,
            penalty.ravel(),
        ).reshape(shape)
        weight = (np.eye(classes) + theta[:, :-1]) / temperature.temperature
        return cls(tuple(map(tuple, weight.tolist())), tuple(theta[:, -1].tolist()))

    def is_sound(self, outputs: int) -> bool:
        """Whether it takes logits (n, k) and keeps finite ones finite."""
        if {len(self.weight), len(self.bias), *map(len, self.weight)} != {outputs} or outputs < 2:
            return False
        return all(bool((np.abs(array) < 1e6).all()) for array in self._arrays)


def _centred(logits: np.ndarray) -> np.ndarray:
    return logits - logits.mean(axis=1, keepdims=True)
