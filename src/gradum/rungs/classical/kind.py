"""A rung that answers with a classical forecast, which each row has in a column."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from gradum.core.models.input_layer import InputLayer
from gradum.core.models.network import Network
from gradum.rungs.context import Context
from gradum.rungs.cost import LEARNED, Fit, Taken
from gradum.rungs.kind import RungKind
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.rungs.spread.fit import constant_spread
from gradum.solvers.solution import Certificate, Status
from gradum.tables.forecast.classical.forecasts import LABELS
from gradum.tables.split import Part


class ClassicalKind(RungKind[None]):
    """The kind of rung that answers with a classical forecast; see `gradum.tables.forecast`.

    The forecast of each origin is made with its row. The rung is a linear model whose one weight
    brings the column back to the target's unit, so that files and exports hold it as any other.
    """

    kept = False

    def __init__(self, name: str, title: str, in_words: str) -> None:
        """Take its name, and the words for it."""
        self.name, self.title, self.in_words = name, title, in_words

    def fit(self, rows: InMemory, spec: RungSpec[None], context: Context) -> Rung:
        """Measure the spread of what the forecasts miss in the training and validation rows.

        A column that the rows lack never differed from the naive forecast, which is the answer
        then.
        """
        began = perf_counter()
        learned = rows.as_given(Part.TRAIN, Part.VALIDATION)
        scale, layout = learned.scale(log=False), learned.design.layout
        assert scale is not None
        column = f"{spec.from_naive}, {LABELS[self.name]}"
        dense, places = learned.design.encoded().dense, layout.dense
        levels = layout.level_counts
        layer = InputLayer.fit(
            dense,
            levels,
            tuple("sign" if n == 2 else "sparse_one_hot" for n in levels),
            style="standard",
        )
        weight, bias = np.zeros((layer.width(len(places), 0), 1)), np.zeros(1)
        bias[0] = -scale.centre / scale.scale
        answer = np.zeros(len(learned))
        for place, each in enumerate(places):
            if each.source == column and each.traits.is_quantity:
                weight[place] = layer.scale[place] / scale.scale
                bias[0] += layer.centre[place] / scale.scale
                answer = dense[:, place]
        missed = (learned.target - answer) / scale.scale
        return Rung(
            name=self.name,
            loss=self.loss(spec, None),
            network=Network(*weight.shape),
            params={"layers": [{"weight": weight, "bias": bias}]},
            input_layer=layer,
            target_scale=scale,
            clamp=False,
            status=Status.CONVERGED,
            certificate=Certificate("stationary"),
            settings={"forecast": self.name},
            seconds=perf_counter() - began,
            spread=constant_spread(missed, learned.weight),
        )

    def holds(self, rung: Rung) -> bool:
        """Whether it answers with this forecast."""
        linear = super().holds(rung) and rung.network.is_linear
        return linear and rung.settings.get("forecast") == self.name

    def taken(self, settings: None) -> Taken:
        """Return next to nothing: it takes hardly any memory besides the rows."""
        return replace(LEARNED, level=0)

    def seconds(self, spec: RungSpec[None], fit: Fit) -> float:
        """Return 0: the forecasts are made with the rows."""
        return 0.0
