"""The run of a smaller model: judged as any other, with the larger one as a rival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from msgspec import structs

from gradum.messages import say
from gradum.run.distillation.larger import Larger
from gradum.run.distillation.size import Size
from gradum.run.fitted import Fitted
from gradum.run.intervals.judged_scores import guarantee_of
from gradum.run.judge import Judge
from gradum.run.judging.headline import with_headline
from gradum.run.reference.reference import reference_of
from gradum.run.rivals import Contest
from gradum.run.run import Run, conclude, metric_of, provenance
from gradum.run.source.rows_in_memory import DividedInMemory
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.names import BASELINE
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Prediction, Rung
from gradum.tables.split import Part


def judged(
    larger: Larger,
    size: Size,
    student: Rung,
    students: Sequence[Rung],
    began: float,
    context: Context,
) -> Run:
    """Judge the smaller model by the students of the larger model's judges, in their order.

    ``began`` is the moment, by the performance counter, at which the distillation began.
    """
    spec, dataset, plan = _spec(larger.spec, size), larger.dataset, larger.plan
    pairs = zip(larger.judges, students, strict=True)
    judges = [_with_baseline(larger, judge, of_fold, context) for judge, of_fold in pairs]
    kept = _with_baseline(larger, larger.kept, student, context)
    before = larger.fitted.judgement
    seen, judgement = conclude(
        spec,
        DividedInMemory(spec, dataset, plan, ()),
        judges,
        metric=metric_of(spec, dataset.schema),
        notes=(),
        alarms=before.alarms if before else (),
        rivals=Contest(tuple({_rival(larger): answers(larger, judge)} for judge in larger.judges)),
        context=context,
    )
    assert judgement is not None
    if before is not None:
        judgement = structs.replace(judgement, split=before.split, doubts=before.doubts)
    judgement = with_headline(judgement)
    fitted = Fitted(
        spec,
        dataset.schema,
        kept.encoder,
        kept.rungs,
        judgement,
        provenance(dataset, kept.rungs, began),
        guarantee_of(spec, dataset, judges, judgement.verdict.used, interrupted=False),
        reference_of(spec, dataset, plan, seen["test"], judgement),
    )
    return Run(fitted, dataset, kept.parts, seen["test"], tuple(judges))


def answers(larger: Larger, judge: Judge) -> Prediction:
    """Return what a fit of the larger model says of the rows that it judges."""
    tested = np.flatnonzero(judge.parts == Part.TEST)
    rows = larger.dataset.rows(judge.encoder)
    return judge.rungs[larger.fitted.used].predict(rows.design.take(tested))


def _rival(larger: Larger) -> str:
    return say("{model} (before)", model=say(KINDS[larger.fitted.used].title))


def _spec(spec: Spec, size: Size) -> Spec:
    """Return the spec of the smaller model's run; no learning curve tells of a distilled model."""
    spec = spec.with_settings(size.kind.name, size.settings)
    return structs.replace(spec, report=structs.replace(spec.report, learning_curve=False))


def _with_baseline(larger: Larger, judge: Judge, student: Rung, context: Context) -> Judge:
    """Return a fit with a student in place of its model, and the baseline beside it."""
    spec = larger.spec.of_rung(BASELINE)
    baseline = KINDS[BASELINE].fit(larger.rows(judge), spec, context)
    return replace(judge, rungs={BASELINE: baseline, student.name: student})
