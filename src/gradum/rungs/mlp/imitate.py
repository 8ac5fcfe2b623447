"""A multi-layer perceptron that learns to answer as another rung does."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from gradum.rungs.context import Context
from gradum.rungs.mlp.fit import train_network
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.robust_layer import robust_layer
from gradum.rungs.rows import Rows, expanded
from gradum.rungs.rung import Rung
from gradum.rungs.transfer_set import TransferSet
from gradum.rungs.with_spread import with_spread
from gradum.solvers.rows_to_learn import Data


def imitate(taught: TransferSet, spec: MLPSpec, context: Context) -> Rung:
    """Train a network on a transfer set for all epochs.

    What follows its logits is the teacher's. Its spread is fitted to what the teacher has missed on
    real rows that it had not learned from.
    """
    began, rows, teacher = perf_counter(), taught.rows, taught.teacher
    layer = robust_layer(rows)
    every = Rows(taught.design, taught.soft, taught.weight, rows.classes)
    data = Data(expanded(layer, every), taught.soft, taught.weight)
    directions = rows.directions if rows.monotone else None
    loss, epochs = teacher.learned_by, spec.max_epochs
    rung, _ = train_network(
        layer, data, None, spec, context, loss, rows.classes, epochs, directions
    )
    rung = replace(rung, target_scale=teacher.target_scale, clamp=teacher.clamp, post=teacher.post)
    known = taught.known
    rung = with_spread(rung, rows, context, known, taught.held_out[known, 0])
    return replace(rung, seconds=perf_counter() - began)
