"""Verdicts on networks, against integer programming, enumeration and planted counterexamples."""

import itertools
import warnings
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from benchmarks.verification.exact import least_margin

from gradum.core.bounds import (
    INPUT,
    Affine,
    Box,
    Concatenated,
    Graph,
    Node,
    Ramp,
    Relu,
    Sigmoid,
    Sum,
    Tanh,
    crown,
    lower,
    planes,
    zonotopes,
)
from gradum.core.bounds.box import FLOAT32
from gradum.core.bounds.crown import narrow
from gradum.core.bounds.property import Polyhedron
from gradum.core.bounds.zonotope import carried
from gradum.errors import PropertyError
from gradum.study.verification.bounding import Bounding, best_step
from gradum.study.verification.domain import Constraints, Domain, settled
from gradum.study.verification.phases import Phases
from gradum.study.verification.projected_descent import attack, attack_from
from gradum.study.verification.splitting import halves
from gradum.study.verification.verify import verify, verify_all
from gradum.waiting import heard_by


def affine(rng, fan_in, fan_out):
    weight = rng.normal(size=(fan_in, fan_out)) / np.sqrt(fan_in)
    return Affine(weight, rng.normal(0.0, 0.3, fan_out))


def plain(rng, *sizes):
    nodes = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        if nodes:
            nodes.append(Node(Relu(), (len(nodes) - 1,)))
        nodes.append(Node(affine(rng, fan_in, fan_out), (len(nodes) - 1,)))
    return Graph(sizes[0], tuple(nodes))


def cube(inputs, unsafe, **rest):
    return Domain(np.full(inputs, -1.0), np.full(inputs, 1.0), tuple(unsafe), **rest)


def moved(polyhedron, by):
    return replace(polyhedron, limits=polyhedron.limits + by)


def drawn(rng, rows, outputs):
    return Polyhedron(rng.normal(size=(rows, outputs)), rng.normal(0.0, 0.1, rows))


@pytest.mark.parametrize("seed", range(6))
def test_verdicts_are_those_of_integer_programming_on_either_side_of_the_least(seed):
    rng = np.random.default_rng(seed)
    graph = plain(rng, 2 + seed % 2, 7, 6, 3)
    polyhedron = drawn(rng, 1 + seed % 3, 3)
    domain = cube(graph.inputs, [polyhedron])
    least = least_margin(graph, domain, polyhedron)
    for gap in (0.003, 0.1):
        safe = verify(graph, cube(graph.inputs, [moved(polyhedron, least - gap)]))
        assert safe.verdict == "proved"
        assert safe.certified == pytest.approx(1.0)
        unsafe = cube(graph.inputs, [moved(polyhedron, least + gap)])
        refuted = verify(graph, unsafe)
        assert refuted.verdict == "refuted"
        assert unsafe.is_violated(refuted.x, graph(refuted.x[None])[0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_inputs_are_divided_by_the_sides_of_units(seed, monkeypatch):
    rng = np.random.default_rng(40 + seed)
    graph, polyhedron = plain(rng, 12, 6, 5, 2), drawn(rng, 1 + seed % 2, 2)
    domain = cube(12, [polyhedron])
    domain = replace(domain, low=0.3 * domain.low, high=0.3 * domain.high)
    least = least_margin(graph, domain, polyhedron)
    monkeypatch.setattr(import_module("gradum.study.verification.splitting"), "MANY", 0.0)
    monkeypatch.setattr(import_module("gradum.study.verification.verify"), "FEW_INPUTS", 1)
    near, safe, unsafe = (
        replace(domain, unsafe=(moved(polyhedron, least + gap),)) for gap in (-0.003, -0.1, 0.003)
    )
    assert verify(graph, near, boxes=1000).verdict != "refuted"
    assert verify(graph, safe, boxes=4000).verdict == "proved"
    assert verify(graph, unsafe, boxes=4000).verdict == "refuted"


def test_sides_are_constraints_of_the_inputs():
    rng = np.random.default_rng(53)
    graph = plain(rng, 3, 5, 4, 1)
    units, x = Phases.of(graph), rng.uniform(-1, 1, (4000, 3))
    box = Box(np.full((1, 3), -1.0), np.ones((1, 3)))
    values = graph.values(x)
    before = np.concatenate([values[place] for place in units.bends], axis=1)
    for _ in range(20):
        phases = rng.choice([-1, 0, 1], (1, units.count), p=[0.15, 0.7, 0.15]).astype(np.int8)
        fits = (before * phases >= 0).all(axis=1)
        carried_on = carried(graph, box, certain=units.certain(phases, {}))
        planes = units.planes(phases, carried_on.zonotopes, box)
        at = x[fits] @ planes.coefficients[0].T + planes.constant - planes.radius
        assert (at <= 1e-12).all()
        assert not (carried_on.empty[0] and fits.any())
        for place, (low, high) in enumerate(carried_on.enclosure.nodes):
            assert ((values[place] >= low) & (values[place] <= high))[fits].all()


def test_a_union_is_as_unsafe_as_the_worst_of_its_polyhedra():
    rng = np.random.default_rng(11)
    graph = plain(rng, 3, 8, 8, 4)
    polyhedra = [drawn(rng, 2, 4) for _ in range(5)]
    domain = cube(3, polyhedra)
    least = [least_margin(graph, domain, polyhedron) for polyhedron in polyhedra]
    safe = [moved(polyhedron, low - 0.01) for polyhedron, low in zip(polyhedra, least, strict=True)]
    assert verify(graph, cube(3, safe)).verdict == "proved"
    for place, low in enumerate(least):
        one = [*safe]
        one[place] = moved(polyhedra[place], low + 0.01)
        assert verify(graph, cube(3, one)).verdict == "refuted"


def by_enumeration(graph, domain, polyhedron):
    """Return the least margin over all levels of the groups."""
    least = np.inf
    allowed = [places[domain.high[places] >= 1] for places in domain.groups]
    for levels in itertools.product(*allowed):
        low, high = domain.low.copy(), domain.high.copy()
        for places, level in zip(domain.groups, levels, strict=True):
            low[places] = high[places] = 0.0
            low[level] = high[level] = 1.0
        one = Domain(low, high, domain.unsafe)
        least = min(least, least_margin(graph, one, polyhedron))
    return least


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_exactly_one_input_of_a_group_is_one(seed):
    rng = np.random.default_rng(100 + seed)
    graph, polyhedron = plain(rng, 9, 8, 6, 2), drawn(rng, 2, 2)
    groups = (np.array([1, 4, 5, 8]), np.array([2, 3, 7]))
    low, high = np.full(9, -1.0), np.ones(9)
    low[np.concatenate(groups)] = 0.0
    high[4] = 0.0  # a level that is not allowed
    domain = Domain(low, high, (polyhedron,), groups)
    least = by_enumeration(graph, domain, polyhedron)
    proved = verify(graph, replace(domain, unsafe=(moved(polyhedron, least - 0.02),)))
    assert proved.verdict == "proved"
    unsafe = replace(domain, unsafe=(moved(polyhedron, least + 0.02),))
    refuted = verify(graph, unsafe)
    assert refuted.verdict == "refuted"
    assert refuted.x[4] == 0
    for places in groups:
        assert sorted(refuted.x[places]) == [0.0] * (len(places) - 1) + [1.0]
    # Over the box, where several or no levels may be 1, it would be unsafe.
    assert least_margin(graph, replace(domain, groups=()), polyhedron) < least - 0.02


def test_levels_that_are_left_settle_the_others():
    domain = cube(4, [Polyhedron(np.zeros((0, 1)), np.zeros(0))], groups=(np.array([0, 1, 2]),))
    low = np.array([[0, 0, 0, -1], [0, 0, 0, -1], [0, 0.2, 0, -1], [0, 0, 0, -1.0]])
    high = np.array([[1, 1, 0.5, 1], [0.9, 1, 0.1, 1], [1, 1, 1, 1], [0.5, 0, 0, 1.0]])
    box, empty = settled(domain, low, high)
    assert empty.tolist() == [False, False, False, True]
    np.testing.assert_array_equal(box.high[:3, :3], [[1, 1, 0], [0, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(box.low[:3, :3], [[0, 0, 0], [0, 1, 0], [0, 1, 0]])


def test_boxes_are_divided_where_codes_bend_and_groups_in_half():
    thresholds = ((0, np.array([-0.9, 0.3, 0.8])),)
    domain = cube(6, [drawn(np.random.default_rng(0), 1, 1)], thresholds=thresholds)
    domain = replace(domain, groups=(np.array([2, 3, 4, 5]),), low=np.array([-1, -1, 0, 0, 0, 0.0]))
    low, high = np.tile(domain.low, (4, 1)), np.tile(domain.high, (4, 1))
    low[1, 0] = 0.3  # a threshold at its end is none within
    high[3, 2] = 0.0
    slopes = np.tile([0, 0, 3.0, 1.0, 4.0, 2.0], (4, 1))
    nothing = np.zeros((4, 0), np.int8)
    divided, _, share = halves(domain, Box(low, high), nothing, slopes, np.array([0, 0, 1, 6]))
    first, second = np.split(np.arange(8), 2)
    np.testing.assert_array_equal(divided.high[first[:2], 0], [0.3, 0.8])
    np.testing.assert_array_equal(divided.low[second[:2], 0], [0.3, 0.8])
    assert divided.high[2, 1] == divided.low[6, 1] == 0
    np.testing.assert_array_equal(divided.high[3, 2:], [0, 1, 0, 0])  # one of three is certain
    np.testing.assert_array_equal(divided.low[3, 2:], [0, 1, 0, 0])
    np.testing.assert_array_equal(divided.high[7, 2:], [0, 0, 1, 1])
    np.testing.assert_allclose(share[:4] + share[4:], 1.0)
    np.testing.assert_allclose(share[:4], [0.65, 5 / 7, 0.5, 1 / 3])


@pytest.mark.parametrize("narrower", [None, narrow])
def test_nothing_unsafe_is_cut_off(narrower):
    rng = np.random.default_rng(7)
    graph = plain(rng, 4, 10, 8, 3)
    places = np.array([1, 3])
    low = rng.uniform(-1, 0.8, (30, 4))
    high = low + 0.2
    low[:, places], high[:, places] = 0.0, 1.0
    low[:20, 1], high[:20, 3] = 1.0, 0.0
    x = low + rng.random((3000, 30, 4)) * (high - low)
    x[:, 20:, places] = np.eye(2)[rng.integers(2, size=(3000, 10))]
    polyhedra = [drawn(rng, 2, 3), drawn(rng, 1, 3)]
    margins = Constraints.of(polyhedra, 3).margins(graph(x.reshape(-1, 4)))
    rare = np.quantile(margins, 0.01, axis=0)
    polyhedra = [moved(polyhedron, by) for polyhedron, by in zip(polyhedra, rare, strict=True)]
    domain = cube(4, polyhedra, groups=(places,))
    constraints = Constraints.of(polyhedra, 3)
    units = Phases.of(graph)
    phases = np.zeros((30, units.count), np.int8)
    known = {place: crown(graph, domain.box).nodes[place] for place in units.bends}
    bounding = Bounding(domain, constraints, units, 0.0, known, narrower)
    result = bounding(Box(low, high), phases)
    unsafe = constraints.margins(graph(x.reshape(-1, 4))).reshape(3000, 30, 2) <= 0
    within = ((x >= result.box.low) & (x <= result.box.high)).all(axis=2)
    assert unsafe.any()
    assert not (unsafe.any(axis=2) & ~within).any()
    assert not (unsafe & result.excluded).any()
    assert (result.box.high - result.box.low).sum() < (high - low).sum() - 1


def test_better_slopes_exclude_a_box_that_the_nearest_lines_do_not():
    # max(x, 0) + max(−x, 0) / 2 is 0 at the least; with lines of slope 1 below both, it is x / 2.
    first = Affine(np.array([[1.0, -1.0]]), np.zeros(2))
    last = Affine(np.array([[1.0], [0.5]]), np.zeros(1))
    graph = Graph(1, (Node(first, (INPUT,)), Node(Relu(), (0,)), Node(last, (1,))))
    form, box = np.ones((1, 1)), Box(-np.ones((1, 1)), np.ones((1, 1)))
    assert lower(zonotopes(graph, box), form)[0, 0] == pytest.approx(-0.5)
    domain, units = cube(1, [Polyhedron(form, np.array([-0.05]))]), Phases(graph, {})
    constraints = Constraints.of(domain.unsafe, 1)
    result = Bounding(domain, constraints, units)(box, np.zeros((1, 0), np.int8))
    assert result.excluded.all()
    x = np.linspace(result.box.low[0], result.box.high[0], 101)
    assert -0.05 < result.lower[0, 0] <= graph(x).min()


def test_the_least_point_of_a_form_is_that_of_all_vertices():
    rng = np.random.default_rng(17)
    groups = (np.array([0, 2]), np.array([3, 4, 5]))
    domain = replace(cube(6, []), groups=groups)
    low, high = np.zeros((20, 6)), np.ones((20, 6))
    low[:, 1] = rng.uniform(-1, 0, 20)
    high[:10, 3] = 0.0
    slopes = rng.normal(size=(20, 6))
    least = domain.least(slopes, Box(low, high))
    for row in range(20):
        vertices = np.array(list(itertools.product(*zip(low[row], high[row], strict=True))))
        fits = [(vertices[:, places].sum(axis=1) == 1) for places in groups]
        vertices = vertices[np.logical_and.reduce(fits)]
        assert slopes[row] @ least[row] == pytest.approx((vertices @ slopes[row]).min())
        assert (vertices == least[row]).all(axis=1).any()


def graphs_with_skips(rng, activation):
    return Graph(
        2,
        (
            Node(affine(rng, 2, 6), (INPUT,)),
            Node(activation, (0,)),
            Node(affine(rng, 6, 6), (1,)),
            Node(Sum((1.0, 1.0)), (2, 1)),
            Node(activation, (3,)),
            Node(Concatenated(), (4, INPUT)),
            Node(affine(rng, 8, 2), (5,)),
        ),
    )


@pytest.mark.parametrize(
    "activation",
    [
        Tanh(),
        Sigmoid(),
        Relu(),
        Ramp(np.full(6, -0.2), np.full(6, 1.5)),
        Ramp(np.zeros(6), np.full(6, 300.0)),
    ],
    ids=["tanh", "sigmoid", "relu", "ramp", "step"],
)
def test_graphs_with_skips_are_verified_too(activation):
    rng = np.random.default_rng(5)
    graph = graphs_with_skips(rng, activation)
    polyhedron = drawn(rng, 1, 2)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 301)] * 2), axis=-1).reshape(-1, 2)
    constraints = Constraints.of([polyhedron], 2)
    least = constraints.margins(graph(grid)).min()
    assert verify(graph, cube(2, [moved(polyhedron, least + 1e-6)])).verdict == "refuted"
    outcome = verify(graph, cube(2, [moved(polyhedron, least - 0.05)]), boxes=3000)
    assert outcome.verdict == "proved"


def test_a_degenerate_box_is_one_point():
    rng = np.random.default_rng(3)
    graph = plain(rng, 3, 5, 2)
    x = rng.normal(size=3)
    y = graph(x[None])[0]
    everything = Polyhedron(np.zeros((0, 2)), np.zeros(0))
    unsafe, safe = (Polyhedron(np.eye(2)[:1], y[:1] + sign * 1e-9) for sign in (1, -1))
    assert verify(graph, Domain(x, x, (unsafe,))).verdict == "refuted"
    assert verify(graph, Domain(x, x, (safe,))).verdict == "proved"
    assert verify(graph, Domain(x, x, (safe, everything))).verdict == "refuted"
    assert verify(graph, Domain(x, x, ())).verdict == "proved"


def test_a_limit_that_is_just_reached_is_never_called_proved():
    graph = Graph(1, (Node(Affine(np.array([[0.1]]), np.array([0.2])), (INPUT,)),))
    least = graph(np.array([[-1.0]]))[0]
    outcome = verify(graph, cube(1, [Polyhedron(np.ones((1, 1)), least)]), boxes=500)
    assert outcome.verdict == "refuted"


def test_a_box_that_cannot_be_divided_any_further_leaves_it_undecided():
    # The output is 0 where x is, and 1e-9 too much is allowed: rounding alone hides the rest.
    graph = Graph(1, (Node(Affine(np.array([[1e8]]), np.array([-1e8])), (INPUT,)),))
    x = np.ones(1)
    unsafe = Polyhedron(np.ones((1, 1)), np.array([-1e-9]))
    outcome = verify(graph, Domain(x, x, (unsafe,)), boxes=100)
    assert (outcome.verdict, outcome.certified) == ("not decided", 0.0)
    wide = Domain(x, np.nextafter(x, 2), (unsafe,))
    assert verify(graph, wide, boxes=100).verdict == "not decided"


def test_what_the_replay_does_not_confirm_is_not_refuted():
    rng = np.random.default_rng(9)
    graph = plain(rng, 2, 5, 1)
    unsafe = Polyhedron(np.ones((1, 1)), np.array([10.0]))
    domain = cube(2, [unsafe])
    seen = []

    def replay(x):
        seen.append(x)
        return np.full((len(x), 1), 11.0)

    assert verify(graph, domain).verdict == "refuted"
    outcome = verify(graph, domain, replay=replay, boxes=300)
    assert outcome.verdict == "not decided"
    assert outcome.certified < 1
    assert seen
    assert verify(graph, domain, replay=lambda x: np.full((len(x), 1), np.nan), boxes=99).x is None


def test_limits_end_the_search_with_what_is_certified_by_then():
    rng = np.random.default_rng(21)
    graph, polyhedron = plain(rng, 4, 20, 20, 20, 1), Polyhedron(np.ones((1, 1)), np.zeros(1))
    domain = cube(4, [polyhedron])
    x = np.random.default_rng(0).uniform(-1, 1, (20_000, 4))
    lowest = graph(x).min()
    lower = attack(graph, cube(4, [moved(polyhedron, lowest)]), rng, 200)
    lowest = min(lowest, graph(lower).min(initial=np.inf))
    hard = replace(domain, unsafe=(moved(polyhedron, lowest - 0.005),))
    shares = [verify(graph, hard, boxes=count).certified for count in (50, 100)]
    assert 0 <= shares[0] < shares[1] < 1
    outcome = verify(graph, hard, seconds=0.0)
    assert outcome.verdict == "not decided"
    first, again = (verify(graph, hard, boxes=100) for _ in range(2))
    assert first.certified == again.certified


def nowhere(graph, domain, *_, **__):
    return np.zeros((0, graph.inputs))


def test_what_the_search_refutes_is_never_certified_as_a_whole(monkeypatch):
    module = import_module("gradum.study.verification.verify")
    monkeypatch.setattr(module, "attack", nowhere)
    monkeypatch.setattr(module, "attack_from", nowhere)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        graph = plain(rng, 2, 7, 6, 3)
        polyhedron = drawn(rng, 1, 3)
        least = least_margin(graph, cube(2, [polyhedron]), polyhedron)
        unsafe, safe = (cube(2, [moved(polyhedron, least + by)]) for by in (0.003, -1.0))
        outcome = verify(graph, unsafe)
        assert (outcome.verdict, outcome.stage) == ("refuted", "search")
        assert outcome.certified < 1.0
        assert verify_all(graph, [safe, unsafe]).certified < 1.0


def test_the_whole_box_bounds_each_of_its_parts():
    rng = np.random.default_rng(23)
    graph, polyhedron = plain(rng, 16, 12, 12, 2), drawn(rng, 1, 2)
    domain, units = cube(16, [polyhedron]), Phases.of(graph)
    root = crown(graph, domain.box)
    known = {place: root.nodes[place] for place in units.bends}
    constraints = Constraints.of(domain.unsafe, 2)
    low = rng.uniform(-1, 0.5, (5, 16))
    box, phases = Box(low, low + 0.5), np.zeros((5, units.count), np.int8)
    for narrower in (None, narrow):
        bounding = Bounding(domain, constraints, units, known=known, narrow=narrower)
        nodes = bounding(box, phases).enclosure.nodes
        for place, whole in known.items():
            assert (nodes[place].low >= whole.low).all()
            assert (nodes[place].high <= whole.high).all()
    without = Bounding(domain, constraints, units)(domain.box, phases[:1]).enclosure.nodes
    assert any((without[place].low < known[place].low).any() for place in known)


def test_the_best_step_between_two_sums_is_that_of_all_places_where_a_slope_turns():
    rng = np.random.default_rng(29)
    slope, way, reach = rng.normal(size=(3, 400, 7))
    reach, way = np.abs(reach), np.where(rng.random(way.shape) < 0.2, 0.0, way)
    slope[rng.random(slope.shape) < 0.1] = 0.0
    rise = rng.normal(0.0, 3.0, 400)
    step = best_step(slope, way, rise, reach)

    def bound(t):
        return t * rise - (reach * np.abs(slope + t[:, None] * way)).sum(axis=1)

    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.nan_to_num(np.clip(-slope / way, 0.0, 1.0))
    tried = [np.zeros(400), np.ones(400), *places.T]
    best = np.max([bound(place) for place in tried], axis=0)
    np.testing.assert_allclose(bound(step), best, rtol=0, atol=1e-12)
    assert ((step > 0) & (step < 1)).mean() > 0.2


def test_bounds_lead_to_a_corner_that_slopes_lead_away_from():
    # Only near one corner is y below −3/2; everywhere else it falls towards the opposite one.
    inputs, rng = 30, np.random.default_rng(31)
    corner = rng.choice([-1.0, 1.0], (inputs, 1))
    first = Affine(np.hstack([corner, corner]), np.array([1.0 - inputs, float(inputs)]))
    graph = Graph.of(inputs, first, Relu(), Affine(np.array([[-10.0], [0.05]]), np.zeros(1)))
    unsafe = Polyhedron(np.ones((1, 1)), np.array([-6.0]))
    domain = cube(inputs, [unsafe])
    assert not len(attack(graph, domain, rng, 400))
    slopes = planes(crown(graph, domain.box), np.ones((1, 1))).coefficients[0]
    found = attack_from(graph, domain, slopes, rng)
    assert (graph(found) <= -6.0).all()
    assert (found[0] == corner[:, 0]).all()
    assert verify(graph, domain).stage == "crown"


def test_several_domains_are_proved_together_and_refuted_by_any():
    rng = np.random.default_rng(13)
    graph, polyhedron = plain(rng, 2, 6, 5, 2), drawn(rng, 1, 2)
    least = least_margin(graph, cube(2, [polyhedron]), polyhedron)
    safe = cube(2, [moved(polyhedron, least - 0.01)])
    unsafe = cube(2, [moved(polyhedron, least + 0.01)])
    assert verify_all(graph, [safe, safe]).verdict == "proved"
    assert verify_all(graph, [safe, unsafe]).verdict == "refuted"
    limited = verify_all(graph, [unsafe, safe], replay=lambda x: graph(x) + 9, boxes=60)
    assert limited.verdict == "not decided"


def test_counterexamples_are_float32_numbers_within_the_box():
    low, high = np.array([0.1, 0.3, -0.7, 1 / 3]), np.array([0.1 + 1e-7, 0.3, 0.7, 2 / 3])
    domain = Domain(low, high, (), precision=np.float32)
    x = np.stack([low, high, (low + high) / 2])
    snapped = domain.snapped(x)
    assert ((snapped >= low) & (snapped <= high)).all()
    others = [0, 2, 3]
    assert (snapped[:, others] == snapped[:, others].astype(np.float32)).all()
    assert (snapped[:, 1] == 0.3).all()  # no float32 number lies there


def test_a_box_may_reach_beyond_float32():
    domain = Domain(np.zeros(1), np.full(1, 1e39), (), precision=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (snapped,) = domain.snapped(np.array([[1e39]]))
    assert snapped == np.finfo(np.float32).max


def test_a_proof_for_float32_leaves_room_for_its_rounding():
    rng = np.random.default_rng(17)
    graph, polyhedron = plain(rng, 2, 6, 5, 1), Polyhedron(np.ones((1, 1)), np.zeros(1))
    least = least_margin(graph, cube(2, [polyhedron]), polyhedron)
    wide, tight = (cube(2, [moved(polyhedron, least - gap)]) for gap in (1e-3, 1e-7))
    assert verify(graph, wide, unit=FLOAT32).verdict == "proved"
    assert verify(graph, tight, unit=FLOAT32, boxes=500).verdict == "not decided"


def test_a_region_without_inputs_is_refused():
    for low, high, groups in (([1.0], [0.0], ()), ([0.0], [0.5], (np.array([0]),))):
        with pytest.raises(PropertyError, match="No input lies in the region"):
            Domain(np.array(low), np.array(high), (), groups)


def test_a_search_tells_how_much_of_the_domains_is_decided():
    rng = np.random.default_rng(21)
    graph, polyhedron = plain(rng, 4, 20, 20, 20, 1), Polyhedron(np.ones((1, 1)), np.zeros(1))
    lower = attack(graph, cube(4, [moved(polyhedron, 0.0)]), rng, 200)
    lowest = graph(np.concatenate([lower, rng.uniform(-1, 1, (20_000, 4))])).min()
    hard = cube(4, [moved(polyhedron, lowest - 0.02)])
    heard = []
    with heard_by(heard.append):
        outcome = verify_all(graph, [hard, hard], boxes=400)
    shares = [stage.done for stage in heard]
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert len({share for share in shares if share < 0.5}) > 2
    assert shares[-1] <= outcome.certified
