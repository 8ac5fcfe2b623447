"""Tables brought as far as the alarms need them: read, split, and not yet learned from."""

import numpy as np
import polars as pl

from gradum.run.dataset import join, labelled, require_enough
from gradum.run.plan import make_plan
from gradum.run.spec.spec import Spec, SplitSpec
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.table import Table
from synthetic import task

CLEAN = [
    (target, rows) for target in ("amount", "label", "grade") for rows in (20, 30, 60, 100, 800)
]


def planned(frame, target, *, test=None, folds=0, seed=0, kind=None, **overrides):
    """The rows with a target, and the part of each."""
    overrides = Overrides(**overrides)
    table = Table(frame, "made.csv")
    dataset = labelled(table, infer(table, target=target, task=kind, overrides=overrides))
    require_enough(dataset)
    if test is not None:
        dataset = join(dataset, labelled(Table(test, "test.csv"), dataset.schema))
    split = SplitSpec(folds=folds)
    return dataset, make_plan(Spec(target, seed=seed, split=split, overrides=overrides), dataset)


def with_column(target, values, rows=1200, seed=0):
    """The synthetic table with a column "planted", first, made from the target's values."""
    frame = task(target, rows, seed)
    made = values(frame[target].to_numpy(), np.random.default_rng(seed + 1))
    return frame.select(pl.Series("planted", made), *frame.columns)
