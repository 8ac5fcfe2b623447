"""Convolutional networks: filters by their definition, both implementations, and other columns."""

import math
from dataclasses import replace
from itertools import product

import jax
import numpy as np
import pytest
from msgspec import structs

from gradum.core import Embedding
from gradum.core.models.convolution import (
    Convolution,
    ConvolutionNetwork,
    GridLayers,
    convolved,
    convolved_by_xla,
)
from gradum.core.models.input_blocks import grids_in
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.parameters import nested
from gradum.tables.kinds.blocks import cells_of

ROWS, SHAPES = 5, ((6, 5, 1), (4, 3, 3), (1, 9, 2))
LAYERS = (Convolution(5, 2, 3), Convolution(3, 1, 3, skips=True))
NETWORK = ConvolutionNetwork(
    members=2,
    inputs=4,
    outputs=3,
    hidden=(7,),
    grids=tuple(GridLayers(*shape, LAYERS) for shape in SHAPES),
    left_out=(1,),
    embedding=Embedding(5, 1, 2),
)


def by_definition(z, filters, stride):
    """The sum of products of each patch with each filter, place by place."""
    rows, height, width, channels = z.shape
    tall, wide, *_, count = filters.shape
    sums = np.zeros((rows, -(-height // stride), -(-width // stride), count))
    for row, i, j, f in product(*map(range, sums.shape)):
        for a, b, c in product(range(tall), range(wide), range(channels)):
            y, x = i * stride + a - tall // 2, j * stride + b - wide // 2
            if 0 <= y < height and 0 <= x < width:
                sums[row, i, j, f] += z[row, y, x, c] * filters[a, b, c, f]
    return sums


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    params = {name: rng.normal(0, 0.5, shape) for name, shape in NETWORK.shapes().items()}
    params["grid_scale"] = np.array([0.01, 0.02, 0.02])
    inputs = {
        "dense": rng.normal(size=(ROWS, 4)).astype(np.float32),
        "codes": rng.integers(0, 5, (ROWS, 1)).astype(np.int32),
        "grids": cells_of([rng.integers(0, 256, (ROWS, *s)).astype(np.uint8) for s in SHAPES]),
    }
    return nested({name: array.astype(np.float32) for name, array in params.items()}), inputs


@pytest.mark.parametrize(("size", "stride", "height"), [(3, 1, 4), (3, 2, 5), (5, 2, 4), (1, 3, 7)])
@pytest.mark.parametrize("flat", [False, True])
def test_both_convolutions_are_the_definition(size, stride, height, flat):
    rng = np.random.default_rng(size)
    z = rng.normal(size=(2, 1 if flat else height, 3, 2)).astype(np.float32)
    filters = rng.normal(size=(1 if flat else size, size, 2, 3)).astype(np.float32)
    expected = by_definition(z, filters, stride)
    np.testing.assert_allclose(convolved(z, filters, stride), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(convolved_by_xla(z, filters, stride), expected, rtol=1e-5, atol=1e-5)


def test_numpy_and_jax_are_the_formula(case):
    params, inputs = case
    expected = np.zeros((ROWS, 3))
    for m in range(2):
        parts = []
        for place, grid in enumerate(grids_in(inputs, SHAPES)):
            z = (grid - params["grid_centre"][place]) * params["grid_scale"][place]
            for level, layer in enumerate(LAYERS):
                sums = by_definition(z, params[f"filters/{place}/{level}"][m], layer.stride)
                passed = np.maximum(sums + params[f"shifts/{place}/{level}"][m], 0)
                z = z + passed if layer.skips else passed
            parts.append(z.reshape(ROWS, -1))
        vectors = params["embedding"][m][inputs["codes"][:, 0]]
        joined = np.concatenate([*parts, inputs["dense"][:, [0, 2, 3]], vectors], axis=1)
        first, last = params["layers"]
        units = np.maximum(joined @ first["weight"][m] + first["bias"][m], 0)
        expected += (units @ last["weight"][m] + last["bias"][m]) / 2
    np.testing.assert_allclose(NETWORK.forward(params, inputs), expected, rtol=1e-4, atol=1e-4)
    cells = inputs["grids"]
    flat = inputs | {"grids": cells.view(np.uint8).reshape(ROWS, 3, -1)}
    np.testing.assert_allclose(NETWORK.apply(params, flat), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_slope_is_the_change_along_a_direction(case):
    params, inputs = case
    name, step = "filters/0/0", 1e-4
    rng = np.random.default_rng(1)
    direction = rng.normal(size=params[name].shape)
    flat = inputs | {"grids": inputs["grids"].view(np.uint8).reshape(ROWS, 3, -1)}

    def total(filters):
        return NETWORK.apply(params | {name: filters}, flat).sum()

    slope = float((jax.grad(total)(params[name]) * direction).sum())
    double = jax.tree.map(lambda array: array.astype(np.float64), params)
    ends = [
        NETWORK.first_layer(double | {name: double[name] + side * direction}, inputs)
        for side in (step, -step)
    ]
    above, below = (end.logits(end.total()).sum() for end in ends)
    assert slope == pytest.approx((above - below) / (2 * step), rel=1e-3)


def test_what_is_left_out_changes_nothing(case):
    params, inputs = case
    other = inputs["dense"].copy()
    other[:, 1] = 9.0
    same = NETWORK.forward(params, inputs | {"dense": other})
    np.testing.assert_array_equal(same, NETWORK.forward(params, inputs))
    first = NETWORK.first_layer(params, inputs)
    nothing = {name: np.zeros(0, int) for name in ("sparse", "codes")}
    assert first.share({"dense": np.array([1]), **nothing}) is None
    assert first.share({"dense": np.array([0, 1]), **nothing}) is not None


def test_few_rows_at_a_time_are_all_rows(case, monkeypatch):
    params, inputs = case
    whole = NETWORK.forward(params, inputs)
    monkeypatch.setattr("gradum.core.models.convolution.PATCH_NUMBERS", 1)
    np.testing.assert_allclose(NETWORK.forward(params, inputs), whole, rtol=1e-5, atol=1e-6)


def changed(**fields):
    column = structs.replace(NETWORK.grids[0], **fields)
    return structs.replace(NETWORK, grids=(column, *NETWORK.grids[1:]))


@pytest.mark.parametrize(
    "network",
    [
        structs.replace(NETWORK, members=0),
        structs.replace(NETWORK, hidden=()),
        structs.replace(NETWORK, grids=()),
        structs.replace(NETWORK, left_out=(4,)),
        structs.replace(NETWORK, left_out=(1, 1)),
        changed(layers=()),
        changed(height=0),
        changed(height=2**16, width=2**16),
        changed(layers=(Convolution(4, 1, 3),)),
        changed(layers=(Convolution(3, 0, 3),)),
        changed(layers=(Convolution(3, 1, 2, skips=True),)),
        changed(layers=(Convolution(3, 2, 1, skips=True),)),
        changed(layers=(Convolution(2**20 + 1, 1, 1),)),
    ],
)
def test_impossible_or_absurd_networks_are_refused(network):
    shapes = network.shapes()  # read before anything is refused
    small = all(0 <= math.prod(shape) < 2**20 for shape in shapes.values())
    drawn = {name: np.zeros(shape) for name, shape in shapes.items()} if small else {}
    assert not network.has_shapes(nested(drawn))


def test_it_takes_grids_of_its_own_shapes_alone(case):
    params, _ = case
    layer = InputLayer.fit(np.zeros((3, 4)), (4,), ("embedding",), style="standard")
    fitting = replace(layer, grids=SHAPES)
    assert NETWORK.takes(fitting, params, dense=4, text=0)
    assert not NETWORK.takes(layer, params, dense=4, text=0)
    assert not NETWORK.takes(replace(layer, grids=SHAPES[::-1]), params, dense=4, text=0)
    assert not structs.replace(NETWORK, left_out=(3,)).takes(fitting, params, dense=3, text=1)
