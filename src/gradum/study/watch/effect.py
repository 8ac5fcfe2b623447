"""What the drift of a column does to the answers."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict_typed
from gradum.fitting.reference import (
    ColumnSummary,
    Levels,
    Numbers,
    Reference,
    answers_of,
    as_numbers,
)
from gradum.margins import first_greatest
from gradum.study.watch.watched import Effect

EFFECT_ROWS = 5_000
"""New rows that are answered once more for each column that has drifted."""

HARMLESS = 0.02
"""The share of the answers' deviation below which a drift does no harm."""


def answers_for(fitted: Fitted, frame: pl.DataFrame, rung: str | None) -> np.ndarray:
    """Return the answers (n, c) for typed rows, as `answers_of` has them."""
    return answers_of(predict_typed(fitted, frame, rung=rung))


def answer_names(fitted: Fitted) -> tuple[str, ...]:
    """Name the columns of `answers_of`."""
    classes = [str(label) for label in fitted.classes]
    return tuple(classes[1:] if len(classes) == 2 else classes) or (fitted.spec.target,)


def effect_of(
    fitted: Fitted,
    reference: Reference,
    column: str,
    rows: pl.DataFrame,
    answers: np.ndarray,
    *,
    rung: str | None,
    rng: np.random.Generator,
) -> Effect:
    """Hold the answers for new rows against those with a column mapped back to the reference.

    Parameters
    ----------
    fitted, reference, column
    rows : DataFrame
        Typed new rows (n).
    answers : ndarray of shape (n, c)
        The answers for them.
    rung : str or None
    rng : Generator
        Draws the ranks of equal values, and the rows whose level is another.
    """
    mapped = mapped_back(rows[column], reference.columns[column], reference.rows, rng)
    change = answers - answers_for(fitted, rows.with_columns(mapped), rung)
    deviation = np.maximum(_deviations(reference, answers), np.finfo(np.float64).tiny)
    absolute = np.abs(change).mean(axis=0)
    place = int(first_greatest(absolute / deviation))
    share = float(absolute[place] / deviation[place])
    return Effect(
        answer_names(fitted)[place],
        float(change[:, place].mean()),
        float(absolute[place]),
        share,
        share < HARMLESS,
    )


def mapped_back(
    values: pl.Series, summary: ColumnSummary, rows: int, rng: np.random.Generator
) -> pl.Series:
    """Return a typed column (n,) with the reference's distribution, moved as little as may be.

    As many rows gain or lose a value as the shares of missing ones differ, drawn by chance.
    """
    mapped = _without_missing(values, rng)
    if mapped is None or not summary.values.rows:
        return values
    present = (
        _mapped_levels(mapped, summary.values, rng)
        if isinstance(summary.values, Levels)
        else _mapped_numbers(mapped, summary.values, rng)
    )
    missing = values.is_null().to_numpy().copy()
    wanted = round(summary.missing / rows * len(values))
    few, many = np.flatnonzero(~missing), np.flatnonzero(missing)
    if wanted > len(many):
        missing[rng.choice(few, wanted - len(many), replace=False)] = True
    elif wanted < len(many):
        missing[rng.choice(many, len(many) - wanted, replace=False)] = False
    return (
        pl.select(pl.when(pl.lit(pl.Series(missing))).then(None).otherwise(pl.lit(present)))
        .to_series()
        .cast(values.dtype)
        .alias(values.name)
    )


def _without_missing(values: pl.Series, rng: np.random.Generator) -> pl.Series | None:
    """Return a column whose missing values are drawn from the others; None where there are none."""
    present = values.drop_nulls()
    if present.is_empty():
        return None
    drawn = present[rng.integers(len(present), size=len(values))]
    return values.fill_null(drawn)


def _mapped_numbers(values: pl.Series, known: Numbers, rng: np.random.Generator) -> pl.Series:
    """Map each value to the reference's of the same rank; equals have ranks in chance order.

    Beyond the outermost quantiles that are known, values move as these do.
    """
    numbers = as_numbers(values)
    if not known.edges:
        return values
    order = np.lexsort((rng.random(len(numbers)), numbers))
    rank = np.empty(len(numbers))
    rank[order] = (np.arange(len(numbers)) + 0.5) / len(numbers)
    levels, edges = np.array(known.at_most) / known.rows, np.array(known.edges)
    if known.stepped:
        mapped = edges[np.minimum(np.searchsorted(levels, rank), len(edges) - 1)]
    else:
        mapped = np.interp(rank, levels, edges)
        low, high = np.quantile(numbers, levels[[0, -1]])
        mapped = np.where(rank < levels[0], numbers + edges[0] - low, mapped)
        mapped = np.where(rank > levels[-1], numbers + edges[-1] - high, mapped)
    if (numbers == np.round(numbers)).all():
        mapped = np.round(mapped)
    return pl.Series(values.name, mapped).cast(values.to_physical().dtype).cast(values.dtype)


def _mapped_levels(values: pl.Series, known: Levels, rng: np.random.Generator) -> pl.Series:
    """Redraw the level of as few rows as give the named levels their shares (total variation).

    Rows of levels that are too common are drawn and given to those that are too rare. Levels that
    the reference does not name count as one.
    """
    levels = values.cast(pl.String).to_numpy().astype(object)
    codes = {level: code for code, level in enumerate(known.named)}
    code = np.array([codes.get(level, len(codes)) for level in levels])
    wanted = np.round(known.counts[: len(codes)] / known.rows * len(levels)).astype(np.int64)
    wanted = np.append(wanted, max(len(levels) - int(wanted.sum()), 0))
    change = wanted - np.bincount(code, minlength=len(wanted))
    order = rng.permutation(len(levels))
    spare = np.concatenate(
        [order[code[order] == place][: max(-excess, 0)] for place, excess in enumerate(change)]
    )
    given = np.repeat(np.arange(len(codes)), np.maximum(change[:-1], 0))
    taken = spare[: len(given)]
    levels[taken] = np.array(list(codes), object)[given[: len(taken)]]
    if values.dtype == pl.Boolean:
        return pl.Series(values.name, levels == "true")
    return pl.Series(values.name, levels.tolist(), dtype=pl.String)


def _deviations(reference: Reference, answers: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each answer (c,): on judged rows, else on these."""
    deviation = answers.std(axis=0)
    for answer in reference.answers:
        deviation[answer.place] = answer.values.deviation
    return deviation
