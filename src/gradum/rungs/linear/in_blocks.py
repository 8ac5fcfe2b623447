"""The linear rung for a table that does not fit in memory: Newton's method over passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

import numpy as np

from gradum.core.losses import Loss
from gradum.core.models.input_blocks import numbers_in
from gradum.core.models.input_layer import InputLayer
from gradum.messages import marked, say
from gradum.rungs.context import Context
from gradum.rungs.linear.fit import columns_of, linear_rung, standard_layer
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.penalty_path.path import choose_penalty
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.spool import EncodedRows
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.training_events import Passed
from gradum.rungs.with_spread import with_spread
from gradum.solvers.driver import solve
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.passes import NewtonOverPasses, newton_over_passes
from gradum.solvers.solution import EpochDone
from gradum.solvers.standard import StandardColumns

TOLERANCE = 1e-6  # of the gradient: the objective is then right to about nine digits
WHY = marked(
    "the rows do not fit in memory: Newton's method over passes, from the optimum of a sample"
)


def fit_linear(
    spool: EncodedRows,
    sample: Rows,
    validation: np.ndarray,
    spec: LinearSpec,
    context: Context,
    *,
    scale: TargetScale | None,
) -> Rung:
    """Choose the penalty on rows in memory, then solve on all training rows.

    Parameters
    ----------
    spool : EncodedRows
        The training rows.
    sample : Rows
        Rows in memory: some of the training rows, and the rows marked by ``validation`` (n,), which
        judge the path of penalties.
    scale : TargetScale or None
        The target's scale, for a regression.
    """
    began = perf_counter()
    loss = sample.learned_by()
    outputs = loss.outputs(sample.classes)
    layer = standard_layer(sample)
    layer = replace(layer, centre=spool.units.centre, scale=spool.units.scale)
    target = sample.target if scale is None else scale.forward(sample.target)
    columns = columns_of(layer, sample)
    model = LinearModel.of(columns, target, loss, outputs=outputs, weight=sample.weight)
    walk = (np.flatnonzero(~validation), np.flatnonzero(validation))
    path = context.follow(choose_penalty(model, [walk], spec.strengths, hear=context.ask))
    alpha = path.best * len(model) / len(spool)
    identity = layer.in_units(spool.units.centre, spool.units.scale)

    steering = replace(model, columns=StandardColumns.as_given(columns))
    passes = newton_over_passes(
        _Partitions(spool, identity, scale, loss, outputs),
        steering,
        rows=len(spool),
        l2=alpha,
        method=NewtonOverPasses(tol=TOLERANCE),
        start=path.start,
        across=context.across,
        recall=context,
    )

    def hear(event: EpochDone) -> bool:
        rows, objective = len(spool), event.train_loss
        context.tell(Passed("linear", event.epoch, rows, objective, event.seconds))
        return context.over()

    solution = solve(passes, hear)
    rung = linear_rung(
        loss,
        layer,
        scale,
        columns,
        sample,
        solution,
        path,
        settings={
            "alpha": alpha,
            "folds": 1,
            "rows": len(spool),
            "solver": "passes",
            "why": say(WHY),
        },
    )
    rung = with_spread(rung, sample, context, np.flatnonzero(validation))
    return replace(rung, seconds=perf_counter() - began)


@dataclass(frozen=True)
class _Partitions:
    """The partitions of encoded rows as the solver takes them: `gradum.solvers.passes.Blocks`."""

    spool: EncodedRows
    layer: InputLayer
    scale: TargetScale | None
    loss: Loss
    outputs: int

    def __len__(self) -> int:
        return len(self.spool.partitions)

    def named(self, block: int) -> str:
        """Name a partition."""
        return self.spool.named(block)

    def rows(self, block: int) -> int:
        """Return how many rows a partition has."""
        return self._rows[block]

    @cached_property
    def _rows(self) -> list[int]:
        lengths = self.spool.lengths
        return [sum(lengths[part.start : part.stop]) for part in self.spool.partitions]

    def read(self, block: int) -> Iterator[LinearModel]:
        """Read the rows of a partition, segment by segment."""
        for segment in self.spool.partitions[block]:
            rows = self.spool.read(segment)
            inputs = self.layer(rows.arrays, dtype=np.float64)
            yield LinearModel(
                StandardColumns.as_given(Columns.of(*numbers_in(inputs))),
                rows.target if self.scale is None else self.scale.forward(rows.target),
                self.loss,
                self.outputs,
                rows.weight / self.spool.total_weight,
                fit_intercept=True,
            )
