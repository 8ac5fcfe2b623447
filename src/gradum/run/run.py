"""One run: a table becomes a schema, parts, a ladder of rungs, and a judgement of them.

The rows lie in memory or in blocks; their `RowSource` knows where, and the run need not.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from msgspec import structs

from gradum.core.losses import resolve
from gradum.messages import marked, say
from gradum.run.alarm import Alarm
from gradum.run.alarms import after_judging, before_training
from gradum.run.alarms.other_split import checked_split
from gradum.run.alarms.shared_errors import shared_errors
from gradum.run.dataset import Dataset
from gradum.run.events.events import Alarmed, Judged, NotRefitted, Understood
from gradum.run.fingerprint import fingerprint
from gradum.run.fitted import Fitted, Provenance
from gradum.run.intervals.judged_scores import guarantee_of
from gradum.run.judge import Judge
from gradum.run.judging.headline import with_headline
from gradum.run.judging.judge_rungs import Seen, judge
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.latest_stretch import as_of_late
from gradum.run.judging.overdispersion import dispersion_note
from gradum.run.ladder.fit_notes import (
    cut_short,
    ending_notes,
    luck_note,
    monotone_notes,
    transformation_notes,
)
from gradum.run.ladder.fit_predictions import seen_by
from gradum.run.ladder.fits_apart import fits_apart, tasks_in_words
from gradum.run.ladder.ladder import climb, learners, refit
from gradum.run.machine import this_machine
from gradum.run.memory.estimate import share_out
from gradum.run.monotone_columns import refuse_unproven
from gradum.run.reference.reference import reference_of
from gradum.run.rivals import Contest, Contestant, contest, refuse_in_blocks
from gradum.run.source.row_source import Asked, Divided, RowSource
from gradum.run.spec.metric import metric_for
from gradum.run.spec.spec import Spec
from gradum.run.spec.suited_loss import loss_notes
from gradum.run.split_check import SplitCheck
from gradum.rungs.context import ALONE, Context, OutOfTime
from gradum.rungs.names import BASELINE
from gradum.rungs.rung import Rung
from gradum.scores.metrics import DEFAULT_METRIC
from gradum.tables.encode import Encoder
from gradum.tables.forecast.panel import Panel
from gradum.tables.schema.schema import Schema
from gradum.tables.table import Table

NO_TIME_TO_REFIT = marked(
    "The time limit left no time to refit the model on all rows: it is the one that was judged; "
    "allow more with --time-limit (time_limit)."
)


@dataclass(frozen=True)
class Run:
    """A finished run: what it learned, and what it said of the rows that judged it."""

    fitted: Fitted
    dataset: Dataset
    """The rows with a target, as they were used."""
    parts: np.ndarray
    """Of shape (n,). The `Part` of each row in the fit of the kept model."""
    judged: Seen | None
    """The predictions that were judged; None if there were none."""
    judges: tuple[Judge, ...] = ()
    """The fits that made these predictions."""

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before it was done."""
        return self.fitted.interrupted


def run(
    spec: Spec,
    source: RowSource,
    *,
    test: Table | None = None,
    schema: Schema | None = None,
    rivals: Sequence[Contestant] = (),
    context: Context = ALONE,
) -> Run:
    """Fit and judge the ladder on a table.

    Parameters
    ----------
    spec : Spec
        What is asked for.
    source : RowSource
        The rows to learn from, and to judge by unless ``test`` is given.
    test : Table, optional
        Rows to judge by.
    schema : Schema, optional
        An edited schema to use in place of the one inferred from the table.
    rivals : sequence of Contestant
        Models of other libraries, judged on the same rows and never kept.
    context : Context
        The seed and the allowance in it are those of the spec.

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; nothing has been trained.
    KeyboardInterrupt
        The context said to stop before there was anything to learn from.
    """
    began = perf_counter()
    context = replace(context, seed=spec.seed)
    if spec.time_limit is not None:
        context = context.until(began + spec.time_limit)
    refuse_in_blocks(rivals, spec)
    described = source.describe(Asked(spec, schema, test), context)
    spec, schema = described.spec, described.schema
    metric = metric_of(spec, schema)
    context.tell(Understood(schema, described.notes))
    with described.divide(context) as divided:
        return _climbed(spec, divided, metric, rivals, began, context)


def _climbed(
    spec: Spec,
    divided: Divided,
    metric: str,
    rivals: Sequence[Contestant],
    began: float,
    context: Context,
) -> Run:
    """Return the run on rows that have been divided into parts."""
    dataset, plan = divided.dataset, divided.plan
    split = checked_split(dataset, metric, seed=spec.seed)
    alarms = before_training(dataset, plan, split, seed=spec.seed)
    if alarms:
        context.tell(Alarmed(alarms))
    held = contest(rivals, dataset, plan.folds or [plan.kept], spec, context)
    encoder, rows = divided.learning(plan.kept)
    if plan.folds:  # no row is held out from the kept model
        encoder = encoder.reaching(dataset.frame)
    expected = divided.expected(encoder)
    if context.engine is not None and not spec.blocks:
        context = replace(context, apart=fits_apart(spec, divided, rows, context.engine, context))
        expected = expected and expected.saying(tasks_in_words(plan))
    if expected:
        context.tell(expected)
    if spec.time_limit is not None:
        shared = share_out(
            spec,
            plan,
            encoder.layout,
            len(dataset.classes),
            kinds=learners(spec, rows),
            end=context.end,
        )
        context = replace(context, allowance=shared)
    rungs = climb(spec, rows, context)
    refuse_unproven(rungs.values(), encoder.layout, spec.directions)
    made = provenance(dataset, rungs, began)
    history = _history(spec, dataset)
    if not context.stop():
        context.keep(Fitted(spec, dataset.schema, encoder, rungs, None, made, history=history))
    judges = _judges(spec, divided, Judge(encoder, rungs, plan.kept), context)
    notes = (*transformation_notes(rungs), *monotone_notes(spec, dataset.schema, rivals))
    seen, judgement = conclude(
        spec,
        divided,
        judges,
        metric=metric,
        notes=(*divided.notes, *notes),
        alarms=alarms,
        rivals=held,
        context=context,
    )
    if judgement is not None:
        judgement = as_of_late(judgement, dataset.truth, seen["test"])
        judgement = with_headline(_warned(judgement, dataset, seen["test"], split, spec.seed))
        context.tell(Judged(judgement))
        if spec.refit and not context.stop():
            spec, encoder, rungs, judgement = _refitted(
                spec, divided, encoder, rungs, judgement, context
            )
    for learned in (Judge(encoder, rungs, plan.kept), *judges):
        refuse_unproven(learned.rungs.values(), learned.encoder.layout, spec.directions)
    guarantee = None
    if judgement is not None:
        guarantee = guarantee_of(
            spec, dataset, judges, judgement.verdict.used, interrupted=judgement.interrupted
        )
    made = provenance(dataset, rungs, began)
    reference = reference_of(spec, dataset, plan, seen.get("test"), judgement)
    learned = (spec, dataset.schema, encoder, rungs)
    fitted = Fitted(*learned, judgement, made, guarantee, reference, history)
    return Run(fitted, dataset, plan.kept, seen.get("test"), tuple(judges))


def _history(spec: Spec, dataset: Dataset) -> Panel | None:
    """Return the end of each series of a forecast; None where no row may be kept."""
    if not spec.report.rows or dataset.history is None:
        return None
    assert dataset.schema.forecast is not None
    return dataset.history.latest(dataset.schema.forecast)


def _refitted(
    spec: Spec,
    divided: Divided,
    encoder: Encoder,
    rungs: dict[str, Rung],
    judgement: Judgement,
    context: Context,
) -> tuple[Spec, Encoder, dict[str, Rung], Judgement]:
    """Return the same, with the rung in use refitted on all rows if there is enough time."""
    try:
        whole, everything = divided.everything()
        again = refit(spec, everything, rungs[judgement.verdict.used], encoder.layout, context)
    except OutOfTime:
        why = say(NO_TIME_TO_REFIT)
        context.tell(NotRefitted(why))
        noted = structs.replace(judgement, notes=(*judgement.notes, why))
        return structs.replace(spec, refit=False), encoder, rungs, noted  # as the model is
    if context.stop():  # half a refit is worth less than the judged model
        return spec, encoder, rungs, structs.replace(judgement, interrupted=True)
    return spec, whole, again, judgement


def _judges(spec: Spec, divided: Divided, kept: Judge, context: Context) -> list[Judge]:
    """Return the fits that judge: the kept model's own, or those of the folds that were done."""
    folds = divided.plan.folds
    if not folds:
        return [kept]
    judges = []
    for fold, parts in enumerate(folds, 1):
        if context.stop():
            break
        encoder, rows = divided.learning(parts)
        rungs = climb(spec, rows, replace(context, fold=fold, folds=len(folds)))
        if not context.stop():
            judges.append(Judge(encoder, rungs, parts))
    return judges


def conclude(
    spec: Spec,
    divided: Divided,
    judges: Sequence[Judge],
    *,
    metric: str,
    notes: tuple[str, ...],
    alarms: tuple[Alarm, ...],
    rivals: Contest,
    context: Context,
) -> tuple[dict[str, Seen], Judgement | None]:
    """Return the fits' predictions of rows that they have not learned from, and their judgement.

    ``notes`` and ``alarms`` are what was noticed before. The judgement is None if no fit was done.
    """
    dataset, plan = divided.dataset, divided.plan
    interrupted = context.stop()
    seen = seen_by(judges, dataset, context)
    if not seen:
        return seen, None
    judgement = judge(
        dataset.truth,
        seen,
        metric=metric,
        seed=spec.seed,
        how=plan.how,
        rivals=rivals.pooled(len(judges)),
    )
    return seen, structs.replace(
        judgement,
        folds=len(plan.folds),
        unit=dataset.schema.target_unit,
        from_naive=dataset.schema.from_naive,
        loss=spec.loss or "",
        notes=(
            *notes,
            *loss_notes(dataset.schema),
            *dataset.remarks,
            *ending_notes(spec, judges, seen, dataset, alarms, interrupted=interrupted),
            *rivals.notes,
            *judgement.notes,
            *filter(None, [luck_note(spec, judges, len(dataset), judgement.verdict.used)]),
        ),
        alarms=alarms,
        interrupted=interrupted,
        cut_short=cut_short(judges),
    )


def _warned(
    judgement: Judgement, dataset: Dataset, seen: Seen, split: SplitCheck, seed: int
) -> Judgement:
    """Return a judgement with what the scores, and errors that neighbours share, give away."""
    alarms = (*judgement.alarms, *after_judging(dataset, judgement))
    used, neighbours = judgement.verdict.used, ""
    if used != BASELINE and not alarms:
        neighbours = shared_errors(dataset, seen, used, seed=seed)
    counts = dispersion_note(dataset, seen, used)
    noticed = filter(None, [counts, neighbours])
    return structs.replace(
        judgement,
        alarms=alarms,
        split=structs.replace(split, neighbours=neighbours),
        doubts=dataset.doubts,
        notes=(*judgement.notes, *noticed),
    )


def metric_of(spec: Spec, schema: Schema) -> str:
    """Return the metric that compares the rungs; raise SpecError if it does not fit the target."""
    task, loss = schema.learned_target.task, resolve(spec.loss) if spec.loss else None
    asked = spec.metric or (loss.judged_by if loss else DEFAULT_METRIC[task])
    return metric_for(asked, task, loss.own_metric if loss else "").name


def provenance(dataset: Dataset, rungs: dict[str, Rung], began: float) -> Provenance:
    """Return where a model comes from; ``began`` is the moment of the performance counter."""
    machine = this_machine()
    return Provenance(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=perf_counter() - began,
        versions=machine.versions,
        platform=machine.platform,
        threads=machine.threads,
        data={"source": dataset.schema.source, "rows": f"{dataset.drawn_from or len(dataset)}"},
        fingerprint=fingerprint(rungs.values()),
    )
