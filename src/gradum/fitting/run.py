"""One run: a table becomes a schema, parts, a ladder of rungs, and a judgement of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import product
from time import perf_counter
from typing import Any

import numpy as np
from msgspec import structs

from gradum.errors import SchemaError, SpecError
from gradum.fitting import balance
from gradum.fitting.alarm import Alarm
from gradum.fitting.alarms import after_judging, before_training
from gradum.fitting.checkpoints import NO_CHECKPOINTS, Checkpoints
from gradum.fitting.dataset import Dataset, join, labelled, require_enough, without_rare_classes
from gradum.fitting.estimate import expect
from gradum.fitting.events import Alarmed, Judged, Understood
from gradum.fitting.fitted import Fitted, Provenance, fingerprint
from gradum.fitting.judgement import Judgement, Seen, judge
from gradum.fitting.ladder import Allowance, climb, refit
from gradum.fitting.machine import this_machine
from gradum.fitting.metric import metric_for
from gradum.fitting.plan import Plan, make_plan
from gradum.fitting.rung import Rung
from gradum.fitting.spec import TITLES, Spec
from gradum.scores.metrics import DEFAULT_METRIC
from gradum.solvers.status import Status
from gradum.tables.encode import Encoder
from gradum.tables.schema import Overrides, Schema, Target, infer
from gradum.tables.split import Part, straddling_duplicates
from gradum.tables.table import Table
from gradum.tables.wording import counted

TROUBLES = {Status.DIVERGED: "diverged", Status.TIME_LIMIT: "ran out of time"}


@dataclass(frozen=True)
class Judge:
    """Rungs that predicted rows which they had not learned from: the hold-out's, or one fold's.

    ``parts`` (n,) gives each row's `Part` in that fit; rows of the part TEST were judged.
    """

    encoder: Encoder
    rungs: dict[str, Rung]
    parts: np.ndarray


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
        The part of each row in the kept model's fit, a `Part`.
    judged : Seen or None
        The predictions that were judged; None if there were none.
    judges : tuple of Judge
        The fits that made them.
    """

    fitted: Fitted
    dataset: Dataset
    parts: np.ndarray
    judged: Seen | None
    judges: tuple[Judge, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before it was done."""
        return self.fitted.judgement is None or self.fitted.judgement.interrupted


def run(
    spec: Spec,
    table: Table,
    *,
    test: Table | None = None,
    schema: Schema | None = None,
    stop: Callable[[], bool] = lambda: False,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Generator[Any, None, Run]:
    """Fit and judge the ladder on a table; yields events, returns the run.

    Parameters
    ----------
    spec : Spec
        What is asked for.
    table : Table
        The rows to learn from, and to judge by unless ``test`` is given.
    test : Table, optional
        Rows to judge by.
    schema : Schema, optional
        An edited schema to use in place of the one inferred from the table.
    stop : callable
        Asked between chunks of work; once true, the run ends with what it has.
    checkpoints : Checkpoints
        What was fitted of this run before it was cut short, and where to keep more.

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; nothing has been trained.
    """
    began = perf_counter()
    if schema is not None and spec.overrides != Overrides():
        raise SpecError(
            "Both an edited schema and options for columns were given.",
            "Write the options' effect into the schema, or leave the schema out.",
        )
    schema = schema or infer(
        table,
        target=spec.target,
        task=spec.task,
        overrides=spec.overrides,
        log_target=spec.log_target,
    )
    learned = refuse_contradictions(spec, schema, table)
    spec = structs.replace(spec, log_target=learned.log)
    dataset, notes = labelled(table, schema, also=spec.report.slices), table.notes
    del table  # whose columns the dataset has anew; nobody else may need them
    if spec.drop_rare_classes:
        dataset = without_rare_classes(dataset)
        schema = dataset.schema
    require_enough(dataset)
    if test is not None:
        dataset = join(dataset, labelled(test, schema, also=spec.report.slices))
    metric = metric_of(spec, dataset)
    yield Understood(schema, (*notes, *dataset.remarks))

    plan = make_plan(spec, dataset)
    alarms = before_training(dataset, plan, seed=spec.seed)
    if alarms:
        yield Alarmed(alarms)
    encoder = Encoder.fit(dataset.frame, schema, np.flatnonzero(plan.kept == Part.TRAIN))
    expected = expect(spec, plan, encoder.layout, len(dataset.classes))
    if expected:
        yield expected
    allowance = Allowance.of(spec, 1 + len(plan.folds) + spec.refit)
    rungs = yield from climb(
        spec,
        dataset.rows(encoder),
        plan.kept,
        stop=stop,
        checkpoints=checkpoints,
        allowance=allowance,
    )
    kept = Judge(encoder, rungs, plan.kept)
    judges = yield from _judges(spec, dataset, kept, plan, stop, checkpoints, allowance)
    seen, judgement = conclude(
        spec,
        dataset,
        judges,
        metric=metric,
        how=plan.how,
        notes=(*notes, *worlds(rungs)),
        alarms=alarms,
        interrupted=stop(),
    )
    if judgement is not None:
        yield Judged(judgement)
        if spec.refit and not stop():
            whole = Encoder.fit(dataset.frame, schema, None)
            again = yield from refit(
                spec,
                dataset.rows(whole),
                rungs,
                judgement,
                stop=stop,
                checkpoints=checkpoints,
                allowance=allowance,
            )
            if stop():  # half a refit is worth less than the model that was judged
                judgement = structs.replace(judgement, interrupted=True)
            else:
                encoder, rungs = whole, again
    fitted = Fitted(spec, schema, encoder, rungs, judgement, provenance(dataset, rungs, began))
    return Run(fitted, dataset, plan.kept, seen.get("test"), tuple(judges))


def conclude(
    spec: Spec,
    dataset: Dataset,
    judges: Sequence[Judge],
    *,
    metric: str,
    how: str,
    notes: tuple[str, ...],
    alarms: tuple[Alarm, ...],
    interrupted: bool,
) -> tuple[dict[str, Seen], Judgement | None]:
    """Return what the fits say of the rows they have not learned from, and the judgement of it.

    ``notes`` and ``alarms`` are what was noticed before; None where no fit was done.
    """
    seen = _pooled([_see(judge, dataset) for judge in judges])
    if not seen:
        return seen, None
    judgement = judge(
        dataset.truth,
        seen,
        metric=metric,
        seed=spec.seed,
        how=how,
        notes=(
            *notes,
            *dataset.remarks,
            *_troubled(judges),
            *_repeats(dataset, judges[0].parts, alarms),
        ),
        interrupted=interrupted,
    )
    alarms = (*alarms, *after_judging(dataset, judgement))
    return seen, structs.replace(judgement, alarms=alarms)


def worlds(rungs: dict[str, Rung]) -> tuple[str, ...]:
    """Say what lies between what rungs have learned and what they predict."""
    scales = [(TITLES[name], rung.target_scale) for name, rung in rungs.items()]
    smeared = [
        scale.spread.sentence(title, scale.smearing)
        for title, scale in scales
        if scale is not None and scale.spread is not None
    ]
    return (*balance.notes([rung.class_weight for rung in rungs.values()]), *smeared)


def _troubled(judges: Sequence[Judge]) -> tuple[str, ...]:
    """Say whose training went wrong or was cut short, in how many fits, and what to do about it."""
    notes = []
    for name, (status, what) in product(judges[0].rungs, TROUBLES.items()):
        fits = [judge.rungs[name] for judge in judges if name in judge.rungs]
        troubled = [rung for rung in fits if rung.status is status]
        if troubled:
            times = f" in {len(troubled)} of {len(fits)} fits" if len(fits) > 1 else ""
            notes.append(f"{TITLES[name]} {what}{times}. {troubled[0].advice}")
    return tuple(notes)


def refuse_contradictions(spec: Spec, schema: Schema, table: Table) -> Target:
    """Hold what was asked for against a schema, which may have been edited by hand."""
    target = schema.target
    if target is None or target.name != spec.target:
        known = f"predicts {target.name!r}" if target else "has no target"
        raise SpecError(
            f"The schema {known}, but {spec.target!r} is to be predicted.",
            "Write one with gradum inspect TABLE --target COL --json.",
        )
    if not schema.features:
        raise SchemaError(
            "The schema leaves no column to learn from.", "Give one of them the role 'feature'."
        )
    for role in ("weight", "group", "time"):
        name = getattr(schema, role)
        if name is not None and name not in table.frame.columns:
            raise SchemaError(f"{table.source} lacks the {role} column {name!r}.", "Add it.")
    for name in spec.report.slices:
        if schema.column(name).kind == "nested" or name == target.name:
            what = "the target" if name == target.name else "lists or records"
            raise SpecError(f"Column {name!r} is {what}, which is no slice.", "Choose another.")
    if spec.report.cost is not None and target.task != "binary":
        raise SpecError(
            f"A cost of mistakes needs two classes, but {target.name!r} is {target.task}.",
            "Leave out --cost.",
        )
    if spec.class_weight and target.task == "regression":
        raise SpecError(
            f"The target {target.name!r} has no classes to weigh.", "Leave class weights out."
        )
    return target


def _judges(
    spec: Spec,
    dataset: Dataset,
    kept: Judge,
    plan: Plan,
    stop: Callable[[], bool],
    checkpoints: Checkpoints,
    allowance: Allowance | None,
) -> Generator[Any, None, list[Judge]]:
    """Return the fits that judge: the kept model's own, or those of the folds that were done."""
    if not plan.folds:
        return [kept]
    judges = []
    for fold, parts in enumerate(plan.folds, 1):
        if stop():
            break
        own = Encoder.fit(dataset.frame, dataset.schema, np.flatnonzero(parts == Part.TRAIN))
        rungs = yield from climb(
            spec,
            dataset.rows(own),
            parts,
            stop=stop,
            place=(fold, len(plan.folds)),
            checkpoints=checkpoints,
            allowance=allowance,
        )
        if not stop():
            judges.append(Judge(own, rungs, parts))
    return judges


def _see(judge: Judge, dataset: Dataset) -> dict[str, Seen]:
    """Predict every part; of the validation rows, only what has not learned from them."""
    stopped = {name: rung for name, rung in judge.rungs.items() if rung.stopped_early}
    seen = {}
    for part in (Part.TRAIN, Part.VALIDATION, Part.TEST):
        rows = np.flatnonzero(judge.parts == part)
        predicting = stopped if part is Part.VALIDATION else judge.rungs
        if len(rows) and predicting:
            design = dataset.rows(judge.encoder).design.take(rows)
            predictions = {name: rung.predict(design) for name, rung in predicting.items()}
            seen[part.name.lower()] = Seen(rows, predictions)
    return seen


def _pooled(seen: list[dict[str, Seen]]) -> dict[str, Seen]:
    """Put the evidence of several fits together, part by part."""
    if len(seen) < 2:
        return seen[0] if seen else {}
    return {part: Seen.pool([each[part] for each in seen]) for part in seen[0]}


def _repeats(dataset: Dataset, parts: np.ndarray, alarms: tuple[Alarm, ...]) -> tuple[str, ...]:
    """Count the exact repeats across parts, where they were not cause for alarm."""
    count = straddling_duplicates(dataset.frame, parts)
    if not count or any(alarm.kind == "near duplicates" for alarm in alarms):
        return ()
    return (
        f"{counted(count, 'test row')} also occur{'s' if count == 1 else ''}, in every column, "
        "among the other rows: scores flatter a model that remembers. Give --group a column that "
        "keeps such rows together.",
    )


def metric_of(spec: Spec, dataset: Dataset) -> str:
    """Return the metric that compares the rungs; SpecError if it is not for this target."""
    task = dataset.truth.task
    return metric_for(spec.metric or DEFAULT_METRIC[task], task).name


def provenance(dataset: Dataset, rungs: dict[str, Rung], began: float) -> Provenance:
    """Return where a model comes from, which began at that moment of the performance counter."""
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
