"""The model that is distilled, with its rows and the fits of it that judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs

from gradum.core.losses import resolve
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.dataset import Dataset
from gradum.run.fitted import Fitted
from gradum.run.judge import Judge
from gradum.run.judging.verdict import model_in_words
from gradum.run.plan import Plan, make_plan
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.registry import KINDS
from gradum.rungs.transfer_set import TransferSet
from gradum.tables.split import Part
from gradum.tables.wording import first_upper


@dataclass(frozen=True)
class Larger:
    """The model in use of a run."""

    fitted: Fitted
    dataset: Dataset
    """The rows of its run."""
    spec: Spec
    """The spec of its run, in which a cross-validation is not repeated."""
    plan: Plan
    """Which rows judge."""
    kept: Judge
    """The model, and the part that each row had in its fit."""
    judges: tuple[Judge, ...]
    """The fits whose models have not learned from the rows that they judge: its own, or those of a
    cross-validation."""

    @classmethod
    def of(cls, fitted: Fitted, dataset: Dataset, judges: Sequence[Judge]) -> Larger:
        """Find the rows that each fit learned from; ``judges`` are those of a cross-validation.

        Raises
        ------
        SpecError
            No row is left to judge.
        """
        _refuse_ordered(fitted.spec)
        spec = structs.replace(fitted.spec, split=structs.replace(fitted.spec.split, repeats=1))
        plan = make_plan(spec, dataset)
        parts = plan.kept
        if spec.refit:
            parts = np.full(len(dataset), Part.TRAIN, np.int8)
        kept = Judge(fitted.encoder, {fitted.used: fitted.rung()}, parts)
        if not plan.folds:
            _refuse_refitted(spec)
            return cls(fitted, dataset, spec, plan, kept, (kept,))
        _refuse_absent(fitted, plan, judges)
        pairs = zip(judges, plan.folds, strict=True)
        learned = tuple(
            Judge(judge.encoder, {fitted.used: judge.rungs[fitted.used]}, parts)
            for judge, parts in pairs
        )
        return cls(fitted, dataset, spec, plan, kept, learned)

    @property
    def words(self) -> str:
        """What it is, in words."""
        return model_in_words(self.fitted.used)

    def rows(self, judge: Judge) -> InMemory:
        """Return the rows of a fit."""
        rows = replace(self.dataset.rows(judge.encoder), monotone=self.spec.directions)
        return InMemory(rows, judge.parts, self.spec.class_weight is not None)

    def transfer_set(self, judge: Judge, context: Context) -> TransferSet:
        """Return the rows that a fit's model learned from, and mixed ones, with its answers.

        Raises
        ------
        SpecError
            It has no parts that say of the real rows what they have not learned from them.
        """
        name, rows = self.fitted.used, self.rows(judge)
        teacher = judge.rungs[name]
        held_out = KINDS[name].held_out(teacher, rows, self.spec.of_rung(name), context)
        if held_out is None:
            raise SpecError(
                "{model} is in use, and only a network ensemble that knows which rows each of "
                "its networks held out can be compressed.",
                "Fit a network ensemble, or fit again if an older gradum fitted it.",
                model=first_upper(self.words),
            )
        learned = rows.take(Part.TRAIN, Part.VALIDATION)
        return TransferSet.of(teacher, learned, held_out, context.random("transfer set"))


def _refuse_ordered(spec: Spec) -> None:
    if spec.loss and resolve(spec.loss).one_score:
        raise SpecError(
            "A smaller model of ordered classes would learn from probabilities without order.",
            "Fit with --model mlp for one small network.",
        )


def _refuse_refitted(spec: Spec) -> None:
    if spec.refit:
        raise SpecError(
            say("The model was refitted on all rows, and no row is left to judge a smaller one."),
            say("A forecast always is; fit it with --model mlp for one small network.")
            if spec.is_forecast
            else say("Fit without --refit (refit), or with --cv (cv)."),
        )


def _refuse_absent(fitted: Fitted, plan: Plan, judges: Sequence[Judge]) -> None:
    if len(judges) != len(plan.folds) or any(fitted.used not in judge.rungs for judge in judges):
        raise SpecError(
            "The run keeps no models of its cross-validation, by which a smaller one is judged.",
            "Load its whole run folder, or fit without --cv (cv).",
        )
