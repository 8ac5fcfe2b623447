"""The rung in use, fitted again on other rows of its table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradum.run.dataset import Dataset
from gradum.run.ladder.ladder import climb
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.rung import Rung
from gradum.tables.encode import Encoder
from gradum.tables.split import Part


@dataclass(frozen=True)
class Refitted:
    """A rung with its encoder, and how many rows it was made from."""

    rows: int
    encoder: Encoder
    rung: Rung


def refitted(
    spec: Spec, dataset: Dataset, rows: np.ndarray, parts: np.ndarray, context: Context
) -> Refitted:
    """Encode and learn from the rows at some positions, of which each has a `Part`.

    ``spec`` has this one rung alone. A row that is named twice counts twice.
    """
    part = replace(
        dataset, frame=dataset.frame[rows], numbers=dataset.numbers[rows], own_rows=len(rows)
    )
    encoder = part.encoder(spec.rungs, np.flatnonzero(parts == Part.TRAIN))
    learned = InMemory(part.rows(encoder), parts, balance=spec.class_weight is not None)
    rungs = climb(spec, learned, replace(context, seed=spec.seed, spreads=False))
    return Refitted(len(rows), encoder, list(rungs.values())[-1])
