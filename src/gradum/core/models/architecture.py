"""The base of models: what a rung can ask of any model, whatever it is made of.

An architecture is data: the numbers of inputs, outputs and units, never their weights. The weights
are its parameters, a dict of arrays that is passed to each method. A new architecture is a frozen
msgspec struct, which is its form in files, with two fields and three methods:

    inputs, outputs, shapes, forward, apply

Everything else has a default: either the model cannot do it, or it is done in a slower way.

Shapes: n rows, d columns of the dense block, v sparse columns, k outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from scipy import sparse

from gradum.core.bounds.graph import Graph
from gradum.core.models.few_rows import one_by_one
from gradum.core.models.input_blocks import Inputs
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.monotonicity import Movement
from gradum.core.models.opened import FirstLayer, LastLayer, Pieces, Places
from gradum.core.models.parameters import Params, Shapes, have
from gradum.messages import marked

Link = Literal["identity", "logit"]


@dataclass(frozen=True)
class Embedding:
    """One table of vectors that all coded columns share.

    Parameters
    ----------
    rows : int
        Rows of the table: the levels of all coded columns together.
    columns : int
        Coded columns, c; each has its own consecutive rows of the table.
    size : int
        Length of a vector.
    """

    rows: int
    columns: int
    size: int = 8

    @classmethod
    def of(cls, layer: InputLayer, size: int) -> Embedding | None:
        """Return the table of the columns that an input layer leaves to be embedded, if any."""
        return (
            cls(layer.embedding_rows, layer.embedded_columns, size)
            if layer.embedded_columns
            else None
        )

    @property
    def width(self) -> int:
        """How many numbers a row of the inputs becomes."""
        return self.columns * self.size


class Bulk(Protocol):
    """A model in the form that its compiled forward pass computes; it is hashable."""

    @property
    def outputs(self) -> int:
        """Logits per row, k."""
        ...

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX, for inputs without sparse columns."""
        ...


class Architecture:
    """A model without its parameters.

    Every architecture has `inputs`, how many numbers a row has before the first layer without
    embedded ones; `outputs`, logits per row, k; and the methods that raise NotImplementedError
    here.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Refuse fields that would hide what any architecture can be asked, such as `rows`."""
        super().__init_subclass__()
        hidden = [name for name in cls.__annotations__ if callable(getattr(Architecture, name, 0))]
        if hidden:
            raise TypeError(f"Fields of {cls.__name__} hide methods of Architecture: {hidden}.")

    inputs: int
    outputs: int

    hidden: tuple[int, ...] = ()
    """Width of each hidden layer."""

    intercept: bool = True
    """Whether constants are added to the logits; they are in every rung of a file."""

    embedding: Embedding | None = None
    """How columns with many levels enter; None if there are none."""

    without_steps: ClassVar[str] = marked(
        "A model of this kind is not a chain of layers whose steps could be shown one by one."
    )
    """Why it is not a `single` network."""

    without_graph: ClassVar[str] = marked(
        "its architecture has no graph of operations from which bounds could be computed"
    )
    """Why it has no `graph`."""

    def shapes(self) -> Shapes:
        """Return the shape of every parameter by its name, layers as ``layers/0/weight``.

        A length that the data determine, not the architecture, is None.
        """
        raise NotImplementedError

    def forward(self, params: Params, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k] in NumPy."""
        raise NotImplementedError

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX, differentiable, for inputs without sparse columns."""
        raise NotImplementedError

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers a row has before the first layer, between layers, and at the end."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def links(self) -> tuple[Link, ...]:
        """What its logits can be: numbers (``identity``), classes (``logit``), or either."""
        return ("identity", "logit")

    @property
    def is_linear(self) -> bool:
        """Whether the logits are linear in the parameters."""
        return False

    @property
    def single(self) -> Any:
        """The model as one `Network`, whose steps can be shown layer by layer, or None."""
        return None

    @property
    def compilable(self) -> bool:
        """Whether many rows go through a compiled program, made of `apply` or by `bulk`.

        If so, `absorb` has to take sparse columns, if there can be any.
        """
        return False

    def products(self, columns: int) -> int:
        """Return roughly how many multiplications a row of so many dense columns takes."""
        return sum(math.prod(filter(None, shape)) for shape in self.shapes().values())

    def has_shapes(self, params: Params) -> bool:
        """Tell whether the architecture is possible and the parameters have its shapes."""
        return have(params, self.shapes())

    def is_sound(self, params: Params) -> bool:
        """Tell whether parameters with these shapes have values that its formula allows."""
        return True

    def takes(self, layer: InputLayer, params: Params, *, dense: int, text: int) -> bool:
        """Tell whether it accepts an input layer's output for so many dense and text columns."""
        return self.inputs == layer.width(dense, text)

    def sizes(self, params: Params, dense: np.ndarray) -> Iterator[np.ndarray]:
        """Yield bounds on every number of the forward pass, the logits last; none if unknown.

        ``dense`` holds the largest sizes of the columns of the dense block.
        """
        yield from ()

    def movement(self, params: Params, dense: Movement) -> Movement:
        """Tell from the signs of the weights how the logits (k,) move as one column rises.

        ``dense`` tells how all columns (d,) of the dense block, or its first ones, move; no other
        input moves.
        """
        unknown = np.zeros(self.outputs, bool)
        return Movement(unknown, unknown)

    def absorb(self, params: Params, columns: Any) -> Params:
        """Return parameters that include what sparse columns [n, v] add, and take no such columns.

        If the model is `compilable`, this is how sparse columns reach the compiled forward pass.
        """
        raise ValueError("There is no compiled forward, and nothing takes sparse columns in.")

    def bulk(self, params: Params) -> tuple[Bulk, Params]:
        """Return the model and its parameters laid out for many rows, if it is `compilable`."""
        return self, params

    def rows(self, params: Params) -> Callable[[Inputs], np.ndarray]:
        """Return a function from inputs to logits [n, k] in NumPy, fast for one or a few rows.

        Each of up to `FEW_ROWS` rows has the bits that it has alone. The function may hold a second
        copy of the parameters, laid out for this.
        """
        return partial(one_by_one, partial(self.forward, params))

    def first_layer(self, params: Params, inputs: Inputs) -> FirstLayer:
        """Return n rows at the first layer, where each column adds its own share."""
        return InputsThemselves(self, params, inputs)

    def last_layer(self, params: Params, inputs: Inputs) -> LastLayer | None:
        """Return n rows before the last layer, which sums up to the logits; None if it does not."""
        return None

    def graph(self, params: Params, levels: Sequence[int] = ()) -> Graph | None:
        """Return it as a graph from the first layer's inputs to the logits, for bounds, or None.

        The graph's inputs are the dense and the sparse columns, then for every row of the embedding
        1 if a coded column has that level, else 0; ``levels`` says how many rows each coded column
        has.
        """
        return None

    def corners(self, params: Params) -> dict[int, np.ndarray]:
        """Return, by place in the dense block, the values at which a column's codes bend."""
        return {}


@dataclass(frozen=True)
class InputsThemselves(FirstLayer):
    """n rows of a model without a known first layer: z is the model's input, (n, h), float64.

    Its numbers stand block by block, in the order of `inputs`. A column's share has the column's
    numbers at their own places, and 0 elsewhere. The whole model comes after z.
    """

    network: Architecture
    params: Params
    inputs: Inputs

    @property
    def products(self) -> int:
        """The multiplications that one row of z takes."""
        return self.network.products(self.network.inputs)

    def total(self) -> np.ndarray:
        """Return the inputs as they are: z (n, h)."""
        blocks = self.inputs.values()
        filled = [block.toarray() if sparse.issparse(block) else block for block in blocks]
        return np.concatenate(filled, axis=1).astype(np.float64)

    def share(self, places: Places) -> np.ndarray | None:
        """Return a column's own inputs, and 0 in place of others; None if it has none."""
        blocks = self.inputs.items()
        own = [np.isin(np.arange(block.shape[1]), places[name]) for name, block in blocks]
        own = np.concatenate(own)
        return np.where(own, self.total(), 0.0) if own.any() else None

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Return the model's logits (m, k) for z (m, h), in float64."""
        inputs, start = {}, 0
        for name, block in self.inputs.items():
            part = total[:, start : start + block.shape[1]]
            part = np.rint(part) if np.issubdtype(block.dtype, np.integer) else part
            part = part.astype(block.dtype)
            inputs[name] = sparse.csr_array(part) if sparse.issparse(block) else part
            start += block.shape[1]
        return self.network.forward(self.params, inputs).astype(np.float64)

    def pieces(self) -> Pieces | None:
        """Return None: where the model bends is not known."""
        return None
