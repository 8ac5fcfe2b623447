"""Watching a model on new rows, verifying its properties, and stressing it by changed rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradum.forks import refuse_after_fork
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.options.options import make_reading

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.stress import StressTest
    from gradum.show.verification import PropertyReport
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
    from gradum.api.watch import watch_model  # trees and charts
    from gradum.api.watch_labels import LabelOptions, save_state

    asked = LabelOptions(labels, stream, by, at_most, beyond, state)
    reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
    found = watch_model(self, data, reference=reference, rung=rung, labels=asked, reading=reading)
    save_state(found.found, state)
    return found


@with_checked_arguments
def verify(
    self: Model,
    properties: str | Sequence[str] = (),
    data: Any = None,
    *,
    file: str | os.PathLike | None = None,
    where: str = "",
    rows: int = 100,
    rung: str | None = None,
    seconds: float = 300.0,
    seed: int = 0,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
) -> PropertyReport:
    """Prove properties of the model on all rows that there could be, or find a counterexample.

    ``range LOW..HIGH [of CLASS]``: the number, or the probability of a class, stays within.
    ``monotone COL+ [of CLASS]``, or ``COL-``: of two rows that differ in that column alone, the
    one with more of it has no lesser answer; with ``-``, no greater one.
    ``irrelevant COL [within T] [of CLASS]``: two rows that differ in that column alone have the
    same answer, or answers no farther apart than T.
    ``robust COL ±N, COL ±N%, COL any [within T]``: while these columns of a row move so far, at
    once, its class stays what it is, or its number moves by at most T.

    If none of two classes is named, the probability of the second counts. All but ``robust`` are
    about the whole domain, which is that of the rows learned from: ranges of numbers, whole ones if
    all of them were, and levels that were met.

    Bounds count every rounding, so that a proof is of answers as they are computed, and holds but
    for 2⁻⁴⁰ of the T, LOW or HIGH that was asked. Without T, answers are the same if no weight
    leads from the column, or if they differ by no more than float64 makes of them, and that is less
    than a millionth of every answer. ``monotone`` is proved of real numbers: computed answers may
    fall by what rounding does in the region, and nothing is decided where the column does no more
    than that. ``rounding`` of each result says how much that is, in the target's unit or of a
    probability; where it is more than what was asked, the verdict is "not decided", with a reason.

    Parameters
    ----------
    properties : str or sequence of str
    data : path, data frame, array, list of dicts or iterable of such, optional
        A table around whose rows ``robust`` is asked.
    file : path, optional
        TOML with more properties: a table ``[[property]]`` for each, with ``holds`` and perhaps
        ``where``.
    where : str
        A region, such as ``age 30..60, sex female|male``, in place of the whole domain.
    rows : int
        How many rows of the table, drawn by chance, are looked at.
    rung : str, optional
        As in `predict`.
    seconds : float
        Of wall time, for all properties; what is still open then is not decided.
    seed : int
        Of the search for counterexamples and of the draw of rows.
    sheet, query, encoding, skip_rows : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    PropertyReport
        It shows itself; ``verdict`` is that of all together, ``frame`` has one line a property,
        ``found`` everything as plain values. What is proved holds for the model as it is deployed.
        What is refuted has a counterexample: rows on which `predict` confirms it.

    Raises
    ------
    PropertyError
        A property cannot be read or contradicts itself, or its region is empty.
    ColumnError, SpecError
        It names a column that is not there, or of the wrong kind.
    NotCertifiableError
        No bounds can be taken of the rung.
    """
    refuse_after_fork()
    from gradum.api.properties import verify_model

    reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
    return verify_model(
        self,
        properties,
        data,
        file=file,
        where=where,
        rows=rows,
        rung=rung,
        seconds=seconds,
        seed=seed,
        reading=reading,
    )


@with_checked_arguments
def stress(
    self: Model,
    data: Any,
    *,
    rows: int = 100,
    budget: str | Mapping[str, float] = "iqr",
    levels: int = 0,
    share: float = 0.1,
    frozen: str | Sequence[str] = (),
    upward: str | Sequence[str] = (),
    downward: str | Sequence[str] = (),
    together: Sequence[Sequence[str]] = (),
    rung: str | None = None,
    time_limit: float | None = None,
    certify: float = 1.0,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
) -> StressTest:
    """Say how small a change changes an answer, and what accidents of tables do to the score.

    For each attacked row, the attack looks for the least ε at which some copy of the row, whose
    columns all moved by at most ε, has another answer. A proof gives the largest ε, as far as that
    can be proved, within which no copy has. Then one column after the other is corrupted in a
    tenth of the rows, as by other units, gaps and typing errors, and a watch is asked whether it
    notices. See `gradum.study.stress`.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or iterable of such
        A table; with the target, it is scored.
    rows : int
        How many to attack, drawn by chance.
    budget : {"iqr", "quantile"} or dict of str to float
        What ε counts: interquartile ranges of the rows learned from; shares of their ranks; or
        multiples of an amount for each column, in its own unit (days for dates). Columns without
        an amount then stay.
    levels : int
        How many categories, yes and no, may be others besides.
    share : float
        Of the training target's range, by which a number must move for its answer to count as
        changed.
    frozen : str or sequence of str
        Columns that may not change.
    upward, downward : str or sequence of str
        Columns that may only rise, or only fall.
    together : sequence of sequences of str
        Groups of columns that shift by the same amount, such as a sum and its largest part.
    rung : str, optional
        As in `predict`.
    time_limit : float, optional
        Seconds for the attack, the proofs and the corruptions: each has an even part of what is
        left of them. One row is attacked, and one corruption tried, however little it is.
    certify : float
        Seconds for the proofs of a row, on average; 0 proves nothing. Where that time ends a
        search, another run may prove more.
    sheet, query, encoding, skip_rows : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    StressTest
        It shows itself; ``frame`` has one line a row, ``corruptions`` one a corruption,
        ``found`` everything as plain values, and ``page()`` a page.

    Raises
    ------
    SpecError
        There is no such rung, column or budget, nothing may change, or a number makes no sense.
    SchemaError, TargetError
        A column is absent or of another kind, or a label was never seen.
    TableError
        There are no rows.
    """
    refuse_after_fork()
    from gradum.api.stress import stress_model, threat_of

    threat = threat_of(
        self.fitted,
        budget=budget,
        levels=levels,
        share=share,
        frozen=frozen,
        upward=upward,
        downward=downward,
        together=together,
    )
    reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
    return stress_model(
        self,
        data,
        threat=threat,
        rows=rows,
        rung=rung,
        time_limit=time_limit,
        certify=certify,
        reading=reading,
    )
