"""``gradum.fit``: from a table to a judged model."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gradum.api.model import Model
from gradum.errors import SpecError
from gradum.fitting.context import ALONE, Context
from gradum.fitting.options import make_spec
from gradum.fitting.reading import decided
from gradum.fitting.row_source import RowSource
from gradum.fitting.rows_in_blocks import RowsInBlocks
from gradum.fitting.rows_in_memory import RowsInMemory
from gradum.fitting.run import run
from gradum.fitting.spec import Spec
from gradum.show.source import Source
from gradum.solvers.threads import between_turns, turn
from gradum.tables.read import read
from gradum.tables.schema import Schema
from gradum.tables.stream import at_hand, opened


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
    data : path, data frame, dict of columns, array, list of dicts, or iterable of such
        The table: a path, a pattern of paths such as ``"part-*.csv"`` or a list of paths (CSV, TSV,
        JSON, Parquet or Arrow, plain or compressed), any frame that `narwhals` knows, or a NumPy
        array (columns ``x0``, ``x1``, …). Files that are too large for memory are read in blocks,
        and so are batches of rows from an iterator.
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
        ``model`` ("ladder", "linear", "mlp", "pack"), ``task``, ``seed``, ``cv`` (folds),
        ``metric``, ``max_memory`` (bytes, or "2GB"), ``blocks`` (True or False: whether the
        table is read in blocks, whatever it takes), ``max_epochs``,
        ``effort`` ("quick", "standard", "best"), ``time_limit`` (seconds that packs train),
        ``class_weight`` ("balanced": rare classes are learned and labelled as if all were equally
        common, while probabilities stay the table's), ``drop_rare_classes``, ``log_target``,
        ``refit``; ``numeric``, ``categorical``,
        ``text``, ``date``, ``drop`` (lists of columns); ``weight``, ``group``, ``time`` (a
        column); ``slices`` (columns to score by), ``cost`` ("FP=1,FN=5"), ``rows`` (False leaves
        every row out of the report), ``learning_curve`` (True or False); ``linear``, ``mlp``,
        ``pack``, ``split`` (their specs).

    Returns
    -------
    Model

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; the message says what to do.
    """
    _refuse_values(target)
    spec = make_spec(target, **options)
    data, test = at_hand(data), None if test is None else at_hand(test)
    spec = decided(spec, data, test)
    context = Context(tell=on_event or ignore, stop=stop)
    return fit_spec(spec, data, context, test=test, schema=schema)


def ignore(event: Any) -> None:
    """Take no notice of an event."""


def _refuse_values(target: Any) -> None:
    """Refuse the values of a target, as scikit-learn's estimators take them."""
    if not isinstance(target, str):
        raise SpecError(
            f"gradum.fit takes the name of the column to predict, not {_kind(target)}.",
            'Give gradum.fit(table, "name") a table that holds it; gradum.PackClassifier and '
            "gradum.PackRegressor have fit(X, y).",
        )


def _kind(target: Any) -> str:
    return "values" if hasattr(target, "__len__") else f"{target!r}"


def fit_spec(
    spec: Spec,
    data: Any,
    context: Context = ALONE,
    *,
    test: Any = None,
    schema: Schema | None = None,
    scratch: Path | None = None,
) -> Model:
    """Fit as `fit` does, from a spec and in a context.

    Whether the table is read in blocks has been `decided`.
    ``scratch`` is the folder for the rows of a table that does not fit in memory.
    """
    judging = None if test is None else read(test)
    context = replace(context, tell=between_turns(context.tell))
    with ExitStack() as entered:
        source: RowSource = RowsInMemory(partial(read, data))
        if spec.blocks:
            source = RowsInBlocks(entered.enter_context(opened(data, scratch)), scratch)
        entered.enter_context(turn())
        finished = run(spec, source, test=judging, schema=schema, context=context)
    return Model(finished.fitted, finished, Source(_name(data), _name(test)))


def _name(data: Any) -> str | None:
    """Return what a command would call the table: its path, if it has one."""
    return os.fspath(data) if isinstance(data, str | os.PathLike) else None
