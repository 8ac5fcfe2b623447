"""Convolutional networks of grids of bytes, joined by a table's other columns.

Shapes: n rows, M members, g columns of grids (h, w, c), F numbers that are left of them, d dense
columns, k outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from types import ModuleType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from gradum.core.models.architecture import Architecture, Embedding
from gradum.core.models.input_blocks import GridShape, Inputs, grids_in, take
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.opened import (
    FirstLayer,
    LastLayer,
    Pieces,
    Places,
    on_the_way,
    with_crossings,
)
from gradum.core.models.parameters import Params, Shapes, have
from gradum.messages import marked

PATCH_NUMBERS = 2**22  # of all patches that are multiplied at a time
MOST_PATCH_NUMBERS = 2**24  # of the patches of one row, in any file
MOST_MEMBERS = 64
MOST_LAYERS = 32

Between = Callable[[str, Any], Any]
"""Takes the name and the sums of a layer, and returns the sums to go on with."""


class Convolution(msgspec.Struct, frozen=True):
    """A layer of filters.

    Parameters
    ----------
    size : int
        The height and the width of each filter; odd, so that a filter has a middle. On a grid one
        row high, its height is 1.
    stride : int
        How many places lie between the middles of neighbouring sums, down and across.
    filters : int
        How many.
    skips : bool
        Whether the layer's inputs are added to its outputs (K. He et al., "Deep residual learning
        for image recognition", CVPR 2016).
    """

    size: int
    stride: int
    filters: int
    skips: bool = False


class GridLayers(msgspec.Struct, frozen=True):
    """The convolutions that one column of grids goes through, one after the other.

    Parameters
    ----------
    height, width, channels : int
        Of each grid.
    """

    height: int
    width: int
    channels: int
    layers: tuple[Convolution, ...]

    @property
    def shape(self) -> GridShape:
        """Height, width and channels of each grid."""
        return self.height, self.width, self.channels

    @property
    def sizes(self) -> list[GridShape]:
        """Height, width and channels before the first layer, and after each."""
        sizes = [self.shape]
        for layer in self.layers:
            height, width, _ = sizes[-1]
            stride = max(layer.stride, 1)  # a damaged file may hold any number
            sizes.append((-(-height // stride), -(-width // stride), layer.filters))
        return sizes

    @property
    def filter_shapes(self) -> list[tuple[int, int, int, int]]:
        """Height, width, channels and number of each layer's filters."""
        return [
            (layer.size if height > 1 else 1, layer.size, channels, layer.filters)
            for (height, _, channels), layer in zip(self.sizes, self.layers, strict=False)
        ]

    @property
    def features(self) -> int:
        """How many numbers are left of a grid."""
        return math.prod(self.sizes[-1])

    @property
    def patch_numbers(self) -> int:
        """The most numbers in the patches of one row that a layer multiplies."""
        return max(
            height * width * math.prod(patch)
            for (height, width, _), (*patch, _) in zip(
                self.sizes[1:], self.filter_shapes, strict=True
            )
        )

    @property
    def products(self) -> int:
        """How many multiplications a grid takes."""
        return sum(
            height * width * math.prod(filters)
            for (height, width, _), filters in zip(self.sizes[1:], self.filter_shapes, strict=True)
        )

    @property
    def is_possible(self) -> bool:
        """Whether its layers follow each other, and none takes absurd memory."""
        if not 0 < len(self.layers) <= MOST_LAYERS or min(self.shape) < 1:
            return False
        for before, layer in zip(self.sizes, self.layers, strict=False):
            if min(layer.size, layer.stride, layer.filters) < 1 or layer.size % 2 == 0:
                return False
            if layer.skips and (layer.stride != 1 or layer.filters != before[2]):
                return False
        return self.patch_numbers <= MOST_PATCH_NUMBERS


class ConvolutionNetwork(Architecture, msgspec.Struct, frozen=True, tag="convolution"):
    """M convolutional networks, and the mean of their logits.

    In each, a grid x of bytes goes through layers of filters,

        z₀ = (x − centre) · scale,   zₗ = max(zₗ₋₁ * Wₗ + bₗ, 0)   (+ zₗ₋₁ where the layer skips),

    where * is the sum of products of each patch with each filter; beyond the edges of z, patches
    hold 0. All numbers of the last zₗ, place by place, join the row's numbers, its text and its
    embedded levels before the hidden layer u = max(· W + b, 0); the logits are u V + a.

    Its parameters are ``"grid_centre"`` and ``"grid_scale"`` [g]; ``"filters/0/1"``
    [M, s, s, c, f] and ``"shifts/0/1"`` [M, f] of layer 1 of column 0; ``"layers"``, two, with
    ``weight`` [M, in, out] and ``bias`` [M, out]; and, where there are embedded columns,
    ``"embedding"`` [M, rows, size]. The first of the two layers takes the numbers of grids, then
    the dense columns, text, and the embedded ones.

    Parameters
    ----------
    members : int
        M.
    inputs : int
        Columns of the input layer, dense and text.
    outputs : int
        k.
    hidden : tuple of int
        The width of the hidden layer.
    grids : tuple of GridLayers
        One for each column of grids.
    left_out : tuple of int
        Places of dense columns that it does not look at: numbers that were measured of grids.
    embedding : Embedding, optional
        How columns with many levels enter.
    """

    without_graph: ClassVar[str] = marked(
        "its filters look at all pixels of a picture or all tones of a sound, and no bounds are "
        "computed of what these can be together"
    )

    members: int
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    grids: tuple[GridLayers, ...]
    left_out: tuple[int, ...] = ()
    embedding: Embedding | None = None

    @property
    def features(self) -> int:
        """F, how many numbers are left of a row's grids."""
        return sum(column.features for column in self.grids)

    @property
    def first(self) -> int:
        """How many numbers a row has before the hidden layer of a member."""
        embedded = self.embedding.width if self.embedding else 0
        return self.features + self.inputs - len(self.left_out) + embedded

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers a row has before, in and after the hidden layer of all M together."""
        return (self.first, *(self.members * width for width in self.hidden), self.outputs)

    def shapes(self) -> Shapes:
        """Return the shape of every parameter by its name, layers as ``layers/0/weight``."""
        m, count = self.members, len(self.grids)
        shapes: Shapes = {"grid_centre": (count,), "grid_scale": (count,)}
        for place, column in enumerate(self.grids):
            for level, filters in enumerate(column.filter_shapes):
                shapes[f"filters/{place}/{level}"] = (m, *filters)
                shapes[f"shifts/{place}/{level}"] = (m, filters[-1])
        widths = (self.first, *self.hidden, self.outputs)
        for level, (before, after) in enumerate(pairwise(widths)):
            shapes[f"layers/{level}/weight"] = (m, before, after)
            shapes[f"layers/{level}/bias"] = (m, after)
        if self.embedding:
            shapes["embedding"] = (m, self.embedding.rows, self.embedding.size)
        return shapes

    def has_shapes(self, params: Params) -> bool:
        """Tell whether the architecture is possible and the parameters have its shapes."""
        possible = (
            0 < self.members <= MOST_MEMBERS
            and len(self.hidden) == 1
            and len(self.grids) > 0
            and all(column.is_possible for column in self.grids)
            and sorted(set(self.left_out)) == list(self.left_out)
            and all(0 <= place < self.inputs for place in self.left_out)
        )
        return possible and have(params, self.shapes())

    def takes(self, layer: InputLayer, params: Params, *, dense: int, text: int) -> bool:
        """Tell whether it accepts an input layer's output for so many dense and text columns."""
        grids = tuple(column.shape for column in self.grids)
        inside = all(place < dense for place in self.left_out)
        return self.inputs == layer.width(dense, text) and layer.grids == grids and inside

    def seen(self, dense: int) -> np.ndarray:
        """Return the places of the dense columns that it looks at, of so many."""
        return np.setdiff1d(np.arange(dense), np.array(self.left_out, np.intp))

    def forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k] in NumPy."""
        first = self.first_layer(params, inputs)
        return first.members(first.total()).mean(axis=0, dtype=np.float32)

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX; grids come as their bytes, uint8 [n, g, bytes]."""
        grids = [
            inputs["grids"][:, place, : math.prod(shape)].reshape(-1, *shape)
            for place, shape in enumerate(column.shape for column in self.grids)
        ]
        numbers = inputs["dense"][:, self.seen(inputs["dense"].shape[1])]
        members = (self.member(params, member) for member in range(self.members))
        codes = inputs.get("codes")
        return sum(self.logits(member, grids, numbers, codes) for member in members) / self.members

    def member(self, params: Params, member: int) -> Params:
        """Return one member's parameters, without the axis of members."""
        shared = ("grid_centre", "grid_scale")
        own = {name: params[name] for name in params if name not in ("layers", *shared)}
        return {
            **{name: params[name] for name in shared},
            **{name: array[member] for name, array in own.items()},
            "layers": [
                {part: array[member] for part, array in layer.items()} for layer in params["layers"]
            ],
        }

    def logits(
        self,
        member: Params,
        grids: Sequence[Any],
        numbers: Any,
        codes: Any,
        between: Between | None = None,
    ) -> Any:
        """Return one member's logits [n, k] in JAX.

        Parameters
        ----------
        member : dict
            Its parameters.
        grids : sequence of uint8 [n, h, w, c]
        numbers : [n, ·]
            The dense columns that are seen, and text.
        codes : int32 [n, c] or None
        between : callable, optional
            What a training does to the sums of a layer before they are cut off at 0.
        """
        parts = [self.left_of(member, grids, convolved_by_xla, jnp, between), numbers]
        if self.embedding:
            vectors = member["embedding"][codes]
            parts.append(vectors.reshape(len(vectors), self.embedding.width))
        first, last = member["layers"]
        sums = jnp.concatenate(parts, axis=1) @ first["weight"] + first["bias"]
        sums = sums if between is None else between("hidden", sums)
        return jnp.maximum(sums, 0) @ last["weight"] + last["bias"]

    def left_of(
        self,
        member: Params,
        grids: Sequence[Any],
        convolved: Callable[[Any, Any, int], Any],
        xp: ModuleType,
        between: Between | None = None,
    ) -> Any:
        """Return the numbers that are left of the rows' grids, [n, F]."""
        parts = []
        for place, (column, grid) in enumerate(zip(self.grids, grids, strict=True)):
            centre, scale = member["grid_centre"][place], member["grid_scale"][place]
            z = (grid.astype(centre.dtype) - centre) * scale
            for level, layer in enumerate(column.layers):
                name = f"{place}/{level}"
                sums = convolved(z, member[f"filters/{name}"], layer.stride)
                sums = sums + member[f"shifts/{name}"]
                sums = sums if between is None else between(name, sums)
                passed = xp.maximum(sums, 0)
                z = z + passed if layer.skips else passed
            parts.append(z.reshape(len(z), column.features))
        return xp.concatenate(parts, axis=1)

    def first_layer(self, params: Params, inputs: Inputs) -> JoinedColumns:
        """Return n rows at the members' hidden layers, where each column adds its own share."""
        return JoinedColumns(self, params, inputs)

    def last_layer(self, params: Params, inputs: Inputs) -> LastLayer:
        """Return n rows before the members' last layers."""
        first = self.first_layer(params, inputs)
        units, last = first.units(first.total()), params["layers"][1]
        beside = np.zeros((*units.shape[:2], self.outputs), units.dtype)
        share = np.full(self.members, 1 / self.members)
        return LastLayer(units, beside, last["weight"], last["bias"], share)


@dataclass(frozen=True)
class JoinedColumns(FirstLayer):
    """n rows before the hidden layers of M members; z is (n, M h), member by member.

    A grid adds its share after its convolutions, which are computed once.
    """

    network: ConvolutionNetwork
    params: Params
    inputs: Inputs

    @property
    def products(self) -> int:
        """How many multiplications one row of z takes in the layers after it."""
        return self.network.members * self.network.hidden[0] * self.network.outputs

    @cached_property
    def features(self) -> np.ndarray:
        """What is left of the grids: [M, n, F]."""
        network = self.network
        blocks = [
            np.stack([network.left_of(member, grids, convolved, np) for member in self._members])
            for grids in self._grids()
        ]
        return np.concatenate(blocks, axis=1)

    def total(self) -> np.ndarray:
        """Return the sum of all shares and of the biases: z (n, M h)."""
        first, network = self.params["layers"][0], self.network
        weight, at = first["weight"], network.features
        dense = self.inputs["dense"]
        seen = dense if not network.left_out else dense[:, network.seen(dense.shape[1])]
        sums = self.features @ weight[:, :at]
        sums = sums + seen @ weight[:, at : at + seen.shape[1]]
        if "sparse" in self.inputs:
            text = self.inputs["sparse"]
            start = at + seen.shape[1]
            sums = sums + _times(text, weight[:, start : start + text.shape[1]])
        if network.embedding:
            columns = range(self.inputs["codes"].shape[1])
            sums = sums + sum(self._embedded(place) for place in columns)
        return _side_by_side(sums + first["bias"][:, None])

    def share(self, places: Places) -> np.ndarray | None:
        """Return what a column alone adds to z (n, M h); None if it is not seen."""
        network, weight = self.network, self.params["layers"][0]["weight"]
        dense, at, shares = self.inputs["dense"], self.network.features, []
        seen = network.seen(dense.shape[1])
        own = np.flatnonzero(np.isin(seen, places["dense"]))
        if len(own):
            shares.append(dense[:, seen[own]] @ weight[:, at + own])
        words = places["sparse"]
        if len(words):
            text = self.inputs["sparse"][:, words]
            shares.append(_times(text, weight[:, at + len(seen) + words]))
        shares += [self._embedded(place) for place in places["codes"]]
        starts = np.cumsum([0, *(column.features for column in network.grids)])
        for place in places.get("grids", ()):
            part = slice(starts[place], starts[place + 1])
            shares.append(self.features[:, :, part] @ weight[:, part])
        return _side_by_side(sum(shares[1:], shares[0])) if shares else None

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Return the mean of the members' logits (m, k) for z (m, M h), in float64."""
        return self.together(self.members(total))

    def members(self, total: np.ndarray) -> np.ndarray:
        """Return the members' logits [M, m, k]."""
        last = self.params["layers"][1]
        return self.units(total) @ last["weight"] + last["bias"][:, None]

    def together(self, members: np.ndarray) -> np.ndarray:
        """Return the mean of the members' logits [M, m, k], in float64."""
        return members.mean(axis=0, dtype=np.float64)

    def units(self, total: np.ndarray) -> np.ndarray:
        """Return the hidden units [M, m, h] for z (m, M h)."""
        return np.maximum(self._by_member(total), 0)

    def pieces(self) -> Pieces | None:
        """Return the members' answers on the way from the first row to the second."""
        last, places = self.params["layers"][1], np.array([0.0, 1.0])
        way = replace(self, inputs=on_the_way(self.inputs, places)).total()
        places, sums = with_crossings(places, self._by_member(way))
        return places, np.maximum(sums, 0) @ last["weight"] + last["bias"][:, None]

    def _by_member(self, total: np.ndarray) -> np.ndarray:
        return total.reshape(len(total), self.network.members, -1).transpose(1, 0, 2)

    @property
    def _members(self) -> Iterator[Params]:
        return (self.network.member(self.params, m) for m in range(self.network.members))

    def _grids(self) -> Iterator[list[np.ndarray]]:
        """Go through the rows' grids, few rows at a time."""
        shapes = [column.shape for column in self.network.grids]
        at_once = max(1, PATCH_NUMBERS // max(each.patch_numbers for each in self.network.grids))
        rows = len(self.inputs["dense"])
        for at in range(0, max(rows, 1), at_once):
            yield grids_in(take({"grids": self.inputs["grids"]}, slice(at, at + at_once)), shapes)

    def _embedded(self, place: int) -> np.ndarray:
        """Return what an embedded column adds, [M, n, h]."""
        embedding, codes = self.params["embedding"], self.inputs["codes"]
        size = embedding.shape[2]
        start = self.network.first + (place - codes.shape[1]) * size
        vectors = embedding[:, codes[:, place]]
        return vectors @ self.params["layers"][0]["weight"][:, start : start + size]


def convolved(z: np.ndarray, filters: np.ndarray, stride: int) -> np.ndarray:
    """Return z * W in NumPy: each patch of z [n, h, w, c] times the filters [s, t, c, f].

    The patches are gathered, so that all is one product of two matrices.
    """
    *size, _, count = filters.shape
    padded = np.pad(z, ((0, 0), *_margins(filters), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(1, 2))
    patches = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    rows, height, width = patches.shape[:3]
    sums = patches.reshape(rows * height * width, -1) @ filters.reshape(-1, count)
    return sums.reshape(rows, height, width, count)


def convolved_by_xla(z: Any, filters: Any, stride: int) -> Any:
    """Return the same in JAX."""
    layout = "NHWC", "HWIO", "NHWC"
    return jax.lax.conv_general_dilated(
        z, filters, (stride, stride), _margins(filters), dimension_numbers=layout
    )


def _margins(filters: Any) -> tuple[tuple[int, int], ...]:
    """Return how many zeros stand before and after each side, so that it stays as long."""
    return tuple((side // 2, side // 2) for side in filters.shape[:2])


def _side_by_side(sums: np.ndarray) -> np.ndarray:
    """Return [M, n, h] as (n, M h)."""
    return sums.transpose(1, 0, 2).reshape(sums.shape[1], -1)


def _times(text: Any, weight: np.ndarray) -> np.ndarray:
    """Return sparse columns [n, v] times the members' weights [M, v, h]: [M, n, h]."""
    return np.stack([text @ member for member in weight])
