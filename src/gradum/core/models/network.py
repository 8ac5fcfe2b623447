"""The one family of models: feed-forward networks, of which a linear model is the shallowest.

Shapes: n rows, d dense columns, c coded columns, k outputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import msgspec
import numpy as np
import scipy.linalg
from msgspec import structs

from gradum.core.bounds.arrangement import Concatenated, Selected
from gradum.core.bounds.graph import INPUT, Draft, Graph
from gradum.core.bounds.linear import Affine
from gradum.core.models.activations import ACTIVATIONS, STEEPEST, glorot_bound
from gradum.core.models.architecture import Architecture, Embedding
from gradum.core.models.few_rows import are_few
from gradum.core.models.input_blocks import Inputs, take
from gradum.core.models.monotonicity import Movement
from gradum.core.models.opened import (
    FirstLayer,
    LastLayer,
    Pieces,
    Places,
    on_the_way,
    with_crossings,
)
from gradum.core.models.parameters import Params, Shapes
from gradum.errors import SpecError
from gradum.messages import listed

ROWS_AT_ONCE = 8192  # in the NumPy forward pass: bounds memory, and keeps a block in cache


class Network(Architecture, msgspec.Struct, frozen=True, tag="network"):
    """A feed-forward network, z₀ = x, zₗ = σ(zₗ₋₁ Wₗ + bₗ), logits = z W + b.

    Without hidden layers it is a linear model: linear regression with squared error, logistic
    regression with log loss.

    Its parameters are ``{"layers": [{"weight": [in, out], "bias": [out]}, …]}`` and, where
    there are coded columns, ``"embedding": [rows, size]``. Its inputs are ``{"dense": [n, d]}``
    and, where there are coded columns, ``"codes"``: int32 [n, c], rows of the embedding table.
    The first weight takes the dense columns first, then the embedded ones.

    Parameters
    ----------
    inputs : int
        Numeric columns, d.
    outputs : int
        Logits per row, k.
    hidden : tuple of int
        Width of each hidden layer.
    activation : str
        σ, a name in ``ACTIVATIONS``.
    intercept : bool
        Whether the last layer has a bias.
    embedding : Embedding, optional
        How coded columns enter; None if there are none.

    Raises
    ------
    SpecError
        The activation is unknown, or a width is not positive.
    """

    inputs: int
    outputs: int = 1
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    intercept: bool = True
    embedding: Embedding | None = None

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise SpecError(
                "There is no activation {activation!r}.",
                "Choose one of {names}.",
                activation=self.activation,
                names=listed(list(ACTIVATIONS)),
            )
        if any(width < 1 for width in (*self.hidden, self.outputs)):
            raise SpecError(
                "The layer widths are {widths}.",
                "Every layer needs at least one unit.",
                widths=(*self.hidden, self.outputs),
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers a row has before the first layer, between layers, and at the end."""
        embedded = self.embedding.width if self.embedding else 0
        return (self.inputs + embedded, *self.hidden, self.outputs)

    @property
    def is_linear(self) -> bool:
        """Whether the logits are linear in the parameters, so that a convex loss stays convex."""
        return not self.hidden and self.embedding is None

    def input_forms(self, dtype: Any) -> dict[str, tuple[int, Any]]:
        """Return width and dtype of each block that it takes in JAX, given the numbers' dtype."""
        forms = {"dense": (self.inputs, dtype)}
        if self.embedding:
            forms["codes"] = (self.embedding.columns, np.int32)
        return forms

    @property
    def single(self) -> Network:
        """The network itself."""
        return self

    @property
    def compilable(self) -> bool:
        """Always true: what sparse columns add goes into a bias."""
        return True

    def products(self, columns: int) -> int:
        """Return how many multiplications a row of so many dense columns takes."""
        embedded = self.embedding.width if self.embedding else 0
        sizes = (columns + embedded, *self.widths[1:])
        return sum(a * b for a, b in itertools.pairwise(sizes))

    def shapes(self) -> Shapes:
        """Return the shape of every parameter by its name, layers as ``layers/0/weight``."""
        shapes: Shapes = {}
        for level, (fan_in, fan_out) in enumerate(itertools.pairwise(self.widths)):
            shapes[f"layers/{level}/weight"] = (fan_in, fan_out)
            if self.intercept or level < len(self.hidden):
                shapes[f"layers/{level}/bias"] = (fan_out,)
        if self.embedding:
            shapes["embedding"] = (self.embedding.rows, self.embedding.size)
        return shapes

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        """Draw the initial parameters, in NumPy.

        A linear model starts at 0. A hidden layer's weights are uniform within its activation's
        bound, the last layer's within Glorot's; biases are uniform within 1/√fan_in, so that
        the kinks of a ReLU do not all lie at 0; embeddings are N(0, 0.1²).
        """
        widths, layers = self.widths, []
        for level, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
            last = level == len(widths) - 2
            bound = glorot_bound if last else ACTIVATIONS[self.activation].bound
            size = 0.0 if self.is_linear else bound(max(fan_in, 1), fan_out)
            layer = {"weight": rng.uniform(-size, size, (fan_in, fan_out)).astype(dtype)}
            if last and self.intercept:
                layer["bias"] = np.zeros(fan_out, dtype)
            elif not last:
                shift = 1.0 / np.sqrt(max(fan_in, 1))
                layer["bias"] = rng.uniform(-shift, shift, fan_out).astype(dtype)
            layers.append(layer)
        params: Params = {"layers": layers}
        if self.embedding:
            table = rng.normal(0.0, 0.1, (self.embedding.rows, self.embedding.size))
            params["embedding"] = table.astype(dtype)
        return params

    def apply(
        self, params: Params, inputs: Inputs, drop: Callable[[Any, int], Any] | None = None
    ) -> Any:
        """Return the logits [n, k] in JAX: differentiable, and to be compiled.

        ``drop`` takes the outputs [n, h] of each hidden layer and its number, and returns the
        outputs to go on with.
        """
        first = inputs["dense"]
        if self.embedding:
            vectors = params["embedding"][inputs["codes"]]
            first = jnp.concatenate([first, vectors.reshape(len(vectors), -1)], axis=1)
        return _layers(first, params["layers"], ACTIVATIONS[self.activation].jax, drop)

    def forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k] in NumPy, which is faster than JAX for few rows.

        ``inputs`` may also hold ``"sparse"``, a SciPy CSR array [n, v] of columns that follow
        the dense ones; d + v columns together are the network's ``inputs``.
        """
        rows = len(inputs["dense"])
        if rows <= ROWS_AT_ONCE:
            return self._forward(params, inputs)
        stretches = (slice(at, at + ROWS_AT_ONCE) for at in range(0, rows, ROWS_AT_ONCE))
        return np.concatenate([self._forward(params, take(inputs, part)) for part in stretches])

    def first(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return z₀ [n, d] in NumPy: the dense columns, then the vectors of the coded ones."""
        return self._with_embedded(params, inputs, inputs["dense"])

    def sizes(self, params: Params, dense: np.ndarray) -> Iterator[np.ndarray]:
        """Yield bounds on every number of the forward pass, the logits last.

        ``dense`` holds the largest sizes of the columns of the dense block; sparse columns follow
        them, with sizes up to 1. Sums stay within Σ |x| |W| + |b|, in whatever order they are
        taken.
        """
        dtype = params["layers"][0]["weight"].dtype
        parts = [dense.astype(dtype), np.ones(self.inputs - len(dense), dtype)]
        if self.embedding:
            longest = np.abs(params["embedding"]).max(axis=0)
            parts.append(np.tile(longest, self.embedding.columns))
        z = np.concatenate(parts)
        yield z
        *inner, last = params["layers"]
        for layer in inner:
            z = z @ np.abs(layer["weight"]) + np.abs(layer["bias"])
            yield z
            z = STEEPEST * z + 2
        yield z @ np.abs(last["weight"]) + np.abs(last.get("bias", 0.0))

    def movement(self, params: Params, dense: Movement) -> Movement:
        """Tell from the signs of the weights how the logits (k,) move as one column rises."""
        *inner, last = params["layers"]
        z, rising = dense.padded(self.widths[0]), ACTIVATIONS[self.activation].rising
        for layer in inner:
            z = z.through(layer["weight"]).where(rising)
        return z.through(last["weight"])

    def first_layer(self, params: Params, inputs: Inputs) -> NetworkFirstLayer:
        """Return n rows at the first layer, where each column adds its own share."""
        return NetworkFirstLayer(self, params, inputs)

    def graph(self, params: Params, levels: Sequence[int] = ()) -> Graph:
        """Return it as a graph from the first layer's inputs to the logits.

        Its inputs are the scaled dense columns, then the sparse ones, then for every row of the
        embedding 1 if a coded column has that level, else 0; ``levels`` says how many rows of the
        embedding each coded column has.
        """
        draft = Draft(self.inputs + sum(levels))
        place = INPUT
        if self.embedding:
            numbers = draft.add(Selected(np.arange(self.inputs)), INPUT)
            rows = draft.add(Selected(self.inputs + np.arange(sum(levels))), INPUT)
            vectors = draft.add(looked_up(params["embedding"], levels), rows)
            place = draft.add(Concatenated(), numbers, vectors)
        activation = ACTIVATIONS[self.activation].operation
        for level, layer in enumerate(params["layers"]):
            if level and activation is not None:
                place = draft.add(activation, place)
            bias = layer.get("bias", np.zeros(layer["weight"].shape[1]))
            weight = layer["weight"].astype(np.float64)
            place = draft.add(Affine(weight, bias.astype(np.float64)), place)
        return draft.graph()

    def last_layer(self, params: Params, inputs: Inputs) -> LastLayer:
        """Return n rows before the last layer, which is the first if there are no hidden layers."""
        *inner, last = params["layers"]
        if inner and "sparse" in inputs:
            params = self.absorb(params, inputs["sparse"])
            *inner, last = params["layers"]
        units = inputs["dense"]
        if not inner and "sparse" in inputs:
            units = np.concatenate([units, inputs["sparse"].toarray()], axis=1)
        units = _hidden(
            self._with_embedded(params, inputs, units), inner, ACTIVATIONS[self.activation].numpy
        )
        weight = last["weight"]
        bias = last.get("bias", np.zeros(self.outputs, weight.dtype))
        beside = np.zeros((len(units), self.outputs), weight.dtype)
        return LastLayer(units[None], beside[None], weight[None], bias[None], np.ones(1))

    def absorb(self, params: Params, columns: Any) -> Params:
        """Move what sparse columns [n, v] add to the first layer's sum into its bias, [n, h].

        What is left is a network without sparse columns, whose forward pass is the same in NumPy
        and in JAX.
        """
        first, *others = params["layers"]
        weight, start = first["weight"], self.inputs - columns.shape[1]
        bias = first.get("bias", 0) + columns @ weight[start : self.inputs]
        rest = np.concatenate([weight[:start], weight[self.inputs :]])
        return params | {"layers": [{"weight": rest, "bias": bias}, *others]}

    def rows(self, params: Params) -> Callable[[Inputs], np.ndarray]:
        """Return the forward function, which multiplies a few rows one by one."""
        sigma = ACTIVATIONS[self.activation].numpy

        def logits(inputs: Inputs) -> np.ndarray:
            if not are_few(len(inputs["dense"])):
                return self.forward(params, inputs)
            layers = params["layers"]
            if "sparse" in inputs:
                first, *others = self.absorb(params, inputs["sparse"])["layers"]
                layers = [first | {"bias": first["bias"][:, None]}, *others]
            return _layers(self.first(params, inputs)[:, None], layers, sigma)[:, 0]

        return logits

    def _forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        if "sparse" in inputs:
            params = self.absorb(params, inputs["sparse"])
        first = self.first(params, inputs)
        return _layers(first, params["layers"], ACTIVATIONS[self.activation].numpy)

    def _with_embedded(self, params: Params, inputs: Inputs, columns: np.ndarray) -> np.ndarray:
        """Append the vectors of coded columns to the other columns."""
        if not self.embedding:
            return columns
        vectors = params["embedding"][inputs["codes"]]
        return np.concatenate([columns, vectors.reshape(len(vectors), -1)], axis=1)


@dataclass(frozen=True)
class NetworkFirstLayer(FirstLayer):
    """n rows before a network's first layer."""

    network: Network
    params: Params
    inputs: Inputs

    @property
    def products(self) -> int:
        """How many multiplications one row of z takes in the layers after it."""
        return sum(a * b for a, b in itertools.pairwise(self.network.widths[1:]))

    def total(self) -> np.ndarray:
        """Return the sum of all shares and of the bias: z (n, h), h the first layer's width."""
        first = structs.replace(self.network, outputs=self.network.widths[1], hidden=())
        return first.forward({**self.params, "layers": self.params["layers"][:1]}, self.inputs)

    def share(self, places: Places) -> np.ndarray | None:
        """Return what a column alone adds to z (n, h); None if it is not seen."""
        weight, shares = self.params["layers"][0]["weight"], []
        dense, sparse, coded = (places[name] for name in ("dense", "sparse", "codes"))
        width = self.inputs["dense"].shape[1]
        if len(dense):
            shares.append(self.inputs["dense"][:, dense] @ weight[dense])
        if len(sparse):
            shares.append(self.inputs["sparse"][:, sparse] @ weight[width + sparse])
        for place in coded:
            embedding = self.params["embedding"]
            size = embedding.shape[1]
            start = self.network.inputs + place * size
            vectors = embedding[self.inputs["codes"][:, place]]
            shares.append(vectors @ weight[start : start + size])
        return sum(shares[1:], shares[0]) if shares else None

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Return the logits (m, k) for z (m, h), through the other layers, in float64."""
        network, others = self.network, self.params["layers"][1:]
        if not others:
            return total.astype(np.float64)
        rest = structs.replace(
            network, inputs=network.widths[1], hidden=network.hidden[1:], embedding=None
        )
        inputs: dict[str, Any] = {"dense": ACTIVATIONS[network.activation].numpy(total)}
        return rest.forward({"layers": others}, inputs).astype(np.float64)

    def pieces(self) -> Pieces | None:
        """Return the answers on the way from the first row to the second; None if curved."""
        activation, others = ACTIVATIONS[self.network.activation], self.params["layers"][1:]
        if others and not activation.straight:
            return None
        places = np.array([0.0, 1.0])
        sums = replace(self, inputs=on_the_way(self.inputs, places)).total()[None]
        for layer in others:
            places, sums = with_crossings(places, sums)
            sums = activation.numpy(sums) @ layer["weight"] + layer.get("bias", 0.0)
        return places, sums


def looked_up(table: np.ndarray, levels: Sequence[int]) -> Affine:
    """Return the lookup in an embedding [rows, size] as a product: each column's vector in turn.

    Parameters
    ----------
    table : ndarray of shape (rows, size)
    levels : sequence of int
        How many rows each coded column has, in the columns' order.
    """
    vectors = np.split(table.astype(np.float64), np.cumsum(levels)[:-1])
    weight = np.asarray(scipy.linalg.block_diag(*vectors))
    return Affine(weight, np.zeros(len(levels) * table.shape[1]), roundings=1)


def _layers(
    z: Any,
    layers: list[dict[str, Any]],
    sigma: Callable[[Any], Any],
    drop: Callable[[Any, int], Any] | None = None,
) -> Any:
    """Return σ(… σ(z W₁ + b₁) …) W + b: the same code for NumPy and for JAX."""
    *inner, last = layers
    z = _hidden(z, inner, sigma, drop)
    return z @ last["weight"] + last["bias"] if "bias" in last else z @ last["weight"]


def _hidden(
    z: Any,
    layers: list[dict[str, Any]],
    sigma: Callable[[Any], Any],
    drop: Callable[[Any, int], Any] | None = None,
) -> Any:
    """Return σ(… σ(z W₁ + b₁) …)."""
    for level, layer in enumerate(layers):
        z = z @ layer["weight"]
        z += layer["bias"]  # in place with NumPy: half the time goes into memory
        z = sigma(z)
        if drop is not None:
            z = drop(z, level)
    return z
