"""The rows learned from that are, to a model, most like a given row.

Two rows are alike if the last layer treats them alike. With z_m(x) the units of member m's last
layer, W_m the weights that follow them, s_m(x) what else reaches its logits, and w_m its weight in
the answer, the distance of two rows is

    d(x, x')² = Σ_m w_m ( Σ_u ‖W_mu‖² (z_mu(x) − z_mu(x'))² + ‖s_m(x) − s_m(x')‖² ):

a unit counts by how far it moves the logits. In a linear model the units are the encoded columns,
and each counts by its coefficient. With more than two classes, adding one number to all logits
changes nothing, so the means of W and s over the classes are subtracted.

The distance has no unit of its own, so it is reported as a rank among pairs of rows learned from.

Shapes: n rows, M members, h units, k outputs, q = M (h + k) coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.spatial.distance import pdist

from gradum.core.models.opened import LastLayer
from gradum.margins import EQUAL, falling, first_greatest
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Prediction
from gradum.study.explanation.learned import LearnedRows, drawn_rows

ROWS_OF_PAIRS = 400  # drawn by chance; the rank is among all pairs of them


@dataclass(frozen=True)
class Alike:
    """The rows learned from that are nearest to a row."""

    rung: str
    """The rung whose last layer defines the distance."""
    number: int
    """The row's number in its table, from 1."""
    label: Any
    """The row's most probable class, whose probabilities are given; None for numbers."""
    answer: float
    """The model's answer for the row: that probability, or a number."""
    learned: int
    """The number of rows searched, n."""
    nearer_pairs: float
    """The share of pairs of rows learned from that are nearer to each other than the row is to any
    of these rows; pairs at the same distance do not count."""
    values: pl.DataFrame
    """The feature columns of the row, then of the rows like it."""
    frame: pl.DataFrame
    """One line per row, the nearest first: ``row``, its number in the run's table; ``target``;
    ``answer``, the model's answer for it, as a label or number; ``probability`` of ``label`` for
    classes; ``distance``; ``nearer_than``, the share of pairs of rows learned from that are farther
    from each other; ``equal_columns``, how many columns hold the same value as the given row."""


def alike(rows: LearnedRows, row: pl.DataFrame, *, number: int, count: int = 5) -> Alike:
    """Find the rows learned from that are nearest to a row at the last layer.

    Parameters
    ----------
    row : polars.DataFrame
        Checked feature columns of one row.
    number : int
        The row's number, as it is reported.
    count : int
        How many to find.
    """
    here = np.concatenate([coordinates(rows, layer) for layer in rows.last_layers(row)])
    distance = np.concatenate(
        [np.linalg.norm(coordinates(rows, layer) - here, axis=1) for layer in rows.last_layers()]
    )
    nearest = falling(-distance)[:count]
    like = rows.frame[nearest]
    fitted, rung = rows.fitted, rows.rung
    values = pl.concat([row, like], how="vertical_relaxed")
    predicted = rung.predict(fitted.encoder.transform(values))
    pairs = _distances_of_pairs(rows)
    chosen = int(first_greatest(_probability(predicted)[0])) if fitted.classes else None
    frame = pl.DataFrame(
        {
            "row": rows.numbers[nearest],
            "target": _as_given(fitted, rows.target[nearest]),
            "answer": _as_given(fitted, predicted.value[1:]),
            **({} if chosen is None else {"probability": _probability(predicted)[1:, chosen]}),
            "distance": distance[nearest],
            "nearer_than": [float(np.mean(pairs > far * (1 + EQUAL))) for far in distance[nearest]],
            "equal_columns": _equal_columns(row, like),
        }
    )
    label = None if chosen is None else fitted.classes[chosen]
    answer = predicted.value[0] if chosen is None else _probability(predicted)[0, chosen]
    nearer = np.count_nonzero(pairs < distance.min(initial=np.inf) * (1 - EQUAL))
    return Alike(
        rung.name,
        number,
        label,
        float(answer),
        len(rows),
        nearer / max(len(pairs), 1),
        values,
        frame,
    )


def coordinates(rows: LearnedRows, layer: LastLayer) -> np.ndarray:
    """Return rows as points (n, q), float64, whose distances follow the formula."""
    weight, beside = layer.weight.astype(np.float64), layer.beside.astype(np.float64)
    if rows.rung.learned_by.link == "logit" and weight.shape[2] > 1:
        weight = weight - weight.mean(axis=2, keepdims=True)
        beside = beside - beside.mean(axis=2, keepdims=True)
    moved = layer.units * np.linalg.norm(weight, axis=2)[:, None]
    points = np.concatenate([moved, beside], axis=2)
    points *= np.sqrt(layer.share)[:, None, None]
    return np.moveaxis(points, 0, 1).reshape(points.shape[1], -1)


def _distances_of_pairs(rows: LearnedRows) -> np.ndarray:
    """Return the distances of all pairs of up to `ROWS_OF_PAIRS` rows, drawn by chance."""
    rng = stream(rows.fitted.spec.seed, "study", "alike")
    drawn = drawn_rows(rows.frame, ROWS_OF_PAIRS, rng)
    return pdist(np.concatenate([coordinates(rows, layer) for layer in rows.last_layers(drawn)]))


def _probability(predicted: Prediction) -> np.ndarray:
    assert predicted.probability is not None
    return predicted.probability


def _as_given(fitted: Fitted, values: np.ndarray) -> pl.Series:
    """Return numbers as they are, or class codes as labels."""
    if not fitted.classes:
        return pl.Series(values, dtype=pl.Float64)
    return pl.Series([fitted.classes[code] for code in values.tolist()])


def _equal_columns(row: pl.DataFrame, like: pl.DataFrame) -> np.ndarray:
    """Return in how many columns each of some rows (m,) holds the same value as a given row."""
    equal = [
        like[name].eq_missing(pl.Series(row[name].to_list(), dtype=like[name].dtype)).to_numpy()
        for name in like.columns
    ]
    return np.stack(equal).sum(axis=0)
