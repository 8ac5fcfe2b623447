"""Many rows through a pack: the same as NumPy says of each row in float64."""

import jax
import numpy as np
import pytest
from test_core_pack_network import FORMS, KINDS, drawn, made, rows_of
from test_core_pack_rows import codes_in_turn, drawn_in_turn, in_float64

from gradum.core.models.network import Embedding
from gradum.core.models.pack_codes import in_turn
from gradum.core.models.pack_network import PackNetwork

CASES = [
    *((kind, "codes", turns) for kind in KINDS for turns in ("none", "some", "all")),
    *(("two classes", form, "some") for form in FORMS if form not in ("codes", "text", "all")),
]


def assert_says_the_same(network, params, inputs):
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
    bulk, _ = network.bulk(params)
    if network.coded:
        assert bulk.rising == {"none": 0, "some": 3, "all": 7}[turns]
    assert_says_the_same(network, params, rows_of(network, 40))


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
        ([-1, 0.25, 3], [1e4, 1e-2, 0]),
    ],
)
def test_values_on_the_edges_of_codes_and_beyond_all_of_them(shift, slope):
    with np.errstate(over="ignore"):  # so far beyond a step that its place is infinite
        assert_says_the_same(*edges(shift, slope))


def test_on_either_side_of_two_steps_at_one_place_both_have_risen_or_neither():
    network = PackNetwork(2, 1, 1, (4,), (0,), 3, "identity")
    params = drawn(network)
    params["wave"][:], params["shift"][:], params["slope"][:] = 0, [0.5, 0.5, 2], [1e8, 1e8, 1]
    assert in_turn(params).all()
    values = np.float32([0.5, np.nextafter(np.float32(0.5), np.float32(0)), 0.5001, 0.4999, 9])
    assert_says_the_same(network, params, {"dense": values[:, None]})


def test_no_columns_are_coded_but_levels_are_embedded():
    network = PackNetwork(3, 4, 2, (5,), (), 0, "logit", Embedding(6, 2, 3))
    assert_says_the_same(network, drawn(network), rows_of(network, 9))
