"""One run: a table becomes a schema, parts, a ladder of rungs, and a judgement of them.

The rows lie in memory or in blocks; their `RowSource` knows where, and the run need not.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from time import perf_counter

import numpy as np
from msgspec import structs

from gradum.core.losses import resolve
from gradum.core_count import cores
from gradum.messages import marked, say, say_plural, sentences
from gradum.run.alarm import Alarm
from gradum.run.alarms import after_judging, before_training
from gradum.run.alarms.other_split import checked_split
from gradum.run.alarms.shared_errors import shared_errors
from gradum.run.dataset import Dataset
from gradum.run.estimate import share_out
from gradum.run.events import Alarmed, Judged, NotRefitted, Understood
from gradum.run.fits_apart import fits_apart
from gradum.run.fitted import Fitted, Provenance, fingerprint
from gradum.run.intervals.judged_scores import guarantee_of
from gradum.run.judge import Judge
from gradum.run.judging.headline import with_headline
from gradum.run.judging.judge_rungs import Seen, judge
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.overdispersion import dispersion_note
from gradum.run.ladder import climb, learners, refit
from gradum.run.machine import this_machine
from gradum.run.metric import metric_for
from gradum.run.monotone_columns import monotone_in_words, refuse_unproven
from gradum.run.reference.reference import reference_of
from gradum.run.rivals import Contest, Rival, contest, refuse_in_blocks
from gradum.run.source.row_source import Asked, Divided, RowSource
from gradum.run.spec import Spec
from gradum.run.split_check import SplitCheck
from gradum.run.suited_loss import loss_notes
from gradum.rungs import balance
from gradum.rungs.context import ALONE, Context, OutOfTime
from gradum.rungs.names import BASELINE
from gradum.rungs.post import calibrated_in_words
from gradum.rungs.registry import KINDS, kinds_for
from gradum.rungs.rung import Rung
from gradum.scores.figures import figure
from gradum.scores.metrics import DEFAULT_METRIC
from gradum.solvers.solution import Status
from gradum.solvers.threads import in_order, is_large, one_thread
from gradum.tables.encode import Encoder
from gradum.tables.schema import Schema
from gradum.tables.split import Part, straddling_duplicates
from gradum.tables.table import Table

TROUBLES = {  # in the only fit, and in some of several
    Status.DIVERGED: (
        marked("{rung} diverged."),
        marked("{rung} diverged in {troubled} of {fits} fits."),
    ),
    Status.TIME_LIMIT: (
        marked("{rung} ran out of time."),
        marked("{rung} ran out of time in {troubled} of {fits} fits."),
    ),
}

NO_TIME_TO_REFIT = marked(
    "The time limit left no time to refit the model on all rows: it is the one that was judged; "
    "allow more with --time-limit (time_limit)."
)
TRAINING_ROWS = 10_000
"""How many training rows are scored if the time limit leaves no time for all."""


@dataclass(frozen=True)
class Run:
    """A finished run: what it learned, and what it said of the rows that judged it.

    Parameters
    ----------
    fitted : Fitted
        The model.
    dataset : Dataset
        The rows with a target, as they were used.
    parts : ndarray of shape (n,)
        The `Part` of each row in the fit of the kept model.
    judged : Seen or None
        The predictions that were judged; None if there were none.
    judges : tuple of Judge
        The fits that made these predictions.
    """

    fitted: Fitted
    dataset: Dataset
    parts: np.ndarray
    judged: Seen | None
    judges: tuple[Judge, ...] = ()

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
    rivals: Sequence[Rival] = (),
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
    rivals : sequence of Rival
        Estimators of other libraries, judged on the same rows and never kept.
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
    rivals: Sequence[Rival],
    began: float,
    context: Context,
) -> Run:
    """Return the run on rows that have been divided into parts."""
    dataset, plan = divided.dataset, divided.plan
    split = checked_split(dataset, seed=spec.seed)
    alarms = before_training(dataset, plan, split, seed=spec.seed)
    if alarms:
        context.tell(Alarmed(alarms))
    held = contest(rivals, dataset, plan.folds or [plan.kept], spec, context)
    encoder, rows = divided.learning(plan.kept)
    if plan.folds:  # no row is held out from the kept model
        encoder = encoder.reaching(dataset.frame)
    expected = divided.expected(encoder)
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
    if context.engine is not None and not spec.blocks:
        context = replace(context, apart=fits_apart(spec, divided, rows, context.engine, context))
    rungs = climb(spec, rows, context)
    judges = _judges(spec, divided, Judge(encoder, rungs, plan.kept), context)
    seen, judgement = conclude(
        spec,
        divided,
        judges,
        metric=metric,
        notes=(*divided.notes, *worlds(rungs), *_monotone(spec, dataset.schema, rivals)),
        alarms=alarms,
        rivals=held,
        context=context,
    )
    if judgement is not None:
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
    fitted = Fitted(spec, dataset.schema, encoder, rungs, judgement, made, guarantee, reference)
    if spec.report.rows and dataset.history is not None:
        assert dataset.schema.forecast is not None
        fitted = replace(fitted, history=dataset.history.latest(dataset.schema.forecast))
    return Run(fitted, dataset, plan.kept, seen.get("test"), tuple(judges))


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
        again = refit(spec, everything, rungs[judgement.verdict.used], context)
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
    seen = _pooled(_seen(judges, dataset, context))
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
            *_troubled(judges),
            *_left_out(spec, judges, interrupted=interrupted),
            *_sampled(seen, judges),
            *_repeats(dataset, judges[0].parts, alarms),
            *rivals.notes,
            *judgement.notes,
        ),
        alarms=alarms,
        interrupted=interrupted,
        cut_short=tuple(
            name
            for name in judges[0].rungs
            if any(_out_of_time(judge.rungs.get(name)) for judge in judges)
        ),
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


def worlds(rungs: dict[str, Rung]) -> tuple[str, ...]:
    """Say which transformations lie between what rungs have learned and what they predict."""
    scales = [(say(KINDS[name].title), rung.target_scale) for name, rung in rungs.items()]
    smeared = [
        scale.spread.sentence(title, scale.smearing)
        for title, scale in scales
        if scale is not None and scale.spread is not None
    ]
    calibrated = [
        sentence
        for name, rung in rungs.items()
        for sentence in calibrated_in_words(say(KINDS[name].in_words), rung.calibration)
    ]
    weights = [rung.class_weight for rung in rungs.values()]
    remarks = [remark for name, rung in rungs.items() for remark in KINDS[name].remarks(rung)]
    return (*balance.notes(weights), *remarks, *calibrated, *smeared)


def _monotone(spec: Spec, schema: Schema, rivals: Sequence[Rival]) -> tuple[str, ...]:
    """Say in which columns the models are monotone, and that rivals need not be."""
    assert schema.target is not None
    notes = monotone_in_words(schema.target, spec.directions)
    if notes and rivals:
        return (*notes, say("What the models are judged against need not be monotone."))
    return notes


def _troubled(judges: Sequence[Judge]) -> tuple[str, ...]:
    """Say which rungs' training failed or was cut short, in how many fits, and what to do."""
    notes = []
    for name, (status, messages) in product(judges[0].rungs, TROUBLES.items()):
        fits = [judge.rungs[name] for judge in judges if name in judge.rungs]
        troubled = [rung for rung in fits if rung.status is status]
        if troubled:
            sentence = say(
                messages[len(fits) > 1],
                rung=say(KINDS[name].title),
                troubled=len(troubled),
                fits=len(fits),
            )
            notes.append(sentences([sentence, troubled[0].advice]))
    return tuple(notes)


def _out_of_time(rung: Rung | None) -> bool:
    return rung is not None and rung.status is Status.TIME_LIMIT


def _left_out(spec: Spec, judges: Sequence[Judge], *, interrupted: bool) -> tuple[str, ...]:
    """Name the rungs that the time limit left no time to begin in some fit."""
    if interrupted or spec.time_limit is None:
        return ()
    kinds = kinds_for(spec.rungs, grids=bool(judges[0].encoder.layout.grids))
    missing = [
        say(kind.title)
        for kind in kinds
        if kind.compiling and any(kind.name not in judge.rungs for judge in judges)
    ]
    if not missing:
        return ()
    return (
        say(
            "The time limit left no time for {names}; allow more with --time-limit (time_limit).",
            names=say(" and ").join(missing),
        ),
    )


def _sampled(seen: dict[str, Seen], judges: Sequence[Judge]) -> tuple[str, ...]:
    """Say how many training rows are scored, if the time limit left no time for all."""
    scored = len(seen["train"].rows) if "train" in seen else 0
    rows = sum(np.count_nonzero(judge.parts == Part.TRAIN) for judge in judges)
    if scored in (0, rows):
        return ()
    return (
        say(
            "The time limit left no time to score all {rows:,} training rows: their scores are "
            "those of {scored:,}, drawn by chance.",
            rows=rows,
            scored=scored,
        ),
    )


def _seen(judges: Sequence[Judge], dataset: Dataset, context: Context) -> list[dict[str, Seen]]:
    """Return what each fit says of its parts; fits of small tables are asked side by side."""
    rungs = [rung for judge in judges for rung in judge.rungs.values()]
    widest = max((max(rung.network.widths) for rung in rungs), default=0)
    if len(judges) < 2 or is_large(len(dataset), widest):
        return [_see(judge, dataset, context) for judge in judges]
    with one_thread():
        return list(in_order(lambda judge: _see(judge, dataset, context), judges, most=cores()))


def _see(judge: Judge, dataset: Dataset, context: Context) -> dict[str, Seen]:
    """Predict every part; the validation rows only by rungs that have not learned from them.

    Scores of training rows only show what was learned by heart. If the remaining time is too short
    for all of them, at the pace of the test rows, only `TRAINING_ROWS` of them are predicted.
    """
    learned, stopping, judging = (
        np.flatnonzero(judge.parts == part) for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)
    )
    stopped = {name: rung for name, rung in judge.rungs.items() if rung.stopped_early}
    began = perf_counter()
    test = _predicted(judge.rungs, judge, dataset, judging)
    ended = perf_counter()
    expected = (ended - began) * len(learned) / max(len(judging), 1)
    if len(learned) > TRAINING_ROWS and ended + expected > context.end:
        rng = context.random("judgement", "training rows")
        learned = np.sort(rng.choice(learned, TRAINING_ROWS, replace=False))
    parts = {
        "train": _predicted(judge.rungs, judge, dataset, learned),
        "validation": _predicted(stopped, judge, dataset, stopping),
        "test": test,
    }
    return {part: seen for part, seen in parts.items() if len(seen.rows) and seen.predictions}


def _predicted(rungs: Mapping[str, Rung], judge: Judge, dataset: Dataset, rows: np.ndarray) -> Seen:
    if not len(rows) or not rungs:
        return Seen(rows, {})
    design = dataset.rows(judge.encoder).design.take(rows)
    return Seen(rows, {name: rung.predict(design) for name, rung in rungs.items()})


def _pooled(seen: list[dict[str, Seen]]) -> dict[str, Seen]:
    """Concatenate the evidence of several fits, part by part."""
    if len(seen) < 2:
        return seen[0] if seen else {}
    return {part: Seen.pool([evidence[part] for evidence in seen]) for part in seen[0]}


def _repeats(dataset: Dataset, parts: np.ndarray, alarms: tuple[Alarm, ...]) -> tuple[str, ...]:
    """Count the exact repeats across parts, unless an alarm was raised about them."""
    count = straddling_duplicates(dataset.frame, parts)
    if not count or any(alarm.kind == "near duplicates" for alarm in alarms):
        return ()
    share = figure(100 * count / np.count_nonzero(parts == Part.TEST), digits=2)
    return (
        say_plural(
            "{count:,} test row equals one of the other rows in every column ({share}% of those "
            "that judge). If columns have few values, that may be chance; if not, a model that "
            "only remembers gets too good a score: give --group a column that keeps such rows "
            "together.",
            "{count:,} test rows equal one of the other rows in every column ({share}% of those "
            "that judge). If columns have few values, that may be chance; if not, a model that "
            "only remembers gets too good a score: give --group a column that keeps such rows "
            "together.",
            count,
            share=share,
        ),
    )


def metric_of(spec: Spec, schema: Schema) -> str:
    """Return the metric that compares the rungs; raise SpecError if it does not fit the target."""
    assert schema.target is not None
    task, loss = schema.target.task, resolve(spec.loss) if spec.loss else None
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
