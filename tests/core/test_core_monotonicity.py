"""Directions hold a network monotone, and what signs prove is so: brute force is the truth."""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest

from gradum.core.models.monotonicity import Movement, of_layers, of_units, oriented, projected
from gradum.core.models.network import Embedding, Network
from gradum.core.models.pack_network import PackNetwork

INPUTS, HIDDEN = np.array([1, -1, 0, 0], np.float32), (8, 8)


def of_column(column, width):
    """How inputs move where one of them is the column."""
    still = np.arange(width) != column
    return Movement(np.ones(width, bool), still)


def steps(model, params, column, rng, rows=40, places=25, **more):
    """How the logits change from place to place as one column rises, [rows, places - 1, k]."""
    base = np.repeat(rng.normal(size=(rows, 1, 4)), places, axis=1)
    base[..., column] = np.linspace(-4, 4, places)
    inputs = {"dense": base.reshape(-1, 4)}
    inputs |= {name: np.repeat(array, places, axis=0) for name, array in more.items()}
    logits = model.forward(params, inputs).reshape(rows, places, -1)
    return np.diff(logits, axis=1), 1e-12 * np.abs(logits).max()


def network(rng, activation, change):
    model = Network(4, 2, HIDDEN, activation, embedding=Embedding(5, 1, 3))
    params = model.init(rng, np.float64)
    layers = of_layers(np.pad(INPUTS, (0, 3)), HIDDEN, 2)
    for layer, (before, after) in zip(params["layers"], pairwise(layers), strict=True):
        layer["weight"] = change(layer["weight"], before, after)
    return model, params


def to_nearest(weight, before, after):
    return projected(weight, before, after, np)


@pytest.mark.parametrize("change", [oriented, to_nearest])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "selu", "identity"])
def test_directions_hold_a_network_monotone_and_leave_it_free_elsewhere(activation, change):
    rng = np.random.default_rng(0)
    model, params = network(rng, activation, change)
    codes = rng.integers(0, 5, (40, 1))
    for column, direction in enumerate(INPUTS):
        movement = model.movement(params, of_column(column, 4))
        moved, rounding = steps(model, params, column, rng, codes=codes)
        if direction:
            assert movement.rises.all() == (direction > 0)
            assert movement.falls.all() == (direction < 0)
            assert (direction * moved >= -rounding).all()
            assert np.abs(moved).max() > 1e-4, "it must move at all"
        else:
            assert not movement.rises.any()
            assert not movement.falls.any()
            assert np.abs(moved).max() > 1e-4


def test_what_falls_in_places_proves_nothing():
    """GELU falls below 0: with weights above 0, signs alone would be deceived."""
    one = Network(1, 1, (1,), "gelu")
    params = {"layers": [{"weight": np.ones((1, 1)), "bias": np.zeros(1)}] * 2}
    falls = np.diff(one.forward(params, {"dense": np.linspace(-3, 0, 50)[:, None]})[:, 0])
    assert falls.min() < 0
    assert not one.movement(params, of_column(0, 1)).rises.any()


def sparse_pack(rng):
    """A pack with a few weights of either sign, so that some columns are provable by chance."""
    pack = PackNetwork(
        members=2,
        inputs=6,
        outputs=1,
        hidden=(3, 2),
        coded=(0, 1, 4),
        codes=2,
        link="logit" if rng.random() < 0.5 else "identity",
        pairs=((0, 1, 1), (2, 3, -1)),
    )

    def some(*shape):
        return rng.normal(size=shape) * (rng.random(shape) < 0.35)

    sizes = (pack.first, 3, 2, 1)
    layers = [
        {"weight": some(2, before, after), "bias": some(2, after), "leak": 0.3 * some(2, after)}
        for before, after in pairwise(sizes)
    ]
    params = {
        "shift": rng.normal(size=(2, 3, 2)),
        "slope": some(2, 3, 2),
        "wave": (rng.random(2) < 0.3).astype(float),
        "layers": layers,
        "wide": some(2, pack.first, 1),
        "share": np.array([0.4, 0.6]),
        "sharpness": np.array([1.5]),
    }
    del layers[-1]["leak"]
    return pack, params


def test_what_signs_prove_of_a_pack_is_so():
    rng = np.random.default_rng(1)
    proven, unproven = 0, 0
    for _ in range(150):
        pack, params = sparse_pack(rng)
        for column in range(4):
            movement = pack.movement(params, of_column(column, 4))
            moved, rounding = steps(pack, params, column, rng, rows=20)
            proven += movement.rises.all() + movement.falls.all()
            unproven += not (movement.rises.all() or movement.falls.all())
            assert not movement.rises.all() or moved.min() >= -rounding
            assert not movement.falls.all() or moved.max() <= rounding
    assert proven > 50
    assert unproven > 50


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda params: params["sharpness"].__imul__(-1), "sharpness"),
        (lambda params: params["layers"][0]["leak"].__isub__(1), "leak"),
        (lambda params: params["layers"][1]["weight"].fill(np.nan), "weight"),
        (lambda params: params["slope"].__imul__(-1), "slope"),
        (lambda params: params["wave"].fill(1), "wave"),
    ],
)
def test_every_part_of_a_pack_has_its_say(change, name):
    """Rising in all its parts, a pack is proven; one part the other way, and it is not."""
    rng = np.random.default_rng(2)
    pack, params = sparse_pack(rng)
    for layer in params["layers"]:
        for value in layer.values():
            np.abs(value, out=value)
            value += 0.1
    for part in ("slope", "wide"):
        params[part] = np.abs(params[part]) + 0.1
    params["wave"][:] = 0
    assert pack.movement(params, of_column(0, 4)).rises.all()
    assert not pack.movement(params, of_column(3, 4)).rises.any(), "its pair is a difference"
    change(params)
    assert not pack.movement(params, of_column(0, 4)).rises.any(), name


def test_the_projection_is_the_nearest_point_and_the_same_in_jax():
    rng = np.random.default_rng(3)
    before, after = np.array([1, -1, 0], np.float32), of_units(6, 0.5)
    weight = rng.normal(size=(2, 3, 6)).astype(np.float32)
    near = projected(weight, before, after, np)
    assert np.array_equal(near, projected(weight, before, after, jnp))
    assert np.array_equal(near, projected(near, before, after, np))
    sign = np.outer(before, after)
    allowed = np.where(before[:, None] == 0, True, sign * weight > 0)
    assert np.array_equal(near, np.where(allowed, weight, 0))
    drawn = oriented(weight, before, after)
    assert np.array_equal(drawn, projected(drawn, before, after, np))
    assert of_units(6, 0.5).tolist() == [1, -1, 1, 0, 0, 0]


def test_where_all_inputs_have_a_direction_no_unit_is_idle():
    some = of_layers(INPUTS, (12, 2, 1), 1)
    assert [np.count_nonzero(units) for units in some[1:-1]] == [6, 2, 1]
    every = of_layers(np.array([1, -1], np.float32), (12,), 1)
    assert np.abs(every[1]).all()
    few = of_layers(np.array([1] + [0] * 99, np.float32), (12,), 1)
    assert np.count_nonzero(few[1]) == 4
