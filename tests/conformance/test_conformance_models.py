"""Every kind of model that a file can hold answers for itself, and truly."""

import typing
from dataclasses import dataclass, replace
from functools import cache

import jax
import msgspec
import numpy as np
import pytest
import scipy.sparse

from gradum.core import Embedding, Network
from gradum.core.bounds import Box, crown
from gradum.core.bounds.box import FLOAT32
from gradum.core.models.architecture import Architecture
from gradum.core.models.convolution import Convolution, ConvolutionNetwork, GridLayers
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.pack_network import PackNetwork
from gradum.core.models.parameters import named, nested
from gradum.messages import as_text
from gradum.run.fingerprint import named_arrays
from gradum.rungs.calibration import TemperatureScaling
from gradum.rungs.post import PriorShift
from gradum.rungs.rung import Rung
from gradum.ship.rung_record import RungRecord, recorded, restored
from gradum.solvers.solution import Certificate, Status
from gradum.tables.kinds.blocks import cells_of

ROWS, DENSE, WORDS = 13, 3, 6
LEVELS = (2, 4, 9, 7)
PAIRS = ((0, 2, -1), (2, 1, 1))


@dataclass(frozen=True)
class Example:
    """A model, its parameters, and rows as its input layer makes them."""

    network: object
    layer: InputLayer
    params: dict
    inputs: dict
    text: int
    raw: dict
    dense: int


def drawn(network, text, rng):
    """Parameters of the shapes that are stated."""
    arrays = {
        name: rng.normal(0, 0.7, [text if length is None else length for length in shape])
        for name, shape in network.shapes().items()
    }
    if "share" in arrays:  # of a mean
        arrays["share"] = rng.dirichlet(np.ones(len(arrays["share"])))
        arrays["wave"] = np.arange(len(arrays["wave"])) % 2
    if "grid_scale" in arrays:  # of bytes
        arrays["grid_scale"] = arrays["grid_scale"] / 255
    return nested({name: array.astype(np.float32) for name, array in arrays.items()})


def rows_in(treatments, text, rng, numbers):
    dense = rng.normal([0, 50, -3], [1, 20, 0.1], (ROWS, DENSE))[:, :numbers]
    levels = tuple(LEVELS[: len(treatments)])
    codes = rng.integers(0, np.array(levels, int) + 1, (ROWS, len(levels))).astype(np.int32)
    raw = {"dense": dense, "codes": codes}
    if text:
        words = scipy.sparse.random_array((ROWS, text), density=0.5, rng=rng, dtype=np.float32)
        raw["sparse"] = words.tocsr()
    return InputLayer.fit(dense, levels, treatments, style="robust"), raw


def network_of(layer, text, numbers, *, outputs=3, hidden=(7, 5), activation="tanh"):
    embedding = None
    if layer.embedded_columns:
        embedding = Embedding(layer.embedding_rows, layer.embedded_columns, 4)
    return Network(layer.width(numbers, text), outputs, hidden, activation, embedding=embedding)


def pack_of(layer, text, numbers, *, outputs=3, link="logit", pairs=PAIRS, codes=4):
    projected = 2 if text else 0
    width = layer.width(numbers, 0)
    coded = (*range(0, numbers, 2), *range(width, width + len(pairs)))
    embedding = None
    if layer.embedded_columns:
        embedding = Embedding(layer.embedding_rows, layer.embedded_columns, 4)
    return PackNetwork(
        members=3,
        inputs=width + len(pairs) + projected,
        outputs=outputs,
        hidden=(6, 5),
        coded=coded if codes else (),
        codes=codes,
        link=link,
        embedding=embedding,
        projected=projected,
        pairs=pairs,
    )


def convolution_of(layer, text, numbers, *, shapes, outputs=3):
    embedding = None
    if layer.embedded_columns:
        embedding = Embedding(layer.embedding_rows, layer.embedded_columns, 4)
    convolutions = (Convolution(5, 2, 3), Convolution(3, 1, 3, skips=True))
    grids = tuple(GridLayers(*shape, convolutions) for shape in shapes)
    width = layer.width(numbers, text)
    return ConvolutionNetwork(2, width, outputs, (6,), grids, embedding=embedding)


SMALL, EMBEDDED = ("sign", "one_hot"), ("sign", "one_hot", "embedding", "embedding")
SPARSE = ("sign", "one_hot", "sparse_one_hot", "embedding")
KINDS = {
    "linear": (network_of, {"hidden": ()}, SMALL, 0),
    "linear of text": (network_of, {"hidden": (), "outputs": 1}, SPARSE[:3], WORDS),
    "one hidden layer": (network_of, {"hidden": (7,), "activation": "relu"}, EMBEDDED, 0),
    "two hidden layers": (network_of, {}, SPARSE, WORDS),
    "pack": (pack_of, {}, SMALL, 0),
    "pack without codes": (pack_of, {"codes": 0, "pairs": ()}, SMALL, 0),
    "pack of everything": (pack_of, {"outputs": 1}, EMBEDDED, WORDS),
    "convolution": (convolution_of, {"shapes": ((5, 6, 1),)}, SMALL, 0),
    "convolution of everything": (
        convolution_of,
        {"shapes": ((5, 6, 1), (4, 3, 3)), "outputs": 1},
        EMBEDDED,
        WORDS,
    ),
    "pack of numbers": (pack_of, {"outputs": 1, "link": "identity"}, EMBEDDED, 0),
}
NARROW = {
    "convolution, of grids alone": (convolution_of, {"shapes": ((6, 2, 1),)}, (), 0, 0),
    "linear, of one number": (network_of, {"hidden": ()}, (), 0, 1),
    "layers, of embedded levels": (network_of, {}, EMBEDDED[2:], 0, 0),
    "pack, of one number": (pack_of, {"pairs": ()}, (), 0, 1),
    "pack, of embedded levels": (pack_of, {"pairs": ()}, EMBEDDED[2:], 0, 0),
    "pack, of text": (pack_of, {"pairs": ()}, (), WORDS, 0),
}
"""Tables without numbers, without levels, or of one column."""
KINDS = {name: (*kind, DENSE) for name, kind in KINDS.items()} | NARROW


@cache
def example(kind):
    make, options, treatments, text, numbers = KINDS[kind]
    rng = np.random.default_rng(3)
    layer, raw = rows_in(treatments, text, rng, numbers)
    if shapes := options.get("shapes"):
        layer = replace(layer, grids=shapes)
        pixels = [rng.integers(0, 256, (ROWS, *shape)).astype(np.uint8) for shape in shapes]
        raw["grids"] = cells_of(pixels)
    network = make(layer, text, numbers, **options)
    return Example(network, layer, drawn(network, text, rng), layer(raw), text, raw, numbers)


def having(part):
    """The kinds that have a part which an architecture may lack."""
    return [kind for kind in KINDS if part(example(kind)) is not None]


def graph_of(case):
    return case.network.graph(case.params, case.layer.embedded_levels)


def last_layer_of(case):
    return case.network.last_layer(case.params, case.inputs)


def own(method):
    """The kinds whose architecture does not leave a method to the default."""
    default = getattr(Architecture, method)
    return [kind for kind in KINDS if getattr(type(example(kind).network), method) != default]


def some(inputs, rows):
    return {name: values[rows] for name, values in inputs.items()}


def test_each_kind_that_a_file_can_hold_is_here():
    union = typing.get_type_hints(RungRecord)["network"]
    assert {type(example(kind).network) for kind in KINDS} == set(typing.get_args(union))


@pytest.mark.parametrize("kind", having(graph_of))
def test_its_graph_computes_the_same_logits_and_bounds_them_as_deployed(kind):
    case = example(kind)
    codes = zip(case.layer.levels, case.raw["codes"].T, strict=True)
    known = [np.eye(1 + count)[column] for count, column in codes]
    text = [case.raw["sparse"].toarray()] if case.text else []
    x = np.concatenate([case.raw["dense"], *known, *text], axis=1).astype(np.float64)
    graph = case.layer.graph(case.text)
    graph = graph.then(graph_of(case))
    logits = case.network.forward(case.params, case.inputs)
    np.testing.assert_allclose(graph(x), logits, rtol=2e-5, atol=2e-5)
    low, high = crown(graph, Box(x, x), FLOAT32).output
    assert ((low <= logits) & (logits <= high)).all()
    corners = case.network.corners(case.params)
    assert all(np.isfinite(places).all() for places in corners.values())
    assert set(corners) <= set(range(case.network.inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_numpy_and_jax_come_to_the_same_logits(kind):
    case = example(kind)
    expected = case.network.forward(case.params, case.inputs)
    assert (expected.shape, expected.dtype) == ((ROWS, case.network.outputs), np.float32)
    params, inputs = case.params, dict(case.inputs)
    if not case.network.compilable:
        with pytest.raises(ValueError, match="no compiled forward"):
            case.network.absorb(params, scipy.sparse.csr_array((ROWS, WORDS)))
        return
    if "sparse" in inputs:
        params = case.network.absorb(params, inputs.pop("sparse"))
    compiled = jax.jit(case.network.apply)(params, inputs)
    np.testing.assert_allclose(compiled, expected, rtol=2e-5, atol=2e-5)
    bulk, laid_out = case.network.bulk(params)
    in_bulk = compiled if bulk is case.network else jax.jit(bulk.apply)(laid_out, inputs)
    np.testing.assert_allclose(in_bulk, expected, rtol=2e-5, atol=2e-5)
    assert (bulk.outputs, hash(bulk)) == (case.network.outputs, hash(case.network.bulk(params)[0]))


@pytest.mark.parametrize("kind", KINDS)
def test_few_rows_and_a_row_alone_are_what_they_are_in_the_forward(kind):
    case = example(kind)
    whole, rows = case.network.forward(case.params, case.inputs), case.network.rows(case.params)
    few = rows(case.inputs)
    np.testing.assert_allclose(few, whole, rtol=2e-5, atol=2e-5)
    assert (few.dtype, few.shape) == (whole.dtype, whole.shape)
    for k in range(ROWS):
        alone = rows(some(case.inputs, slice(k, k + 1)))
        assert alone.tobytes() == few[k : k + 1].tobytes()
        np.testing.assert_allclose(alone, whole[k : k + 1], rtol=2e-5, atol=2e-5)
        assert alone.dtype == whole.dtype


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_layer_s_sum_leads_to_the_logits(kind):
    case = example(kind)
    opened = case.network.first_layer(case.params, case.inputs)
    total = opened.total()
    expected = case.network.forward(case.params, case.inputs)
    np.testing.assert_allclose(opened.logits(total), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", having(last_layer_of))
def test_the_last_layer_s_sum_is_the_logits(kind):
    case = example(kind)
    last = last_layer_of(case)
    opened = case.network.first_layer(case.params, case.inputs)
    members = opened.members(opened.total())
    np.testing.assert_allclose(last.logits, members, rtol=2e-5, atol=2e-5)
    assert last.share.sum() == pytest.approx(1.0)
    expected = case.network.forward(case.params, case.inputs)
    np.testing.assert_allclose(opened.together(last.logits), expected, rtol=2e-5, atol=2e-5)


def columns(case):
    """The places of every column of every block, each by itself, and of two at once."""
    empty = {name: np.zeros(0, int) for name in ("dense", "sparse", "codes")}
    alone = [
        {**empty, name: np.array([place])}
        for name, block in case.inputs.items()
        for place in range(block.shape[1])
    ]
    width = case.inputs["dense"].shape[1]
    return [*alone, {**empty, "dense": np.arange(width)[:4:3]} if width else alone[0]]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_column_s_change_does_is_what_the_changed_rows_say(kind):
    case, order = example(kind), np.random.default_rng(0).permutation(ROWS)
    opened = case.network.first_layer(case.params, case.inputs)
    rows, total = np.array([0, 4, 11]), opened.total()
    for places in columns(case):
        said = opened.logits(total[rows] + opened.change(places)(rows, order[rows]))
        changed = some(case.inputs, rows)
        others = some(case.inputs, order[rows])
        for name, where in places.items():
            if len(where):
                sparse = scipy.sparse.issparse(changed[name])
                block = changed[name].toarray() if sparse else changed[name].copy()
                block[:, where] = (others[name].toarray() if sparse else others[name])[:, where]
                changed[name] = scipy.sparse.csr_array(block) if sparse else block
        expected = case.network.forward(case.params, changed)
        np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", own("first_layer"))
def test_between_its_places_on_the_way_from_row_to_row_it_is_straight(kind):
    case, shares = example(kind), np.random.default_rng(0).random(300)
    waves = case.params.get("wave", np.zeros(0))
    pieces = case.network.first_layer(case.params, case.inputs).pieces()
    smooth = getattr(case.network, "activation", "") == "tanh" and case.network.hidden
    curved = bool(smooth or (waves.any() and case.network.coded))
    assert (pieces is None) == curved
    params = case.params | ({"wave": 0 * waves} if len(waves) else {})
    opened = case.network.first_layer(params, case.inputs)
    pieces = opened.pieces()
    if pieces is None:
        return
    places, members = pieces
    after = np.searchsorted(places, shares)
    share = ((shares - places[after - 1]) / np.diff(places)[after - 1])[:, None]
    straight = (1 - share) * members[:, after - 1] + share * members[:, after]
    first, second = case.inputs["dense"][:2]
    way = some(case.inputs, np.zeros(300, int))
    way["dense"] = (first + shares[:, None] * (second - first)).astype(np.float32)
    expected = case.network.forward(params, way)
    np.testing.assert_allclose(opened.together(straight), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shares_of_all_columns_and_what_no_row_changes_are_the_sum(kind):
    """Without pairs, which belong to two columns; those are held by the test above."""
    case = example(kind)
    opened = case.network.first_layer(case.params, case.inputs)
    places = columns(case)[:-1]
    rest = opened.total() - sum(opened.share(each) for each in places)
    if not getattr(case.network, "pairs", ()):
        np.testing.assert_allclose(rest, np.broadcast_to(rest[:1], rest.shape), atol=1e-4)
    nothing = {name: np.zeros(0, int) for name in places[0]}
    assert opened.share(nothing) is None
    assert opened.change(nothing) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_shapes_stated_are_those_of_the_parameters(kind):
    case = example(kind)
    network, arrays = case.network, named(case.params)
    assert jax.tree.all(jax.tree.map(np.array_equal, nested(arrays), case.params))
    assert network.has_shapes(case.params)
    assert network.is_sound(case.params)
    for name, array in arrays.items():
        for axis, length in enumerate(network.shapes()[name]):
            longer = nested({**arrays, name: np.repeat(array[..., None], 2, -1)})
            assert not network.has_shapes(longer), name
            if length is not None and array.size:
                one_more = np.concatenate([array, array.take([0], axis)], axis)
                assert not network.has_shapes(nested({**arrays, name: one_more})), name
    assert not network.has_shapes(case.params | {"extra": np.ones(3)})
    assert len(network.widths) == len(network.hidden) + 2
    assert network.widths[-1] == network.outputs


@pytest.mark.parametrize("kind", own("products"))
def test_products_are_the_weights_that_a_row_meets(kind):
    case = example(kind)
    dense, arrays = case.inputs["dense"].shape[1], named(case.params)
    weights = sum(
        array.size for name, array in arrays.items() if name.endswith("weight") or name == "wide"
    )
    sparse = case.inputs["sparse"].shape[1] if "sparse" in case.inputs else 0
    if "projection" not in arrays:  # they meet the first layer itself
        weights -= sparse * arrays["layers/0/weight"].shape[-1]
    assert case.network.products(dense) == weights


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_what_its_input_layer_yields_and_nothing_else(kind):
    case = example(kind)

    def takes(layer=case.layer, dense=case.dense, text=case.text):
        return case.network.takes(layer, case.params, dense=dense, text=text)

    assert takes()
    assert not takes(dense=case.dense + 1)
    assert not takes(text=case.text + 1)
    wider = replace(case.layer, levels=(*case.layer.levels, 3))
    assert not takes(replace(wider, treatments=(*wider.treatments, "one_hot")))


@pytest.mark.parametrize("kind", own("sizes"))
def test_no_number_is_larger_than_its_bound(kind):
    case = example(kind)
    dense = np.abs(case.inputs["dense"]).max(axis=0)
    *_, last = case.network.sizes(case.params, dense)
    logits = case.network.forward(case.params, case.inputs)
    assert (np.abs(logits) <= last * (1 + 1e-5)).all()
    assert np.isfinite(last).all()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_same_once_it_is_saved_and_loaded(kind):
    case = example(kind)
    classes = max(case.network.outputs, 2)
    rung = Rung(
        "mlp",
        "log_loss",
        case.network,
        case.params,
        case.layer,
        target_scale=None,
        clamp=False,
        status=Status.CONVERGED,
        certificate=Certificate("stationary"),
        advice="Look at the learning curve.",
        post=(
            TemperatureScaling(1.7),
            PriorShift(tuple(np.linspace(0.5, 1.5, classes).tolist())),
        ),
    )
    text = msgspec.json.encode(recorded(rung), enc_hook=as_text)
    again = restored(msgspec.json.decode(text, type=RungRecord), named_arrays([rung]))
    assert type(again.network) is type(case.network)
    assert (again.network, again.post, again.advice) == (case.network, rung.post, rung.advice)
    assert named(again.params).keys() == named(case.params).keys()
    logits = case.network.forward(case.params, case.inputs)
    np.testing.assert_array_equal(again.network.forward(again.params, case.inputs), logits)
    before, after = (each.prediction(logits.astype(np.float64)) for each in (rung, again))
    np.testing.assert_array_equal(after.probability, before.probability)
    np.testing.assert_array_equal(after.value, before.value)
