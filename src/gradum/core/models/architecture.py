"""The protocol of models: what a rung can ask of any of them, whatever it is made of.

An architecture is data: how many inputs, outputs and units there are, never their weights. Those
are its parameters, a dict of arrays that is handed to each method. A new kind of model is one file
with these methods, and one more member of the union in `gradum.ship.rung_record`.

Shapes: n rows, d columns of the dense block, v sparse columns, k outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from gradum.core.bounds.graph import Graph
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.monotonicity import Movement
from gradum.core.models.network import Embedding, Inputs, Link, Network
from gradum.core.models.opened import FirstLayer, LastLayer
from gradum.core.models.parameters import Params, Shapes


class Bulk(Protocol):
    """A model as its compiled forward computes it; it is hashable."""

    @property
    def outputs(self) -> int:
        """Logits a row, k."""
        ...

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX, of inputs without sparse columns."""
        ...


class Architecture(Protocol):
    """A model without its parameters."""

    @property
    def inputs(self) -> int:
        """Numbers a row has before the first layer, embedded ones not counted."""
        ...

    @property
    def outputs(self) -> int:
        """Logits a row, k."""
        ...

    @property
    def hidden(self) -> tuple[int, ...]:
        """Width of each hidden layer."""
        ...

    @property
    def embedding(self) -> Embedding | None:
        """How columns of many levels enter; None where there are none."""
        ...

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers a row has before the first layer, between layers, and at the end."""
        ...

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the blocks of inputs that it can take."""
        ...

    @property
    def links(self) -> tuple[Link, ...]:
        """What its logits can be: numbers (``identity``), classes (``logit``), or either."""
        ...

    @property
    def is_linear(self) -> bool:
        """Whether the logits are linear in the parameters."""
        ...

    @property
    def single(self) -> Network | None:
        """The one network that it is, whose steps can be shown layer by layer; None of many."""
        ...

    @property
    def compilable(self) -> bool:
        """Whether many rows can go through a compiled program."""
        ...

    def products(self, columns: int) -> int:
        """Return how many multiplications a row of so many dense columns takes."""
        ...

    def shapes(self) -> Shapes:
        """Return the shape of every parameter by its name, layers as ``layers/0/weight``.

        A length that the data say, not the architecture, is None.
        """
        ...

    def has_shapes(self, params: Params) -> bool:
        """Tell whether parameters have the shapes of an architecture that can be."""
        ...

    def is_sound(self, params: Params) -> bool:
        """Tell whether parameters of these shapes have values that its formula allows."""
        ...

    def takes(self, layer: InputLayer, params: Params, *, dense: int, text: int) -> bool:
        """Tell whether it takes what an input layer makes of so many dense and text columns."""
        ...

    def sizes(self, params: Params, dense: np.ndarray) -> Iterator[np.ndarray]:
        """Yield bounds of every number of the forward, the logits' last.

        Takes the largest sizes of the columns of the dense block.
        """
        ...

    def movement(self, params: Params, dense: Movement) -> Movement:
        """Tell by the signs of the weights how the logits (k,) move as one column rises.

        Takes how the columns of the dense block, (d,) or its first ones, move; all other inputs do
        not.
        """
        ...

    def forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k] in NumPy."""
        ...

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX, of inputs without sparse columns; differentiable."""
        ...

    def absorb(self, params: Params, columns: Any) -> Params:
        """Return parameters that hold what sparse columns [n, v] add, and take no such columns.

        Where it is `compilable`, this is how sparse columns reach the compiled forward.
        """
        ...

    def bulk(self, params: Params) -> tuple[Bulk, Params]:
        """Return the model and its parameters laid out for many rows, where it is `compilable`."""
        ...

    def rows(self, params: Params) -> Callable[[Inputs], np.ndarray]:
        """Return a function from inputs to logits [n, k] in NumPy, fast for one row and for few.

        It may hold the parameters a second time, laid out for that.
        """
        ...

    def first_layer(self, params: Params, inputs: Inputs) -> FirstLayer:
        """Return n rows at the first layer, where each column adds its own share."""
        ...

    def graph(self, params: Params, levels: Sequence[int] = ()) -> Graph:
        """Return it as a graph from the first layer's inputs to the logits, for bounds.

        Its inputs are the dense and the sparse columns, then for every row of the embedding 1 where
        a coded column has that level, else 0; ``levels`` says how many rows each such column has.
        """
        ...

    def corners(self, params: Params) -> dict[int, np.ndarray]:
        """Return, by place in the dense block, the values at which a column's codes bend."""
        ...

    def last_layer(self, params: Params, inputs: Inputs) -> LastLayer:
        """Return n rows before the last layer, whose sum the logits are."""
        ...
