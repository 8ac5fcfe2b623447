"""A million points of boxes around networks of every kind, predicted in float32 as deployed."""

from itertools import islice

import numpy as np
from benchmarks import points

from gradum.core.bounds import Box, crown


def test_of_a_million_points_none_lies_outside_of_its_bounds():
    one_of_each = islice(points.networks(seed=0, of_box=20_000), len(points.KINDS))
    kinds, drawn, outside = zip(*one_of_each, strict=True)
    assert set(kinds) == set(points.KINDS)
    assert sum(drawn) >= 10**6
    assert sum(outside) == 0


def test_points_outside_of_bounds_are_counted(monkeypatch):
    def narrowed(graph, box, unit):
        enclosure = crown(graph, box, unit)
        low, high = enclosure.output
        enclosure.nodes[-1] = Box(low + 1e-3 * (high - low), high)
        return enclosure

    monkeypatch.setattr(points, "STAGES", {"narrowed": narrowed})
    rng = np.random.default_rng(0)
    network = points.KINDS["identity"](rng)
    assert 0 < points.points_outside(rng, network, 1_000) < 1_000 * points.BOXES
