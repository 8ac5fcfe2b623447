"""The linear rung: least squares or logistic regression under an L2 penalty."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from gradum.messages import marked, say
from gradum.rungs.context import Context
from gradum.rungs.cost import (
    DENSE_LEVELS,
    HELD_ROWS,
    HESSIANS,
    IN_FACTORISATION,
    IN_PRODUCT,
    NEWTON_STEPS,
    PASSES,
    PENALTIES,
    PRODUCTS,
    Fit,
    one_hot,
    product,
)
from gradum.rungs.kind import Curve, RungKind
from gradum.rungs.learning_rows import InBlocks, InMemory
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.in_blocks import fit_linear as fit_in_passes
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.solvers.convex import LARGEST_EXACT
from gradum.solvers.newton import LARGEST_DIRECT, LARGEST_SOFTMAX, LARGEST_SPARSE
from gradum.tables.split import Part


class LinearKind(RungKind[LinearSpec]):
    """The kind of rung that is a linear model."""

    name = "linear"
    title = marked("linear")
    in_words = marked("the linear model")
    against_overfitting = marked("leave columns out with --drop")
    in_blocks = True
    quicker_in_blocks = True
    monotone = True
    has_coefficients = True
    course = ("alpha", "validation_loss")
    curve = Curve(models=2, chance=1.0)

    def fit(self, rows: InMemory, spec: RungSpec[LinearSpec], context: Context) -> Rung:
        """Choose the penalty, then solve on the training and validation rows."""
        learned = rows.take(Part.TRAIN, Part.VALIDATION)
        log = spec.log_target
        return fit_linear(learned, rows.validation, spec.settings, context, log_target=log)

    def fit_in_blocks(self, rows: InBlocks, spec: RungSpec[LinearSpec], context: Context) -> Rung:
        """Choose the penalty on rows in memory, then solve in passes over all training rows.

        A loss with kinks has no curvature to step by: it is solved on the rows in memory alone.
        """
        sample = rows.take(Part.TRAIN, Part.VALIDATION)
        if not sample.learned_by().smooth:
            log, settings = spec.log_target, spec.settings
            rung = fit_linear(sample, rows.validation, settings, context, log_target=log)
            return replace(rung, settings={**rung.settings, "of_sample": True})
        return fit_in_passes(
            rows.spool, sample, rows.validation, spec.settings, context, scale=rows.scale
        )

    def refit(
        self, rows: InMemory, spec: RungSpec[LinearSpec], judged: Rung, context: Context
    ) -> Rung:
        """Solve on all rows under the penalty strength of the judged rung."""
        strength = judged.settings["alpha"] * judged.settings["rows"]
        settings = structs.replace(spec.settings, strengths=(strength,))
        return self.fit(rows, replace(spec, settings=settings), context)

    def remarks(self, rung: Rung) -> tuple[str, ...]:
        """Say that it learned from rows in memory alone, where it did."""
        if "of_sample" not in rung.settings:
            return ()
        return (
            say(
                "The linear model learned from {rows:,} rows that fit in memory: its loss has "
                "kinks, which passes over all rows cannot solve.",
                rows=rung.settings["rows"],
            ),
        )

    def holds(self, rung: Rung) -> bool:
        """Whether it is linear in its columns, with weights that a penalty kept small."""
        return super().holds(rung) and rung.network.is_linear and "alpha" in rung.settings

    def seconds_in_blocks(self, spec: RungSpec[LinearSpec], fit: Fit, workers: int) -> float:
        """Return the seconds of a path of penalties on rows in memory, and of passes over all."""
        held = replace(fit, train=min(fit.train, HELD_ROWS))
        nonzeros = fit.numbers + len(fit.layout.level_counts) + fit.entries
        passes = PASSES * product(fit.rows, nonzeros, fit.outputs) / workers
        return self.seconds(spec, held) + passes

    def seconds(self, spec: RungSpec[LinearSpec], fit: Fit) -> float:
        """Return the seconds that a path of penalties and the final solution take."""
        walks = 1 if fit.rows > spec.settings.folds_up_to_rows else spec.settings.folds
        solves = 1 + walks * PENALTIES * len(spec.settings.strengths)
        expanded = [one_hot(count) for count in fit.layout.level_counts]
        columns = fit.numbers + sum(expanded) + fit.ngrams
        narrow = (count if count <= DENSE_LEVELS else 1 for count in expanded)
        nonzeros = fit.numbers + sum(narrow) + fit.entries
        sparse = fit.ngrams > 0 or max(expanded, default=0) > DENSE_LEVELS
        if not fit.classes and columns <= (LARGEST_SPARSE if sparse else LARGEST_EXACT):
            gram = 2 * fit.rows * columns**2 * IN_FACTORISATION
            solve = columns**3 * IN_FACTORISATION + 8 * fit.rows * nonzeros * IN_PRODUCT
            return (1 + walks) * gram + solves * solve
        coefficients = fit.outputs * (columns + 1)
        step_of_gradients = product(fit.rows, nonzeros, fit.outputs)
        direct = LARGEST_SPARSE if sparse else LARGEST_DIRECT
        if coefficients <= (direct if fit.outputs == 1 else LARGEST_SOFTMAX):
            hessians = HESSIANS * PENALTIES * len(spec.settings.strengths) + NEWTON_STEPS
            formed = hessians * fit.rows * coefficients**2 * IN_FACTORISATION
            step = coefficients**3 / 3 * IN_FACTORISATION + step_of_gradients
            return formed + solves * NEWTON_STEPS * step
        return solves * PRODUCTS * step_of_gradients
