"""The least margin of a small ReLU network over a box, by mixed-integer programming.

With z = y W + b, units y′ = max(z, 0) and phases p in {0, 1}: y′ ≥ z, y′ ≥ 0, y′ ≤ z − l (1 − p),
y′ ≤ u p, with bounds l ≤ z ≤ u of intervals (Tjeng, Xiao & Tedrake, ICLR 2019).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import LinearConstraint, milp

from gradum.core.bounds import Affine, Graph, intervals
from gradum.core.bounds.property import Polyhedron
from gradum.study.verification.domain import Domain

TOLERANCE = 1e-6
"""The solver satisfies constraints at least to this tolerance."""


def least_margin(graph: Graph, domain: Domain, polyhedron: Polyhedron) -> float:
    """Return the least max (C y − c) of a plain ReLU network over a domain.

    Exactly one input of each group is 1.
    """
    layers = [node.operation for node in graph.nodes if isinstance(node.operation, Affine)]
    pre = [
        bounds
        for node, bounds in zip(graph.nodes, intervals(graph, domain.box).nodes, strict=True)
        if isinstance(node.operation, Affine)
    ]
    hidden = [len(layer.bias) for layer in layers[:-1]]
    outputs = len(layers[-1].bias)
    total = graph.inputs + 2 * sum(hidden) + outputs + 1
    low, high = np.full(total, -np.inf), np.full(total, np.inf)
    low[: graph.inputs], high[: graph.inputs] = domain.low, domain.high
    whole = np.zeros(total)
    whole[: graph.inputs] = domain.grouped
    rows, least, greatest = [], [], []

    def add(coefficients: dict[int, float], above: float, below: float) -> None:
        row = np.zeros(total)
        for place, value in coefficients.items():
            row[place] += value
        rows.append(row)
        least.append(above)
        greatest.append(below)

    for places in domain.groups:
        add(dict.fromkeys(places, 1.0), 1.0, 1.0)
    before, start = np.arange(graph.inputs), graph.inputs
    for layer, bounds, count in zip(layers[:-1], pre, hidden, strict=False):
        units, phases = start + np.arange(count), start + count + np.arange(count)
        for unit in range(count):
            weights = dict(zip(before, -layer.weight[:, unit], strict=True))
            bottom, top = bounds.low[0, unit], bounds.high[0, unit]
            add({**weights, units[unit]: 1.0}, layer.bias[unit], np.inf)
            add({units[unit]: 1.0, phases[unit]: -max(top, 0.0)}, -np.inf, 0.0)
            add(
                {**weights, units[unit]: 1.0, phases[unit]: -min(bottom, 0.0)},
                -np.inf,
                layer.bias[unit] - min(bottom, 0.0),
            )
        low[units], low[phases], high[phases], whole[phases] = 0.0, 0.0, 1.0, 1.0
        before, start = units, start + 2 * count
    last = start + np.arange(outputs)
    for output in range(outputs):
        weights = dict(zip(before, -layers[-1].weight[:, output], strict=True))
        add({**weights, last[output]: 1.0}, layers[-1].bias[output], layers[-1].bias[output])
    for coefficients, limit in zip(polyhedron.coefficients, polyhedron.limits, strict=True):
        add({**dict(zip(last, coefficients, strict=True)), total - 1: -1.0}, -np.inf, limit)
    cost = np.zeros(total)
    cost[-1] = 1.0
    result = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), least, greatest),
        integrality=whole,
        bounds=(low, high),
        options={"mip_rel_gap": 0.0},  # otherwise it ends 10⁻⁴ of the margin above the least
    )
    assert result.success
    return float(result.fun)
