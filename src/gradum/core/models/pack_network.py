"""A pack: many small networks along one batch axis that predict together.

Shapes: n rows, M members, d columns of the input layer, c of them coded, T codes per coded column,
D = d + cT + embedded numbers, k outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from msgspec import structs

from gradum.core.bounds.graph import Graph
from gradum.core.models.activations import leaky
from gradum.core.models.architecture import Architecture, Embedding, Link
from gradum.core.models.input_blocks import Inputs
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.monotonicity import Movement
from gradum.core.models.opened import LastLayer
from gradum.core.models.pack_codes import codes_of
from gradum.core.models.pack_first_layer import PackFirstLayer
from gradum.core.models.pack_graph import pack_graph
from gradum.core.models.pack_rows import PackBulk, PackRows
from gradum.core.models.parameters import Params, Shapes, have
from gradum.messages import marked

Pair = tuple[int, int, int]
"""Columns i and j, and a sign: the column z_i + sign z_j."""


class PackNetwork(Architecture, msgspec.Struct, frozen=True, tag="pack"):
    """M networks, each of which sees the columns in its own way, and the mean of their answers.

    A numeric column z enters as itself and as T codes. With the member's own s and a,

        code(z) = clip(a (z - s), 0, 1) - ½   (a ramp; if steep, a step), or
        code(z) = cos(2π a (z - s))           (a wave).

    The first is a piecewise-linear encoding (Gorishniy et al., "On embeddings for numerical
    features in tabular deep learning", NeurIPS 2022), the second a periodic one. Then x₀ is z, the
    codes and the embedded columns, xₗ = σ(xₗ₋₁ Wₗ + bₗ) with σ(z) = max(z, λ z), and a member's
    logits are

        f_m = x W + x₀ V + b.

    Each unit of the layers has its own learned leak λ (K. He et al., "Delving deep into
    rectifiers", ICCV 2015). V is the wide part, a linear model of the codes. Sums and differences
    of two columns may follow the columns, and are coded like them. The pack's answer is Σ w_m f_m
    for numbers; for classes, it is the logits of the mean of the members' probabilities, Σ w_m p_m,
    times ``sharpness``.

    Its parameters are ``"shift"`` and ``"slope"`` [M, c, T], ``"wave"`` [M] (1 where the codes
    are waves), ``"layers"`` (``weight`` [M, in, out], ``bias`` [M, out] and, except in the last,
    ``leak`` [M, out]), ``"wide"`` [M, D, k], ``"share"`` [M] (w, adding up to 1), ``"sharpness"``
    [1] and, where there are embedded columns, ``"embedding"`` [M, rows, size]; with text,
    ``"projection"`` [v, p], which reduces the text's v columns to the last p of the d.
    """

    members: int
    """M."""
    inputs: int
    """d: columns of the input layer, their pairs, and p for text."""
    outputs: int
    """k."""
    hidden: tuple[int, ...]
    """Width of each hidden layer."""
    coded: tuple[int, ...]
    """Places of the coded columns among the d."""
    codes: int
    """T."""
    link: Link
    """``"identity"`` for numbers, ``"logit"`` for classes."""
    embedding: Embedding | None = None
    """How columns with many levels enter."""
    projected: int = 0
    """p; 0 without text."""
    pairs: tuple[Pair, ...] = ()
    """Sums and differences of columns of the input layer."""

    without_steps = marked(
        "A network ensemble is many networks, whose steps are not shown one by one."
    )

    @property
    def flattened(self) -> PackNetwork:
        """The network for rows that are already flat."""
        return structs.replace(self, projected=0, pairs=())

    @property
    def pair_places(self) -> range:
        """Where the pairs stand among the d columns: before the text."""
        behind = self.inputs - self.projected
        return range(behind - len(self.pairs), behind)

    def code_places(self, index: int) -> range:
        """Return where the codes of a coded column stand among the D numbers."""
        start = self.inputs + index * self.codes
        return range(start, start + self.codes)

    @property
    def first(self) -> int:
        """D, how many numbers a row has before a member's first layer."""
        embedded = self.embedding.width if self.embedding else 0
        return self.inputs + len(self.coded) * self.codes + embedded

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers a row has before, between and after the layers, in all M together."""
        return (self.first, *(self.members * width for width in self.hidden), self.outputs)

    @property
    def links(self) -> tuple[Link, ...]:
        """What its logits are; its members' mean differs between numbers and classes."""
        return (self.link,)

    @property
    def compilable(self) -> bool:
        """Whether it takes no text, since SciPy computes the text's projection."""
        return not self.projected

    def products(self, columns: int) -> int:
        """Return how many multiplications a row of so many columns of the input layer takes."""
        first = self.first - self.inputs + columns + len(self.pairs) + self.projected
        sizes = (first, *self.hidden, self.outputs)
        layers = sum(a * b for a, b in pairwise(sizes))
        return self.members * (layers + first * self.outputs)

    def shapes(self) -> Shapes:
        """Return the shape of every parameter by its name, layers as ``layers/0/weight``.

        The projection has one row per column of text, a number that the data determine.
        """
        sizes, m = (self.first, *self.hidden, self.outputs), self.members
        shapes: Shapes = {
            "shift": (m, len(self.coded), self.codes),
            "slope": (m, len(self.coded), self.codes),
            "wave": (m,),
            "wide": (m, self.first, self.outputs),
            "share": (m,),
            "sharpness": (1,),
        }
        for level, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            shapes[f"layers/{level}/weight"] = (m, fan_in, fan_out)
            shapes[f"layers/{level}/bias"] = (m, fan_out)
            if level < len(self.hidden):
                shapes[f"layers/{level}/leak"] = (m, fan_out)
        if self.embedding:
            shapes["embedding"] = (m, self.embedding.rows, self.embedding.size)
        if self.projected:
            shapes["projection"] = (None, self.projected)
        return shapes

    def has_shapes(self, params: Params) -> bool:
        """Tell whether the architecture is possible and the parameters have its shapes."""
        sound = self.members > 0 and len(self.hidden) > 0 and self.codes >= 0
        inside = all(0 <= place < self.inputs for place in self.coded)
        return sound and inside and have(params, self.shapes())

    def is_sound(self, params: Params) -> bool:
        """Tell whether its answer is a mean, with shares above 0 that add up to 1."""
        share = params["share"]
        return bool((share > 0).all() and abs(share.sum(dtype=np.float64) - 1) < 1e-3)

    def takes(self, layer: InputLayer, params: Params, *, dense: int, text: int) -> bool:
        """Tell whether it accepts an input layer's output for so many dense and text columns."""
        if bool(self.projected) != bool(text) or "sparse_one_hot" in layer.treatments:
            return False
        if self.projected and len(params["projection"]) != text:
            return False
        columns = layer.width(dense, 0) + len(self.pairs) + self.projected
        return self.inputs == columns and all(_is_pair(pair, dense) for pair in self.pairs)

    def expand(self, params: Params, dense: Any, codes: Any, xp: ModuleType) -> Any:
        """Return x₀ [M, n, D] from dense [M or 1, n, d] and embedding rows [M or 1, n, e].

        ``xp`` is NumPy or JAX's NumPy; the same code serves both.
        """
        members, (rows, _) = self.members, dense.shape[1:]
        parts = [xp.broadcast_to(dense, (members, rows, self.inputs))]
        if self.coded:
            column = dense[..., np.array(self.coded)][..., None]
            place = column - params["shift"][:, None]
            place *= params["slope"][:, None]  # in place with NumPy
            width = len(self.coded) * self.codes
            parts.append(codes_of(params["wave"], place, xp).reshape(members, rows, width))
        if self.embedding:
            member = xp.arange(members)[:, None, None]
            vectors = params["embedding"][
                member, xp.broadcast_to(codes, (members, *codes.shape[1:]))
            ]
            parts.append(vectors.reshape(members, rows, self.embedding.width))
        return xp.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

    def logits_of(self, params: Params, x: Any, xp: ModuleType) -> Any:
        """Return the members' logits [M, n, k] for x₀ [M, n, D]."""
        first, *_, last = params["layers"]
        z = x @ first["weight"] + first["bias"][:, None]
        return self.after_first(params, z, x @ params["wide"], xp) + last["bias"][:, None]

    def after_first(self, params: Params, z: Any, wide: Any, xp: ModuleType) -> Any:
        """Return the logits [M, n, k] without bias, given z = x₀ W₁ + b₁ and wide = x₀ V."""
        return self._units(params, z, xp) @ params["layers"][-1]["weight"] + wide

    def _units(self, params: Params, z: Any, xp: ModuleType) -> Any:
        """Return the units [M, n, h] of the last hidden layer, given z = x₀ W₁ + b₁."""
        first, *inner, _ = params["layers"]
        z = leaky(z, first["leak"], xp)
        for layer in inner:
            z = leaky(z @ layer["weight"] + layer["bias"][:, None], layer["leak"], xp)
        return z

    def mean(self, params: Params, logits: Any, xp: ModuleType) -> Any:
        """Return the pack's logits [n, k], given its members' [M, n, k]."""
        share = params["share"][:, None, None]
        if self.link == "identity":
            return (share * logits).sum(axis=0)
        if self.outputs > 1:
            logs = logits - log_sum(logits, 1, -1, xp)
            return params["sharpness"] * log_sum(logs, share, 0, xp)[0]
        # p = e^low / (1 + e^(low - high)) and 1 - p = e^-high / (1 + e^(low - high))
        low, high = xp.minimum(logits, 0), xp.maximum(logits, 0)
        share = share / (1 + xp.exp(low - high))
        return params["sharpness"] * (log_sum(low, share, 0, xp) - log_sum(-high, share, 0, xp))[0]

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX."""
        codes = inputs["codes"][None] if self.embedding else None
        x = self.expand(params, self.with_pairs(inputs["dense"], jnp)[None], codes, jnp)
        return self.mean(params, self.logits_of(params, x, jnp), jnp)

    def forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k] in NumPy, computing all products in full; `rows` is faster."""
        return self.mean(params, self.members_forward(params, inputs), np)

    def sizes(self, params: Params, dense: np.ndarray) -> Iterator[np.ndarray]:
        """Yield bounds on every number of the forward pass, like `Network.sizes`.

        They leave out the places of ramps: however far beyond a ramp a value is, its code is ½.
        """
        dense = dense.astype(params["wide"].dtype)
        first, second = np.array(self.pairs, np.intp).reshape(-1, 3)[:, :2].T
        parts = [dense, dense[first] + dense[second]]
        if self.projected:
            parts.append(np.abs(params["projection"]).sum(axis=0))
        row = np.concatenate(parts)
        yield row
        away = row[np.array(self.coded, np.intp)][:, None] + np.abs(params["shift"])
        yield away
        yield (away * np.abs(params["slope"]))[params["wave"] > 0]
        x = [row, np.ones(len(self.coded) * self.codes, row.dtype)]
        x = np.broadcast_to(np.concatenate(x), (self.members, sum(map(len, x))))
        if self.embedding:
            longest = np.abs(params["embedding"]).max(axis=1)
            x = np.concatenate([x, np.tile(longest, self.embedding.columns)], axis=1)
        z, wide = x[:, None], x[:, None] @ np.abs(params["wide"])
        *inner, last = params["layers"]
        for layer in inner:
            z = z @ np.abs(layer["weight"]) + np.abs(layer["bias"])[:, None]
            yield z
            z = np.maximum(1, np.abs(layer["leak"]))[:, None] * z
            yield z
        logits = z @ np.abs(last["weight"]) + wide + np.abs(last["bias"])[:, None]
        yield logits
        together = (np.abs(params["share"])[:, None, None] * logits).sum(axis=0)
        if self.link == "logit":  # the logarithms of the shares and of M are below 200
            together = np.abs(params["sharpness"]) * 2 * (logits.max(axis=0) + 200)
        yield together[0]

    def movement(self, params: Params, dense: Movement) -> Movement:
        """Tell from the signs of the weights how the logits (k,) move as one column rises.

        A ramp rises if its slope is above 0; a wave does not rise, unless its slope is 0.
        """
        first, second, sign = np.array(self.pairs, np.intp).reshape(-1, 3).T
        row = dense.padded(self.pair_places.start)
        row = row.beside(row[first] + row[second].times(sign)).padded(self.inputs)
        ramp = (params["wave"] <= 0)[:, None, None]
        codes = row[np.array(self.coded, np.intp), None].times(params["slope"]).where(ramp)
        every = np.zeros(self.members, np.intp)
        x = row[None][every].beside(codes.reshape(self.members, -1)).padded(self.first)
        *inner, last = params["layers"]
        z = x
        for layer in inner:
            z = z.through(layer["weight"]).where(layer["leak"] >= 0)
        logits = z.through(last["weight"]) + x.through(params["wide"])
        positive = np.append(params["share"], params["sharpness"]) > 0
        together = Movement(np.all(logits.rises, axis=0), np.all(logits.falls, axis=0))
        return together.where(positive.all())

    def bulk(self, params: Params) -> tuple[PackBulk, Params]:
        """Return the pack laid out for many rows; it looks up codes that rise in turn."""
        return PackBulk.of(self, params)

    def rows(self, params: Params) -> Callable[[Inputs], np.ndarray]:
        """Return the pack laid out for few rows; it looks up codes that rise in turn."""
        return PackRows(self, params)

    def first_layer(self, params: Params, inputs: Inputs) -> PackFirstLayer:
        """Return n rows at the members' first layers, where each column adds its own share."""
        return PackFirstLayer(self, params, inputs)

    def part(self, params: Params, members: np.ndarray) -> tuple[PackNetwork, Params]:
        """Return the pack of some of the members, whose shares keep their proportions."""
        of_all = {name: params[name] for name in ("sharpness", "projection") if name in params}
        kept = {name: leaf for name, leaf in params.items() if name not in of_all}
        kept = jax.tree.map(lambda leaf: leaf[members], kept)
        kept["share"] = kept["share"] / kept["share"].sum()
        return structs.replace(self, members=len(members)), {**kept, **of_all}

    def graph(self, params: Params, levels: Sequence[int] = ()) -> Graph:
        """Return it as a graph from the input layer's outputs to the logits."""
        return pack_graph(self, params, levels)

    def corners(self, params: Params) -> dict[int, np.ndarray]:
        """Return, by place in the dense block, where any member's ramps begin and end."""
        ramps = params["wave"] == 0
        shift, slope = (params[name][ramps].astype(np.float64) for name in ("shift", "slope"))
        corners = {}
        for index, place in enumerate(self.coded):
            begin, steep = shift[:, index], slope[:, index]
            begin, steep = begin[steep > 0], steep[steep > 0]
            corners[place] = np.unique(np.concatenate([begin, begin + 1 / steep]))
        return corners

    def last_layer(self, params: Params, inputs: Inputs) -> LastLayer:
        """Return n rows before the members' last layers, which their wide parts bypass."""
        dense, codes = self.flat(params, inputs)
        x = self.expand(params, dense[None], codes, np)
        first, *_, last = params["layers"]
        units = self._units(params, x @ first["weight"] + first["bias"][:, None], np)
        wide = x @ params["wide"]
        return LastLayer(units, wide, last["weight"], last["bias"], params["share"])

    def members_forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return the members' logits [M, n, k] in NumPy."""
        dense, codes = self.flat(params, inputs)
        return self.logits_of(params, self.expand(params, dense[None], codes, np), np)

    def flat(self, params: Params, inputs: Inputs) -> tuple[np.ndarray, np.ndarray | None]:
        """Return dense [n, d], with pairs and text, and the embedding rows [1, n, e] if any."""
        dense = self.with_pairs(inputs["dense"], np)
        if self.projected:
            text = (inputs["sparse"] @ params["projection"]).astype(dense.dtype, copy=False)
            dense = np.concatenate([dense, text], axis=1)
        return dense, inputs["codes"][None] if self.embedding else None

    def laid_flat(self, params: Params, inputs: Inputs) -> dict[str, np.ndarray]:
        """Return inputs with pairs and text among the dense columns."""
        codes = {"codes": inputs["codes"]} if self.embedding else {}
        return {"dense": self.flat(params, inputs)[0], **codes}

    def with_pairs(self, dense: Any, xp: ModuleType) -> Any:
        """Append the sums and differences to the columns of the input layer, [n, ...]."""
        if not self.pairs:
            return dense
        first, second, sign = np.array(self.pairs).T
        summed = dense[:, first]
        summed += sign.astype(dense.dtype) * dense[:, second]
        return xp.concatenate([dense, summed], axis=1)


def _is_pair(pair: Pair, columns: int) -> bool:
    first, second, sign = pair
    return 0 <= first < columns and 0 <= second < columns and first != second and abs(sign) == 1


def log_sum(logs: Any, share: Any, axis: int, xp: ModuleType) -> Any:
    """Return log Σ w exp(logs) along an axis, which is kept, for shares w > 0.

    SciPy's logsumexp gives the same, but takes longer for one row than all layers of four members.
    """
    most = logs.max(axis=axis, keepdims=True)
    return most + xp.log((share * xp.exp(logs - most)).sum(axis=axis, keepdims=True))
