"""A stress test from a model and a table: which rows are attacked, and with which targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.api.table_rows import table_rows
from gradum.errors import SpecError, TableError
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.dataset import labelled
from gradum.run.fitted import Fitted
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.options.option_values import read_names
from gradum.run.options.options import make_reading
from gradum.rungs.number_ranges import refuse_time_limit
from gradum.tables.check import check, widened
from gradum.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

    from gradum.api.model import Model
    from gradum.show.stress import StressTest
    from gradum.study.stress.corrupted import Labels


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
    certify: float = 0.25,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
    keep_totals: bool | None = None,
) -> StressTest:
    """Say how small a change changes an answer, and what accidents of tables do to the score.

    For each attacked row, the attack looks for the least ε at which some copy of the row, whose
    columns all moved by at most ε, has another answer. A proof gives the largest ε, as far as that
    can be proved, within which no copy has another answer. Then one column after the other is
    corrupted in a tenth of the rows, for example by other units, gaps and typing errors, and a
    watch is asked whether it notices. See `gradum.study.stress`.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or iterable of such
        A table; with the target, it is scored.
    rows : int
        How many random rows to attack.
    budget : {"iqr", "quantile"} or dict of str to float
        The unit of ε: interquartile ranges of the rows learned from, shares of their ranks, or
        multiples of an amount for each column, in its own unit (days for dates). With amounts,
        columns without one do not change.
    levels : int
        How many categories and booleans may change in addition.
    share : float
        The share of the training target's range by which a number must move to count as changed.
    frozen : str or sequence of str
        Columns that may not change.
    upward, downward : str or sequence of str
        Columns that may only rise, or only fall.
    together : sequence of sequences of str
        Groups of columns that move by the same amount, such as a sum and its largest part.
    rung : str, optional
        As in `predict`.
    time_limit : float, optional
        Seconds for the attack, the proofs and the corruptions: each gets an even part of the time
        that is left. One row is attacked, and one corruption tried, however little time there is.
    certify : float
        Seconds for the proofs of a row, on average; with 0, nothing is proved. If a search ends for
        lack of time, another run may prove more.
    sheet, query, encoding, skip_rows, keep_totals : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    StressTest
        It displays itself; ``frame`` has one line per row, ``corruptions`` one line per corruption,
        ``found`` everything as plain values, and ``page()`` returns a page.

    Raises
    ------
    SpecError
        There is no such rung, column or budget, nothing is allowed to change, or a number makes no
        sense.
    SchemaError, TargetError
        A column is absent or of another kind, or a label was never seen in training.
    TableError
        There are no rows.
    """
    refuse_after_fork()
    from gradum.api.watch_reference import reference_of_run
    from gradum.show.stress import StressTest
    from gradum.study.explanation.counterfactual.limits import Limits
    from gradum.study.stress.budget import Budget
    from gradum.study.stress.stress import CORRUPTED_ROWS, stress
    from gradum.study.stress.stressed_rows import StressedRows, Threat

    fitted = self.fitted
    threat = Threat(
        Budget.of(budget, fitted),
        Limits.of(fitted.schema, *map(read_names, (frozen, upward, downward))),
        [read_names(group) for group in together],
        levels,
        share,
    )
    reading = make_reading(
        sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows, keep_totals=keep_totals
    )
    chosen = fitted.rung(rung)  # raises if there is none, before anything is read
    if rows < 1:
        raise SpecError(say("{rows!r} rows are to be attacked.", rows=rows), say("Give 1 or more."))
    refuse_time_limit(time_limit)
    if not 0 <= certify < np.inf:
        raise SpecError(
            say("Proofs are to take {seconds} seconds a row.", seconds=certify),
            say("Give a number above 0, or 0 to leave them out."),
        )
    with table_rows(data, fitted, reading) as table:
        if not len(table):
            raise TableError(say("{source} has no rows.", source=table.source), say("Give some."))
        rng = stream(fitted.spec.seed, "study", "stress", "sampled")
        drawn = np.sort(rng.permutation(len(table))[: max(rows, CORRUPTED_ROWS)])
        source, count, taken = table.source, len(table), table.take((drawn + 1).tolist())
    frame, numbers, labels = _features_and_labels(fitted, taken)
    reference = fitted.reference
    stressed = StressedRows(
        fitted,
        chosen,
        reference_of_run(self).summary if reference is None else reference,
        widened(frame),
        drawn[numbers] + 1,
        threat,
    )
    result = stress(
        stressed,
        table_rows=count,
        labels=labels,
        count=rows,
        time_limit=time_limit,
        proof_seconds=certify,
    )
    return StressTest(result, fitted, source)


def _features_and_labels(
    fitted: Fitted, table: Table
) -> tuple[pl.DataFrame, np.ndarray, Labels | None]:
    """Return the features of rows, their places in the table, and their targets, if it has any.

    If the table has the target, rows without one are left out.
    """
    from gradum.study.stress.corrupted import Labels

    features = [column.name for column in fitted.schema.features]
    if fitted.spec.target not in table.frame.columns:
        frame = check(table, fitted.schema, encoder=fitted.encoder).frame
        return frame.select(features), np.arange(len(frame)), None
    dataset = labelled(table, fitted.schema, encoder=fitted.encoder)
    labels = Labels(dataset.truth, np.arange(len(dataset)))
    return dataset.frame.select(features), dataset.numbers, labels
