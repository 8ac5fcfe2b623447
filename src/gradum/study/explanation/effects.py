"""The effects of several columns, computed one by one against the same rows, and their frames.

Shapes: n rows, B background rows, g values of a column, k answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.solvers.threads import threads_for
from gradum.study.explanation.effect import Effect, Extremes, Replacing, effect_of
from gradum.study.explanation.grid import CurveGrid, grid_of
from gradum.study.explanation.named_columns import unseen_column
from gradum.study.explanation.scale import Scale, answer_on, scale_of
from gradum.study.first_layer import Opened
from gradum.tables.columns import Column, unvaried

MOST_ROWS = 1_000  # whose own curves are computed
MOST_CURVES = 4  # in a report, and on the page of a row


@dataclass(frozen=True, eq=False)
class Effects:
    """The effects of several columns."""

    target: str
    """What is predicted."""
    rung: str
    """The rung that answers."""
    scale: Scale
    """``target``, ``probability`` or ``log-odds``."""
    answers: tuple[Any, ...]
    """The classes, or the quantiles; None for a number."""
    effects: tuple[Effect, ...]
    """In the columns' order."""
    texts: tuple[str, ...]
    """Text columns, which have no curve."""
    background: int
    """B."""
    base: np.ndarray
    """Of shape (k,). The mean answer over the background rows."""
    rows: pl.DataFrame
    """The n given rows."""
    outputs: np.ndarray
    """Of shape (n, k). The answers for them."""

    def of(self, column: str) -> Effect:
        """Return the effect of a column; KeyError if it has none."""
        return self._by_column[column]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One line per column, class and value, with the columns below.

        ``column``, ``class`` (null for a number), ``value`` (as text; null where it is missing),
        ``number`` (the value of a numeric column), ``dependence`` (partial dependence), its
        ``error`` (standard error of its shape) and ``spread`` (over the members of a pack),
        ``accumulated`` (ALE, about 0) and ``accumulated_error``, and ``rows``, the background rows
        near the value.
        """
        return pl.concat([_lines(effect, self._labels) for effect in self.effects] or [_NO_LINES])

    @cached_property
    def curves(self) -> pl.DataFrame:
        """One line per given row, column, class and value: ICE.

        ``row`` (from 1), ``column``, ``class``, ``value``, ``number`` and ``answer``.
        """
        blocks = [
            pl.concat(
                [
                    _places(effect, self._labels).with_columns(
                        pl.lit(row + 1, pl.Int64).alias("row"),
                        pl.Series("answer", effect.rows[:, row].T.ravel()),
                    )
                    for effect in self.effects
                ]
            )
            for row in range(len(self.rows) if self.effects else 0)
        ]
        nothing = _NO_LINES.select(
            *_PLACE, pl.lit(0, pl.Int64).alias("row"), pl.lit(0.0).alias("answer")
        )
        return pl.concat(blocks or [nothing.clear()]).select("row", *_PLACE, "answer")

    @cached_property
    def ranges(self) -> pl.DataFrame:
        """One line per given row, column and class: how far the column alone can move the answer.

        ``row`` (from 1), ``column``, ``class``, ``least``, ``least_at`` (the value, as text),
        ``greatest``, ``greatest_at``, and ``error``, how far the answer may exceed these between
        the values looked at: 0 where no other values matter.
        """
        lines = [
            (row + 1, effect.column, label, *_range(extremes, answer))
            for row in range(len(self.rows))
            for effect in self.effects
            for extremes in [effect.extremes(row)]
            for answer, label in enumerate(self._labels)
        ]
        schema = {"row": pl.Int64, "column": pl.String, "class": pl.String}
        for end in ("least", "greatest"):
            schema |= {end: pl.Float64, f"{end}_at": pl.String}
        return pl.DataFrame(lines, schema | {"error": pl.Float64}, orient="row")

    @property
    def _labels(self) -> list[str | None]:
        return [None if answer is None else str(answer) for answer in self.answers]

    @cached_property
    def _by_column(self) -> dict[str, Effect]:
        return {effect.column: effect for effect in self.effects}


def effects_of(
    fitted: Fitted,
    background: pl.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    rows: pl.DataFrame | None = None,
    rung: str | None = None,
    scale: str | None = None,
) -> Effects:
    """Compute the effects of columns; by default of all but texts.

    Parameters
    ----------
    background, rows : polars.DataFrame
        Checked columns; ``rows`` are the rows whose own curves are wanted.
    rung : str, optional
        By default the best.
    scale : {"target", "probability", "log-odds"}, optional

    Raises
    ------
    SpecError
        There is no such rung, scale or column, a column is a text, or there are too many rows.
    """
    chosen = fitted.rung(rung)
    used = scale_of(fitted, scale)
    if background.is_empty():
        raise SpecError("The background has no rows.", "Give it one or more.")
    if rows is not None and len(rows) > MOST_ROWS:
        raise SpecError(
            "{rows:,} rows are given, each of which has curves of its own.",
            "Give {most:,} at most.",
            rows=len(rows),
            most=MOST_ROWS,
        )
    named = columns_with_grid(fitted, columns)
    given = background.clear() if rows is None else rows
    whole = {
        name for name, axis in fitted.encoder.axes(fitted.schema.features).items() if axis.is_whole
    }
    grids = []
    for column in named:
        name = column.name
        grids.append(grid_of(column.kind, background[name], given[name], whole=name in whole))
    blocks = [background, given, _values_side_by_side(grids, background)]
    design = fitted.encoder.transform(pl.concat(blocks, how="vertical_relaxed"))
    places = np.split(np.arange(len(design)), np.cumsum([len(block) for block in blocks[:-1]]))
    opened, answer = Opened.of(chosen, design), answer_on(chosen, used)
    with threads_for(*opened.total.shape):
        outputs = answer(opened.logits(opened.total[: len(background) + len(given)]))
        effects = tuple(
            effect_of(Replacing(opened, answer, grid.column), grid, background[grid.column], places)
            for grid in grids
        )
    return Effects(
        fitted.spec.target,
        chosen.name,
        used,
        tuple(fitted.classes) or (None,) * outputs.shape[1],
        effects,
        tuple(c.name for c in fitted.schema.features if not c.traits.has_domain),
        len(background),
        outputs[: len(background)].mean(axis=0),
        given,
        outputs[len(background) :],
    )


def columns_with_grid(fitted: Fitted, names: Iterable[str] | None) -> list[Column]:
    """Return the named columns, each once, or all columns that have a grid.

    Raises
    ------
    SpecError
        The model sees no such column, or the column is a text.
    """
    columns = {column.name: column for column in fitted.schema.features}
    if names is None:
        return [column for column in columns.values() if column.traits.has_domain]
    named = dict.fromkeys(names)
    for name in named:
        if name not in columns:
            raise unseen_column(name, columns)
        for reason in unvaried([columns[name]]):
            raise SpecError(reason, say("Ask for columns of numbers, dates or categories."))
        if not columns[name].traits.has_domain:
            raise SpecError(
                "Column {name!r} holds texts, and there is no curve over texts.",
                "Ask for columns of numbers, dates or categories.",
                name=name,
            )
    return [columns[name] for name in named]


def columns_with_curve(fitted: Fitted, names: Iterable[str]) -> list[str]:
    """Return the first `MOST_CURVES` of some names that are columns with a curve."""
    with_grid = {column.name for column in columns_with_grid(fitted, None)}
    return [name for name in names if name in with_grid][:MOST_CURVES]


def _values_side_by_side(grids: Sequence[CurveGrid], background: pl.DataFrame) -> pl.DataFrame:
    """Return rows in which each column holds its values, then those between; the rest is null."""
    columns = {values.name: values.clear() for values in background}
    columns |= {grid.column: grid.with_values_between for grid in grids}
    height = max(map(len, columns.values()), default=0)
    return pl.DataFrame(
        [values.extend_constant(None, height - len(values)) for values in columns.values()]
    )


_PLACE = ("column", "class", "value", "number")
_NO_LINES = pl.DataFrame(
    schema={
        **dict.fromkeys(("column", "class", "value"), pl.String),
        **dict.fromkeys(("number", "dependence", "error", "spread"), pl.Float64),
        **dict.fromkeys(("accumulated", "accumulated_error"), pl.Float64),
        "rows": pl.Int64,
    }
)


def _places(effect: Effect, labels: Sequence[str | None]) -> pl.DataFrame:
    """Return, for a column's lines, by class, which class and value each belongs to."""
    values = effect.grid.values
    numbers = values if values.dtype.is_numeric() else values.clear(len(values))
    lines = pl.DataFrame(
        {
            "column": pl.Series([effect.column] * len(values), dtype=pl.String),
            "value": values.cast(pl.String),
            "number": numbers.cast(pl.Float64),
        }
    )
    by_class = [lines.with_columns(pl.lit(label, pl.String).alias("class")) for label in labels]
    return pl.concat(by_class).select(_PLACE)


def _range(extremes: Extremes, answer: int) -> Iterator[float | str | None]:
    texts = extremes.values.cast(pl.String)
    for places in (extremes.least, extremes.greatest):
        place = int(places[answer])
        yield float(extremes.answers[place, answer])
        yield texts[place]
    yield float(extremes.error[answer])


def _lines(effect: Effect, labels: Sequence[str | None]) -> pl.DataFrame:
    accumulated = effect.accumulated
    nothing = np.full_like(effect.dependence.values, np.nan)
    numbers = {
        "dependence": effect.dependence.values,
        "error": effect.dependence.error,
        "spread": effect.dependence.spread,
        "accumulated": nothing if accumulated is None else accumulated.values,
        "accumulated_error": nothing if accumulated is None else accumulated.error,
    }
    rows = np.tile(effect.grid.rows, len(labels))
    return _places(effect, labels).with_columns(
        *(pl.Series(name, array.T.ravel()).fill_nan(None) for name, array in numbers.items()),
        pl.Series("rows", rows, pl.Int64),
    )
