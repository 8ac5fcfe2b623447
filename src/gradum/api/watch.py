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
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
) -> Watch:
    """Say whether new rows are like those that the model learned from, and what differs.

    Each column, all of them together, and the answers are held against the rows of the fit,
    of which the model file has a summary. Of rows that are alike, at most 5% of watches find
    any drift. Drift that moves the answers by less than 2% of their deviation is no alarm.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or iterable of such
        New rows: 20 at least.
    reference : path or data frame, optional
        Rows to compare with, in place of those that the model learned from.
    rung : str, optional
        As in `predict`; its answers are not compared with those for the judged rows unless it
        is the one in use.
    labels : str, optional
        The column of labels, for ``stream`` and ``by``; the target if left out.
    stream : bool
        Count errors in the order of the rows, and raise an alarm once their rate is shown to be
        above a bound, which holds however often it is looked at; see
        `gradum.study.watch.sequence`.
    by : str or sequence of str
        Columns by whose groups rows with labels are scored, as by `evaluate`.
    at_most : float, optional
        The rate of errors that is tested; if left out, the highest that the judged rows leave
        possible.
    beyond : float, optional
        Of numbers: from which distance on a prediction is an error; if left out, the one that
        90% of the judged rows keep within.
    state : path, optional
        A JSON file that the count of errors is carried on from, if it is there, and written to.
    sheet, query, encoding, skip_rows : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    Watch
        It shows itself; ``alarm`` says whether there is one, ``frame`` has one line a column,
        ``found`` everything as plain values, and ``page()`` a page.

    Raises
    ------
    SpecError
        There is no such rung, or the model's file is of an earlier gradum.
    SchemaError
        A column is absent or of another kind.
    TableError
        The rows are too few.
    """
    refuse_after_fork()
    from gradum.api.watch_labels import LabelOptions, save_state
    from gradum.api.watched_rows import watch_model  # trees and charts

    asked = LabelOptions(labels, stream, by, at_most, beyond, state)
    reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
    found = watch_model(self, data, reference=reference, rung=rung, labels=asked, reading=reading)
    save_state(found.found, state)
    return found
