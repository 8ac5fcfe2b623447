"""A rung opened at its first layer, to which every column of the table adds its own share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import issparse

from gradum.core.models.input_blocks import Inputs, of_matrix, take
from gradum.core.models.opened import Change, FirstLayer, Interaction, Places
from gradum.rungs.rung import Rung
from gradum.tables.kinds.design import Design, Layout


@dataclass(frozen=True)
class Opened:
    """A rung, and n rows at its first layer."""

    rung: Rung
    """The baseline sees no column."""
    layout: Layout
    """The layout of the design that the rung takes."""
    inputs: Inputs
    """The rows in the form that its network takes."""

    @classmethod
    def of(cls, rung: Rung, design: Design) -> Opened:
        """Prepare the rows of a design for a rung's network."""
        if rung.input_layer is None:
            return cls(rung, design.layout, of_matrix(np.zeros((len(design), 0))))
        inputs = rung.input_layer(design.arrays, dtype=rung.dtype)
        # Sparse parts are read by columns.
        by_columns = {k: block.tocsc() if issparse(block) else block for k, block in inputs.items()}
        return cls(rung, design.layout, by_columns)

    @cached_property
    def total(self) -> np.ndarray:
        """The sum of all shares and the bias: z (n, h), with h the first layer's width."""
        return self.first_layer.total()

    def share(self, column: str) -> np.ndarray | None:
        """Return what a column of the table by itself adds to z (n, h); None if it is not seen."""
        places = self._places.get(column)
        return None if places is None else self.first_layer.share(places)

    def change(self, column: str) -> Change | None:
        """Return the effect of other rows' values of a column; None if the rung does not see it."""
        places = self._places.get(column)
        return None if places is None else self.first_layer.change(places)

    def interaction(self, one: str, other: str) -> Interaction | None:
        """Return the joint effect of two columns; None if each only adds its own share."""
        first, second = self._places.get(one), self._places.get(other)
        if first is None or second is None:
            return None
        return self.first_layer.interaction(first, second)

    def place_of_number(self, column: str) -> int | None:
        """Return the position of a column of numbers in the dense block; None if it is not seen."""
        if column not in self._places:
            return None
        features = enumerate(self.layout.dense)
        values = (place for place, it in features if (it.source, it.kind) == (column, "value"))
        return next(values, None)

    def on_the_way(self, column: str, row: int, ends: tuple[int, int]) -> FirstLayer:
        """Prepare one row for the network with the values that two rows have in a column.

        The column must be numeric.
        """
        inputs = take(self.inputs, [row, row])
        for name, places in self._places[column].items():
            if len(places):
                inputs[name][:, places] = self.inputs[name][list(ends)][:, places]
        return self.rung.network.first_layer(self.rung.params, inputs)

    def logits(self, total: np.ndarray) -> np.ndarray:
        """Compute from z (m, h), through the other layers, the logits (m, k), in float64."""
        return self.first_layer.logits(total)

    @cached_property
    def first_layer(self) -> FirstLayer:
        """The rows at the network's first layer."""
        return self.rung.network.first_layer(self.rung.params, self.inputs)

    @cached_property
    def _places(self) -> dict[str, Places]:
        if self.rung.input_layer is None:
            return {}
        return dict(self.rung.input_layer.places(self.layout))
