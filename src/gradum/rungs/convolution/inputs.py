"""The rows as convolutional networks see them, and the network that suits their columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradum.core.losses import Loss
from gradum.core.models.architecture import Embedding
from gradum.core.models.convolution import Convolution, ConvolutionNetwork, GridLayers
from gradum.core.models.input_blocks import GridShape, Inputs, codes_in, grids_in, is_flat
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.parameters import Params
from gradum.rungs.convolution.program import Batch
from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.robust_layer import robust_layer
from gradum.rungs.rows import Rows, expanded

MEASURED = 512  # rows, by which the brightness of a column of grids is measured


@dataclass(frozen=True, eq=False)
class ConvolutionInputs:
    """All rows, and the network of one member that takes them.

    Parameters
    ----------
    fixed : dict
        The centre and the scale of each column of grids.
    inputs : Inputs
        The rows as the layer gives them.
    target, weight : ndarray of shape (n,)
        As they are learned.
    """

    layer: InputLayer
    network: ConvolutionNetwork
    fixed: Params
    inputs: Inputs
    target: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(
        cls, rows: Rows, spec: ConvolutionSpec, loss: Loss, target: np.ndarray
    ) -> ConvolutionInputs:
        """Measure the rows, and lay out a network for their columns."""
        layout = rows.design.layout
        shapes = tuple(column.shape for column in layout.grids)
        layer = replace(robust_layer(rows), grids=shapes)
        measured = [k for k, column in enumerate(layout.dense) if column.traits.is_of_shape]
        network = ConvolutionNetwork(
            members=1,
            inputs=layer.width(len(layout.dense), len(layout.sparse)),
            outputs=loss.outputs(rows.classes),
            hidden=(spec.hidden_units,),
            grids=tuple(GridLayers(*shape, layers_for(shape, spec)) for shape in shapes),
            left_out=tuple(measured),
            embedding=Embedding.of(layer, spec.embedding_size),
        )
        inputs = expanded(layer, rows)
        weight = (rows.weight / rows.weight.mean()).astype(np.float32)
        labels = target if rows.classes is not None else target.astype(np.float32)
        return cls(layer, network, _measured(inputs, shapes), inputs, labels, weight)

    def grids(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return the grids of some rows: uint8 (m, h, w, c) for each column."""
        return grids_in({"grids": self.inputs["grids"][rows]}, self.layer.grids)

    def batch(self, rows: np.ndarray, grids: list[np.ndarray]) -> Batch:
        """Return rows with these grids in place of their own."""
        dense = self.inputs["dense"]
        numbers = dense[rows][:, self.network.seen(dense.shape[1])]
        if "sparse" in self.inputs:
            text = self.inputs["sparse"][rows].toarray()
            numbers = np.concatenate([numbers, text], axis=1)
        codes = codes_in(self.inputs)[rows] if self.network.embedding else None
        return Batch(grids, numbers, codes, self.target[rows], self.weight[rows])


def layers_for(shape: GridShape, spec: ConvolutionSpec) -> tuple[Convolution, ...]:
    """Return the convolutions for grids of a shape.

    They halve the sides until few places are left; then one more adds what it finds to what there
    is. Filters have 3 × 3 places. Before the first halving, small grids are seen by half as many
    filters at every place; in large ones, the first filters have 5 × 5 places instead. Filters of
    series, which are one row high, have 1 × 9.
    """
    height, width, _ = shape
    flat, strides = is_flat(shape), []
    size, places = (9, spec.series_places) if flat else (3, spec.places)
    small = not flat and height * width <= spec.seen_whole
    while height * width > places:
        height, width = -(-height // 2), -(-width // 2)
        strides.append(2)
    strides = strides if len(strides) > 1 else [*strides, *[1] * (2 - len(strides))]
    *coarse, fine = strides
    layers = [Convolution(size, stride, spec.coarse_filters) for stride in coarse]
    if small:
        layers.insert(0, Convolution(size, 1, -(-spec.coarse_filters // 2)))
    elif not flat:
        layers[0] = Convolution(5, layers[0].stride, spec.coarse_filters)
    last = Convolution(size, 1, spec.fine_filters, skips=True)
    return (*layers, Convolution(size, fine, spec.fine_filters), last)


def _measured(inputs: Inputs, shapes: tuple[GridShape, ...]) -> Params:
    """Return the mean and 1 / the standard deviation of some rows' bytes, column by column."""
    cells = inputs["grids"]
    some = cells[:: max(1, len(cells) // MEASURED)]
    grids = [grid.astype(np.float64) for grid in grids_in({"grids": some}, shapes)]
    return {
        "grid_centre": np.array([grid.mean() for grid in grids], np.float32),
        "grid_scale": np.array([1 / max(float(grid.std()), 1.0) for grid in grids], np.float32),
    }
