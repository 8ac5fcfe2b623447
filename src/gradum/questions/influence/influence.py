"""Influence of training rows: answers without a row, found without refitting.

The last layer is refitted without row i, with everything before it held fixed; for a linear model,
the last layer is the whole model. With t_i a row's units and a one for the intercept, g_i and B_i
the gradient and Hessian of its weighted loss by the logits, and H the Hessian of the objective by
the weights and intercepts, one Newton step without row i moves the logits of a row x by

    Δ_i(x) = C_i (I − B_i A_i)⁻¹ g_i,
    A_i = (I ⊗ t_i)ᵀ H⁻¹ (I ⊗ t_i),  C_i = (I ⊗ t)ᵀ H⁻¹ (I ⊗ t_i),

where (I − B_i A_i)⁻¹ takes row i's own curvature out of H, by Woodbury's formula. For one output it
is 1 / (1 − h_i), with h_i the leverage. For least squares, with or without an L2 penalty, the step
ends at the refit itself (Cook and Weisberg, Residuals and Influence in Regression, 1982); for log
loss, near it (Pregibon, Annals of Statistics 9, 1981). The strength of the penalty, the scales of
columns and target, and the smearing factor of a logarithmic target stay fixed.

The last layer of a network that was stopped early is not at an optimum. It is taken as the optimum
of what it learned: the step is then that of the proximal Bregman response, which asks how the
weights move if all other rows are to keep their answers (Bae, Ng, Lo, Ghassemi and Grosse, If
influence functions are the answer, then what is the question?, NeurIPS 2022). Each member of a pack
counts as having learned from all rows.

Shapes: n rows learned from, m rows asked about, M members, h units, k outputs, Q = (h + 1) k.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from gradum.core.losses import Loss
from gradum.core.models.opened import LastLayer
from gradum.errors import SpecError
from gradum.margins import falling, first_greatest
from gradum.messages import say
from gradum.randomness import stream
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.study.explanation.learned import LearnedRows, drawn_rows
from gradum.study.explanation.scale import Answer, answer_on
from gradum.study.first_layer import Opened
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.covariance import OneOutput, SoftmaxCoordinates
from gradum.study.inference.family import FittedModel, likelihood_of
from gradum.tables.wording import size

ROWS_ASKED = 200  # drawn for a question about a model as a whole
MOST_COEFFICIENTS = 3_000  # Q of one member; the time grows with its square, and with n
MOST_BYTES = 2**31  # for the last layers of all rows
NUMBERS_AT_ONCE = 2**23  # 64 MiB
STRENGTH = 1.0
"""The strength of an L2 penalty on a last layer that was trained without one: one row's weight."""


@dataclass(frozen=True)
class RowInfluence:
    """What single rows learned from add to an answer, or to all answers on average."""

    rung: str
    number: int | None
    """The number in its table of the row asked about; None if all rows were asked about."""
    label: Any
    """The class whose probability is the answer; None for numbers, or if all were asked about."""
    answer: float | None
    """The model's answer for the row: that probability, or a number."""
    learned: int
    """n."""
    asked: int
    """m: one row, or the number drawn."""
    exact: bool
    """Whether a refit agrees to the last digits, as for least squares."""
    last_layer_only: bool
    """Whether layers before the last were held fixed."""
    frame: pl.DataFrame
    """One line per row, those that push most first: ``row``, its number in the run's table;
    ``target``; ``push``: the answer less what it would be without the row, in the target's unit or
    in probability. If all rows were asked about, ``push`` is its mean size over rows and
    classes."""


def influence(
    rows: LearnedRows, row: pl.DataFrame | None, *, number: int | None = None, count: int = 10
) -> RowInfluence:
    """Find the rows learned from that most push the answer for a row, or all answers on average.

    Parameters
    ----------
    row : polars.DataFrame, optional
        Checked feature columns of one row. Without it, `ROWS_ASKED` of the rows learned from, drawn
        by chance, are asked about.
    number : int, optional
        The row's number, as it is reported.
    count : int
        How many to find.

    Raises
    ------
    SpecError
        The rung's loss has no curvature, or its last layer has too many
        coefficients; or columns depend on each other and no penalty decides between them.
    """
    fitted, rung = rows.fitted, rows.rung
    rng = stream(fitted.spec.seed, "study", "influence")
    asked = drawn_rows(rows.frame, ROWS_ASKED, rng) if row is None else row
    answer = answer_on(rung, "probability" if fitted.classes else "target")
    opened = Opened.of(rung, fitted.encoder.transform(asked))
    before = answer(opened.logits(opened.total))
    chosen = int(first_greatest(before)[0]) if fitted.classes else 0
    of_class = None if row is None else chosen
    blocks = _pushes(rows, asked, opened, answer)
    push = np.concatenate([_one_a_row(block, of_class) for block in blocks])
    order = falling(np.abs(push))[:count]
    target: Any = rows.target[order]
    if fitted.classes:
        target = [fitted.classes[code] for code in target.tolist()]
    frame = pl.DataFrame({"row": rows.numbers[order], "target": target, "push": push[order]})
    scale = rung.target_scale
    return RowInfluence(
        rung.name,
        number,
        fitted.classes[chosen] if fitted.classes and row is not None else None,
        None if row is None else float(before[0, chosen]),
        len(rows),
        len(asked),
        exact=rung.network.is_linear
        and scale is not None
        and rung.learned_by.quadratic
        and not fitted.spec.monotone,  # a refit would stop at other bounds
        last_layer_only=not rung.network.is_linear,
        frame=frame,
    )


def _one_a_row(push: np.ndarray, chosen: int | None) -> np.ndarray:
    """From pushes (b, m, c), return those of one row's answer, or their mean size."""
    return np.abs(push).mean(axis=(1, 2)) if chosen is None else push[:, 0, chosen]


def _pushes(
    rows: LearnedRows, asked: pl.DataFrame, opened: Opened, answer: Answer
) -> Iterator[np.ndarray]:
    """Yield, block by block, what the rows learned from add to the answers: (b, m, c)."""
    there = LastLayer.join(rows.last_layers(asked))
    _refuse_size(there.units.nbytes // len(asked) * len(rows), len(rows))
    layer = LastLayer.join(rows.last_layers())
    refits = [
        Refit.of(rows, units, logits.astype(np.float64))
        for units, logits in zip(layer.units, layer.logits, strict=True)
    ]
    points = [refit.coordinates(units) for refit, units in zip(refits, there.units, strict=True)]
    logits, together = there.logits.astype(np.float64), opened.first_layer.together
    before = answer(together(logits))
    width = max(points[0].shape[1:]) * logits[0].size + logits.size
    step = max(1, NUMBERS_AT_ONCE // width)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        moves = [refit.moves(part, point) for refit, point in zip(refits, points, strict=True)]
        after = (logits[:, None] + np.stack(moves)).reshape(len(moves), -1, logits.shape[2])
        yield before - answer(together(after)).reshape(-1, *before.shape)


def _refuse_size(takes: int, rows: int) -> None:
    if takes > MOST_BYTES:
        raise SpecError(
            "The last layers of {rows:,} rows take {takes}, more than the {most} up to which "
            "influence is worked out.",
            "Choose another model (--rung), or fit on fewer rows.",
            rows=rows,
            takes=size(takes),
            most=size(MOST_BYTES),
        )


@dataclass(frozen=True, eq=False)
class Refit:
    """The last layer of one network, ready to be refitted without single rows."""

    model: OneOutput | SoftmaxCoordinates
    """Provides coordinates in which H is the identity."""
    units: np.ndarray
    """Of shape (n, h)."""
    gradient: np.ndarray
    """Of shape (n, k). Gradients of the rows' weighted losses by the logits."""
    hessian: np.ndarray
    """Of shape (n, k, k)."""

    @classmethod
    def of(cls, rows: LearnedRows, units: np.ndarray, logits: np.ndarray) -> Refit:
        """Treat the last layer as the optimum of what it learned.

        Raises
        ------
        SpecError
            See `influence`.
        """
        rung, weight = rows.rung, rows.weight
        loss = _loss(rung)
        coefficients = (units.shape[1] + 1) * logits.shape[1]
        if coefficients > MOST_COEFFICIENTS:
            raise SpecError(
                "The last layer of {rung} has {count:,} coefficients, more than the "
                "{most:,} up to which influence is worked out.",
                "Choose another model (--rung).",
                rung=say(KINDS[rung.name].in_words),
                count=coefficients,
                most=MOST_COEFFICIENTS,
            )
        target = rows.target
        if rung.target_scale is not None:
            target = rung.target_scale.forward(target)
        alpha = rung.settings.get("alpha", STRENGTH / len(rows))
        standard = Standard.of(units.astype(np.float64), weight, fit_intercept=True)
        if not alpha and standard.dependencies:
            raise SpecError("Columns depend on each other.", "Drop those that others determine.")
        nothing = np.zeros(len(rows))
        fitted = FittedModel(standard, target, weight, "precision", loss, logits, alpha, nothing)
        several = logits.shape[1] > 1
        model = SoftmaxCoordinates(fitted) if several else OneOutput(fitted, expected=False)
        unit = likelihood_of(loss).unit
        hessian = unit * weight[:, None, None] * loss.hessian(logits, target)
        return cls(model, units, fitted.scores(clustered=False), hessian)

    def coordinates(self, units: np.ndarray) -> np.ndarray:
        """Return rows (m, h) and intercept by output, where H is the identity: (m, k, Q)."""
        standard = replace(self.model.fitted.standard, columns=units.astype(np.float64))
        return np.concatenate([self.model.coordinates(block) for _, block in standard.blocks()])

    def moves(self, part: slice, points: np.ndarray) -> np.ndarray:
        """Return how logits move when one of some rows is left out: (b, m, k).

        ``points`` (m, k, Q) are the coordinates of the rows asked about.
        """
        left_out = self.coordinates(self.units[part])
        leverage = left_out @ left_out.swapaxes(1, 2)  # A_i
        rest = np.eye(leverage.shape[1]) - self.hessian[part] @ leverage
        pull = np.linalg.solve(rest, self.gradient[part][:, :, None])
        return np.einsum("mkq,bq->bmk", points, (left_out * pull).sum(axis=1))


def _loss(rung: Rung) -> Loss:
    """Return the loss that a rung was trained with, if it has a curvature."""
    loss = rung.learned_by
    if loss.smooth and loss.likelihood is not None:
        return loss
    raise SpecError(
        "The loss {loss}, by which {rung} learned, has no curvature to refit by.",
        "Choose another model (--rung), or fit with another --metric.",
        rung=say(KINDS[rung.name].in_words),
        loss=loss.name,
    )
