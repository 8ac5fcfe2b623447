"""The baseline rung: the mean, or the class shares, of the rows that are learned from."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from gradum.messages import marked
from gradum.rungs.baseline.fit import baseline_of_mean, baseline_of_shares, fit_baseline
from gradum.rungs.context import Context
from gradum.rungs.cost import LEARNED, Fit, Taken
from gradum.rungs.kind import RungKind
from gradum.rungs.learning import InBlocks, InMemory
from gradum.rungs.names import BASELINE
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.tables.split import Part


class BaselineKind(RungKind[None]):
    """The baseline among the kinds of rungs; classes are never balanced in it."""

    name = BASELINE
    title = marked("baseline")
    in_words = marked("the baseline")
    in_blocks = True
    kept = False

    def taken(self, settings: None) -> Taken:
        """Return next to nothing besides the rows."""
        return replace(LEARNED, level=0)

    def fit(self, rows: InMemory, spec: RungSpec[None], context: Context) -> Rung:
        """Fit it to the training and validation rows."""
        learned = rows.as_given(Part.TRAIN, Part.VALIDATION)
        return fit_baseline(learned, log_target=spec.log_target)

    def fit_in_blocks(self, rows: InBlocks, spec: RungSpec[None], context: Context) -> Rung:
        """Fit it to the sums over the training rows; a sample tells what the logarithm hides."""
        began = perf_counter()
        if rows.scale is None:
            return baseline_of_shares(rows.totals.by_class, began)
        return baseline_of_mean(rows.scale, rows.take(Part.TRAIN), began)

    def refit(self, rows: InMemory, spec: RungSpec[None], judged: Rung, context: Context) -> Rung:
        """Fit it to all rows."""
        return self.fit(rows, spec, context)

    def holds(self, rung: Rung) -> bool:
        """Whether it looks at no column."""
        return rung.input_layer is None and rung.network.inputs == 0 and rung.network.is_linear

    def seconds(self, spec: RungSpec[None], fit: Fit) -> float:
        """Return 0."""
        return 0.0
