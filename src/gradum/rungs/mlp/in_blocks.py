"""The network for a table that does not fit in memory: mini-batches from a pool of segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from gradum.core.models.input_layer import InputLayer
from gradum.errors import SpecError
from gradum.messages import say, say_plural
from gradum.rungs.context import Context
from gradum.rungs.mlp.fit import calibrated, encoded, refuse_infinite, train_network
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.post import steps_for
from gradum.rungs.robust_layer import robust_layer
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.spool import EncodedRows
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.with_spread import with_spread
from gradum.solvers.lanes import Lanes, dealt
from gradum.solvers.pool import ChunkRows
from gradum.solvers.solution import Status


@dataclass(frozen=True)
class Spooled:
    """A spool as the network's solver takes it: `gradum.solvers.pool.SegmentedData`.

    ``layer`` is the network's input layer, in the spool's units; ``segments`` are those taken.
    """

    spool: EncodedRows
    layer: InputLayer
    scale: TargetScale | None
    columns: int
    segments: Sequence[int]
    soft_classes: None = None
    dtype: Any = np.float32

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(self.lengths)

    @property
    def coded_columns(self) -> int:
        """The number of coded columns that are embedded."""
        return self.layer.embedded_columns

    @property
    def lengths(self) -> Sequence[int]:
        """The number of rows of each segment."""
        of_all = self.spool.lengths
        return [of_all[segment] for segment in self.segments]

    def take(self, segments: Sequence[int]) -> Spooled:
        """Return the rows of some segments."""
        return replace(self, segments=[self.segments[segment] for segment in segments])

    def read(self, segment: int) -> ChunkRows:
        """Return a segment in the form in which the network takes it."""
        rows = self.spool.read(self.segments[segment])
        target = rows.target
        if self.scale is not None:
            target = self.scale.forward(target).astype(np.float32)
        mean = self.spool.total_weight / len(self.spool)
        return ChunkRows(self.layer(rows.arrays), target, (rows.weight / mean).astype(np.float32))


def fit_mlp(
    spool: EncodedRows,
    sample: Rows,
    validation: Rows,
    spec: MLPSpec,
    context: Context,
    *,
    scale: TargetScale | None,
) -> Rung:
    """Train on the spool, and keep the epoch that is best on the validation rows.

    ``sample`` holds some of the training rows, in memory: columns are measured on them.
    """
    began = perf_counter()
    layer = robust_layer(sample)
    units = spool.units
    some = encoded(layer, scale, sample)
    own = layer.in_units(units.centre, units.scale)
    data = Spooled(spool, own, scale, some.columns, range(len(spool.lengths)))
    judged = encoded(layer, scale, validation)
    rung, solution = train_network(
        layer,
        data,
        judged,
        spec,
        context,
        sample.learned_by(),
        sample.classes,
        lanes=_lanes(spool, spec.lanes, context),
    )
    if solution.status is Status.DIVERGED:
        refuse_infinite(rung, solution, some)
    if scale is not None:
        fitted = rung.network.forward(solution.params, some.inputs)[:, 0].astype(np.float64)
        scale = scale.settled(sample.learned_by(), sample.target, fitted, sample.weight)
    calibration = calibrated(rung, validation, context)
    rung = replace(rung, target_scale=scale, post=steps_for(sample.class_weight, calibration))
    rung = with_spread(rung, validation, context)
    return replace(rung, seconds=rung.seconds + perf_counter() - began)


def _lanes(spool: EncodedRows, count: int | None, context: Context) -> Lanes | None:
    """Deal the partitions out to lanes; None without lanes.

    Raises
    ------
    SpecError
        There are more lanes than partitions with rows.
    """
    if not count:
        return None
    partitions = [part for part in spool.partitions if len(part)]
    if count > len(partitions):
        raise SpecError(
            say_plural(
                "The table has {count:,} partition to learn from, too few for {lanes:,} lanes.",
                "The table has {count:,} partitions to learn from, too few for {lanes:,} lanes.",
                len(partitions),
                lanes=count,
            ),
            say("Give --lanes {count} (lanes) or fewer.", count=len(partitions)),
        )
    return Lanes(dealt(partitions, count), context.one_by_one)
