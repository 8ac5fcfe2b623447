"""Networks of more inputs than are divided, as texts have: bounded as a whole, in little memory."""

import itertools
import tracemalloc
from importlib import import_module

import numpy as np

from gradum.core.bounds import INPUT, Affine, Box, Graph, Node, Relu, crown, intervals
from gradum.core.bounds import zonotope as zonotopes
from gradum.core.bounds.property import Polyhedron
from gradum.study.verification.domain import Domain
from gradum.study.verification.verify import verify

WIDE, MOST = 2000, 500


def network(*sizes):
    rng, nodes = np.random.default_rng(0), []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if nodes:
            nodes.append(Node(Relu(), (len(nodes) - 1,)))
        weight = rng.normal(size=(fan_in, fan_out)) / fan_in
        nodes.append(
            Node(Affine(weight, rng.normal(size=fan_out)), (len(nodes) - 1 if nodes else INPUT,))
        )
    return Graph(sizes[0], tuple(nodes))


def cube(graph, limit):
    ends = np.ones(graph.inputs)
    return Domain(-ends, ends, (Polyhedron(np.ones((1, 1)), np.array([limit])),))


def test_wide_inputs_are_bounded_without_their_square(monkeypatch):
    for module in (zonotopes, import_module("gradum.study.verification.verify")):
        monkeypatch.setattr(module, "MOST_DIVIDED", MOST)
    graph = network(WIDE, 6, 6, 1)
    least = crown(graph, cube(graph, 0.0).box).output.low[0, 0]
    tracemalloc.start()
    safe, unsure = (verify(graph, cube(graph, least + gap), seconds=5.0) for gap in (-0.1, 1e-4))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < WIDE**2 * 8 / 2
    assert (safe.verdict, unsure.verdict) == ("proved", "not decided")
    assert unsure.boxes == 1


def test_inputs_without_generators_are_enclosed_all_the_same(monkeypatch):
    graph, rng = network(4, 5, 3), np.random.default_rng(1)
    box = Box(np.full((1, 4), -0.5), np.ones((1, 4)))
    divided = zonotopes.zonotopes(graph, box)
    monkeypatch.setattr(zonotopes, "MOST_DIVIDED", 3)
    found = zonotopes.zonotopes(graph, box)
    values = graph.values(rng.uniform(-0.5, 1.0, (2000, 4)))
    for place, value in enumerate(values):
        assert (value >= found.nodes[place].low).all()
        assert (value <= found.nodes[place].high).all()
        assert (found.nodes[place].low <= divided.nodes[place].low + 1e-12).all()
        assert (found.nodes[place].low >= intervals(graph, box).nodes[place].low - 1e-12).all()
    np.testing.assert_allclose(found.nodes[0].low, divided.nodes[0].low, atol=1e-12)


def test_a_search_ends_when_its_time_is_up():
    graph = network(200, 40, 1)
    least = crown(graph, cube(graph, 0.0).box).output.low[0, 0]
    ended = verify(graph, cube(graph, least + 0.01), seconds=0.0)
    assert (ended.verdict, ended.stage) == ("not decided", "interval")
