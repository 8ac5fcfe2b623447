"""A search for unsafe outputs by projected gradient descent from many points at once.

Source: A. Madry et al., "Towards deep learning models resistant to adversarial attacks", ICLR 2018.
As there, each input steps by the sign of its slope; here, the steps also shrink.

Shapes: N points, d inputs, p polyhedra.
"""

from __future__ import annotations

import math
from time import perf_counter

import numpy as np

from gradum.core.bounds import Graph
from gradum.study.verification.domain import Constraints, Domain

POINTS, STEPS = 48, 24
FIRST_STEP = 0.25
"""The first step, as a share of each input's width."""
SHRINKING = 0.85
"""The length of each step, as a share of the step before."""
AROUND, FARTHEST, STEPS_AROUND = 8, 0.2, 12
"""The starts for each slope of linear bounds, the largest share of their inputs at other ends, and
the steps from each start: few, as starts are near the points where bounds are least."""
MOST_SLOPES = 64
"""The most slopes from which an attack starts."""


def attack(
    graph: Graph,
    domain: Domain,
    rng: np.random.Generator,
    points: int = POINTS,
    steps: int = STEPS,
    until: float = math.inf,
) -> np.ndarray:
    """Return points [N, d] of a domain whose outputs are unsafe as float64 computes them.

    Half of the starts are drawn from the whole box, a quarter from its faces, where each input is
    at an end half of the time, and a quarter from its corners. Each start descends on the margin
    max (C y − c) of a polyhedron: half of the starts on the nearest one at each step, half on a
    fixed one. At the time ``until`` of `perf_counter`, they end where they are.
    """
    return descend(graph, domain, _starts(domain, rng, points), steps, until)


def attack_from(
    graph: Graph,
    domain: Domain,
    slopes: np.ndarray,
    rng: np.random.Generator,
    until: float = math.inf,
) -> np.ndarray:
    """Descend from corners to which the slopes [r, d] of linear bounds lead; see `attack`.

    A bound looks at the whole box, and so shows the way even where the network itself is flat or
    falls towards another corner. Each slope has `AROUND` starts: its least corner, and corners with
    some inputs, drawn by chance, at their other ends.
    """
    slopes = slopes[:MOST_SLOPES]
    x = np.repeat(domain.least(slopes, domain.box), AROUND, axis=0)
    share = FARTHEST * np.tile(np.arange(AROUND) / AROUND, len(slopes))
    flipped = (rng.random(x.shape) < share[:, None]) & ~domain.grouped
    x = np.where(flipped, domain.low + domain.high - x, x)
    return descend(graph, domain, np.clip(x, domain.low, domain.high), STEPS_AROUND, until)


def descend(
    graph: Graph, domain: Domain, x: np.ndarray, steps: int = STEPS, until: float = math.inf
) -> np.ndarray:
    """Descend from points [N, d]; return the first points with unsafe outputs."""
    constraints = Constraints.of(domain.unsafe, graph.widths[-1])
    assigned = np.arange(len(x)) // 2 % len(constraints.starts)
    rows, width = np.arange(len(x)), domain.high - domain.low
    # Steps add up along the path even if its points are snapped to whole numbers.
    path, x = x, domain.snapped(x)
    step, left = FIRST_STEP * width, steps
    while True:
        values = graph.values(x)
        margins = constraints.margins(values[-1])
        hits = margins.min(axis=1) <= 0
        if hits.any() or not left or perf_counter() >= until:
            return x[hits]
        target = np.where(rows % 2 == 1, assigned, margins.argmin(axis=1))
        excess = np.where(
            constraints.owners == target[:, None], constraints.excess(values[-1]), -np.inf
        )
        forms = constraints.coefficients[excess.argmax(axis=1)]
        gradient = graph.gradient(x, values, forms)
        moved = np.clip(path - step * np.sign(gradient), domain.low, domain.high)
        path = _levels_moved(domain, path, moved, gradient)
        x = domain.snapped(path)
        step, left = SHRINKING * step, left - 1


def _starts(domain: Domain, rng: np.random.Generator, points: int) -> np.ndarray:
    """Draw points [N, d] of a domain, before they are snapped to possible inputs."""
    share, side = rng.random((2, points, len(domain.low)))
    at_ends = np.array([0.0, 0.0, 0.5, 1.0])[np.arange(points) % 4]
    share = np.where(side < at_ends[:, None], np.rint(share), share)
    x = np.clip(domain.low + share * (domain.high - domain.low), domain.low, domain.high)
    levels = []
    for places in domain.groups:
        allowed = np.flatnonzero(domain.high[places] >= 1)
        levels.append(rng.choice(allowed, points))
    return domain.one_hot(x, levels)


def _levels_moved(
    domain: Domain, x: np.ndarray, moved: np.ndarray, gradient: np.ndarray
) -> np.ndarray:
    """Move one group of each point to the level that is most promising by the gradient."""
    if not domain.groups:
        return moved
    now = [x[:, places].argmax(axis=1) for places in domain.groups]
    best, gains = [], []
    for places, level in zip(domain.groups, now, strict=True):
        slopes = np.where(domain.high[places] >= 1, gradient[:, places], np.inf)
        best.append(slopes.argmin(axis=1))
        gains.append(np.take_along_axis(slopes, level[:, None], axis=1)[:, 0] - slopes.min(axis=1))
    group = np.argmax(gains, axis=0)
    levels = [
        np.where(group == place, new, old)
        for place, (new, old) in enumerate(zip(best, now, strict=True))
    ]
    return domain.one_hot(moved, levels)
