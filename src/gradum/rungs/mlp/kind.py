"""The multi-layer perceptron rung."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import listed, marked, say
from gradum.rungs.context import Context
from gradum.rungs.cost import COMPILING, EPOCHS, IN_NETWORK, LEARNED, STEP, Fit, Taken, one_hot
from gradum.rungs.kind import Curve, RungKind
from gradum.rungs.learning_rows import InBlocks, InMemory
from gradum.rungs.mlp.fit import fit_mlp, solver_of
from gradum.rungs.mlp.imitate import imitate
from gradum.rungs.mlp.in_blocks import fit_mlp as fit_in_segments
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.robust_layer import MOST_NGRAMS, ONE_HOT_LEVELS
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.rungs.transfer_set import TransferSet
from gradum.tables.kinds.design import Layout
from gradum.tables.split import Part

STUDENTS = tuple(
    MLPSpec(hidden_layer_sizes=(width, width), max_epochs=16) for width in (32, 64, 128, 256)
)
"""Networks that may learn to answer as a larger model does; a transfer set has many rows."""


class MLPKind(RungKind[MLPSpec]):
    """The kind of rung that is a multi-layer perceptron."""

    name = "mlp"
    title = marked("MLP")
    in_words = marked("the MLP")
    against_overfitting = marked("stop it earlier with --max-epochs")
    in_blocks = True
    monotone = True
    course = ("epoch", "objective", "validation_loss")
    curve = Curve(models=1, chance=6.0)
    compiling = COMPILING

    def taken(self, settings: MLPSpec) -> Taken:
        """Return the bytes that training a network takes, in single precision."""
        return replace(LEARNED, number=4, level=4, fixed=130e6)

    def epochs(self, settings: MLPSpec, rows: int, layout: Layout, *, in_blocks: bool) -> int:
        """Return the settings' most epochs; in blocks, no more than ``most_visits`` allows."""
        return settings.epochs(rows) if in_blocks else settings.max_epochs

    def fit(self, rows: InMemory, spec: RungSpec[MLPSpec], context: Context) -> Rung:
        """Train on the training rows, and keep the epoch that is best on the validation rows.

        Raises
        ------
        SpecError
            Lanes were asked for, which only rows in blocks are dealt out to.
        """
        if spec.settings.lanes:
            raise SpecError(
                "Lanes share out a table in blocks, but this one is held in memory.",
                "Give --blocks (blocks), or leave out --lanes (lanes).",
            )
        train, validation = rows.take(Part.TRAIN), rows.take(Part.VALIDATION)
        return fit_mlp(train, validation, spec.settings, context, log_target=spec.log_target)

    def fit_in_blocks(self, rows: InBlocks, spec: RungSpec[MLPSpec], context: Context) -> Rung:
        """Train in mini-batches from the segments; the validation rows say when to stop."""
        train, validation = rows.take(Part.TRAIN), rows.take(Part.VALIDATION)
        epochs = self.epochs(spec.settings, len(rows.spool), rows.layout, in_blocks=True)
        settings = structs.replace(spec.settings, max_epochs=epochs)
        return fit_in_segments(rows.spool, train, validation, settings, context, scale=rows.scale)

    def refit(
        self, rows: InMemory, spec: RungSpec[MLPSpec], judged: Rung, context: Context
    ) -> Rung:
        """Train on all rows for as many epochs as were best for the judged rung.

        Its calibration is kept, because no row is left to find another by.
        """
        return fit_mlp(
            rows.take(Part.TRAIN),
            None,
            spec.settings,
            context,
            log_target=spec.log_target,
            epochs=judged.certificate.best_epoch,
            calibration=judged.calibration,
        )

    def students(self, teacher: Rung) -> tuple[MLPSpec, ...]:
        """Return networks of two hidden layers, each about three times as large as the last."""
        return STUDENTS

    def size_in_words(self, settings: MLPSpec) -> str:
        """Name the widths of the hidden layers."""
        widths = listed(list(map(str, settings.hidden_layer_sizes)), "and")
        return say("an MLP of {widths} hidden units", widths=widths)

    def imitate(self, taught: TransferSet, settings: MLPSpec, context: Context) -> Rung:
        """Train a network on a transfer set."""
        return imitate(taught, settings, context)

    def smaller(self, settings: MLPSpec, judged: Rung) -> MLPSpec:
        """Return settings with the batch size of the judged network.

        The number of steps then grows with the rows, as it will beyond its own, and no program has
        to be compiled for batches of another size.
        """
        return structs.replace(settings, batch_rows=judged.settings["batch_size"])

    def seconds(self, spec: RungSpec[MLPSpec], fit: Fit) -> float:
        """Return the seconds that training a network takes."""
        inputs = fit.numbers + min(fit.ngrams, MOST_NGRAMS)
        for count in fit.layout.level_counts:
            inputs += one_hot(count) if count <= ONE_HOT_LEVELS else spec.settings.embedding_size
        sizes = [inputs, *spec.settings.hidden_layer_sizes, fit.outputs]
        weights = sum(before * after for before, after in pairwise(sizes))
        full = solver_of(spec.settings).full_batch
        batch = fit.train if full else spec.settings.batch_size(fit.train)
        steps = EPOCHS * spec.settings.max_epochs * -(-fit.train // batch)
        return steps * (STEP + 6 * batch * weights * IN_NETWORK)

    def seconds_in_blocks(self, spec: RungSpec[MLPSpec], fit: Fit, workers: int) -> float:
        """Return the seconds of a training whose lanes so many workers share."""
        return self.seconds(spec, fit) / min(spec.settings.lanes or 1, workers)
