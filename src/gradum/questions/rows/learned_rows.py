"""The rows that a model's rung learned from: kept after a fit, or read again from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradum.errors import SpecError
from gradum.messages import say
from gradum.questions.rows.run_rows import run_dataset, run_with_its_table
from gradum.run.dataset import Dataset
from gradum.run.plan import make_plan
from gradum.study.explanation.learned import LearnedRows
from gradum.tables.sources.open_stream import at_hand

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def learned_rows(model: Subject, rung: str | None = None) -> LearnedRows:
    """Return the rows that a rung learned from.

    Raises
    ------
    SpecError
        There is no such rung, or the rows are not kept: the run shows no single rows, read its
        table in blocks, or its table has changed.
    """
    chosen = model.fitted.rung(rung)
    dataset, parts = kept_rows(model)
    return LearnedRows.of(model.fitted, chosen, dataset, parts)


def kept_rows(model: Subject) -> tuple[Dataset, np.ndarray]:
    """Return a run's rows, and which part each had in the kept model's fit.

    Raises
    ------
    SpecError
        The rows are not kept.
    """
    fitted = model.fitted
    if not fitted.spec.report.rows:
        raise no_single_rows()
    if model.run is not None:
        dataset, parts = model.run.dataset, model.run.parts
    else:
        dataset = _read_again(model)
        parts = make_plan(fitted.spec, dataset).kept
    if dataset.drawn_from is not None:
        raise _read_in_blocks()
    if fitted.spec.refit and dataset.own_rows < len(dataset):
        raise SpecError(
            "The run learned from two files, its table and its test file.",
            "Fit again without --refit.",
        )
    return dataset, parts


def _read_again(model: Subject) -> Dataset:
    if model.folder is None:
        raise no_run_folder()
    try:
        run_spec = run_with_its_table(model.folder)
    except SpecError as error:
        raise SpecError(error.message, say("Bring the table back, or fit again.")) from error
    if run_spec.spec.blocks:
        raise _read_in_blocks()
    with at_hand(run_spec.data, run_spec.spec.reading) as table:
        return run_dataset(run_spec, table, model.fitted.schema)


def no_single_rows() -> SpecError:
    """Return the error for a run that was told to show no single rows."""
    return SpecError(
        "The run shows no single row of its table (--no-rows).", "Fit again without --no-rows."
    )


def no_run_folder() -> SpecError:
    """Return the error for a model that was loaded from a file alone."""
    return SpecError(
        "A model file does not hold the rows that the model learned from.", "Load its run folder."
    )


def _read_in_blocks() -> SpecError:
    return SpecError(
        "The run read its table in blocks, and holds some of its rows only.",
        "Fit on rows that fit in memory.",
    )
