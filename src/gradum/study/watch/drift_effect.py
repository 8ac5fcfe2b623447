"""The effect of a column's drift on the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from gradum.margins import first_greatest
from gradum.run.fitted import Fitted
from gradum.run.predicting import predict_typed
from gradum.run.reference.column_counts import Levels, Numbers, as_numbers, bucket
from gradum.run.reference.reference import ColumnSummary, Reference, answers_of
from gradum.study.watch.watched import DriftEffect

EFFECT_ROWS = 5_000
"""The number of new rows that are predicted again for each drifted column."""

HARMLESS = 0.02
"""The share of the answers' standard deviation below which a drift does no harm."""


class AnsweredRows(NamedTuple):
    """Typed rows (n), and a rung's answers for them (n, c), as from `answers_of`."""

    frame: pl.DataFrame
    answers: np.ndarray

    def take(self, places: np.ndarray) -> AnsweredRows:
        """Return some of the rows."""
        return AnsweredRows(self.frame[places], self.answers[places])


def answers_for(fitted: Fitted, frame: pl.DataFrame, rung: str | None) -> np.ndarray:
    """Return the answers (n, c) for typed rows, as from `answers_of`."""
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
) -> DriftEffect | None:
    """Compare the answers for new rows with those after a column is mapped back to the reference.

    Parameters
    ----------
    fitted, reference, column
    rows : DataFrame
        Typed new rows (n).
    answers : ndarray of shape (n, c)
        The answers for them.
    rng : Generator
        Draws the ranks of equal values, and the rows whose level is changed.

    Returns
    -------
    DriftEffect or None
        None if the reference has too few values to map back to.
    """
    known = fitted.encoder.levels.get(column, ())
    mapped = mapped_back(rows[column], reference.columns[column], reference.rows, known, rng)
    if mapped is None:
        return None
    change = answers - answers_for(fitted, rows.with_columns(mapped), rung)
    deviation = np.maximum(_deviations(reference, answers), np.finfo(np.float64).tiny)
    absolute = np.abs(change).mean(axis=0)
    place = int(first_greatest(absolute / deviation))
    share = float(absolute[place] / deviation[place])
    return DriftEffect(
        answer_names(fitted)[place],
        float(change[:, place].mean()),
        float(absolute[place]),
        share,
        share < HARMLESS,
    )


def mapped_back(
    values: pl.Series,
    summary: ColumnSummary,
    rows: int,
    known: Sequence[str],
    rng: np.random.Generator,
) -> pl.Series | None:
    """Return a typed column (n,) with the reference's distribution, changed as little as possible.

    Rows drawn by chance gain or lose a value, as many as the shares of missing values differ by.
    None if the reference knows neither a quantile nor a level.

    Parameters
    ----------
    summary : ColumnSummary
        The reference's summary, which has ``rows``.
    known : sequence of str
        The levels that the encoder knows.
    rng : Generator
    """
    if not summary.values.rows:
        return values.clear(len(values))  # all missing
    present = values.drop_nulls()
    if present.is_empty():
        present = _any_values(summary.values, known, values)
    if present.is_empty():
        return None
    drawn = present[rng.integers(len(present), size=len(values))]
    filled = values.fill_null(drawn)
    if isinstance(summary.values, Levels):
        mapped = _mapped_levels(filled, summary.values, known, rng)
    else:
        mapped = _mapped_numbers(filled, summary.values, rng)
    missing = values.is_null().to_numpy().copy()
    more = round(summary.missing / rows * len(values)) - int(missing.sum())
    changed = rng.permutation(np.flatnonzero(missing == (more < 0)))[: abs(more)]
    missing[changed] = more > 0
    return mapped.set(pl.Series(missing), None).alias(values.name)


def _any_values(summary: Numbers | Levels, known: Sequence[str], like: pl.Series) -> pl.Series:
    """Return some values of the reference, still to be mapped, for a column without values."""
    if isinstance(summary, Numbers):
        numbers = pl.Series(summary.edges, dtype=pl.Float64)
        return numbers.cast(like.to_physical().dtype).cast(like.dtype)
    levels = pl.Series([*summary.named, *known], dtype=pl.String)
    return levels == "true" if like.dtype == pl.Boolean else levels


def _mapped_numbers(values: pl.Series, known: Numbers, rng: np.random.Generator) -> pl.Series:
    """Map each value to the reference's value of the same rank; ties have ranks in random order.

    Beyond the outermost known quantiles, values move like these.
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
        mapped = np.floor(mapped)  # values between two whole numbers stand for the lower
    return pl.Series(values.name, mapped).cast(values.to_physical().dtype).cast(values.dtype)


def _mapped_levels(
    values: pl.Series, summary: Levels, known: Sequence[str], rng: np.random.Generator
) -> pl.Series:
    """Redraw levels of as few rows as needed to give named levels and buckets their shares.

    Rows of levels that are too common are drawn and given to those that are too rare; rows given to
    a bucket get one of its known levels. Unknown levels are always too common.
    """
    levels = values.cast(pl.String).to_numpy().astype(object)
    named = {level: code for code, level in enumerate(summary.named)}
    candidates = [[level] for level in named] + [[] for _ in summary.others]
    for level in known:
        if level not in named:
            candidates[len(named) + bucket(level)].append(level)
    cell_of = {level: cell for cell, some in enumerate(candidates) for level in some}
    code = np.array([cell_of.get(level, len(candidates)) for level in levels])
    counts = np.append(summary.counts, 0)
    wanted = np.diff(np.round(np.cumsum(np.append(0, counts)) / summary.rows * len(levels)))
    change = wanted.astype(np.int64) - np.bincount(code, minlength=len(counts))
    order = rng.permutation(len(levels))
    spare = [order[code[order] == cell][: max(-more, 0)] for cell, more in enumerate(change)]
    given = np.repeat(np.arange(len(counts)), np.maximum(change, 0))
    for row, cell in zip(np.concatenate(spare), given, strict=True):
        if candidates[cell]:
            levels[row] = candidates[cell][rng.integers(len(candidates[cell]))]
    if values.dtype == pl.Boolean:
        return pl.Series(values.name, levels == "true")
    return pl.Series(values.name, levels.tolist(), dtype=pl.String)


def _deviations(reference: Reference, answers: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each answer (c,), on judged rows or otherwise on these."""
    deviation = answers.std(axis=0)
    for answer in reference.answers:
        deviation[answer.place] = answer.values.deviation
    return deviation
