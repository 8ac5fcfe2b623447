"""A smaller model distilled from the one in use, and judged on rows that neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import say, sentences
from gradum.run.compression import Compression
from gradum.run.dataset import Dataset
from gradum.run.distillation.comparison import compared
from gradum.run.distillation.judging import judged
from gradum.run.distillation.larger import Larger
from gradum.run.distillation.size import smallest
from gradum.run.fitted import Fitted
from gradum.run.judge import Judge
from gradum.run.run import Run
from gradum.rungs.context import Context
from gradum.waiting import told


def distil(fitted: Fitted, dataset: Dataset, judges: Sequence[Judge], budget: float) -> Run:
    """Distil the model in use into the smallest one whose error grows by no more than the budget.

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

    Returns
    -------
    Run
        That of the smaller model; its provenance tells what it lost.

    Raises
    ------
    SpecError
        The model in use cannot be distilled, no row is left to judge, or no size keeps the budget.
    """
    began, context = perf_counter(), Context(seed=fitted.spec.seed)
    larger = Larger.of(fitted, dataset, judges)
    size, trials, student = smallest(larger, budget, context)
    students = [student]
    if larger.plan.folds:
        folds = told(larger.judges, say("distilling the model of each fold"), len(larger.judges))
        students = [size.imitate(larger.transfer_set(fold, context), context) for fold in folds]
    run = judged(larger, size, student, students, began, context)
    compression = compared(larger, run, size, budget, trials)
    if compression.growth[0] > budget:
        raise SpecError(
            sentences([say("The error grew by more than the budget."), compression.sentence]),
            say("Allow more with --budget (budget), or less, for which a larger model is taken."),
        )
    return _noted(run, compression)


def _noted(run: Run, compression: Compression) -> Run:
    """Return the run with what was lost, which its file keeps and its report says."""
    judgement, made = run.fitted.judgement, run.fitted.provenance
    assert judgement is not None
    noted = structs.replace(judgement, notes=(compression.sentence, *judgement.notes))
    made = structs.replace(made, compression=compression)
    return replace(run, fitted=replace(run.fitted, judgement=noted, provenance=made))
