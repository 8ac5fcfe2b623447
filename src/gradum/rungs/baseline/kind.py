"""The baseline rung: the mean, or the class shares, of the rows that are learned from."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from gradum.core.losses import learned_loss
from gradum.messages import marked
from gradum.rungs.baseline.fit import baseline_of_mean, baseline_of_shares, fit_baseline
from gradum.rungs.context import Context
from gradum.rungs.cost import LEARNED, Fit, Taken
from gradum.rungs.kind import Curve
from gradum.rungs.learning import InBlocks, InMemory
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.tables.split import Part


class BaselineKind:
    """The baseline among the kinds of rungs; classes are never balanced in it."""

    name = "baseline"
    in_words = marked("the baseline")
    in_blocks = True
    quicker_in_blocks = False
    kept = False
    course: tuple[str, ...] = ()
    curve: Curve | None = None
    compiling = 0.0

    def taken(self, settings: None) -> Taken:
        """Return next to nothing besides the rows."""
        return replace(LEARNED, level=0)

    def epochs(self, settings: None, rows: int, *, in_blocks: bool) -> int:
        """Return 0."""
        return 0

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

    def smaller(self, settings: None, judged: Rung) -> None:
        """Return None."""

    def loss(self, spec: RungSpec[None], classes: int | None) -> str:
        """Return log loss or squared error."""
        return learned_loss(classes).name

    def holds(self, rung: Rung) -> bool:
        """Whether it looks at no column."""
        return rung.input_layer is None and rung.network.inputs == 0 and rung.network.is_linear

    def seconds(self, spec: RungSpec[None], fit: Fit) -> float:
        """Return 0."""
        return 0.0
