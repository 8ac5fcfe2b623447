"""Properties of a model in terms of its table: how they are read and verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.errors import PropertyError, SpecError, TableError
from gradum.forks import refuse_after_fork
from gradum.questions.rows.table_rows import table_rows
from gradum.randomness import stream
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.options.options import make_reading
from gradum.tables.formats.reading_options import ReadingOptions

if TYPE_CHECKING:
    from gradum.questions.subject import Subject
    from gradum.show.answers.verification import PropertyReport
    from gradum.study.certified.table_graph import TableGraph
    from gradum.study.properties.question import CentreRows


@with_checked_arguments
def verify(
    self: Subject,
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
    keep_totals: bool | None = None,
) -> PropertyReport:
    """Prove properties of the model on all possible rows, or find a counterexample.

    ``range LOW..HIGH [of CLASS]``: the number, or the probability of a class, stays in this range.
    ``monotone COL+ [of CLASS]``, or ``COL-``: if two rows differ only in that column, the one with
    the larger value does not have the lesser answer; with ``-``, not the greater one.
    ``irrelevant COL [within T] [of CLASS]``: if two rows differ only in that column, their answers
    are the same, or no farther apart than T.
    ``robust COL ±N, COL ±N%, COL any [within T]``: while these columns of a row move this far, all
    at once, its class does not change, or its number moves by at most T.
    ``never CLASS``: no row is predicted to be of this class.

    Each may be followed by ``where REGION``, instead of ``where`` for all. If neither of two
    classes is named, the probability of the second counts. All but ``robust`` are about the whole
    domain, which is that of the rows learned from: ranges of numbers (whole ones if all of them
    were whole), and levels that occurred.

    Bounds account for every rounding, so a proof is about answers as they are computed, and holds
    up to 2⁻⁴⁰ of the T, LOW or HIGH that was asked. Without T, answers are the same if no weight
    leads from the column, or if they differ only by float64 rounding, and by less than a millionth
    of every answer. ``monotone`` is proved for real numbers: computed answers may fall by as much
    as rounding does in the region, and nothing is decided if the column's effect is no larger. The
    ``rounding`` of each result says how much that is, in the target's unit or as a probability; if
    it is more than what was asked, the verdict is "not decided", with a reason.

    Parameters
    ----------
    properties : str or sequence of str
    data : path, data frame, array, list of dicts or iterable of such, optional
        A table; ``robust`` is checked around its rows.
    file : path, optional
        TOML with more properties: a table ``[[property]]`` for each, with ``holds`` and perhaps
        ``where``.
    where : str
        A region, such as ``age 30..60, sex female|male``, instead of the whole domain.
    rows : int
        How many random rows of the table are looked at.
    rung : str, optional
        As in `predict`.
    seconds : float
        Seconds of wall time for all properties; what is still open then is not decided.
    seed : int
        The seed of the search for counterexamples and of the draw of rows.
    sheet, query, encoding, skip_rows, keep_totals : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    PropertyReport
        It displays itself; ``verdict`` is the joint verdict, ``frame`` has one line per property,
        ``found`` everything as plain values. What is proved holds for the model as it is deployed.
        What is refuted has a counterexample: rows on which `predict` confirms it.

    Raises
    ------
    PropertyError
        A property cannot be read or contradicts itself, or its region is empty.
    ColumnError, SpecError
        A property names a column that does not exist or is of the wrong kind.
    NotCertifiableError
        No bounds can be computed for the rung.
    """
    refuse_after_fork()
    from gradum.show.answers.verification import PropertyReport
    from gradum.study.properties.stated_properties import (
        read_properties,
        read_property,
        verify_properties,
    )

    reading = make_reading(
        sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows, keep_totals=keep_totals
    )
    fitted = self.fitted
    if rows < 1:
        raise SpecError("{rows!r} rows are to be tried.", "Give 1 or more.", rows=rows)
    if seed < 0:
        raise SpecError("The seed is {seed}.", "Give a whole number from 0 up.", seed=seed)
    if not seconds > 0:
        raise SpecError(
            "The time for proofs is {seconds} seconds.", "Give a number above 0.", seconds=seconds
        )
    texts = [properties] if isinstance(properties, str) else properties
    stated = [read_property(text, where, fitted) for text in texts]
    if file is not None:
        stated += read_properties(file, where, fitted)
    if not stated:
        raise PropertyError("No property is stated.", 'State one, such as "monotone age+".')
    graph = self.graph(rung)
    centres = None if data is None else _drawn(graph, data, rows, seed, reading)
    verification = verify_properties(graph, stated, centres, seconds=seconds, seed=seed)
    return PropertyReport(verification)


def _drawn(
    graph: TableGraph, data: Any, count: int, seed: int, reading: ReadingOptions
) -> CentreRows:
    """Return up to a given number of random rows of a table; raise TableError if it has none."""
    from gradum.study.properties.question import CentreRows

    with table_rows(data, graph.fitted, reading) as table:
        if not len(table):
            raise TableError("{source} has no rows.", source=table.source)
        order = stream(seed, "study", "properties", "rows").permutation(len(table))[:count]
        numbers = np.sort(order) + 1
        taken = table.take(numbers.tolist())
    x = graph.inputs.encoded(taken)  # raises if the table lacks a column
    features = [column.name for column in graph.fitted.schema.features]
    return CentreRows(x, taken.frame.select(features).rows(named=True), numbers)
