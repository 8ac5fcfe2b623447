"""A fitted model held against rows that it has not seen."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.fitting.dataset import labelled
from gradum.fitting.fitted import Fitted
from gradum.fitting.judgement import Judgement, Seen, judge
from gradum.scores.metrics import DEFAULT_METRIC
from gradum.tables.table import Table


class Evaluation(msgspec.Struct, frozen=True):
    """Scores on held-out rows, and how those rows differ from the training rows."""

    judgement: Judgement
    differences: tuple[str, ...]


def evaluate(fitted: Fitted, table: Table) -> Evaluation:
    """Score every rung on a table that holds the target.

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
    judgement = judge(
        dataset.truth,
        {"test": seen},
        metric=fitted.spec.metric or DEFAULT_METRIC[task],
        seed=fitted.spec.seed,
        how=f"Judged on {len(dataset):,} rows of {table.source}.",
        notes=(*table.notes, *dataset.notes),
    )
    return Evaluation(judgement, dataset.differences)
