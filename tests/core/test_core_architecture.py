"""A model of which no first layer is known, opened at its inputs."""

import jax.numpy as jnp
import msgspec
import numpy as np
import pytest
import scipy.sparse

from gradum.core.models.architecture import Architecture
from gradum.core.models.compiled import CompiledForward
from gradum.core.models.input_blocks import take
from gradum.core.models.input_layer import InputLayer

ROWS, LEVELS = 9, 5


class Bent(Architecture, msgspec.Struct, frozen=True):
    """Logits = sin(dense A) + sparse B + C[codes], each input known by its own block."""

    inputs: int = 3
    outputs: int = 2

    def shapes(self):
        return {"dense": (3, 2), "sparse": (4, 2), "table": (LEVELS, 2)}

    def forward(self, params, inputs):
        of_codes = params["table"][inputs["codes"]].sum(axis=1)
        return (
            np.sin(inputs["dense"] @ params["dense"])
            + inputs["sparse"] @ params["sparse"]
            + of_codes
        )


@pytest.fixture(params=[np.float32, np.float64])
def case(request):
    rng = np.random.default_rng(0)
    network = Bent()
    params = {name: rng.normal(size=shape) for name, shape in network.shapes().items()}
    inputs = {
        "dense": rng.normal(0, 100, (ROWS, 3)).astype(request.param),
        "sparse": scipy.sparse.random_array((ROWS, 4), density=0.5, rng=rng).tocsc(),
        "codes": rng.integers(0, LEVELS, (ROWS, 2)).astype(np.int32),
    }
    return network, params, inputs, network.first_layer(params, inputs)


def test_its_sum_leads_to_the_logits(case):
    network, params, inputs, opened = case
    logits = opened.logits(opened.total())
    np.testing.assert_array_equal(logits, network.forward(params, inputs))
    np.testing.assert_array_equal(opened.together(opened.members(opened.total())), logits)


@pytest.mark.parametrize(
    "places", [{"dense": [0, 2]}, {"sparse": [3]}, {"codes": [1]}, {"dense": [1], "codes": [0]}]
)
def test_what_a_column_s_change_does_is_what_the_changed_rows_say(case, places):
    network, params, inputs, opened = case
    rows, others = np.array([0, 4, 7]), np.array([3, 8, 1])
    every = {name: np.array(places.get(name, []), int) for name in inputs}
    said = opened.logits(opened.total()[rows] + opened.change(every)(rows, others))
    filled = inputs | {"sparse": inputs["sparse"].toarray()}
    changed = {name: block[rows] for name, block in filled.items()}
    for name, where in every.items():
        changed[name][:, where] = filled[name][others][:, where]
    np.testing.assert_allclose(said, network.forward(params, changed), rtol=1e-9, atol=1e-9)


def test_a_column_without_an_input_does_nothing(case):
    *_, inputs, opened = case
    nothing = {name: np.zeros(0, int) for name in inputs}
    assert opened.share(nothing) is None
    assert opened.change(nothing) is None
    assert opened.interaction(nothing, nothing) is None
    assert opened.pieces() is None


def test_what_nobody_told_of_it_is_not_known(case):
    network, params, inputs, _ = case
    assert network.graph(params) is None
    assert network.last_layer(params, inputs) is None
    assert network.single is None
    assert network.corners(params) == {}
    assert not list(network.sizes(params, np.ones(3)))
    assert network.products(3) == sum(array.size for array in params.values())
    assert network.has_shapes(params)
    alone = [network.forward(params, take(inputs, [row])) for row in range(ROWS)]
    np.testing.assert_array_equal(network.rows(params)(inputs), np.concatenate(alone))


class Waves(Architecture, msgspec.Struct, frozen=True):
    """Logits = cos(x A)."""

    inputs: int
    outputs: int = 2
    compilable = True

    def shapes(self):
        return {"weight": (self.inputs, self.outputs)}

    def forward(self, params, inputs):
        return np.cos(inputs["dense"] @ params["weight"])

    def apply(self, params, inputs):
        return jnp.cos(inputs["dense"] @ params["weight"])


def test_its_two_forwards_are_all_that_the_compiled_program_needs():
    rng = np.random.default_rng(0)
    dense, network = rng.normal(50, 3, (40, 3)), Waves(3)
    layer = InputLayer.fit(dense, (), (), style="standard")
    params = {"weight": rng.normal(size=(3, 2)).astype(np.float32)}
    raw = {"dense": dense, "codes": np.zeros((40, 0), np.int32)}
    said = CompiledForward(layer, network, params, 64)(raw)
    np.testing.assert_allclose(said, network.forward(params, layer(raw)), rtol=1e-5, atol=1e-5)


def test_a_field_may_not_hide_what_is_asked_of_any_architecture():
    fields = {"__annotations__": {"inputs": int, "outputs": int, "rows": int}}
    with pytest.raises(TypeError, match=r"Fields of Near hide methods of Architecture: \['rows'\]"):
        type(msgspec.Struct)("Near", (Architecture, msgspec.Struct), fields)
