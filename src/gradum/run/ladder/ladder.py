"""The ladder: the rungs that are asked for, all fitted on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

from gradum.messages import marked, say
from gradum.run.events.events import RungFinished, RungStarted
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context, OutOfTime
from gradum.rungs.kind import RungKind
from gradum.rungs.learning_rows import InMemory, LearningRows
from gradum.rungs.registry import KINDS, kinds_for
from gradum.rungs.rung import Rung
from gradum.rungs.with_spread import with_spread_of
from gradum.solvers.solution import Status
from gradum.tables.kinds.design import Layout

OUT_OF_TIME = marked(
    "The run's time limit ended it before it was done, and the best so far "
    "was kept; allow more with --time-limit (time_limit)."
)


def climb(spec: Spec, rows: LearningRows, context: Context) -> dict[str, Rung]:
    """Fit the rungs that the spec names, simplest first.

    Once the context says to stop, no further rung begins; the simplest is always fitted. A rung is
    left out if its share of the run's time is over before it has learned anything.
    """
    rungs: dict[str, Rung] = {}
    for kind in learners(spec, rows):
        if rungs and context.stop():
            break
        place = context.at(place_of(context.fold, kind.name))
        timed, seconds = _with_its_time(place)
        if seconds is not None and seconds < kind.compiling:
            continue
        asked = spec.of_rung(kind.name)
        epochs = rows.epochs(kind, asked.settings)
        context.tell(RungStarted(kind.name, context.fold, context.folds, epochs, seconds))
        try:
            rung = _fitted(kind, timed, partial(rows.fit, kind, asked))
        except OutOfTime:
            continue
        rungs[kind.name] = rung
        context.tell(RungFinished.of(rung, context.fold, context.folds))
    return rungs


def place_of(fold: int, rung: str) -> str:
    """Return the place of a rung among the checkpoints; fold 0 is the model that is kept."""
    return f"fold-{fold}-{rung}" if fold else f"fit-{rung}"


def learners(spec: Spec, rows: LearningRows) -> Sequence[RungKind[Any]]:
    """Return the kinds of rungs that a spec names and that can learn from these rows."""
    return rows.kinds(kinds_for(spec.rungs, grids=bool(rows.layout.grids)))


def refit(
    spec: Spec, rows: InMemory, judged: Rung, layout: Layout, context: Context
) -> dict[str, Rung]:
    """Fit a rung again on all rows, including those that judged; its inputs had the layout.

    No row is left to choose by, so the refit keeps what validation rows chose for the judged rung,
    and its spread. The other rungs are dropped, because they were fitted on other rows.

    Raises
    ------
    OutOfTime
        The run's time limit leaves too little; half a refit is worth less than the judged rung.
    """
    kind, place = KINDS[judged.name], context.at(f"refit-{judged.name}")
    timed, seconds = _with_its_time(place)
    timed.require_time()
    context.tell(RungStarted(kind.name, 0, 0, seconds=seconds))
    rung = _fitted(kind, timed, partial(kind.refit, rows, spec.of_rung(kind.name), judged))
    if rung.status is Status.TIME_LIMIT:
        raise OutOfTime
    rung = with_spread_of(rung, judged, rows.layout, layout)
    context.tell(RungFinished.of(rung))
    return {kind.name: rung}


def _with_its_time(place: Context) -> tuple[Context, float | None]:
    """Return a fit's context with its share of the run's time, and that share in seconds."""
    if place.allowance is None:
        return place, None
    timed = place.until(place.allowance.next())
    return timed, max(timed.end - perf_counter(), 0.0)


def _fitted(kind: RungKind[Any], place: Context, fit: Callable[[Context], Rung]) -> Rung:
    """Fit a rung until its time is up, or take the rung that was kept."""

    def in_time() -> Rung:
        rung = fit(place)
        if rung.status is not Status.INTERRUPTED or place.stop():
            return rung
        return replace(rung, status=Status.TIME_LIMIT, advice=say(OUT_OF_TIME))

    return place.once(in_time) if kind.kept else in_time()
