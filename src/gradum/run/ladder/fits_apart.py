"""Fits as tasks of an engine: each rung of the kept model and of each fold is one.

The fits of a cross-validation know nothing of each other. They are given to the engine in the order
in which the ladder asks for them, ahead of it. Where there is only one fit, it is done here, and
the engine has a task only within a rung that divides its work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gradum.engines.engine import Engine
from gradum.engines.in_order import ToldToStop, in_order
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.ladder.ladder import learners, place_of
from gradum.run.plan import Plan
from gradum.run.source.row_source import Divided
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context, OutOfTime
from gradum.rungs.learning_rows import LearningRows
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung


class FoldRung(NamedTuple):
    """A rung of a fold, from 1; of the kept model if ``fold`` is 0."""

    fold: int
    rung: str


@dataclass(frozen=True)
class Fitting:
    """The work of fitting a rung: a `gradum.engines.engine.Work`."""

    spec: Spec
    divided: Divided

    def named(self, fit: FoldRung) -> str:
        """Name a fit."""
        rung = say(KINDS[fit.rung].title)
        if not fit.fold:
            return say("the {rung} that is kept", rung=rung)
        return say("the {rung} of fold {fold}", rung=rung, fold=fit.fold)

    def __call__(self, fit: FoldRung) -> Rung:
        """Encode the rows, and learn from those of the fold."""
        plan = self.divided.plan
        parts = plan.folds[fit.fold - 1] if fit.fold else plan.kept
        _, rows = self.divided.learning(parts)
        context = Context(seed=self.spec.seed, fold=fit.fold, folds=len(plan.folds))
        return rows.fit(KINDS[fit.rung], self.spec.of_rung(fit.rung), context)


def tasks_in_words(plan: Plan) -> str:
    """Say what an engine does of a run on rows in memory."""
    if plan.folds:
        return say("The fits of all folds are tasks of the engine, so that it may take less.")
    return say("The networks of the ensemble are tasks of the engine, so that it may take less.")


def fits_apart(
    spec: Spec, divided: Divided, rows: LearningRows, engine: Engine, context: Context
) -> Callable[[str], Rung | None]:
    """Return what gives the rung of a place among the checkpoints; None if it is to be fitted here.

    What the checkpoints have is not fitted again. Once the context says to stop, a fit that is not
    done has learned nothing.

    Raises
    ------
    SpecError
        An engine has nothing to do, or there is a limit of time, which its tasks do not keep.
    """
    plan = divided.plan
    if not (plan.folds or any(kind.in_tasks for kind in learners(spec, rows))):
        raise SpecError(
            "The table is held in memory and fitted once, where an engine has nothing to do.",
            "Leave out --on (on); or give --blocks (blocks), whose passes are its tasks, "
            "--model pack (model), whose networks are, or --cv 5 (cv), whose fits are.",
        )
    if spec.time_limit is not None:
        raise SpecError(
            "A time limit ends fits in this process, not tasks of an engine.",
            "Leave out --time-limit (time_limit), or --on (on).",
        )
    if not plan.folds:
        return context.apart
    fits = {
        place_of(fold, kind.name): FoldRung(fold, kind.name)
        for fold in range(len(plan.folds) + 1)
        for kind in learners(spec, rows)
        if kind.kept
    }
    left = {at: fit for at, fit in fits.items() if context.checkpoints.rung(at) is None}
    work = Fitting(spec, divided)
    coming = zip(left, in_order(engine, work, list(left.values()), stop=context.stop), strict=True)

    def fitted(place: str) -> Rung | None:
        if place not in left:
            return None
        try:
            return next((rung for at, rung in coming if at == place), None)
        except ToldToStop:
            raise OutOfTime from None

    return fitted
