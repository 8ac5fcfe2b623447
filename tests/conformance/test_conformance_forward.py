"""NumPy and the compiled program are one forward: each within float32's rounding of the exact one.

The bound is that of probabilistic rounding error analysis (Higham and Mary, SIAM Journal on
Scientific Computing 41, 2019): a sum of k products, in whatever order, is off by at most
λ √k u times the sum of their absolute values, but for a probability of 2 exp(-λ²/2), u being half
the distance from 1 to the next float32. The layers behind carry that on, and add their own.
"""

import os
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from gradum.core import ACTIVATIONS, Embedding, Network
from gradum.core.models import compiled as module
from gradum.core.models.compiled import CompiledForward, _logits, strip_rows
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.pack_network import PackNetwork
from gradum.core.models.parameters import nested

U = 2.0**-24
LAMBDA = 6.0  # a probability of 3e-8
STEEPEST = {"logistic": 0.25, "gelu": 1.13, "selu": 1.7581}  # slope; else 1
ACTIVATION_UNITS = 4  # an activation's own error, in u max(1, |z|)
BLOCK = 48

LEVELS = (2, 5, 7, 30)
TREATMENTS = {
    "no levels": (),
    "signs and one-hot": ("sign", "one_hot", "one_hot"),
    "embedding": ("sign", "one_hot", "embedding", "embedding"),
    "sparse levels": ("sign", "one_hot", "sparse_one_hot", "embedding"),
}


def table(rows, coded, text, seed=1):
    """Raw columns of sizes far apart, codes of which some are unknown, and a sparse text block."""
    rng = np.random.default_rng(seed)
    dense = np.asfortranarray(rng.normal([0, 1e6, 5], [1, 3, 1e-4], (rows, 3)))
    codes = np.asfortranarray(rng.integers(0, np.array(LEVELS[:coded]) + 1, (rows, coded)))
    words = scipy.sparse.random_array((rows, 40), density=0.1, rng=rng, dtype=np.float32)
    raw = {"dense": dense, "codes": codes.astype(np.int32)}
    return raw | ({"sparse": words.tocsr()} if text else {})


def model(treatments, hidden, activation, text, outputs=3):
    levels = LEVELS[: len(treatments)]
    layer = InputLayer.fit(table(500, 0, False)["dense"], levels, treatments, style="robust")
    embedding = None
    if layer.embedded_columns:
        embedding = Embedding(layer.embedding_rows, layer.embedded_columns, 4)
    inputs = layer.width(3, 40 if text else 0)
    network = Network(inputs, outputs, hidden, activation, embedding=embedding)
    rng = np.random.default_rng(0)
    params = network.init(rng)
    for each in params["layers"]:  # a linear model's would be 0
        each["weight"] = rng.normal(0, 1, each["weight"].shape).astype(np.float32)
    return layer, network, params


def exact_and_bound(layer, network, params, rows):
    """The logits in float64, and how far a float32 forward may be from them."""
    inputs = layer(rows, dtype=np.float64)
    z = inputs["dense"]
    if "sparse" in inputs:
        z = np.concatenate([z, inputs["sparse"].toarray()], axis=1)
    if network.embedding:
        z = np.concatenate([z, params["embedding"][inputs["codes"]].reshape(len(z), -1)], axis=1)
    square = np.square(U * z)  # of the typical error: at first, that of the rounded inputs
    for depth, each in enumerate(params["layers"]):
        weight, bias = (each[name].astype(np.float64) for name in ("weight", "bias"))
        size = np.abs(z) @ np.abs(weight) + np.abs(bias)
        square = square @ np.square(weight) + (len(weight) + 1) * np.square(U * size)
        z = z @ weight + bias
        if depth < len(network.hidden):
            steepest = STEEPEST.get(network.activation, 1.0)
            own = ACTIVATION_UNITS * U * np.maximum(1, np.abs(z))
            square = steepest**2 * square + np.square(own)
            z = ACTIVATIONS[network.activation].numpy(z)
    return z, LAMBDA * np.sqrt(square)


def both(layer, network, params, rows):
    """The logits by NumPy and by the compiled program."""
    forward = CompiledForward(layer, network, params, BLOCK)
    return network.forward(params, layer(rows)), forward(rows)


CASES = [
    *((each, (64, 32), levels) for each, levels in zip(ACTIVATIONS, cycle(TREATMENTS))),
    *(("relu", hidden, levels) for hidden in ((), (16,), (64, 32)) for levels in TREATMENTS),
]


@pytest.mark.parametrize(("activation", "hidden", "levels"), CASES)
def test_both_are_within_the_rounding_of_float32(activation, hidden, levels):
    treatments = TREATMENTS[levels]
    made = model(treatments, hidden, activation, text := levels != "embedding")
    rows = table(BLOCK, len(treatments), text)
    exact, bound = exact_and_bound(*made, rows)
    for said in both(*made, rows):
        assert said.dtype == np.float32
        assert said.shape == (BLOCK, 3)
        assert (np.abs(said - exact) <= bound).all()


@pytest.mark.parametrize("n", [1, 2, BLOCK - 1, BLOCK])
def test_what_a_block_is_filled_up_with_changes_nothing(n):
    made = model(TREATMENTS["embedding"], (16,), "relu", True)
    whole = table(BLOCK, 4, True)
    few = {name: block[:n] for name, block in whole.items()}
    exact, bound = exact_and_bound(*made, few)
    assert (np.abs(both(*made, few)[1] - exact) <= bound).all()
    np.testing.assert_array_equal(both(*made, few)[1], both(*made, whole)[1][:n])


def pack(treatments=TREATMENTS["embedding"], members=5):
    """A pack, of which two members' codes rise in turn, one's are waves, and two's overlap."""
    layer = model(treatments, (), "relu", False)[0]
    width = layer.width(3, 0)
    embedding = Embedding(layer.embedding_rows, layer.embedded_columns, 4)
    network = PackNetwork(members, width, 2, (24, 16), (0, 1, 2), 6, "logit", embedding=embedding)
    rng = np.random.default_rng(5)
    arrays = {name: rng.normal(size=shape) for name, shape in network.shapes().items()}
    arrays["shift"] = np.sort(arrays["shift"])
    arrays["slope"] = np.full(network.shapes()["slope"], 0.3)
    arrays["slope"][:2, :, :-1] = 1 / np.diff(arrays["shift"][:2])
    arrays["wave"] = np.eye(members)[2]
    arrays["share"] = np.full(members, 1 / members)
    arrays["sharpness"] = np.ones(1)
    params = nested({name: array.astype(np.float32) for name, array in arrays.items()})
    return layer, network, params


@pytest.mark.parametrize("kind", ["network", "pack"])
def test_what_is_said_of_a_row_hangs_on_no_other_row_nor_on_the_size_of_a_block(kind, monkeypatch):
    monkeypatch.setattr(module, "STRIP_NUMBERS", 1)  # strips of 32 rows
    text = kind == "network"
    layer, network, params = model(TREATMENTS["embedding"], (64, 32), "relu", text)
    if kind == "pack":
        layer, network, params = pack()
        assert len(network.bulk(params)[1]["in_turn"]["wave"]) == 2
    rows, order = table(75, 4, text), np.random.default_rng(2).permutation(75)
    whole = CompiledForward(layer, network, params, 96)(rows)
    turned = {name: block[order] for name, block in rows.items()}
    few = {name: block[40:52] for name, block in rows.items()}
    forward = CompiledForward(layer, network, params, 80)
    np.testing.assert_array_equal(forward(turned), whole[order])
    np.testing.assert_array_equal(forward(few), whole[40:52])


def test_what_is_said_hangs_not_on_the_number_of_threads():
    """XLA has as many as there are cores, and this is how it is told of another number."""
    said = subprocess.run(
        [sys.executable, "-c", "import test_conformance_forward as t; print(t.said_by_a_pack())"],
        cwd=Path(__file__).parent,
        env={**os.environ, "NPROC": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [said_by_a_pack()]


def said_by_a_pack():
    rows = table(200, 4, False)
    return CompiledForward(*pack(), 256)(rows).tobytes().hex()


def test_a_strip_hangs_on_the_shape_of_the_network_alone():
    for width, rows in ((5, 1024), (1_500, 512), (5_000, 128), (2**40, 32)):
        assert strip_rows(Network(3, 1, (width,))) == rows


def test_the_program_is_compiled_once_whatever_the_rows_and_the_numbers():
    made = model(TREATMENTS["embedding"], (16,), "tanh", False)
    both(*made, table(BLOCK, 4, False))
    compiled = _logits._cache_size()
    for n in (1, 7, BLOCK):
        both(*made, table(n, 4, False))
    layer, network, _ = made
    both(layer, network, network.init(np.random.default_rng(9)), table(BLOCK, 4, False))
    assert _logits._cache_size() == compiled


def test_values_far_from_zero_keep_what_float32_would_lose_of_them():
    """1e6 + 3 z has no more than a digit or two of z in float32."""
    layer, network, params = model((), (16,), "relu", False)
    rows = table(BLOCK, 0, False)
    lost = layer({**rows, "dense": rows["dense"].astype(np.float32)}, dtype=np.float64)["dense"]
    kept = layer(rows, dtype=np.float64)["dense"]
    assert np.abs(lost - kept).max() > 100 * U
    by_numpy, compiled = both(layer, network, params, rows)
    exact, bound = exact_and_bound(layer, network, params, rows)
    assert (np.abs(compiled - exact) <= bound).all()
    assert (np.abs(by_numpy - exact) <= bound).all()
