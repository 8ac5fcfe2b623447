"""Evidence made from arrays, without a fit."""

import numpy as np
import polars as pl

from gradum.run.dataset import Dataset
from gradum.run.judging.judge_rungs import Truth
from gradum.rungs.rung import Prediction
from gradum.study.evidence import Evidence
from gradum.tables.columns import Column, Target
from gradum.tables.schema.schema import Schema

KINDS = {
    **{pl.Boolean: "boolean", pl.String: "categorical", pl.Datetime: "date"},
    pl.Binary: "picture",
}


def classes(target, probability, *, labels=None, **more):
    """Class codes (n,) and probabilities (n, K), or those of the second of two classes (n,)."""
    probability = np.asarray(probability, float)
    if probability.ndim == 1:
        probability = np.column_stack([1 - probability, probability])
    count = probability.shape[1]
    labels = labels or (("no", "yes") if count == 2 else tuple(f"class {k}" for k in range(count)))
    task = "binary" if count == 2 else "multiclass"
    prediction = Prediction.of_classes(probability)
    return _evidence(task, np.asarray(target), prediction, labels, **more)


def numbers(target, predicted, **more):
    """Numbers (n,) and what was predicted of them (n,)."""
    prediction = Prediction(np.asarray(predicted, float), None)
    return _evidence("regression", np.asarray(target, float), prediction, (), **more)


def dataset(evidence):
    """The judged rows as the whole table."""
    rows = len(evidence)
    return Dataset(
        source="table",
        frame=evidence.frame,
        schema=evidence.schema,
        numbers=np.arange(rows),
        own_rows=rows,
    )


def _evidence(
    task,
    target,
    prediction,
    labels,
    *,
    weight=None,
    groups=None,
    time=None,
    features=None,
    row_numbers=None,
    seed=0,
):
    rows = len(target)
    weight = np.ones(rows) if weight is None else np.asarray(weight, float)
    features = pl.DataFrame() if features is None else features
    said = pl.Series("target", [labels[code] for code in target] if labels else target)
    return Evidence(
        rung="linear",
        truth=Truth(task, target, weight, labels, groups, time),
        rows=np.arange(rows),
        numbers=np.arange(1, rows + 1) if row_numbers is None else np.asarray(row_numbers),
        prediction=prediction,
        frame=pl.DataFrame([*features, said]),
        schema=schema(features, said, task, labels),
        seed=seed,
        judged=rows,
    )


def schema(features, said, task, labels):
    """What the columns are by their types, and the target."""
    kind = "categorical" if labels else "numeric"
    columns = [
        Column(name, KINDS.get(type(dtype), "numeric"), "feature")
        for name, dtype in features.schema.items()
    ]
    columns.append(Column(said.name, kind, "target"))
    return Schema("table", len(said), tuple(columns), Target(said.name, task, labels))
