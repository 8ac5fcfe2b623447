"""The entrance to inference, where a caller's input is checked and becomes a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse

from gradum.core.losses import Loss, check_shapes
from gradum.errors import ShapeError, SpecError, TargetError
from gradum.messages import listed, marked, say
from gradum.solvers.byte_columns import ByteColumns, Dense
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.covariance import COVARIANCES
from gradum.study.inference.family import likelihood_of

ROWS_AT_ONCE = 8192  # examined together
WHICH_WEIGHTS = marked(
    "Say weights='frequency' if a row of weight w stands for w equal rows, and "
    "weights='precision' if it is one row, together with covariance='robust' for weights of "
    "sampling or importance."
)
MOST_VALUES = 5e7  # for the expanded columns, and for the scores of all classes
MOST_PARAMETERS = 1_500  # for all classes together


@dataclass(frozen=True, eq=False)
class Sample:
    """The rows with a weight above 0."""

    columns: Dense
    target: np.ndarray
    weight: np.ndarray
    groups: np.ndarray | None
    numbers: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(
        cls,
        columns: Dense,
        target: np.ndarray,
        weight: np.ndarray | None,
        groups: np.ndarray | None,
        numbers: np.ndarray | None,
        offset: np.ndarray | None = None,
    ) -> Sample:
        """Check that the numbers of rows match, and keep the rows with a weight above 0."""
        target = np.asarray(target)
        check_shapes(np.broadcast_to(0.0, (len(columns), 1)), target)
        if not np.issubdtype(target.dtype, np.integer):
            target = target.astype(np.float64)
        weight = np.ones(len(target)) if weight is None else np.asarray(weight, np.float64)
        numbers = np.arange(1, len(target) + 1) if numbers is None else np.asarray(numbers)
        offset = np.zeros(len(target)) if offset is None else np.asarray(offset, np.float64)
        per_row = {
            marked("The weights have shape {shape} for {rows} rows."): weight,
            marked("The groups have shape {shape} for {rows} rows."): groups,
            marked("The numbers have shape {shape} for {rows} rows."): numbers,
            marked("The offsets have shape {shape} for {rows} rows."): offset,
        }
        for sentence, values in per_row.items():
            if values is not None and np.shape(values) != (len(target),):
                raise ShapeError(
                    say(sentence, shape=np.shape(values), rows=len(target)), say("Give one a row.")
                )
        if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
            raise SpecError(
                "The weights are not all numbers of at least 0, some above.", "Correct them."
            )
        if not np.isfinite(offset).all():
            raise SpecError("The offsets are not all finite numbers.", "Correct them.")
        sample = cls(columns, target, weight, groups, numbers, offset)
        return sample if weight.all() else sample.take(weight > 0)

    def take(self, rows: np.ndarray) -> Sample:
        """Return the rows where a mask holds."""
        if rows.all():
            return self
        groups = None if self.groups is None else self.groups[rows]
        return Sample(
            self.columns[rows],
            self.target[rows],
            self.weight[rows],
            groups,
            self.numbers[rows],
            self.offset[rows],
        )

    def standard(self, kept: np.ndarray, *, fit_intercept: bool) -> Standard:
        """Return some of the columns, standardised."""
        return Standard.of(self.chosen(kept), self.weight, fit_intercept=fit_intercept)

    def chosen(self, kept: np.ndarray) -> Dense:
        """Return some of the columns, without a copy if it is all of them."""
        return self.columns if len(kept) == self.columns.shape[1] else self.columns[:, kept]


def check_options(
    loss: Loss,
    weights: str | None,
    covariance: str,
    level: float,
    alpha: float,
    groups: Any,
    *,
    weighted: bool,
) -> None:
    """Refuse options that make no sense."""
    likelihood_of(loss)
    for name, value, known in (
        ("weights", weights, ("frequency", "precision")),
        ("covariance", covariance, COVARIANCES),
    ):
        if value is None and weighted:
            raise SpecError(say("It is not said what the weights mean."), say(WHICH_WEIGHTS))
        if value is not None and value not in known:
            raise SpecError(
                "{option} is {value!r}.",
                "Choose one of {names}.",
                option=name,
                value=value,
                names=listed(known),
            )
    if not _is_number(level) or not 0.0 < level < 1.0:
        raise SpecError(
            "level is {level!r}.", "Give a number between 0 and 1, such as 0.95.", level=level
        )
    if not _is_number(alpha) or not 0.0 <= alpha < np.inf:
        raise SpecError("alpha is {alpha!r}.", "Give a number of at least 0.", alpha=alpha)
    if groups is not None and covariance not in ("classical", "robust"):
        raise SpecError(
            "Groups have their own covariance, not {covariance}.",
            "Give one of both.",
            covariance=covariance,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def dense_columns(columns: Any, names: Sequence[str] | None) -> tuple[Dense, list[str]]:
    """Return the columns as a finite matrix (n, D), and their names."""
    shape = np.shape(columns)
    if len(shape) != 2:
        raise ShapeError("The columns have shape {shape}.", "Give an array [n, d].", shape=shape)
    if shape[0] * shape[1] > MOST_VALUES:
        raise SpecError(
            "{columns:,} columns of {rows:,} rows are too many for standard errors.",
            "Choose fewer columns, or a sample of the rows.",
            columns=shape[1],
            rows=shape[0],
        )
    dense = columns.toarray() if sparse.issparse(columns) else columns
    dense = dense if isinstance(dense, ByteColumns) else np.asarray(dense, np.float64)
    parts = (dense[at : at + ROWS_AT_ONCE] for at in range(0, len(dense), ROWS_AT_ONCE))
    if not all(np.isfinite(part).all() for part in parts):
        raise SpecError(
            "The columns have values that are not finite numbers.", "Fill or drop them."
        )
    labels = [f"x{k}" for k in range(shape[1])] if names is None else [str(name) for name in names]
    if len(labels) != shape[1]:
        raise ShapeError(
            "There are {names} names for {columns} columns.",
            "Name each once.",
            names=len(labels),
            columns=shape[1],
        )
    return dense, labels


def outputs_of(
    loss: Loss,
    target: np.ndarray,
    classes: Sequence[object],
    covariance: str,
    offset: np.ndarray | None,
) -> int:
    """Return how many logits the model has: 1, or K > 2."""
    if loss.link != "logit":
        return 1
    if not np.issubdtype(target.dtype, np.integer):
        raise TargetError("The target holds no class codes.", "Give whole numbers from 0 up.")
    counts = np.bincount(target, minlength=len(classes))
    if np.count_nonzero(counts) < 2:
        raise TargetError("The target has only one class.", "Add rows of another.")
    if not counts.all():
        absent = int(np.flatnonzero(counts == 0)[0])
        label = classes[absent] if classes else absent
        raise TargetError(
            "No row is of class {label!r}, so that its probability cannot be estimated.",
            "Leave the class out.",
            label=label,
        )
    outputs = loss.outputs(len(counts))
    if outputs > 1 and covariance in ("HC2", "HC3"):
        raise SpecError(
            "{estimator} needs a leverage, which is not defined for {outputs} classes.",
            "Use HC0 or HC1.",
            estimator=covariance,
            outputs=outputs,
        )
    if outputs > 1 and offset is not None:
        raise SpecError(
            "An offset needs a single output, but {outputs} classes have {outputs} outputs.",
            "Compare two classes at a time.",
            outputs=outputs,
        )
    return outputs


def labels_of(loss: Loss, outputs: int, classes: Sequence[object]) -> tuple[str, ...]:
    """Return the labels as text, the reference first; no labels for a number."""
    if loss.link != "logit":
        return ()
    count = 2 if outputs == 1 else outputs
    return tuple(str(label) for label in (classes or range(count)))


def check_size(standard: Standard, outputs: int) -> None:
    """Refuse a model whose covariance would be too large."""
    rows, count = len(standard), standard.width * outputs
    if count > MOST_PARAMETERS or rows * count > MOST_VALUES:
        raise SpecError(
            "{coefficients:,} coefficients from {rows:,} rows are too many for standard errors.",
            "Choose fewer columns, or a sample of the rows.",
            coefficients=count,
            rows=rows,
        )
