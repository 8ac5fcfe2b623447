"""The pack rung: many networks trained side by side, of which the best are kept."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import numpy as np

from gradum.core.losses import learned_loss
from gradum.core.models.pack_network import PackNetwork
from gradum.messages import marked, say
from gradum.rungs.context import Context
from gradum.rungs.cost import (
    ADAM,
    IN_FACTORISATION,
    IN_PACK,
    IN_PRODUCT,
    LEARNED,
    PACK_COMPILING,
    PENALTIES,
    PRODUCTS,
    Fit,
    Taken,
    one_hot,
    product,
)
from gradum.rungs.kind import Curve, RungKind
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.pack.fit import fit_pack
from gradum.rungs.pack.held_out import MOST_ROWS
from gradum.rungs.pack.held_out_logits import held_out_logits
from gradum.rungs.pack.imitate import imitate
from gradum.rungs.pack.inputs import BESIDE_SCORES, TEXT_COLUMNS, codes_each
from gradum.rungs.pack.muon_steps import POLYNOMIALS
from gradum.rungs.pack.program import STEPS
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.pack.text_scores import SHARE_OF_TIME
from gradum.rungs.pack.text_scores import STRENGTHS as SCORE_STRENGTHS
from gradum.rungs.pack.wide import ENOUGH, STRENGTHS, is_much_work
from gradum.rungs.post import steps_for
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.rungs.transfer_set import TransferSet
from gradum.tables.kinds.design import Layout
from gradum.tables.split import Part

FEW = (2, 4, 8)
"""Numbers of members that may answer for a larger pack."""


class PackKind(RungKind[PackSpec]):
    """The kind of rung that is a packed ensemble."""

    name = "pack"
    title = marked("network ensemble")
    in_words = marked("the network ensemble")
    architecture = PackNetwork
    against_overfitting = marked("--effort best averages more networks")
    in_tasks = True
    taught = True
    monotone = True
    course = ("epoch", "objective", "validation_loss")
    curve = Curve(models=1, chance=2.0, unasked=False)
    compiling = PACK_COMPILING

    def lacks(self, grids: bool) -> str:
        """Return that it has no first layer for grids."""
        return say("it takes no pictures or sounds") if grids else ""

    def taken(self, settings: PackSpec) -> Taken:
        """Return the bytes that a pack's rows and the codes of its members take."""
        return replace(LEARNED, level=4, fixed=180e6, coded=580 * settings.members)

    def epochs(self, settings: PackSpec, rows: int, layout: Layout, *, in_blocks: bool) -> int:
        """Return the epochs that the effort allows for so many rows."""
        return settings.epochs_for(rows)

    def fit(self, rows: InMemory, spec: RungSpec[PackSpec], context: Context) -> Rung:
        """Train the members until the context ends the fit."""
        return fit_pack(
            rows.take(Part.TRAIN, Part.VALIDATION),
            rows.validation,
            spec.settings,
            context,
            metric=spec.metric,
            log_target=spec.log_target,
            seconds=None if math.isinf(context.end) else max(context.end - perf_counter(), 0.0),
        )

    def refit(
        self, rows: InMemory, spec: RungSpec[PackSpec], judged: Rung, context: Context
    ) -> Rung:
        """Train another pack on all rows; it keeps the calibration of the one that was judged."""
        rung = self.fit(rows, spec, context)
        return replace(rung, post=steps_for(rung.class_weight, judged.calibration))

    def held_out(
        self, rung: Rung, rows: InMemory, spec: RungSpec[PackSpec], context: Context
    ) -> np.ndarray | None:
        """Return for each row the mean answer of the members of the fold that it is in."""
        learned = rows.take(Part.TRAIN, Part.VALIDATION)
        return held_out_logits(rung, learned, rows.validation, spec.settings, context)

    def students(self, teacher: Rung) -> tuple[PackSpec, ...]:
        """Return packs of few of the teacher's own members, if it is a pack of more."""
        if not isinstance(teacher.network, PackNetwork):
            return ()
        return tuple(PackSpec(kept=kept) for kept in FEW if kept < teacher.network.members)

    def size_in_words(self, settings: PackSpec) -> str:
        """Say how many networks there are."""
        return say("an ensemble of {count} networks", count=settings.kept)

    def imitate(self, taught: TransferSet, settings: PackSpec, context: Context) -> Rung:
        """Choose the members that together come nearest to all."""
        return imitate(taught, settings, context.random("pack", "imitate"))

    def loss(self, spec: RungSpec[PackSpec], classes: int | None) -> str:
        """Return the loss that members learn by, given the metric that judges them."""
        return spec.loss or learned_loss(classes, spec.metric).spelled

    def remarks(self, rung: Rung) -> tuple[str, ...]:
        """Say which teacher the pack had, and how much it learned from it."""
        if not (teacher := rung.settings.get("teacher")):
            return ()
        shares = [share for share in rung.settings["teaching"] if share > 0]
        if shares:
            return (
                say(
                    "The network ensemble learned from {teacher}, whose answers make up "
                    "{least:.0%} to {most:.0%} of the targets of {listening} of its {kept} "
                    "networks. {teacher} was fitted only to rows that the network ensemble learns "
                    "from, and a repeated run needs it again.",
                    teacher=teacher,
                    kept=rung.settings["kept"],
                    listening=len(shares),
                    least=min(shares),
                    most=max(shares),
                ),
            )
        if rung.settings["heard"]:
            return (
                say(
                    "The network ensemble did not listen to {teacher}: on held-out rows, this made "
                    "it no better.",
                    teacher=teacher,
                ),
            )
        return (
            say(
                "There was no time to tell whether {teacher} makes the network ensemble better, so "
                "the network ensemble did not listen; allow more with --time-limit (time_limit).",
                teacher=teacher,
            ),
        )

    def seconds(self, spec: RungSpec[PackSpec], fit: Fit) -> float:
        """Return the seconds that training and the linear models that members begin with take."""
        packed, rows, outputs = spec.settings, fit.rows, fit.outputs
        codes = codes_each(fit.numbers, packed)
        pairs = packed.pairs if fit.numbers > 1 and codes else 0  # as if all were found
        inputs = (fit.numbers + pairs) * (1 + codes)
        scores = 2 * len(fit.layout.views) * outputs if outputs <= packed.text_scores else 0
        inputs += min(fit.ngrams, BESIDE_SCORES if scores else TEXT_COLUMNS) + scores
        for count in fit.layout.level_counts:
            inputs += one_hot(count) if count <= packed.one_hot_levels else packed.embedding_size
        sizes = [inputs, *packed.hidden_layer_sizes, outputs]
        weights = packed.members * sum(before * after for before, after in pairwise(sizes))
        held = -(-rows // packed.folds)
        learned, epochs = max(rows - held, 1), packed.epochs_for(rows)
        batch = packed.batch_for(learned)
        steps = STEPS * -(-learned // (STEPS * batch))  # per epoch
        epoch = steps * (ADAM + 6 * batch * IN_PACK) + 2 * min(held, MOST_ROWS) * IN_PACK
        seconds = weights * epochs * epoch + _wide_starts(packed, inputs, outputs, learned)
        if packed.muon:
            seconds += steps * epochs * packed.members * _muon(packed.hidden_layer_sizes) * IN_PACK
        fits = packed.folds + PENALTIES * len(SCORE_STRENGTHS)
        scoring = fits * PRODUCTS * product(rows, fit.entries, 2 * outputs) if scores else 0.0
        if spec.time_limit is not None:
            scoring = min(scoring, SHARE_OF_TIME * spec.time_limit)
        return seconds + scoring


def _muon(hidden: tuple[int, ...]) -> float:
    """Return the operations of a Muon step: three matrix products for each polynomial."""
    pairs = [sorted(pair) for pair in pairwise(hidden)]
    products = sum(4 * narrow**2 * wide + 2 * narrow**3 for narrow, wide in pairs)
    return len(POLYNOMIALS) * products


def _wide_starts(packed: PackSpec, columns: int, outputs: int, rows: int) -> float:
    """Return the seconds of a pack's linear models: a Gram matrix per fit, or more if k > 1."""
    if not packed.wide * packed.steps or is_much_work(columns, outputs, rows):
        return 0.0
    penalty = 2 * rows * columns**2 * IN_FACTORISATION
    if outputs > 1:  # dense columns with several outputs: a product of matrices
        penalty += PRODUCTS * rows * outputs * (4 * columns * IN_FACTORISATION + 40 * IN_PRODUCT)
    judging = min(packed.folds, -(-ENOUGH * packed.folds // rows))
    return (packed.folds + judging * len(STRENGTHS)) * penalty
