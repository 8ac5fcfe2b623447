"""Rows through a pack, one, few and many: the same as its forward says in float64."""

import jax
import numpy as np
import pytest
from test_core_pack_network import FORMS, KINDS, drawn, made, rows_of

from gradum.core.models import pack_blocks as module
from gradum.core.models.network import Embedding
from gradum.core.models.pack_codes import in_turn
from gradum.core.models.pack_network import PackNetwork
from gradum.core.models.pack_rows import PackRows

CASES = [
    *((kind, "codes", turns) for kind in KINDS for turns in ("none", "some", "all")),
    *(("two classes", form, "some") for form in FORMS if form not in ("codes", "text", "all")),
]


def codes_in_turn(network, seed=0):
    """Shift and slope of codes that rise one after the other, some steep, one unused."""
    rng = np.random.default_rng(seed)
    shape = network.members, len(network.coded), network.codes
    edges = np.sort(rng.normal(size=(*shape[:2], 2 * network.codes)), axis=-1)
    low, high = edges[..., ::2], edges[..., 1::2]
    high = np.where(rng.random(shape) < 0.3, low + 1e-6, high)
    shift, slope = low.copy(), 1 / (high - low)
    if network.codes > 1:
        shift[:, :1, -1], slope[:, :1, -1] = 0, 0
    return shift.astype(np.float32), slope.astype(np.float32)


def drawn_in_turn(network, seed=0):
    """Members in turn, beside waves and members whose codes rise anyhow."""
    params = drawn(network, seed)
    shift, slope = codes_in_turn(network, seed)
    anyhow = np.arange(network.members) % 3 != 0
    params["shift"] = np.where(anyhow[:, None, None], params["shift"], shift)
    params["slope"] = np.where(anyhow[:, None, None], params["slope"], slope)
    params["wave"] = (np.arange(network.members) % 3 == 2).astype(np.float32)
    return params


def in_float64(params):
    if isinstance(params, dict):
        return {name: in_float64(value) for name, value in params.items()}
    if isinstance(params, list):
        return [in_float64(value) for value in params]
    return params.astype(np.float64)


def assert_says_the_same(network, params, inputs):
    rows = PackRows(network, params)
    exact = in_float64({name: each for name, each in inputs.items() if name == "dense"})
    whole = network.forward(in_float64(params), inputs | exact)
    for some in (slice(None), *(slice(row, row + 1) for row in range(len(whole)))):
        said = rows({name: values[some] for name, values in inputs.items()})
        assert said.dtype == np.float32
        np.testing.assert_allclose(said, whole[some], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("turns", ["none", "some", "all"])
def test_rows_together_and_a_row_alone_are_what_they_are_in_float64(kind, form, turns):
    network = made(kind, form, members=7)
    params = drawn(network) if turns == "none" else drawn_in_turn(network)
    if turns == "all":
        params["shift"], params["slope"] = codes_in_turn(network)
        params["wave"] = np.zeros(network.members, np.float32)
    if network.coded:
        assert in_turn(params).sum() == {"none": 0, "some": 3, "all": 7}[turns]
    assert_says_the_same(network, params, rows_of(network, 40))


def test_values_on_the_edges_of_codes_and_beyond_all_of_them():
    network = PackNetwork(3, 1, 1, (4,), (0,), 5, "identity")
    params = drawn(network)
    params["wave"][:] = 0
    params["shift"][:] = np.arange(5) - 2
    params["slope"][:] = 1
    assert in_turn(params).all()
    values = np.r_[np.arange(-3, 4.5, 0.5), -1e6, 1e6, np.nextafter(np.float32(1), [0, 2])]
    assert_says_the_same(network, params, {"dense": values[:, None].astype(np.float32)})


def test_a_row_with_few_of_many_levels():
    network = PackNetwork(3, 40, 2, (4,), (0,), 4, "logit", Embedding(5, 1, 2))
    dense = np.zeros((6, 40), np.float32)
    dense[:, 0], dense[np.arange(6), 3 * np.arange(6) + 1] = np.linspace(-1, 1, 6), 1
    codes = np.array([[0], [1], [2], [3], [4], [0]], np.int32)
    assert_says_the_same(network, drawn_in_turn(network), {"dense": dense, "codes": codes})
    none = {"dense": np.zeros((1, 40), np.float32), "codes": codes[:1]}
    assert_says_the_same(network, drawn_in_turn(network), none)


@pytest.mark.parametrize(
    ("shift", "slope", "wave", "turns"),
    [
        ([0, 1, 2], [1, 1, 1], 0, True),
        ([0, 1, 2], [1, 5, 1], 0, True),
        ([0, 0.9, 2], [1, 1, 1], 0, False),  # the second begins before the first has risen
        ([2, 1, 0], [1, 1, 1], 0, False),
        ([0, 1, 2], [1, 1, 1], 1, False),
        ([0, 1, 2], [1, -1, 1], 0, False),
        ([0, 1, 0], [1, 1, 0], 0, True),  # the last is not needed
        ([0, 0, 2], [1, 0, 1], 0, False),  # one that is needed behind one that is not
        ([0, 0, 0], [0, 0, 0], 0, True),
        ([1, 1 + 2e-7, 2], [1e7, 1, 1], 0, True),  # as near as float32 tells apart
    ],
)
def test_which_codes_rise_in_turn(shift, slope, wave, turns):
    params = {
        "shift": np.array([[shift]], np.float32),
        "slope": np.array([[slope]], np.float32),
        "wave": np.array([wave], np.float32),
    }
    assert in_turn(params).tolist() == [turns]


def test_one_column_out_of_turn_is_enough():
    params = {
        "shift": np.array([[[0, 1], [1, 0]], [[0, 1], [0, 1]]], np.float32),
        "slope": np.ones((2, 2, 2), np.float32),
        "wave": np.zeros(2, np.float32),
    }
    assert in_turn(params).tolist() == [False, True]


def test_the_order_of_members_does_not_matter():
    network = made("three classes", "all", members=5)
    params = drawn_in_turn(network)
    turned = {
        name: value[::-1] if name not in ("projection", "sharpness", "layers") else value
        for name, value in params.items()
    }
    turned["layers"] = [
        {name: each[::-1] for name, each in layer.items()} for layer in params["layers"]
    ]
    row = rows_of(network, 1)
    np.testing.assert_allclose(
        PackRows(network, turned)(row), PackRows(network, params)(row), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("form", FORMS)
def test_no_rows_have_no_logits(form):
    network = made("three classes", form, members=7)
    inputs = {name: values[:0] for name, values in rows_of(network, 1).items()}
    assert PackRows(network, drawn_in_turn(network))(inputs).shape == (0, network.outputs)


@pytest.mark.parametrize(("kind", "form"), [("number", "codes"), ("three classes", "all")])
def test_a_block_has_the_same_bits_among_others(kind, form, monkeypatch):
    network = made(kind, form, members=7, hidden=(64, 32))
    params, inputs = drawn_in_turn(network), rows_of(network, 600)
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", 0)  # ten blocks of 60 rows
    rows = PackRows(network, params)
    whole = rows(inputs)
    np.testing.assert_array_equal(rows(inputs), whole)
    for start in (0, 60, 540):
        block = {name: values[start : start + 60] for name, values in inputs.items()}
        np.testing.assert_array_equal(rows(block), whole[start : start + 60])


@pytest.mark.parametrize(("kind", "form"), [("number", "codes"), ("three classes", "all")])
def test_other_blocks_change_no_more_than_last_digits(kind, form):
    network = made(kind, form, members=7, hidden=(64, 32))
    params, inputs = drawn_in_turn(network), rows_of(network, 600)
    rows, exact = PackRows(network, params), PackRows(network, in_float64(params))
    expected = exact(inputs | {"dense": inputs["dense"].astype(np.float64)})
    for start, end in [(3, 20), (5, 105), (0, 257), (41, 600)]:
        some = {name: values[start:end] for name, values in inputs.items()}
        np.testing.assert_allclose(rows(some), expected[start:end], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_of_float64_is_computed_in_float64(kind):
    network = made(kind, "all", members=7)
    params = in_float64(drawn_in_turn(network))
    inputs = rows_of(network, 12, dtype=np.float64)
    said = PackRows(network, params)(inputs)
    assert said.dtype == np.float64
    np.testing.assert_allclose(said, network.forward(params, inputs), rtol=1e-11, atol=1e-11)


def assert_bulk_says_the_same(network, params, inputs):
    bulk, laid_out = network.bulk(params)
    said = np.asarray(jax.jit(bulk.apply)(laid_out, inputs))
    exact = inputs | {"dense": inputs["dense"].astype(np.float64)}
    expected = network.forward(in_float64(params), exact)
    assert (said.dtype, said.shape) == (np.float32, expected.shape)
    assert bulk.outputs == network.outputs
    np.testing.assert_allclose(said, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("kind", "form", "turns"), CASES)
def test_rows_together_are_what_each_is_in_float64(kind, form, turns):
    network = made(kind, form, members=7)
    params = drawn(network) if turns == "none" else drawn_in_turn(network)
    if turns == "all":
        params["shift"], params["slope"] = codes_in_turn(network)
        params["wave"] = np.zeros(network.members, np.float32)
    _, laid_out = network.bulk(params)
    if network.coded:
        assert len(laid_out["in_turn"]["wave"]) == {"none": 0, "some": 3, "all": 7}[turns]
    assert_bulk_says_the_same(network, params, rows_of(network, 40))


def edges(shift, slope):
    """A member of one column and its codes, and the values where something happens to them."""
    codes = len(shift)
    network = PackNetwork(1, 1, 1, (4,), (0,), codes, "identity")
    params = drawn(network)
    params["wave"][:], params["shift"][:], params["slope"][:] = 0, shift, slope
    params["wide"][:, 0], params["layers"][0]["weight"][:, 0] = 0, 0  # of the value itself
    assert in_turn(params).all()
    ends = np.float32(shift) + 1 / np.maximum(np.float32(slope), np.float32(1e-3))
    places = np.concatenate([np.float32(shift), ends, [0, 1e30, -1e30, 3e38, -3e38]])
    nearby = [np.nextafter(places.astype(np.float32), np.float32(way)) for way in (-4e38, 4e38)]
    values = np.concatenate([places, *nearby]).astype(np.float32)
    return network, params, {"dense": values[np.isfinite(values)][:, None]}


@pytest.mark.parametrize(
    ("shift", "slope"),
    [
        ([-2, -1, 0, 1, 2], [1, 1, 1, 1, 1]),  # one begins where the last has risen
        ([-2, -1, 0, 0, 0], [1, 4, 0, 0, 0]),  # three that are not needed
        ([0, 0, 0], [0, 0, 0]),
        ([0.5], [1e6]),  # a step
        ([0.5, 0.75], [1e20, 1]),  # a step narrower than float64 tells apart
        ([-1, 0.25, 3], [1e4, 1e-2, 0]),
    ],
)
def test_many_values_on_the_edges_of_codes_and_beyond_all_of_them(shift, slope):
    with np.errstate(over="ignore"):  # so far beyond a step that its place is infinite
        assert_bulk_says_the_same(*edges(shift, slope))
        assert_says_the_same(*edges(shift, slope))


def test_on_either_side_of_two_steps_at_one_place_both_have_risen_or_neither():
    network = PackNetwork(2, 1, 1, (4,), (0,), 3, "identity")
    params = drawn(network)
    params["wave"][:], params["shift"][:], params["slope"][:] = 0, [0.5, 0.5, 2], [1e8, 1e8, 1]
    assert in_turn(params).all()
    values = np.float32([0.5, np.nextafter(np.float32(0.5), np.float32(0)), 0.5001, 0.4999, 9])
    assert_bulk_says_the_same(network, params, {"dense": values[:, None]})


def test_no_columns_are_coded_but_levels_are_embedded():
    network = PackNetwork(3, 4, 2, (5,), (), 0, "logit", Embedding(6, 2, 3))
    assert_bulk_says_the_same(network, drawn(network), rows_of(network, 9))
