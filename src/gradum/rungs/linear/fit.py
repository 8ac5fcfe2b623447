"""The linear rung: least squares or logistic regression, with an L2 penalty chosen on a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from gradum.core.losses import Loss
from gradum.core.models.input_blocks import numbers_in
from gradum.core.models.input_layer import ROWS_AT_ONCE, InputLayer, Treatment
from gradum.core.models.network import Network
from gradum.core.penalties import L2
from gradum.rungs.context import Context
from gradum.rungs.cost import DENSE_LEVELS
from gradum.rungs.folding import Walk, held_out, walks_up_to
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.penalty_path.path import Path, choose_penalty
from gradum.rungs.post import steps_for
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.with_spread import with_spread
from gradum.solvers.byte_columns import ByteColumns
from gradum.solvers.convex import choose, minimise
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.solution import Solution, Status
from gradum.solvers.threads import threads_for
from gradum.tables.kinds.design import Layout


def fit_linear(
    rows: Rows, validation: np.ndarray, spec: LinearSpec, context: Context, *, log_target: bool
) -> Rung:
    """Choose the penalty, then solve on all rows given.

    Nothing is stopped early here, so the rows marked by ``validation`` (n,) are trained on too. For
    a large table they alone judge the path; for a small one the path is cross-validated.
    """
    began = perf_counter()
    loss = rows.learned_by()
    if len(rows) > spec.folds_up_to_rows:  # stretches of rows: the walk's two sides need no copy
        rows = rows.take(np.argsort(validation, kind="stable"))
        validation = np.sort(validation)
    layer, columns = _standard_columns(rows)
    scale = rows.scale(log=log_target)
    target = rows.target if scale is None else scale.forward(rows.target)
    outputs = loss.outputs(rows.classes)
    walks = walks_of(rows, validation, spec, context)
    signs = _signs(rows, columns)
    model = LinearModel.of(columns, target, loss, outputs=outputs, weight=rows.weight, signs=signs)
    path = context.follow(choose_penalty(model, walks, spec.strengths, hear=context.ask))
    penalty = L2(path.best)
    choice = choose(
        loss, penalty, columns.shape, outputs, sparse=not columns.is_dense, signed=signs is not None
    )
    with threads_for(*columns.shape):
        solution = context.unhurried.solve(
            minimise(
                columns,
                target,
                loss,
                penalty,
                solver=choice.solver,
                outputs=outputs,
                weight=rows.weight,
                start=path.start,
                signs=signs,
            )
        )
    rung = linear_rung(
        loss,
        layer,
        scale,
        columns,
        rows,
        solution,
        path,
        settings={
            "alpha": path.best,
            "folds": len(walks),
            "rows": len(rows),
            "solver": choice.name,
            "why": choice.reason,
        },
    )
    if scale is not None and path.of_folds:
        held, predicted = _cross_fitted(columns, walks, path)
        del columns, model  # the spread has columns of its own
        rung = with_spread(rung, rows, context, held, predicted)
    return replace(rung, seconds=perf_counter() - began)


def _cross_fitted(
    columns: Columns, walks: Sequence[Walk], path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (m,) that the walks hold out, and the predictions of the best penalty's fits.

    The penalty was chosen on these rows too, but it is only one number.
    """
    layers = [params["layers"][0] for params in path.of_folds]
    fitted = columns @ np.concatenate([layer["weight"] for layer in layers], axis=1)
    fitted += np.concatenate([layer["bias"] for layer in layers])
    held = [held for _, held in walks]
    predicted = [fitted[rows, fold] for fold, rows in enumerate(held)]
    return np.concatenate(held), np.concatenate(predicted)


def linear_rung(
    loss: Loss,
    layer: InputLayer,
    scale: TargetScale | None,
    columns: Columns,
    rows: Rows,
    solution: Solution,
    path: Path,
    *,
    settings: dict[str, Any],
) -> Rung:
    """Return the rung of a solution; the rows and their columns give the smearing of logarithms."""
    params = solution.params["layers"][0]
    if scale is not None:
        fitted = columns @ params["weight"][:, 0] + params["bias"]
        scale = scale.with_smearing(rows.target, fitted, rows.weight)
    return Rung(
        name="linear",
        loss=loss.spelled,
        network=Network(*params["weight"].shape),
        params=solution.params,
        input_layer=layer,
        target_scale=scale,
        clamp=False,
        status=Status.INTERRUPTED if path.cut else solution.status,
        certificate=solution.certificate,
        history=tuple(
            {"alpha": alpha, "validation_loss": held_out}
            for alpha, held_out in zip(path.alphas, path.losses, strict=False)
        ),
        iterations=solution.iterations,
        settings=settings,
        post=steps_for(rows.class_weight),
    )


def _signs(rows: Rows, columns: Columns) -> np.ndarray | None:
    """Return the weights' signs that keep the answer monotone (D,); None if it need not be."""
    if not rows.monotone:
        return None
    directions = rows.directions
    return np.pad(directions, (0, columns.shape[1] - len(directions)))


def standard_layer(rows: Rows) -> InputLayer:
    """Standardise; each level becomes a column, kept sparse where levels are many."""
    return _layer(rows.design.encoded().dense, rows.design.layout)


def _standard_columns(rows: Rows) -> tuple[InputLayer, Columns]:
    """Return `standard_layer` and its `columns_of`, holding nothing besides the columns.

    The columns are expanded in raw units, block by block, then measured and scaled in place.
    """
    layout = rows.design.layout
    as_given = _layer(np.zeros((0, len(layout.dense))), layout)
    numbers, whole, wide = _expanded(as_given, rows)
    layer = _layer(numbers, layout)
    layer.scale_in_place(numbers)
    return layer, _columns(numbers, whole, wide)


def _layer(dense: np.ndarray, layout: Layout) -> InputLayer:
    """Return the layer that standardises dense columns; without rows, it leaves them unchanged."""
    levels = layout.level_counts
    treatments: tuple[Treatment, ...] = tuple(_treatment(count) for count in levels)
    return InputLayer.fit(dense, levels, treatments, style="standard")


def _treatment(levels: int) -> Treatment:
    if levels == 2:
        return "sign"
    return "one_hot" if levels <= DENSE_LEVELS else "sparse_one_hot"


def columns_of(layer: InputLayer, rows: Rows) -> Columns:
    """Return the matrix that the linear rung learns from."""
    return _columns(*_expanded(layer, rows))


def _columns(numbers: np.ndarray, whole: np.ndarray, wide: list[Any]) -> Columns:
    """Return numbers, whole numbers of one byte and the sparse blocks of some rows as a matrix."""
    dense = ByteColumns(numbers, whole) if whole.shape[1] else numbers
    return Columns.of(dense, sparse.vstack(wide, format="csr") if wide else None)


def _expanded(layer: InputLayer, rows: Rows) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Return the scaled numbers, the columns of few levels and the sparse blocks of some rows."""
    width, count = len(layer.centre), len(rows)
    numbers, whole, wide = np.empty((count, width)), np.empty((count, 0), np.int8), []
    start = 0
    for block in rows.design.blocks(ROWS_AT_ONCE):
        dense, sparse_block = numbers_in(layer(block.arrays, dtype=np.float64))
        if not start:
            whole = np.empty((count, dense.shape[1] - width), np.int8)
        part = slice(start, start + len(dense))
        numbers[part], whole[part] = dense[:, :width], dense[:, width:]
        wide += [] if sparse_block is None else [sparse_block]
        start += len(dense)
    return numbers, whole, wide


def walks_of(rows: Rows, validation: np.ndarray, spec: LinearSpec, context: Context) -> list[Walk]:
    """Return pairs of rows to train on and rows held out, as the whole run splits its rows."""
    if len(spec.strengths) == 1:
        return []
    if len(rows) > spec.folds_up_to_rows:
        return [held_out(validation)]
    return walks_up_to(spec.folds, rows, validation, context.random("path"))
