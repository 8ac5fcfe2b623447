"""``Model.watch``: whether new rows are like those that the model learned from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.forks import refuse_after_fork
from gradum.run.options.options import make_reading

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.watch import Watch


def watch(
    self: Model,
    data: Any,
    *,
    reference: Any = None,
    rung: str | None = None,
    labels: str | None = None,
    stream: bool = False,
    by: str | Sequence[str] = (),
    at_most: float | None = None,
    beyond: float | None = None,
    state: str | os.PathLike | None = None,
    on: Any = None,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
    keep_totals: bool | None = None,
) -> Watch:
    """Say whether new rows are like those that the model learned from, and what differs.

    Each column, all columns together, and the answers are compared with the rows of the fit, of
    which the model file has a summary. If the rows are alike, at most 5% of watches find any drift.
    Drift that moves the answers by less than 2% of their deviation raises no alarm.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or iterable of such
        New rows, at least 20.
    reference : path or data frame, optional
        Rows to compare with, instead of those that the model learned from.
    rung : str, optional
        As in `predict`; its answers are compared with those for the judged rows only if it is the
        rung in use.
    labels : str, optional
        The column of labels, for ``stream`` and ``by``; the target if left out.
    stream : bool
        Count errors in the order of the rows, and raise an alarm once their rate is shown to be
        above a bound; this is valid however often the count is looked at; see
        `gradum.study.watch.error_rate_test`.
    by : str or sequence of str
        Columns by whose groups rows with labels are scored, as by `evaluate`.
    at_most : float, optional
        The error rate that is tested; if left out, the highest that is compatible with the judged
        rows.
    beyond : float, optional
        For numbers, the distance beyond which a prediction is an error; if left out, the distance
        within which 90% of the judged rows lie.
    state : path, optional
        A JSON file from which the count of errors is continued, if it exists, and to which it is
        written.
    on : str or Executor, optional
        An engine that reads the table's partitions, as in `gradum.fit`: what is found is the same.
    sheet, query, encoding, skip_rows, keep_totals : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    Watch
        It displays itself; ``alarm`` says whether there is an alarm, ``frame`` has one line per
        column, ``found`` everything as plain values, and ``page()`` returns a page.

    Raises
    ------
    SpecError
        There is no such rung or engine, or the model's file is of an earlier gradum.
    SchemaError
        A column is absent or of another kind.
    TableError
        There are too few rows.
    EngineError
        The engine does not answer, or a task failed too often.
    """
    refuse_after_fork()
    from gradum.api.watch_labels import LabelOptions, save_state
    from gradum.api.watched_rows import watch_model  # loads trees and charts

    asked = LabelOptions(labels, stream, by, at_most, beyond, state)
    reading = make_reading(
        sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows, keep_totals=keep_totals
    )
    compared = {"reference": reference, "rung": rung, "labels": asked, "reading": reading}
    found = watch_model(self, data, on=on, **compared)
    save_state(found.found, state)
    return found
