"""``python -m benchmarks points [COUNT] [SEED]``: points of boxes against the bounds of networks.

Small networks of every kind that is fitted are drawn: linear models and MLPs of each activation,
with and without embedded levels, and packs with codes, waves, pairs, leaks and embeddings, for
numbers and for classes. Bounds are computed for boxes of all sizes, and points inside the boxes and
on their faces and corners are predicted in float32, as in deployment. It counts the points whose
answer lies outside its bounds: there may be none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from benchmarks.certified import STAGES
from gradum.core.bounds import Box, Graph
from gradum.core.bounds.box import FLOAT32
from gradum.core.models import ACTIVATIONS, Embedding, Network
from gradum.core.models.pack_network import PackNetwork

SAID = 10**8  # points between two reports of their number
BOXES, POINTS = 8, 200_000  # boxes per network, and points per box
NUMBERS = 3  # columns that are not levels
LEVELS = (3, 4)  # of embedded columns
FIRST_ROWS = np.array([0, 3], np.int32)  # first rows of these columns in the embedding table
Forward = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class Drawn(NamedTuple):
    """A network in float32, and its graph.

    Parameters
    ----------
    forward : function
        Maps blocks of inputs to logits (n, k).
    graph : Graph
    embeds : bool
        Whether it takes levels.
    share : float
        The share of a box's points that it is tried on, smaller if it is slow.
    """

    forward: Forward
    graph: Graph
    embeds: bool
    share: float


def main(least: str = str(10**9), seed: str = "0") -> None:
    """Print how many of the points so far lie outside, and finally how many of each kind."""
    drawn, outside, began = Counter[str](), 0, process_time()
    for kind, points, beyond in networks(int(seed), POINTS):
        drawn[kind] += points
        outside += beyond
        if drawn.total() // SAID > (drawn.total() - points) // SAID or drawn.total() >= int(least):
            seconds = process_time() - began
            print(f"{outside} of {drawn.total():,} points outside; {seconds:.0f} s", flush=True)
        if drawn.total() >= int(least):
            break
    for kind, points in drawn.items():
        print(f"{kind:22s} {points:>13,}")


def networks(seed: int, of_box: int) -> Iterator[tuple[str, int, int]]:
    """Draw networks of all kinds in turn, and boxes with up to a given number of points, forever.

    Yield the kind, the number of points, and how many have answers outside some bound.
    """
    for turn in count():
        for place, (kind, draw) in enumerate(KINDS.items()):
            rng = np.random.default_rng([seed, turn, place])
            network = draw(rng)
            points = round(network.share * of_box)
            yield kind, BOXES * points, points_outside(rng, network, points)


def points_outside(rng: np.random.Generator, network: Drawn, points: int) -> int:
    """Return for how many points, a given number per box, the answers lie outside any bounds."""
    low, high = _ends(rng)
    inside = np.clip(rng.random((points, NUMBERS), np.float32) * 1.6 - 0.3, 0, 1)
    x = np.clip(low[:, None] + inside * (high - low)[:, None], low[:, None], high[:, None])
    inputs: dict[str, np.ndarray] = {"dense": x.reshape(-1, NUMBERS)}
    box = Box(low.astype(np.float64), high.astype(np.float64))
    if network.embeds:
        levels, known = _levels(rng, points)
        inputs["codes"] = (levels + FIRST_ROWS).reshape(-1, len(LEVELS))
        box = Box(*(np.concatenate(ends, axis=1) for ends in zip(box, known, strict=True)))
    answers = network.forward(inputs).reshape(BOXES, points, -1)
    least, most = answers.min(axis=1), answers.max(axis=1)
    outside = np.zeros((BOXES, points), bool)
    for enclose in STAGES.values():
        bounds = enclose(network.graph, box, FLOAT32).output
        if not ((bounds.low <= least) & (most <= bounds.high)).all():  # a NaN is outside, too
            within = (bounds.low[:, None] <= answers) & (answers <= bounds.high[:, None])
            outside |= ~within.all(axis=2)
    return int(outside.sum())


def _ends(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of boxes in float32, [b, d] each; some sides have no length."""
    shape = (BOXES, NUMBERS)
    centre = rng.normal(0, 1.5, shape)
    reach = 10.0 ** rng.uniform(-5, 1, (BOXES, 1)) * rng.random(shape)
    reach *= rng.random(shape) < 0.8
    return (centre - reach).astype(np.float32), (centre + reach).astype(np.float32)


def _levels(rng: np.random.Generator, points: int) -> tuple[np.ndarray, Box]:
    """Return levels of points [b, n, 2] and the ends of boxes; some columns take any level."""
    levels = np.empty((BOXES, points, len(LEVELS)), np.int32)
    low, high = [], []
    for column, size in enumerate(LEVELS):
        fixed = rng.integers(0, size, (BOXES, 1))
        varies = rng.random((BOXES, 1)) < 0.3
        levels[:, :, column] = np.where(varies, rng.integers(0, size, (BOXES, points)), fixed)
        known = np.eye(size)[fixed[:, 0]]
        low.append(np.where(varies, 0.0, known))
        high.append(np.where(varies, 1.0, known))
    return levels, Box(np.concatenate(low, axis=1), np.concatenate(high, axis=1))


def _weights(rng: np.random.Generator, params: dict[str, Any]) -> dict[str, Any]:
    """Draw a network's parameters in place of those that its fit would begin with."""
    size = 10.0 ** rng.uniform(-0.5, 0.7)

    def drawn(array: np.ndarray) -> np.ndarray:
        spread = size / np.sqrt(len(array)) if array.ndim == 2 else 0.5
        return rng.normal(0, spread, array.shape).astype(np.float32)

    layers = [{name: drawn(array) for name, array in part.items()} for part in params["layers"]]
    others = {name: drawn(array) for name, array in params.items() if name != "layers"}
    return others | {"layers": layers}


def _network(rng: np.random.Generator, activation: str, *, embeds: bool) -> Drawn:
    hidden = tuple(int(width) for width in rng.integers(3, 9, rng.integers(1, 3)))
    network = Network(
        inputs=NUMBERS,
        outputs=int(rng.integers(1, 4)),
        hidden=() if activation == "identity" else hidden,
        activation=activation,
        embedding=Embedding(sum(LEVELS), len(LEVELS), 2) if embeds else None,
    )
    params = _weights(rng, network.init(rng))
    levels = LEVELS if embeds else ()
    graph = network.graph(params, levels)
    return Drawn(lambda inputs: network.forward(params, inputs), graph, embeds, 1.0)


def _pack(rng: np.random.Generator, link: Any, *, embeds: bool) -> Drawn:
    pairs = ((0, 2, -1), (2, 1, 1)) if rng.random() < 0.5 else ()
    inputs = NUMBERS + len(pairs)
    network = PackNetwork(
        members=3,
        inputs=inputs,
        outputs=1 if link == "identity" else int(rng.integers(1, 4)),
        hidden=(5,) if rng.random() < 0.5 else (5, 4),
        coded=(0, 2, *range(NUMBERS, inputs)),
        codes=3,
        link=link,
        embedding=Embedding(sum(LEVELS), len(LEVELS), 2) if embeds else None,
        pairs=pairs,
    )
    params: dict[str, Any] = {"layers": [{} for _ in range(len(network.hidden) + 1)]}
    for name, shape in network.shapes().items():
        sizes = [size for size in shape if size is not None]  # there is no text
        array = rng.normal(0, 0.7, sizes).astype(np.float32)
        if name.startswith("layers/"):
            _, level, part = name.split("/")
            params["layers"][int(level)][part] = array
        else:
            params[name] = array
    params["wave"] = (rng.random(network.members) < 0.4).astype(np.float32)
    steep = rng.random(params["slope"].shape) < 0.1  # steps, except for waves
    params["slope"] = np.where(
        steep & (params["wave"] == 0)[:, None, None], np.float32(1e4), params["slope"]
    )
    share = rng.random(network.members) + 0.1
    params["share"] = (share / share.sum()).astype(np.float32)
    params["sharpness"] = np.array([1.3 if link == "logit" else 1.0], np.float32)
    graph = network.graph(params, LEVELS if embeds else ())
    return Drawn(lambda inputs: network.forward(params, inputs), graph, embeds, 0.1)


def _kinds() -> Iterator[tuple[str, Callable[[np.random.Generator], Drawn]]]:
    for name in ACTIVATIONS:
        yield name, lambda rng, name=name: _network(rng, name, embeds=False)
    yield "embedded levels", lambda rng: _network(rng, "tanh", embeds=True)
    for link, title in (("identity", "numbers"), ("logit", "classes")):
        yield f"pack of {title}", lambda rng, link=link: _pack(rng, link, embeds=False)
        yield f"pack, levels, {title}", lambda rng, link=link: _pack(rng, link, embeds=True)


KINDS = dict(_kinds())
