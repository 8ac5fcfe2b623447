"""A rung of a fitted model as graphs over the columns of its table.

Shapes: n rows, d inputs, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import numpy as np

from gradum.core.bounds import Graph
from gradum.core.bounds.box import FLOAT32, FLOAT64
from gradum.errors import SpecError
from gradum.messages import listed
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Prediction, Rung
from gradum.study.certified import rung_graph
from gradum.study.certified.table_inputs import TableInputs
from gradum.tables.kinds.design import Design


@dataclass(frozen=True, eq=False)
class TableGraph:
    """A rung of a fitted model as graphs, with the meaning of their inputs."""

    fitted: Fitted
    rung: Rung
    """The rung of this model that predicts."""

    def __repr__(self) -> str:
        return f"TableGraph({self.fitted.spec.target!r}, {self.rung.name!r})"

    @cached_property
    def inputs(self) -> TableInputs:
        """The meaning of the graphs' inputs, and boxes of them."""
        return TableInputs(self.fitted)

    @cached_property
    def logits(self) -> Graph:
        """The graph from d inputs to the rung's raw outputs."""
        return rung_graph.logits(self.rung, self.inputs)

    @cached_property
    def answer(self) -> Graph:
        """The graph from d inputs to the predicted number, or to the probability of each class.

        The number is in the target's units, the probabilities [K] are calibrated like predicted
        ones.

        Raises
        ------
        NotCertifiableError
            The rung predicts several quantiles.
        """
        return rung_graph.answer(self.rung, self.inputs)

    def margin(self, first: int, *others: int) -> Graph:
        """Return a graph whose outputs are above 0 only where a class is preferred to others.

        Where all outputs are above 0, this class is predicted. Steps that do not change the order
        of classes are left out, so that bounds are tighter than those of the probabilities.

        Parameters
        ----------
        first : int
            Position of the class among the labels.
        *others : int
            Positions of the classes that it is compared with, one for each output; by default all
            others.

        Raises
        ------
        SpecError
            The model has no such classes.
        """
        classes = range(len(self.fitted.classes))
        compared = others or [other for other in classes if other != first]
        if first in compared or not compared or not {first, *compared} <= set(classes):
            raise SpecError(
                "There is no margin of class {first} over {others}.",
                "Give different places among {count} classes, from 0 on.",
                first=first,
                others=listed([str(other) for other in compared]),
                count=len(classes),
            )
        return rung_graph.margin(self.rung, self.inputs, first, compared)

    @property
    def unit(self) -> float:
        """The unit roundoff of the arithmetic in which the rung predicts."""
        return FLOAT32 if self.rung.dtype is np.float32 else FLOAT64

    @cached_property
    def thresholds(self) -> tuple[tuple[int, np.ndarray], ...]:
        """The positions of inputs with codes, and the numbers at which the codes of each bend.

        The numbers rise and are in the table's units. A search divides these inputs at them.
        """
        layer = self.rung.input_layer
        thresholds = []
        for place, scaled in self.rung.network.corners(self.rung.params).items():
            if layer is not None and place < len(layer.centre):
                raw = layer.raw(place, scaled)
                numbers = np.unique(raw[np.isfinite(raw)])
                if len(numbers):
                    thresholds.append((place, numbers))
        return tuple(sorted(thresholds, key=itemgetter(0)))

    def predict(self, x: np.ndarray) -> Prediction:
        """Return what the deployed model predicts for inputs [n, d].

        The greatest input of each group counts as its level.
        """
        return self.rung.predict(Design.of_flat(x, self.inputs.layout))
