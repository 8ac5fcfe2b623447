"""A smaller model that answers nearly as this one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gradum.errors import OverBudgetError, SchemaError, SpecError
from gradum.forks import refuse_after_fork
from gradum.messages import listed, say, sentences
from gradum.questions.rows.run_rows import run_dataset
from gradum.questions.subject import Subject
from gradum.run.dataset import Dataset
from gradum.run.fitted import Fitted
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.scores.figures import figure
from gradum.ship.layout import SPEC
from gradum.ship.run_spec import changed_files, moved, named, read_spec, refuse_other_content
from gradum.solvers.threads import turn
from gradum.tables.sources.open_stream import at_hand

M = TypeVar("M", bound=Subject)


@with_checked_arguments
def compress(self: M, *, budget: float = 0.01, data: str | None = None) -> M:
    """Distil the network ensemble in use into the smallest model that errs little more.

    A plain MLP learns from the ensemble's answers to mixed rows, and for real rows from those of
    its networks that had not learned from them. The smallest of four sizes is tried first, then
    fewer of the ensemble's own networks. The size is chosen on mixed rows; the rows that judged the
    ensemble judge the result, after a cross-validation fold by fold.

    Parameters
    ----------
    budget : float
        By how much the error (log loss, or RMSE) may grow: 0.01 is 1%.
    data : str, optional
        Where the table of the run lies now, if it was moved; its address, if it lies on another
        machine. Its content must be what it was.

    Returns
    -------
    Model
        With its run, like one that was fitted; ``fitted.provenance.compression`` has what it was
        distilled from and what that cost.

    Raises
    ------
    SpecError
        The model in use is no ensemble, no rows are at hand to judge, or the budget is no share.
    OverBudgetError
        The smaller model errs more than the budget allows; the error's ``model`` is that model.
    SchemaError
        The run's table has changed.
    """
    return smaller_model(self, budget, data)


def smaller_model(
    model: M,
    budget: float,
    data: str | None = None,
    fits: Callable[[Fitted], bool] = lambda small: True,
) -> M:
    """Return the smallest model that fits and keeps a budget, as `compress` does.

    Raises
    ------
    GradumError
        As in `compress`, or no smaller model fits.
    """
    refuse_after_fork()
    from gradum.run.distillation.distil import distil

    if not 0 <= budget < float("inf"):
        raise SpecError(
            "The budget is {budget}.",
            "Give a share of the error, such as 0.01 (--budget 1%).",
            budget=budget,
        )
    dataset = _rows(model, data)
    with turn():
        run = distil(model.fitted, dataset, model.judges, budget, fits)
    small = model.with_run(run)
    compression = run.fitted.provenance.compression
    assert compression is not None
    if not compression.keeps_budget:
        raise over_budget(small)
    return small


def over_budget(small: Subject, where: str = "") -> OverBudgetError:
    """Return the error for a smaller model that errs more than its budget allows.

    ``where`` is a sentence on where that model was written.
    """
    compression = small.fitted.provenance.compression
    assert compression is not None
    budget = figure(100 * compression.budget)
    cause = say("That is more than the budget of {budget}% allows.", budget=budget)
    nearest = min(trial.expected for trial in compression.trials)
    remedy = (
        say("Use it if it is good enough, or ask for a larger one by a smaller --budget (budget).")
        if nearest <= compression.budget
        else say("Use it if it is good enough; no size that was tried comes nearer.")
    )
    return OverBudgetError(sentences([compression.sentence, cause, where]), remedy, small)


def _rows(model: Subject, data: str | None) -> Dataset:
    """Return the rows of a model's run: those at hand, or read again."""
    if model.run is not None:
        if model.run.dataset.drawn_from is not None:
            raise _in_blocks()
        return model.run.dataset
    if model.folder is None:
        raise without_rows()
    run_spec = read_spec(model.folder / SPEC)
    if run_spec.spec.blocks:
        raise _in_blocks()
    run_spec = moved(run_spec, data)
    place = named(run_spec, data)
    if changed := changed_files(run_spec):
        raise SchemaError(
            "{folder} was made from other rows: {files} has changed or gone.",
            "Bring the file back, say by --data where it lies now, or fit again.",
            folder=model.folder,
            files=listed(changed),
        )
    with at_hand(place, run_spec.spec.reading) as table:
        refuse_other_content(run_spec, table.sha256, model.folder)
        return run_dataset(run_spec, table, model.fitted.schema)


def without_rows() -> SpecError:
    """Return the error for a model without its run folder."""
    return SpecError(
        "A model file does not hold the rows that the model learned from.",
        "Compress its run folder.",
    )


def _in_blocks() -> SpecError:
    return SpecError(
        "The run read its table in blocks, and holds some of its rows only.",
        "Fit on rows that fit in memory.",
    )
