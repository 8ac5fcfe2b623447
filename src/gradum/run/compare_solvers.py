"""The same network on one table, trained by one solver after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from gradum.errors import SpecError
from gradum.margins import first_least
from gradum.messages import listed, marked, say
from gradum.randomness import stream
from gradum.run.judging.judge_rungs import Seen
from gradum.run.run import metric_of
from gradum.run.source.row_source import Asked, RowSource
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.mlp.fit import fit_mlp, solver_of
from gradum.rungs.mlp.kind import MLPKind
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.scores.bootstrap import intervals, paired_differences
from gradum.scores.figures import figure
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.solvers.solution import Status
from gradum.tables.split import Part
from gradum.tables.table import Table

FACTORS = (1.0, 0.1, 0.3, 3.0)
"""Factors of the learning rate that suits a solver in general, tried if no rate is given."""

FINDINGS = (marked("best"), marked("no difference shown"), marked("worse"), marked("diverged"))
"""What a solver's score shows in comparison with the best one's."""

FAR_LESS = 0.5  # of the best solver's seconds; below it, another solver is worth choosing


class Course(msgspec.Struct, frozen=True):
    """One solver's training."""

    solver: str
    learning_rate: float | None
    """The tried rate with the lowest validation loss; None if the solver finds its own."""
    tried: tuple[float, ...]
    """The learning rates that were tried."""
    status: str
    """How the training ended."""
    epochs: int
    """The number of passes over the training rows."""
    steps: int
    """The number of steps in all epochs."""
    seconds: float
    """The seconds of this training, without compiling and without the other learning rates."""
    history: tuple[dict[str, Any], ...]
    """``epoch``, ``objective``, ``validation_loss`` and ``seconds`` of each epoch."""
    best_epoch: int | None
    """The epoch whose weights were kept."""
    score: Interval | None = None
    """The score on rows by which nothing was chosen; None if the training broke down."""
    difference: Interval | None = None
    """Its score minus the best solver's."""
    finding: str = "diverged"
    """One of "best", "no difference shown", "worse" or "diverged"."""


class SolverComparison(msgspec.Struct, frozen=True):
    """Solvers on the same network, the same rows and the same first weights."""

    source: str
    target: str
    metric: str
    rows: dict[str, int]
    """Part -> number of rows."""
    courses: tuple[Course, ...]
    """In the order asked for."""
    choice: str
    """The solver to choose."""
    sentence: str
    """Which solver to choose, and why."""


def compare_solvers(
    spec: Spec, source: RowSource, solvers: Sequence[str], context: Context, *, test: Table | None
) -> SolverComparison:
    """Train the MLP of a spec by each solver, and judge all solvers on the same rows.

    Raises
    ------
    GradumError
        The table, the target, an option or a solver cannot be used; nothing has been trained.
    """
    settings = spec.of_rung(MLPKind.name).settings
    networks = {name: _learning_rates(settings, name) for name in _distinct(solvers)}
    context = replace(context, seed=spec.seed)
    described = source.describe(Asked(spec, None, test), context)
    metric = metric_of(described.spec, described.schema)
    with described.divide(context) as divided:
        dataset, parts = divided.dataset, divided.plan.kept
        encoder, rows = divided.learning(parts)
        train, validation = rows.take(Part.TRAIN), rows.take(Part.VALIDATION)
        trained = {
            name: _best_of(train, validation, tried, context, described.spec.log_target)
            for name, tried in networks.items()
        }
        judged = np.flatnonzero(parts == Part.TEST)
        design = dataset.rows(encoder).design.take(judged)
    sound = {name: rung for name, (rung, _) in trained.items() if rung is not None}
    if not sound:
        raise SpecError(
            "Training broke down with each of {names}.",
            "Give a smaller --learning-rate.",
            names=listed(list(trained)),
        )
    seen = Seen(judged, {name: rung.predict(design) for name, rung in sound.items()})
    courses = {name: _course(name, *trained[name], networks[name]) for name in trained}
    courses |= _judged(courses, dataset.truth, seen, metric, spec.seed)
    choice, sentence = _choice(courses, metric)
    return SolverComparison(
        described.schema.source,
        described.schema.learned_target.name,
        metric,
        {part.name.lower(): int(np.sum(parts == part)) for part in Part},
        tuple(courses.values()),
        choice,
        sentence,
    )


def _distinct(solvers: Sequence[str]) -> list[str]:
    distinct = list(dict.fromkeys(solvers))
    if len(distinct) < 2:
        only = distinct[0] if distinct else say("no solver")
        raise SpecError(
            "There is nothing to compare {solver} with.",
            "Name two solvers or more, such as --solvers sgd,adam.",
            solver=only,
        )
    return distinct


def _learning_rates(spec: MLPSpec, solver: str) -> list[MLPSpec]:
    """Return the spec with this solver, once for each learning rate to be tried."""
    plain = structs.replace(spec, solver=solver, learning_rate=None)
    suits = solver_of(plain).learning_rate
    if suits is None:
        return [plain]
    if spec.learning_rate is not None:
        return [structs.replace(plain, learning_rate=spec.learning_rate)]
    return [structs.replace(plain, learning_rate=suits * factor) for factor in FACTORS]


def _best_of(
    train: Rows, validation: Rows, tried: list[MLPSpec], context: Context, log_target: bool
) -> tuple[Rung | None, MLPSpec]:
    """Return the training of lowest validation loss (None if all broke down), and its spec."""
    warm = structs.replace(tried[0], max_epochs=1)
    _trained(train, validation, warm, context, log_target)  # compiling counts for no solver
    rungs = [_trained(train, validation, spec, context, log_target) for spec in tried]
    losses = [np.inf if rung is None else rung.certificate.validation_loss for rung in rungs]
    best = int(first_least(np.array(losses, float)))
    return rungs[best], tried[best]


def _trained(
    train: Rows, validation: Rows, spec: MLPSpec, context: Context, log_target: bool
) -> Rung | None:
    """Return the trained rung; None if training broke down."""
    if context.stop():
        raise KeyboardInterrupt
    try:
        rung = fit_mlp(train, validation, spec, context, log_target=log_target)
    except SpecError:
        return None
    sound = rung.status is not Status.DIVERGED and rung.certificate.validation_loss is not None
    return rung if sound else None


def _course(solver: str, rung: Rung | None, spec: MLPSpec, tried: list[MLPSpec]) -> Course:
    rates = tuple(course.learning_rate for course in tried if course.learning_rate is not None)
    if rung is None:
        return Course(solver, None, rates, Status.DIVERGED.value, 0, 0, 0.0, (), None)
    return Course(
        solver,
        spec.learning_rate,
        rates,
        rung.status.value,
        rung.iterations,
        rung.iterations * rung.settings["steps_per_epoch"],
        rung.history[-1]["seconds"],
        tuple(dict(entry) for entry in rung.history),
        rung.certificate.best_epoch,
    )


def _judged(
    courses: dict[str, Course], truth: Any, seen: Seen, metric: str, seed: int
) -> dict[str, Course]:
    """Return the courses of the judged solvers, with scores and differences from the best."""
    outcomes = truth.outcomes(seen)
    resamples = truth.resamples(seen, stream(seed, "bootstrap", "test"))
    scores = {name: intervals(outcome, resamples)[metric] for name, outcome in outcomes.items()}
    sign = METRICS[metric].sign
    names = list(scores)
    best = names[int(first_least(np.array([sign * scores[name].value for name in names])))]
    others = [name for name in names if name != best]
    differences = paired_differences(
        [outcomes[name] for name in others], outcomes[best], metric, resamples
    )
    judged = {best: structs.replace(courses[best], score=scores[best], finding="best")}
    for name, difference in zip(others, differences, strict=True):
        low = min(sign * difference.low, sign * difference.high)
        judged[name] = structs.replace(
            courses[name],
            score=scores[name],
            difference=difference,
            finding="worse" if low > 0 else "no difference shown",
        )
    return judged


def _choice(courses: dict[str, Course], metric: str) -> tuple[str, str]:
    """Choose the best solver, or one within a standard error of it that takes far less time."""
    best = next(course for course in courses.values() if course.finding == "best")
    alike = [course for course in courses.values() if _within_one_error(course)]
    quick = [course for course in alike if course.seconds < FAR_LESS * best.seconds]
    chosen = min(quick, key=lambda course: course.seconds) if quick else best
    assert best.score is not None
    assert chosen.score is not None
    title = METRICS[metric].words
    others = listed([course.solver for course in alike])
    if chosen is not best:
        opening = say(
            "Choose {solver}: its {metric} on new rows is within chance of the best, {best}'s "
            "{score}, and it took {seconds} s instead of {best_seconds} s",
            solver=chosen.solver,
            metric=title,
            best=best.solver,
            score=figure(best.score.value),
            seconds=figure(chosen.seconds),
            best_seconds=figure(best.seconds),
        )
    elif others:
        opening = say(
            "Choose {solver}: its {metric} on new rows is the best, though within chance of "
            "{others}",
            solver=best.solver,
            metric=title,
            others=others,
        )
    else:
        opening = say(
            "Choose {solver}: its {metric} on new rows is the best",
            solver=best.solver,
            metric=title,
        )
    clauses = [opening]
    worse = [course.solver for course in courses.values() if course.finding == "worse"]
    broken = [course.solver for course in courses.values() if course.finding == "diverged"]
    if worse:
        clauses.append(say("{solvers} did worse", solvers=listed(worse)))
    if broken:
        clauses.append(say("the training broke down with {solvers}", solvers=listed(broken)))
    return chosen.solver, say("{clauses}.", clauses=say("; ").join(clauses))


def _within_one_error(course: Course) -> bool:
    """Whether its score differs from the best by at most the standard error of the difference."""
    difference = course.difference
    return difference is not None and abs(difference.value) <= difference.standard_error
