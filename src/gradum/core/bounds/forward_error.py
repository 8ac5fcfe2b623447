"""Bounds on how far rounding moves the outputs of a network, over boxes of inputs.

Each operation adds its own rounding to what its parents' rounding makes of it: with the slope f′ of
an operation between its exact and its computed parents,

    |computed − exact| ≤ |f′| |parents' errors| + slack.

Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002,
chapter 3, for forward errors; the mean value theorem carries them through what is not linear.

Shapes: B boxes, n numbers of a node, k outputs.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.graph import taken
from gradum.core.bounds.interval import Enclosure


def forward_error(enclosure: Enclosure, unit: float) -> np.ndarray:
    """Bound |computed − exact| of each output over boxes, [B, k]; infinite where that overflows.

    Parameters
    ----------
    enclosure : Enclosure
        Of what the network computes, with its rounding: taken for this ``unit`` or a coarser one.
    unit : float
        Unit roundoff of the arithmetic in which the network runs, in any order of summation.
    """
    return _carried(enclosure, unit, in_order=False)


def disorder(enclosure: Enclosure, unit: float) -> np.ndarray:
    """Bound by how much rounding puts outputs in the wrong order, [B, k]: half of it at most.

    Where an output never falls as an input rises, part by part (`slopes`), its computed value falls
    by no more than twice this. The scaled values and codes of a single column count by their order
    alone, since rounding moves the place at which a code steps, which may move an answer far, but
    moves it for all values alike. So this is less than `forward_error` where codes are steep.
    """
    return _carried(enclosure, unit, in_order=True)


def _carried(enclosure: Enclosure, unit: float, *, in_order: bool) -> np.ndarray:
    graph, nothing = enclosure.graph, np.zeros(enclosure.box.low.shape)
    errors: list[Box] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for place, node in enumerate(graph.nodes):
            parents, finest = enclosure.parents(place), min(unit, node.unit)
            carried = node.operation.tangent(
                taken(node, Box(nothing, nothing), errors), parents
            ).size
            own = node.operation.slack(finest, *parents)
            if in_order:
                part = graph.separate[place]
                own = np.where(part, node.operation.disorder(finest, *parents), own)
            error = np.nan_to_num(carried + own, nan=np.inf, posinf=np.inf)
            errors.append(Box(-error, error))
    return errors[-1].high
