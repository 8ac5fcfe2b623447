"""``gradum.fit``: from a table to a judged model."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from gradum.api.model import Model
from gradum.fitting.checkpoints import NO_CHECKPOINTS, Checkpoints
from gradum.fitting.options import make_spec
from gradum.fitting.run import run
from gradum.fitting.spec import Spec
from gradum.show.report import Source
from gradum.tables.read import read
from gradum.tables.schema import Schema


def fit(
    data: Any,
    target: str,
    *,
    test: Any = None,
    schema: Schema | None = None,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Model:
    """Fit and judge models of a table's target.

    Parameters
    ----------
    data : path, data frame, dict of columns, array or list of dicts
        The table: a path, a pattern of paths such as ``"part-*.csv"`` or a list of paths (CSV, TSV,
        JSON, Parquet or Arrow, plain or compressed), any frame that `narwhals` knows, or a NumPy
        array (columns ``x0``, ``x1``, …).
    target : str
        The column to predict.
    test : as data, optional
        Rows to judge by, in place of a hold-out.
    schema : Schema, optional
        An edited schema, in place of the one inferred.
    on_event : callable, optional
        Called with every event of the run, for progress.
    stop : callable, optional
        Asked between chunks of work; once true, the run ends with what it has.
    **options
        ``model`` ("ladder", "linear", "mlp"), ``task``, ``seed``, ``cv`` (folds), ``metric``,
        ``class_weight`` ("balanced"), ``drop_rare_classes``, ``log_target``, ``refit``;
        ``numeric``, ``categorical``,
        ``text``, ``date``, ``drop`` (lists of columns); ``weight``, ``group``, ``time`` (a
        column); ``slices`` (columns to score by), ``cost`` ("FP=1,FN=5"), ``rows`` (False leaves
        every row out of the report), ``learning_curve`` (True or False); ``linear``, ``mlp``,
        ``split`` (their specs).

    Returns
    -------
    Model

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; the message says what to do.
    """
    spec = make_spec(target, **options)
    return fit_spec(spec, data, test=test, schema=schema, on_event=on_event, stop=stop)


def fit_spec(
    spec: Spec,
    data: Any,
    *,
    test: Any = None,
    schema: Schema | None = None,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Model:
    """Fit as `fit` does, from a spec; and go on from, and keep, what ``checkpoints`` hold."""
    source = Source(_name(data), _name(test))
    held = None if test is None else read(test)
    events = run(spec, read(data), test=held, schema=schema, stop=stop, checkpoints=checkpoints)
    while True:
        try:
            event = next(events)
        except StopIteration as finished:
            return Model(finished.value.fitted, finished.value, source)
        if on_event is not None:
            on_event(event)


def _name(data: Any) -> str | None:
    """Return what a command would call the table: its path, if it has one."""
    return os.fspath(data) if isinstance(data, str | os.PathLike) else None
