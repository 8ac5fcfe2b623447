"""The pack of networks: both forwards against plain loops over members, columns and codes."""

import math

import jax
import numpy as np
import pytest
import scipy.sparse
import scipy.special
from msgspec.structs import replace

from gradum.core import Embedding, Network
from gradum.core.models.pack_network import PackNetwork, log_sum

KINDS = {"number": ("identity", 1), "two classes": ("logit", 1), "three classes": ("logit", 3)}
FORMS = {
    "codes": {"coded": (0, 2), "codes": 4},
    "no codes": {},
    "embedding": {"coded": (1,), "codes": 2, "embedding": Embedding(rows=9, columns=2, size=3)},
    "text": {"coded": (0, 2), "codes": 4, "projected": 2},
    "pairs": {"coded": (0, 3), "codes": 4, "pairs": ((0, 2, -1), (2, 1, 1))},
    "all": {
        "coded": (0, 1, 2),
        "codes": 2,
        "embedding": Embedding(rows=9, columns=1, size=2),
        "projected": 2,
        "pairs": ((1, 0, -1),),
    },
}


def made(kind="number", form="codes", members=4, hidden=(6, 5)):
    link, outputs = KINDS[kind]
    whole = {"coded": (), "codes": 0} | FORMS[form]
    return PackNetwork(members, 5, outputs, hidden, link=link, **whole)


def drawn(network, seed=0, dtype=np.float32):
    """Parameters of the shapes that the network says, some members' codes waves."""
    rng = np.random.default_rng(seed)
    params = {"layers": [{} for _ in range(len(network.hidden) + 1)]}
    for name, shape in network.shapes().items():
        if name == "projection":
            continue
        array = rng.normal(0, 0.7, shape).astype(dtype)
        if name.startswith("layers/"):
            _, level, part = name.split("/")
            params["layers"][int(level)][part] = array
        else:
            params[name] = array
    params["wave"] = np.array([member % 2 for member in range(network.members)], dtype)
    share = rng.random(network.members) + 0.1
    params["share"] = (share / share.sum()).astype(dtype)
    params["sharpness"] = np.array([1.3 if network.link == "logit" else 1.0], dtype)
    if network.projected:
        params["projection"] = rng.normal(size=(7, network.projected)).astype(dtype)
    return params


def rows_of(network, rows, seed=1, dtype=np.float32):
    rng = np.random.default_rng(seed)
    columns = network.inputs - len(network.pairs) - network.projected
    inputs = {"dense": rng.normal(size=(rows, columns)).astype(dtype)}
    if network.embedding:
        shape = rows, network.embedding.columns
        inputs["codes"] = rng.integers(0, network.embedding.rows, shape).astype(np.int32)
    if network.projected:
        words = scipy.sparse.random_array((rows, 7), density=0.4, rng=rng, dtype=dtype)
        inputs["sparse"] = words.tocsr()
    return inputs


def code(z, shift, slope, wave):
    if wave:
        return math.cos(2 * math.pi * slope * (z - shift))
    return min(max(slope * (z - shift), 0.0), 1.0) - 0.5


def member_logits(network, params, inputs, member, row):
    """One member's logits of one row, in float64, one number after the other."""
    x = [float(value) for value in inputs["dense"][row]]
    x += [x[one] + sign * x[other] for one, other, sign in network.pairs]
    if network.projected:
        words = inputs["sparse"].toarray()[row].astype(np.float64)
        x += list(words @ params["projection"].astype(np.float64))
    first = list(x)
    for place, column in enumerate(network.coded):
        for t in range(network.codes):
            shift, slope = (float(params[name][member, place, t]) for name in ("shift", "slope"))
            first.append(code(x[column], shift, slope, params["wave"][member] == 1))
    if network.embedding:
        for level in inputs["codes"][row]:
            first += [float(value) for value in params["embedding"][member, level]]
    z = np.array(first)
    for layer in params["layers"][:-1]:
        weight, bias, leak = (
            layer[part][member].astype(np.float64) for part in ("weight", "bias", "leak")
        )
        z = z @ weight + bias
        z = np.where(z > leak * z, z, leak * z)
    last = params["layers"][-1]
    wide = np.array(first) @ params["wide"][member].astype(np.float64)
    return z @ last["weight"][member].astype(np.float64) + wide + last["bias"][member]


def together(network, params, logits):
    """The pack's logits [k] of its members' [M, k]: the mean of numbers, or of probabilities."""
    share = params["share"].astype(np.float64)
    if network.link == "identity":
        return share @ logits
    if network.outputs == 1:
        yes = share @ (1 / (1 + np.exp(-logits[:, 0])))
        no = share @ (1 / (1 + np.exp(logits[:, 0])))
        return params["sharpness"] * (np.log(yes) - np.log(no))
    odds = np.exp(logits)
    mean = share @ (odds / odds.sum(axis=1, keepdims=True))
    return params["sharpness"] * np.log(mean)


def by_hand(network, params, inputs):
    rows, members = range(len(inputs["dense"])), range(network.members)
    each = [
        np.array([member_logits(network, params, inputs, m, row) for m in members]) for row in rows
    ]
    return np.array([together(network, params, logits) for logits in each])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_numpy_says_what_loops_in_float64_say(kind, form):
    network = made(kind, form)
    params, inputs = drawn(network), rows_of(network, 13)
    said = network.forward(params, inputs)
    assert said.dtype == np.float32
    assert said.shape == (13, network.outputs)
    np.testing.assert_allclose(said, by_hand(network, params, inputs), rtol=2e-5, atol=2e-5)


COMPILED = [
    *((kind, "codes") for kind in KINDS),
    *zip(KINDS, ("no codes", "embedding", "pairs"), strict=True),
]
"""Each form and each kind; members are joined after all that a form makes of the inputs."""


@pytest.mark.parametrize(("kind", "form"), COMPILED)
def test_jax_says_what_loops_in_float64_say(kind, form):
    network = made(kind, form)
    params, inputs = drawn(network), rows_of(network, 13)
    said = np.asarray(jax.jit(network.apply)(params, inputs))
    np.testing.assert_allclose(said, by_hand(network, params, inputs), rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(said, network.forward(params, inputs), rtol=2e-5, atol=2e-5)


def test_a_ramp_a_step_and_a_wave_are_what_is_written():
    network = PackNetwork(2, 1, 1, (1,), coded=(0,), codes=2, link="identity")
    params = {
        "shift": np.array([[[1.0, 2.0]], [[0.25, 0.0]]], np.float32),
        "slope": np.array([[[0.5, 1e6]], [[1.0, 0.5]]], np.float32),
        "wave": np.array([0, 1], np.float32),
    }
    dense = np.array([[[0.0], [1.0], [2.0], [2.5], [9.0]]], np.float32)
    said = network.expand(params, dense, None, np)
    assert said.shape == (2, 5, 3)
    np.testing.assert_array_equal(said[:, :, 0], np.broadcast_to(dense[..., 0], (2, 5)))
    # Member 0: a ramp from 1 to 3, and a step just above 2.
    np.testing.assert_allclose(said[0, :, 1], [-0.5, -0.5, 0.0, 0.25, 0.5], atol=1e-6)
    np.testing.assert_allclose(said[0, :, 2], [-0.5, -0.5, -0.5, 0.5, 0.5], atol=1e-6)
    # Member 1: cos 2π (z - 1/4), which is sin 2π z, and cos π z.
    np.testing.assert_allclose(said[1, :, 1], [0, 0, 0, 0, 0], atol=1e-5)
    np.testing.assert_allclose(said[1, :, 2], [1, -1, 1, 0, -1], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_one_member_without_codes_is_a_plain_network(kind):
    """What slope 0 leaves of the codes is constant, and goes into the biases."""
    network = replace(made(kind, members=1))
    params = drawn(network, dtype=np.float64)
    params["slope"][:], params["wave"][:], params["wide"][:] = 0, 0, 0
    params["sharpness"][:] = 1
    layers = [{name: each[0] for name, each in layer.items()} for layer in params["layers"]]
    codes = slice(network.inputs, network.first)
    for layer, own in zip(layers[:-1], params["layers"], strict=False):
        own["leak"][:] = 0
        layer.pop("leak")
    first = layers[0]
    first["bias"] = first["bias"] - 0.5 * first["weight"][codes].sum(axis=0)
    first["weight"] = first["weight"][: network.inputs]
    inputs = rows_of(network, 30, dtype=np.float64)
    plain = Network(5, network.outputs, (6, 5)).forward({"layers": layers}, inputs)
    said = network.forward(params, inputs)
    if network.outputs > 1:  # of several logits, what is added to all of them does not count
        plain = plain - plain.max(axis=1, keepdims=True)
        said = said - said.max(axis=1, keepdims=True)
    np.testing.assert_allclose(said, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_one_member_s_wide_part_is_a_linear_model(kind):
    network = made(kind, "no codes", members=1)
    params = drawn(network, dtype=np.float64)
    params["layers"][-1]["weight"][:] = 0
    params["sharpness"][:] = 1
    inputs = rows_of(network, 30, dtype=np.float64)
    layer = {"weight": params["wide"][0], "bias": params["layers"][-1]["bias"][0]}
    line = Network(5, network.outputs).forward({"layers": [layer]}, inputs)
    said = network.forward(params, inputs)
    if network.outputs > 1:
        line, said = line - line.max(axis=1, keepdims=True), said - said.max(axis=1, keepdims=True)
    np.testing.assert_allclose(said, line, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["two classes", "three classes"])
def test_sharpness_multiplies_the_logits(kind):
    network = made(kind)
    params, inputs = drawn(network), rows_of(network, 20)
    once = network.forward(params | {"sharpness": np.ones(1, np.float32)}, inputs)
    twice = network.forward(params | {"sharpness": np.full(1, 2, np.float32)}, inputs)
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)


def test_a_member_that_has_the_whole_share_speaks_alone():
    network = made("three classes")
    params, inputs = drawn(network), rows_of(network, 20)
    params["share"] = np.array([0, 0, 1, 0], np.float32)
    own = {name: value[2:3] for name, value in params.items() if name not in ("layers",)}
    own["layers"] = [
        {name: each[2:3] for name, each in layer.items()} for layer in params["layers"]
    ]
    own["sharpness"] = params["sharpness"]
    alone = replace(network, members=1).forward(own, inputs)
    np.testing.assert_allclose(network.forward(params, inputs), alone, rtol=1e-5, atol=1e-6)


def test_no_rows_have_no_logits():
    network = made("three classes", "all")
    assert network.forward(drawn(network), rows_of(network, 0)).shape == (0, 3)


def test_widths_products_and_shapes_are_counted():
    network = PackNetwork(
        members=3,
        inputs=5,
        outputs=2,
        hidden=(7, 4),
        coded=(0, 3),
        codes=8,
        link="logit",
        embedding=Embedding(rows=11, columns=2, size=3),
        projected=1,
    )
    first = 5 + 2 * 8 + 2 * 3
    assert network.first == first
    assert network.widths == (first, 3 * 7, 3 * 4, 2)
    assert network.products(5 - 1) == 3 * (first * 7 + 7 * 4 + 4 * 2 + first * 2)
    assert not network.is_linear
    assert network.shapes() == {
        "shift": (3, 2, 8),
        "slope": (3, 2, 8),
        "wave": (3,),
        "wide": (3, first, 2),
        "share": (3,),
        "sharpness": (1,),
        "layers/0/weight": (3, first, 7),
        "layers/0/bias": (3, 7),
        "layers/0/leak": (3, 7),
        "layers/1/weight": (3, 7, 4),
        "layers/1/bias": (3, 4),
        "layers/1/leak": (3, 4),
        "layers/2/weight": (3, 4, 2),
        "layers/2/bias": (3, 2),
        "embedding": (3, 11, 3),
        "projection": (None, 1),
    }


@pytest.mark.parametrize("kind", ["two classes", "three classes"])
def test_huge_logits_stay_finite(kind):
    """All members are as sure as one can be, or two against two."""
    network = made(kind, "no codes")
    params, inputs = drawn(network), rows_of(network, 9)
    params["share"][:] = 0.25
    bias, compiled = params["layers"][-1]["bias"], jax.jit(network.apply)
    for size in (1e4, -1e4, 1e30):
        for signs in ([1, 1, 1, 1], [1, -1, 1, -1]):
            bias[:] = 0
            bias[:, 0] = np.float32(size) * np.array(signs, np.float32)
            for said in (network.forward(params, inputs), np.asarray(compiled(params, inputs))):
                assert np.isfinite(said).all()
                others = said[:, 1:].max(axis=1, initial=0 if network.outputs == 1 else -np.inf)
                lead = said[:, 0] - others  # of the first logit
                if signs[1] > 0:
                    assert (np.sign(lead) == np.sign(size)).all()
                elif network.outputs == 1:  # the mean of 0 and 1 is a half
                    np.testing.assert_allclose(lead, 0, atol=1e-5)
                else:  # one half for the first class, the others share the rest
                    assert (lead > -1e-4).all()


def test_text_is_projected_before_it_is_seen():
    network = made("number", "text")
    params, inputs = drawn(network), rows_of(network, 11)
    dense, codes = network.flat(params, inputs)
    assert codes is None
    assert dense.dtype == np.float32
    np.testing.assert_array_equal(dense[:, :3], inputs["dense"])
    words = inputs["sparse"].toarray() @ params["projection"]
    np.testing.assert_allclose(dense[:, 3:], words, rtol=1e-5, atol=1e-6)
    plain = replace(network, projected=0)
    without = {name: value for name, value in params.items() if name != "projection"}
    np.testing.assert_allclose(
        network.forward(params, inputs),
        plain.forward(without, {"dense": dense}),
        rtol=1e-6,
        atol=1e-6,
    )


def test_pairs_stand_between_columns_and_text():
    network = made("number", "all")
    params, inputs = drawn(network), rows_of(network, 11)
    dense, codes = network.flat(params, inputs)
    assert dense.dtype == np.float32
    own, given = dense[:, 2], inputs["dense"]
    np.testing.assert_array_equal(dense[:, :2], given)
    np.testing.assert_array_equal(own, given[:, 1] - given[:, 0])
    flat = {"dense": dense, "codes": inputs["codes"]}
    assert network.flattened == replace(network, projected=0, pairs=())
    np.testing.assert_array_equal(
        network.forward(params, inputs), network.flattened.forward(params, flat)
    )
    assert codes.shape == (1, 11, 1)


@pytest.mark.parametrize("shift", [0.0, 300.0, -300.0])
def test_logarithms_of_sums_are_scipy_s_however_large(shift):
    rng = np.random.default_rng(0)
    logs, share = shift + rng.normal(0, 5, (6, 4, 3)), rng.random((6, 1, 1)) + 0.01
    said = log_sum(logs, share, 0, np)
    exact = scipy.special.logsumexp(logs, axis=0, b=share, keepdims=True)
    np.testing.assert_allclose(said, exact, rtol=1e-12)
    np.testing.assert_allclose(log_sum(logs, share, 0, jax.numpy), exact, rtol=1e-5)
    rows = scipy.special.logsumexp(logs, axis=-1, keepdims=True)
    np.testing.assert_allclose(log_sum(logs, 1, -1, np), rows, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_no_answer_is_beyond_its_bound_and_a_single_weight_reaches_it(kind, form):
    network = made(kind, form)
    params, inputs = drawn(network), rows_of(network, 50)
    if network.projected:
        inputs["sparse"] = inputs["sparse"].sign()
    *sums, logits = network.sizes(params, np.abs(inputs["dense"]).max(axis=0))
    assert (np.abs(network.forward(params, inputs)) <= logits).all()
    assert np.isfinite(np.concatenate([each.ravel() for each in sums])).all()
    params["layers"][0]["weight"][0, 0, 0] = 3e38
    with np.errstate(over="ignore", invalid="ignore"):
        bounds = list(network.sizes(params, np.abs(inputs["dense"]).max(axis=0)))
    assert not all((bound < 1e37).all() for bound in bounds)
