"""A run as numbers with names and steps, for whatever keeps track of experiments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from gradum.run.events.events import Event, Judged, RungStarted
from gradum.run.judging.judgement import Judgement
from gradum.rungs.rung import Rung
from gradum.rungs.training_events import Passed, PathStep
from gradum.scores.interval import Interval
from gradum.solvers.solution import EpochDone

Number = tuple[str, float, int]
"""The name of a number, its value, and the step at which a run had it."""

STEPS = ("epoch", "seconds")  # of a history: where an entry stands, not what it found


def tracked(log: Callable[[str, float, int], object]) -> Callable[[Event], None]:
    """Return a listener, for ``on_event`` of `fit`, that hands on every number of a run.

    The models are ``baseline``, ``linear``, ``mlp``, ``pack`` and ``convolution``; in fold 2 of a
    cross-validation, ``mlp/fold-2``; and fitted once more on all rows, ``mlp/refit``.

    ==============================  =====================  ========================================
    when                            step                   what
    ==============================  =====================  ========================================
    an epoch of a network is done   the epoch              ``mlp/objective``,
                                                           ``mlp/validation_loss``
    a penalty has been tried        its place on the path  ``linear/alpha``,
                                                           ``linear/validation_loss``
    a large table has been passed   the pass               ``linear/objective``
    the models have been judged     0                      ``test/auc`` and all other scores of the
                                                           model in use; ``mlp/test/auc``, of each
                                                           model the one that compares them; the
                                                           ends of their 95% intervals with
                                                           ``_low`` and ``_high`` behind
    ==============================  =====================  ========================================

    Parameters
    ----------
    log : callable
        Takes a name, a value and a step, as ``SummaryWriter.add_scalar`` of TensorBoard does, and
        ``mlflow.log_metric``. What it returns is ignored; what it raises ends the fit.
    """
    begun: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, RungStarted):
            begun.append(_place(event, begun))
        for name, value, step in _numbers(event, begun[-1] if begun else ""):
            log(name, value, step)

    return hear


def _place(event: RungStarted, begun: Iterable[str]) -> str:
    if event.fold:
        return f"{event.rung}/fold-{event.fold}"
    return f"{event.rung}/refit" if event.rung in begun else event.rung


def _numbers(event: Event, place: str) -> Iterator[Number]:
    match event:
        case EpochDone():
            yield f"{place}/objective", event.train_loss, event.epoch
            if event.validation_loss is not None:
                yield f"{place}/validation_loss", event.validation_loss, event.epoch
        case PathStep():
            yield f"{place}/alpha", event.alpha, event.step
            yield f"{place}/validation_loss", event.loss, event.step
        case Passed():
            yield f"{place}/objective", event.objective, event.passes
        case Judged():
            yield from scores(event.judgement)


def scores(judgement: Judgement) -> Iterator[Number]:
    """Yield the scores, with their intervals, as far as they are known.

    Those are all of the model in use, and of each model the one by which models are compared.
    """
    metric, used = judgement.verdict.metric, judgement.verdict.used
    of_used = judgement.scores[used]
    for part in sorted(of_used):  # what new rows bring, before what is known of training rows
        for name, score in of_used[part].items():
            yield from of_interval(f"{part}/{name}", score)
    for rung, score in judgement.compared.items():
        yield from of_interval(f"{rung}/test/{metric}", score)


def of_interval(name: str, found: Interval, step: int = 0) -> Iterator[Number]:
    """Yield a value and the ends of its interval, as far as they are known."""
    for end, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
        if math.isfinite(value):
            yield f"{name}{end}", value, step


def curves(rungs: Iterable[Rung]) -> Iterator[Number]:
    """Yield what the histories of fitted models hold, as `tracked` tells it while they learn."""
    for rung in rungs:
        for place, entry in enumerate(rung.history, 1):
            for name, value in entry.items():
                if name not in STEPS and value is not None:
                    yield f"{rung.name}/{name}", value, int(entry.get("epoch", place))
