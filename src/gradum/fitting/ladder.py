"""The ladder: the rungs that are asked for, each fitted on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gradum.fitting.context import Context
from gradum.fitting.events import RungFinished, RungStarted
from gradum.fitting.rung import Rung
from gradum.fitting.rungs import KINDS, kinds_of
from gradum.fitting.rungs.kind import RungKind
from gradum.fitting.rungs.learning import InMemory, LearningRows
from gradum.fitting.spec import Spec


def climb(spec: Spec, rows: LearningRows, context: Context) -> dict[str, Rung]:
    """Fit the rungs that the spec names, simplest first.

    Once the context says to stop, no further rung begins; the simplest is always there.
    """
    rungs: dict[str, Rung] = {}
    fit_name = f"fold-{context.fold}" if context.fold else "fit"
    for kind in learners(spec, rows):
        if rungs and context.stop():
            break
        place = context.at(f"{fit_name}-{kind.name}")
        started = RungStarted(kind.name, context.fold, context.folds, rows.epochs(kind, spec))
        context.tell(started)
        fit = partial(rows.fit, kind, spec, place)
        rungs[kind.name] = rung = place.once(fit) if kind.kept else fit()
        context.tell(RungFinished.of(rung, context.fold, context.folds))
    return rungs


def learners(spec: Spec, rows: LearningRows) -> Sequence[RungKind]:
    """Return the kinds of rungs that a spec names and that can learn from these rows."""
    return rows.kinds(kinds_of(spec))


def refit(spec: Spec, rows: InMemory, judged: Rung, context: Context) -> dict[str, Rung]:
    """Fit a rung again on all rows, the judging ones too.

    No row is left to choose by: what validation rows chose for the judged rung is kept. The other
    rungs are dropped, as they are of other rows.
    """
    kind, place = KINDS[judged.name], context.at(f"refit-{judged.name}")
    context.tell(RungStarted(kind.name, 0, 0))
    fit = partial(kind.refit, rows, spec, judged, place)
    rung = place.once(fit) if kind.kept else fit()
    context.tell(RungFinished.of(rung))
    return {kind.name: rung}
