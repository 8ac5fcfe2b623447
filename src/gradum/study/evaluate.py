"""A fitted model held against rows that it has not seen."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.fitting import balance
from gradum.fitting.dataset import labelled
from gradum.fitting.fitted import Fitted
from gradum.fitting.judgement import Judgement, Seen, judge
from gradum.fitting.streamed.parting import FEWEST_HELD, HELD_SHARE, held_row
from gradum.randomness import stream
from gradum.scores.metrics import DEFAULT_METRIC
from gradum.tables.stream import Stream
from gradum.tables.table import Table


class Evaluation(msgspec.Struct, frozen=True):
    """Scores on held-out rows, and how those rows differ from the training rows."""

    judgement: Judgement
    differences: tuple[str, ...]


def evaluate(fitted: Fitted, table: Table, *, drawn_from: int | None = None) -> Evaluation:
    """Score every rung on a table that holds the target.

    Parameters
    ----------
    fitted : Fitted
    table : Table
    drawn_from : int, optional
        Rows of the whole table, where these are some of them.

    Raises
    ------
    SchemaError, TargetError
        The table does not match the model's schema, or has no usable target.
    """
    dataset = labelled(table, fitted.schema, encoder=fitted.encoder)
    design = fitted.encoder.transform(dataset.frame)
    predictions = {name: rung.predict(design) for name, rung in fitted.rungs.items()}
    seen = Seen(np.arange(len(dataset)), predictions)
    task = dataset.truth.task
    whence = "" if drawn_from is None else f" drawn from {drawn_from:,}"
    judgement = judge(
        dataset.truth,
        {"test": seen},
        metric=fitted.spec.metric or DEFAULT_METRIC[task],
        seed=fitted.spec.seed,
        how=f"Judged on {len(dataset):,} rows{whence} of {table.source}.",
        notes=(
            *table.notes,
            *dataset.notes,
            *balance.notes([rung.class_weight for rung in fitted.rungs.values()]),
        ),
    )
    return Evaluation(judgement, dataset.differences)


def evaluate_in_blocks(fitted: Fitted, rows: Stream, memory: int) -> Evaluation:
    """Score every rung on as many rows of a large table as ``memory`` bytes have room for.

    They are drawn by chance from the whole table; all of them where there is room.
    """
    room = HELD_SHARE * memory / held_row(rows.head.frame, len(fitted.classes))
    count = int(max(room, FEWEST_HELD))
    if count >= len(rows):
        return evaluate(fitted, rows.take(np.arange(len(rows))))
    rng = stream(fitted.spec.seed, "evaluate")
    numbers = np.sort(rng.choice(len(rows), count, replace=False))
    return evaluate(fitted, rows.take(numbers), drawn_from=len(rows))
