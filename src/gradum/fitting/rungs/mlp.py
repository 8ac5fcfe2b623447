"""The multi-layer perceptron rung."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from msgspec import structs

from gradum.fitting.context import Context
from gradum.fitting.mlp import ONE_HOT_LEVELS, fit_mlp, solver_of
from gradum.fitting.pack.goal import loss_of
from gradum.fitting.rung import Rung
from gradum.fitting.rungs.cost import COMPILING, EPOCHS, IN_NETWORK, LEARNED, STEP, Fit, one_hot
from gradum.fitting.rungs.kind import Curve
from gradum.fitting.rungs.learning import InBlocks, InMemory
from gradum.fitting.spec import Spec
from gradum.fitting.streamed.mlp import fit_mlp as fit_in_segments
from gradum.messages import marked
from gradum.tables.split import Part


class MLPKind:
    """The multi-layer perceptron among the kinds of rungs."""

    name = "mlp"
    in_words = marked("the MLP")
    in_blocks = True
    quicker_in_blocks = False
    kept = True
    course: tuple[str, ...] = ("epoch", "objective", "validation_loss")
    curve: Curve | None = Curve(models=1, chance=6.0)
    compiling = COMPILING
    taken = replace(LEARNED, number=4, level=4, fixed=130e6)

    def epochs(self, spec: Spec, rows: int) -> int:
        """Return the spec's."""
        return spec.mlp.max_epochs

    def fit(self, rows: InMemory, spec: Spec, context: Context) -> Rung:
        """Train on the training rows, and keep the epoch that is best on the validation rows."""
        train, validation = rows.take(Part.TRAIN), rows.take(Part.VALIDATION)
        return fit_mlp(train, validation, spec.mlp, context, log_target=spec.log_target)

    def fit_in_blocks(self, rows: InBlocks, spec: Spec, context: Context) -> Rung:
        """Train in mini-batches from the segments, stopped by the validation rows."""
        train, validation = rows.take(Part.TRAIN), rows.take(Part.VALIDATION)
        return fit_in_segments(rows.spool, train, validation, spec.mlp, context, scale=rows.scale)

    def refit(self, rows: InMemory, spec: Spec, judged: Rung, context: Context) -> Rung:
        """Train on all rows for as many epochs as were best for the judged rung.

        Its calibration stays, for no row is left to find another by.
        """
        return fit_mlp(
            rows.take(Part.TRAIN),
            None,
            spec.mlp,
            context,
            log_target=spec.log_target,
            epochs=judged.certificate.best_epoch,
            calibration=judged.calibration,
        )

    def smaller(self, spec: Spec, judged: Rung) -> Spec:
        """Return a spec with batches of the judged network's size.

        Steps then grow with the rows, as they will beyond its own, and no program has to be
        compiled for batches of another size.
        """
        batch_rows = judged.settings["batch_size"]
        return structs.replace(spec, mlp=structs.replace(spec.mlp, batch_rows=batch_rows))

    def loss(self, spec: Spec, classes: int | None) -> str:
        """Return log loss or squared error."""
        return loss_of(None, classes).name

    def holds(self, rung: Rung) -> bool:
        """Whether it is a single network that looks at columns."""
        return rung.input_layer is not None and rung.network.single is not None

    def seconds(self, spec: Spec, fit: Fit) -> float:
        """Return the seconds of training a network."""
        inputs = len(fit.layout.dense) + len(fit.layout.sparse)
        for count in fit.layout.level_counts:
            inputs += one_hot(count) if count <= ONE_HOT_LEVELS else spec.mlp.embedding_size
        sizes = [inputs, *spec.mlp.hidden_layer_sizes, fit.outputs]
        weights = sum(before * after for before, after in pairwise(sizes))
        full = solver_of(spec.mlp).full_batch
        batch = fit.train if full else spec.mlp.batch_size(fit.train)
        steps = EPOCHS * spec.mlp.max_epochs * -(-fit.train // batch)
        return steps * (STEP + 6 * batch * weights * IN_NETWORK)
