"""A model in a form that runs without gradum."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.api.compress import smaller_model
from gradum.errors import GradumError, SpecError, TooLargeError
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.questions.rows.asked_rows import asked_rows
from gradum.questions.rows.judges import conformal_of
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.ship.recording.model import recorded_model

if TYPE_CHECKING:
    import polars as pl

    from gradum.questions.subject import Subject
    from gradum.run.fitted import Fitted
    from gradum.ship.forms.export import Exported, Form


@with_checked_arguments
def export(
    self: Subject,
    path: str | os.PathLike,
    data: Any = None,
    *,
    to: str | None = None,
    interval: float | None = None,
    rung: str | None = None,
    compress: float | None = None,
    force: bool = False,
) -> Exported:
    """Write the model to a file that runs without gradum, from raw columns to answers.

    ``model.onnx`` is a file for ONNX Runtime and its kind. Its inputs are the columns by name, each
    of shape [rows, 1]: numbers as float64 with NaN where one is missing, all else as texts, with
    ``(missing)`` where one is missing. Its outputs are ``prediction`` and, for classes,
    ``probability`` and ``logits``.

    ``model.mjs`` is a module of JavaScript that needs no other, for Node and pages. Its ``predict``
    takes an array of objects, one for each row, with a value by column; null is missing. It returns
    one for each, with ``prediction`` and, for classes, ``probability`` by class.

    ``model.sql`` is a query for DuckDB, PostgreSQL and SQLite, of a linear model or a small
    network. It reads the columns of a table by name, where NULL is a missing value; in place of
    ``"rows"`` stands the table's name. Each row keeps its columns, and has the answers behind them,
    ``probability`` and ``logits`` one column for each class.

    Before a file is written, it answers the rows that judged the model, or those given, and its
    answers are held against the model's own.

    Parameters
    ----------
    path : path
        Its ending says which form: ``.onnx``, ``.mjs``, ``.js`` or ``.sql``.
    data : path, data frame, array, list of dicts or one dict, optional
        Rows on which to hold the file against the model; those that judged it if left out.
    to : str, optional
        The form, whatever the name ends in: ``"onnx"``, ``"javascript"`` or ``"sql"``.
    interval : float, optional
        The share of rows whose targets are to lie in their intervals or sets: adds outputs ``low``
        and ``high``, or ``set``, which says of each class whether it is in it. What several models
        promise together, after a cross-validation, stays.
    rung : str, optional
        As in `predict`.
    compress : float, optional
        Export a smaller model, distilled from the ensemble in use as in `compress`: the smallest
        one that has such a form and whose error grows by no more than this share, 0.01 being 1%.
    force : bool
        Whether to replace a file that is there.

    Returns
    -------
    Exported
        ``parity`` has the number of rows, the largest difference and the decisions that differ; it
        is None where no rows are at hand or the runtime is not installed, as ``unchecked`` says.

    Raises
    ------
    ExportError
        A column, a part of the model or a promise has no such form; the message says which, and
        why.
    SpecError
        The model has no such rung, or keeps no scores of judged rows for intervals.
    ModelFileError
        The package that writes such files is not installed.
    OverBudgetError
        The smaller model errs more than ``compress`` allows; the error's ``model`` is that model.
    OutputError
        The file exists or cannot be written, or there is no such form.
    """
    refuse_after_fork()
    from gradum.ship.forms.export import export as export_fitted
    from gradum.ship.forms.export import form_of

    form = form_of(path, to, force=force)  # before rows are read
    self.fitted.rung(rung)
    if compress is not None:
        small = _compressed(self, form, compress, rung)
        more = {"to": to, "interval": interval, "force": force}
        return export(small, path, data, **more)
    promise = None if interval is None else conformal_of(self, interval, rung=rung)
    rows = _judged(self) if data is None else asked_rows(self, data, None)[0]
    return export_fitted(self.fitted, path, rows, to=to, rung=rung, promise=promise, force=force)


def _compressed(model: Subject, form: Form, budget: float, rung: str | None) -> Subject:
    """Return a smaller model that has a form; refuse at once where this cannot succeed."""
    if rung is not None:
        raise SpecError(
            "The ensemble in use is compressed, not the model {name!r}.",
            "Leave out --rung or --compress.",
            name=rung,
        )
    _has_form(form, model.fitted)  # what no size mends is refused
    return smaller_model(model, budget, fits=lambda small: _has_form(form, small))


def _has_form(form: Form, fitted: Fitted) -> bool:
    """Whether a model is small enough for a form; refuse what the form cannot hold at any size."""
    try:
        form.data(recorded_model(fitted))
    except TooLargeError:
        return False
    return True


def _judged(model: Subject) -> pl.DataFrame | str:
    """Return the typed rows that judged a model, or why they are not at hand."""
    if model.run is not None and model.run.judged is not None:
        return model.run.dataset.frame[np.unique(model.run.judged.rows)]
    if model.folder is None:
        return say("The rows that judged the model are not at hand.")
    from gradum.questions.rows.judged_rows import judged_rows

    try:
        return judged_rows(model.folder).frame
    except GradumError as error:
        return error.message
