"""A stress test from a model and a table: which rows are attacked, and with which targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.api.table_rows import table_rows
from gradum.api.watch_reference import reference_of_run
from gradum.errors import SpecError, TableError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.dataset import labelled
from gradum.run.fitted import Fitted
from gradum.run.options.option_values import read_names
from gradum.rungs.number_ranges import refuse_time_limit
from gradum.show.stress import StressTest
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.stress.budget import Budget
from gradum.study.stress.corrupted import Labels
from gradum.study.stress.stress import CORRUPTED_ROWS, stress
from gradum.study.stress.stressed_rows import StressedRows
from gradum.study.stress.threat import Threat
from gradum.tables.check import check, widened
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.brought import PLAINLY
from gradum.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

    from gradum.api.model import Model


def threat_of(
    fitted: Fitted,
    *,
    budget: str | Mapping[str, float],
    levels: int,
    share: float,
    frozen: str | Sequence[str] = (),
    upward: str | Sequence[str] = (),
    downward: str | Sequence[str] = (),
    together: Sequence[Sequence[str]] = (),
) -> Threat:
    """Say what an attack may do.

    Raises
    ------
    SpecError
        There is no such budget or column, or a number makes no sense.
    """
    return Threat(
        Budget.of(budget, fitted),
        Limits.of(fitted.schema, *map(read_names, (frozen, upward, downward))),
        [read_names(group) for group in together],
        levels,
        share,
    )


def stress_model(
    model: Model,
    data: Any,
    *,
    threat: Threat,
    rows: int,
    rung: str | None = None,
    time_limit: float | None = None,
    certify: float = 0.0,
    reading: ReadingOptions = PLAINLY,
) -> StressTest:
    """Attack rows of a table, which is read with ``reading``; see `Model.stress`."""
    fitted = model.fitted
    chosen = fitted.rung(rung)  # or there is none, and nothing need be read
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
        reference_of_run(model).summary if reference is None else reference,
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
    """Return the features of rows, their places in the table, and their targets, if it has some.

    Where the table has the target, rows without one are left out.
    """
    features = [column.name for column in fitted.schema.features]
    if fitted.spec.target not in table.frame.columns:
        frame = check(table, fitted.schema, encoder=fitted.encoder).frame
        return frame.select(features), np.arange(len(frame)), None
    dataset = labelled(table, fitted.schema, encoder=fitted.encoder)
    labels = Labels(dataset.truth, np.arange(len(dataset)))
    return dataset.frame.select(features), dataset.numbers, labels
