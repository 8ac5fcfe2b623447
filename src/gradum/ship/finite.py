"""Bounds on a rung's numbers, which must stay finite for all rows that the encoder can yield.

Finite weights can have infinite sums, and these can lead to NaN. No fit leaves such weights, but an
altered file can hold them.
"""

from __future__ import annotations

import numpy as np

from gradum.rungs.rung import Rung
from gradum.tables.kinds.design import Layout

ROOM = 16  # margin for sums that are split in halves and rejoined, and for rounding


def stays_finite(rung: Rung, layout: Layout) -> bool:
    """Tell whether bounds on all sums in a rung's forward pass are within its type.

    The rung's shapes must have been checked.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        raw = np.array([feature.traits.largest for feature in layout.dense])
        dense = np.zeros(0) if rung.input_layer is None else rung.input_layer.largest(raw)
        logits = np.zeros(1)
        for logits in rung.network.sizes(rung.params, dense):
            if not (logits <= np.finfo(logits.dtype).max / ROOM).all():  # also true if it is NaN
                return False
        scale = rung.target_scale
        return scale is None or bool(np.isfinite(scale.largest(float(logits.max()))))
