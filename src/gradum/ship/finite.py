"""Bounds on a rung's numbers, which must stay finite for all rows that the encoder lets through.

Weights that are finite one by one can come to infinite sums, and these to numbers that are none.
No fit leaves such weights; a file that was altered can hold them.
"""

from __future__ import annotations

import numpy as np

from gradum.rungs.rung import Rung
from gradum.tables.kinds.design import Layout

ROOM = 16  # left for what is summed in halves and put together again, and for rounding


def stays_finite(rung: Rung, layout: Layout) -> bool:
    """Tell whether bounds of all sums of a rung's forward are within its type.

    Its shapes have been checked.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        raw = np.array([feature.traits.largest for feature in layout.dense])
        dense = np.zeros(0) if rung.input_layer is None else rung.input_layer.largest(raw)
        logits = np.zeros(1)
        for logits in rung.network.sizes(rung.params, dense):
            if not (logits <= np.finfo(logits.dtype).max / ROOM).all():  # nor where it is NaN
                return False
        scale = rung.target_scale
        return scale is None or bool(np.isfinite(scale.largest(float(logits.max()))))
