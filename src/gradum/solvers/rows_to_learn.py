"""The rows that a solver learns from, or is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.core import Inputs, Params, Problem
from gradum.core.models.input_blocks import codes_in, numbers_in
from gradum.errors import ShapeError
from gradum.messages import say
from gradum.solvers.threads import threads_for


@dataclass(frozen=True)
class Data:
    """Inputs, target and weights of n rows, in NumPy.

    Parameters
    ----------
    inputs : dict
        ``"dense"``: float32 or float64 [n, d], whose dtype computations use. Optionally
        ``"codes"``: int32 [n, c], rows of the embedding table; and ``"sparse"``: a SciPy CSR array
        [n, v] of columns after the dense ones, made dense one chunk at a time.
    target : array of shape (n,) or (n, K)
        Numbers for regression, integer codes for classes, or probabilities: of K > 2 classes, or
        [n] of the second of two classes.
    weight : array of shape (n,), optional
        Weight of each row, at least 0; 1 if not given.

    Raises
    ------
    ShapeError
        An array does not have one entry per row, or no row has weight.
    """

    inputs: Inputs
    target: np.ndarray
    weight: np.ndarray | None = None

    def __post_init__(self) -> None:
        dense, _ = numbers_in(self.inputs)
        rows = dense.shape[:1]
        soft = np.ndim(self.target) == 2 and self.target.shape[1] > 2
        classes = self.target.shape[1:] if soft else ()
        for name, values, shape in (
            ("target", self.target, (*rows, *classes)),
            ("weight", self.weight, rows),
        ):
            if values is not None and np.shape(values) != shape:
                raise ShapeError(
                    say(
                        "The {name} has shape {shape} but the inputs have shape {inputs_shape}.",
                        name=name,
                        shape=np.shape(values),
                        inputs_shape=dense.shape,
                    ),
                    say(
                        "The {name} must be one value a row, shape {shape}.", name=name, shape=shape
                    ),
                )
        if not self.rows or (self.weight is not None and not self.weight.sum() > 0):
            raise ShapeError("There is no row with a weight above 0.", "Give at least one.")

    @property
    def rows(self) -> int:
        """Number of rows, n."""
        return len(self.target)

    @property
    def columns(self) -> int:
        """Number of dense and sparse columns, d + v."""
        return sum(block.shape[1] for block in numbers_in(self.inputs) if block is not None)

    @property
    def coded_columns(self) -> int:
        """Number of coded columns, c."""
        return codes_in(self.inputs).shape[1]

    @property
    def soft_classes(self) -> int | None:
        """K, if the target holds the probabilities of K > 2 classes."""
        return self.target.shape[1] if self.target.ndim == 2 else None

    @property
    def dtype(self) -> Any:
        """The dtype of computations: float64 if the dense columns have it, else float32."""
        dense, _ = numbers_in(self.inputs)
        return np.float64 if dense.dtype == np.float64 else np.float32

    def unit_weight(self) -> np.ndarray:
        """Return the weights [n] scaled to a mean of 1, in float64."""
        if self.weight is None:
            return np.ones(self.rows)
        weight = np.asarray(self.weight, np.float64)
        return weight * (self.rows / weight.sum())


@dataclass(frozen=True)
class Validation:
    """Rows that determine when to stop, and which epoch was best.

    Parameters
    ----------
    data : Data
        Rows that are not used for training.
    monitor : callable, optional
        Maps logits [n, k] to a float, smaller is better; the loss's weighted mean if not given.
    """

    data: Data
    monitor: Callable[[np.ndarray], float] | None = None

    def score(self, params: Params, problem: Problem) -> float:
        """Return the loss of the rows, without penalty, or the monitor's value."""
        small = threads_for(self.data.rows, max(problem.network.widths))
        with small, np.errstate(over="ignore", invalid="ignore"):  # an infinite loss says so itself
            logits = problem.network.forward(params, self.data.inputs)
        if self.monitor is not None:
            return float(self.monitor(logits))
        losses = problem.loss.value(logits.astype(np.float64), self.data.target)
        return float(np.average(losses, weights=self.data.weight))
