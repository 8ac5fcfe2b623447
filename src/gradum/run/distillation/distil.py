"""A smaller model distilled from the one in use, and judged on rows that neither has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np
from msgspec import structs

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.compression import Compression, Trial
from gradum.run.dataset import Dataset
from gradum.run.distillation.judging import answers, judged
from gradum.run.distillation.larger import Larger
from gradum.run.distillation.size import Size, smallest
from gradum.run.fingerprint import named_arrays
from gradum.run.fitted import Fitted
from gradum.run.judge import Judge
from gradum.run.judging.judge_rungs import Seen
from gradum.run.predicting import predict_typed
from gradum.run.run import Run
from gradum.rungs.context import Context
from gradum.rungs.rung import Prediction, Rung
from gradum.scores.bootstrap import intervals, paired_differences
from gradum.waiting import told

TIMED_ROWS, TIMES = 10_000, 3
"""How many judged rows are answered to see how long that takes, and how often."""


def distil(
    fitted: Fitted,
    dataset: Dataset,
    judges: Sequence[Judge],
    budget: float,
    fits: Callable[[Fitted], bool] = lambda small: True,
) -> Run:
    """Distil the model in use into the smallest one that is expected to keep the budget.

    Where no size is, the nearest is taken: its error on the judged rows may grow by less.

    The size is chosen once, by how nearly a smaller model answers as the larger one on mixed rows;
    no label takes part in that. After a cross-validation, the larger model of each fold is
    distilled into a model of that size from the fold's own rows, and these models judge.

    Parameters
    ----------
    fitted : Fitted
        The larger model.
    dataset : Dataset
        The rows of its run.
    judges : sequence of Judge
        The models of a cross-validation, in the order of its folds; none for a hold-out.
    budget : float
        By how much the error may grow, as a share of the larger model's.
    fits : callable
        Whether a smaller model serves its purpose; by default, any does.

    Returns
    -------
    Run
        That of the smaller model; its provenance tells what it lost, and whether this is within
        the budget.

    Raises
    ------
    SpecError
        The model in use cannot be distilled, no row is left to judge, or no size fits.
    """
    began, context = perf_counter(), Context(seed=fitted.spec.seed)
    larger = Larger.of(fitted, dataset, judges)
    size, trials, student = smallest(larger, budget, context, fits)
    students = [student]
    if larger.plan.folds:
        folds = told(larger.judges, say("distilling the model of each fold"), len(larger.judges))
        students = [size.imitate(larger.transfer_set(fold, context), context) for fold in folds]
    run = judged(larger, size, student, students, began, context)
    compression = compared(larger, run, size, budget, trials)
    return _noted(run, compression)


def _noted(run: Run, compression: Compression) -> Run:
    """Return the run with what was lost, which its file keeps and its report says."""
    judgement, made = run.fitted.judgement, run.fitted.provenance
    assert judgement is not None
    noted = structs.replace(judgement, notes=(compression.sentence, *judgement.notes))
    made = structs.replace(made, compression=compression)
    return replace(run, fitted=replace(run.fitted, judgement=noted, provenance=made))


def compared(
    larger: Larger, run: Run, size: Size, budget: float, trials: tuple[Trial, ...]
) -> Compression:
    """Compare the models on the judged rows, on the same resamples."""
    assert run.judged is not None
    dataset, name = run.dataset, size.kind.name
    before = Prediction.join(answers(larger, judge) for judge in larger.judges)
    after = run.judged.predictions[name]
    seen = Seen(run.judged.rows, {"before": before, "after": after})
    truth, metric = dataset.truth, dataset.truth.metric
    outcomes = truth.outcomes(seen)
    resamples = truth.resamples(seen, stream(larger.spec.seed, "bootstrap", "test"))
    (difference,) = paired_differences([outcomes["after"]], outcomes["before"], metric, resamples)
    one, other = larger.fitted.rung(), run.fitted.rungs[name]
    errors = [intervals(outcome, resamples)[metric] for outcome in outcomes.values()]
    return Compression(
        of=larger.fitted.provenance.fingerprint,
        taught_by=larger.words,
        rung=name,
        size=size.words,
        budget=budget,
        metric=metric,
        rows=len(np.unique(seen.rows)),
        errors=(errors[0], errors[1]),
        difference=difference,
        bytes=(_bytes(one), _bytes(other)),
        microseconds=(
            _microseconds(larger.fitted, one, run),
            _microseconds(run.fitted, other, run),
        ),
        changed=float(np.mean(before.value != after.value)) if dataset.classes else None,
        trials=trials,
    )


def _bytes(rung: Rung) -> int:
    return sum(array.nbytes for array in named_arrays([rung]).values())


def _microseconds(fitted: Fitted, rung: Rung, run: Run) -> float:
    """Return how long a row takes where many are answered at once; the quickest time counts."""
    assert run.judged is not None
    frame = run.dataset.frame[np.unique(run.judged.rows)[:TIMED_ROWS]]
    seconds = []
    for _ in range(TIMES):
        began = perf_counter()
        predict_typed(fitted, frame, rung=rung.name)
        seconds.append(perf_counter() - began)
    return 1e6 * min(seconds) / len(frame)
