"""Small random networks, whose least margins are known by integer programming."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.page import table
from benchmarks.verification.exact import least_margin
from gradum.core.bounds import INPUT, Affine, Graph, Node, Relu
from gradum.core.bounds.property import Polyhedron
from gradum.randomness import stream
from gradum.study.verification.domain import Domain
from gradum.study.verification.verify import verify

GAPS = (1e-4, 1e-2, 1.0)
"""How far limits lie on either side of the least margin found by integer programming."""
BOXES = 20_000


def drawn(rng: np.random.Generator) -> tuple[Graph, Domain]:
    """Draw a network of one to three hidden layers, a box, and an unsafe polyhedron."""
    inputs, outputs = rng.integers(1, 6), rng.integers(1, 5)
    hidden = rng.integers(2, 9, rng.integers(1, 4))
    nodes: list[Node] = []
    for fan_in, fan_out in itertools.pairwise([inputs, *hidden, outputs]):
        if nodes:
            nodes.append(Node(Relu(), (len(nodes) - 1,)))
        weight = rng.normal(size=(fan_in, fan_out)) * np.sqrt(2 / fan_in)
        parent = len(nodes) - 1 if nodes else INPUT
        nodes.append(Node(Affine(weight, rng.normal(0.0, 0.5, fan_out)), (parent,)))
    centre, reach = rng.normal(size=inputs), rng.exponential(size=inputs)
    reach *= rng.random(inputs) < 0.9  # some inputs are fixed
    rows = rng.integers(1, 4)
    unsafe = Polyhedron(rng.normal(size=(rows, outputs)), rng.normal(size=rows))
    return Graph(int(inputs), tuple(nodes)), Domain(centre - reach, centre + reach, (unsafe,))


def report(count: int = 2000, seed: int = 0) -> str:
    """Verify each network with limits on either side of the least margin."""
    rng = stream(seed, "benchmarks", "verification")
    verdicts: Counter[tuple[str, float, str]] = Counter()
    for _ in range(count):
        graph, domain = drawn(rng)
        (polyhedron,) = domain.unsafe
        least = least_margin(graph, domain, polyhedron)
        for gap, (name, sign) in itertools.product(GAPS, (("safe", -1), ("unsafe", 1))):
            limits = polyhedron.limits + least + sign * gap
            asked = replace(domain, unsafe=(replace(polyhedron, limits=limits),))
            verdicts[name, gap, verify(graph, asked, boxes=BOXES).verdict] += 1
    rows = [
        [f"{name}, by {gap:g}", *(verdicts[name, gap, verdict] for verdict in VERDICTS)]
        for name in ("safe", "unsafe")
        for gap in GAPS
    ]
    return table([f"{count} networks, in truth", *VERDICTS], rows)


VERDICTS = ("proved", "refuted", "not decided")
