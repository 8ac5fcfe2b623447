"""Explanations of a table's rows: each answer is divided among the table's columns.

Shapes: n rows, d players, B background rows, k answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl

from gradum.engines.engine import Engine
from gradum.engines.in_order import in_order
from gradum.errors import SpecError
from gradum.margins import falling, first_greatest
from gradum.messages import listed, marked, say
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Rung
from gradum.solvers.threads import threads_for
from gradum.study.explanation.game import ColumnGame, Player, Setting
from gradum.study.explanation.named_columns import refuse_no_groups
from gradum.study.explanation.scale import Scale, answer_on, scale_of
from gradum.study.explanation.shapley import TOLERANCE, Shapley, divided
from gradum.study.first_layer import Opened
from gradum.tables.wording import quoted_text
from gradum.waiting import tell, told

ROWS_AT_ONCE = 256  # opened at once together with the background

ROWS_IN_TASK = 8  # of an engine: a row takes up to about a second

EXPLAINING = marked("explaining answers, row by row")

MOST_VALUES = 3  # of columns that count as one


@dataclass(frozen=True)
class Explanations:
    """The answers for some rows, each divided among the columns."""

    rung: str
    """The rung that answers."""
    scale: Scale
    """``target``, ``probability`` or ``log-odds``."""
    players: tuple[Player, ...]
    names: tuple[str, ...]
    """The names of the players."""
    answers: tuple[Any, ...]
    """The classes, or the quantiles; a single None for a number."""
    rows: np.ndarray
    """Integers of shape (n,). The rows' numbers in their table, from 1."""
    values: pl.DataFrame
    """The rows' values of the columns."""
    parts: tuple[Shapley, ...]
    """The division of each row's answer."""
    background_rows: pl.DataFrame
    """The B rows that show what the columns are typically like."""

    @property
    def background(self) -> int:
        """B, the number of background rows."""
        return len(self.background_rows)

    @property
    def frame(self) -> pl.DataFrame:
        """One line per row, column and class, with the columns below.

        ``row``, ``column``, ``class``, ``value`` (φ), ``sampling_error``, ``background_error``,
        ``spread``, and ``base`` and ``output``, which are the same for all lines of a row and
        class.
        """
        d, k = len(self.players), len(self.answers)
        names = np.repeat(self.names, k).tolist()
        labels = [None if answer is None else str(answer) for answer in self.answers]

        def column(name: str) -> np.ndarray:
            return np.array([getattr(part, name) for part in self.parts], np.float64).ravel()

        def repeated(name: str) -> np.ndarray:
            return np.array([np.tile(getattr(part, name), d) for part in self.parts]).ravel()

        named = ("sampling_error", "background_error", "spread")
        return pl.DataFrame(
            {
                "row": np.repeat(self.rows, d * k),
                "column": pl.Series(names * len(self.rows), dtype=pl.String),
                "class": pl.Series(labels * (d * len(self.rows)), dtype=pl.String),
                "value": column("values"),
                **{name: pl.Series(column(name)).fill_nan(None) for name in named},
                "base": repeated("base"),
                "output": repeated("output"),
            }
        )

    @property
    def shares(self) -> list[list[dict[str, Any]]]:
        """Each row's share of every column in every answer, with its error, as plain values."""
        lines = self.frame.select("column", "class", "value", "sampling_error").to_dicts()
        of_row = len(self.players) * len(self.answers)
        return [lines[at : at + of_row] for at in range(0, len(lines), of_row)]

    def take(self, places: Sequence[int]) -> Explanations:
        """Return the explanations of some of the rows."""
        return replace(
            self,
            rows=self.rows[list(places)],
            values=self.values[list(places)],
            parts=tuple(self.parts[place] for place in places),
        )


def name_of(player: Player) -> str:
    """Return a player's name: its column, or its columns."""
    return " + ".join(player)


def explain(
    fitted: Fitted,
    rows: pl.DataFrame,
    background: pl.DataFrame,
    *,
    numbers: np.ndarray,
    rung: str | None = None,
    scale: str | None = None,
    together: Sequence[Sequence[str]] = (),
    tolerance: float = TOLERANCE,
    most_answers: float | None = None,
    engine: Engine | None = None,
) -> Explanations:
    """Divide the answers for rows among the columns; see `gradum.study.explanation.shapley`.

    With few players the division is exact; with more, orders are drawn until ``tolerance`` is met.
    A row's values do not depend on which other rows are explained.

    Parameters
    ----------
    rows, background : polars.DataFrame
        Checked columns.
    numbers : ndarray of int (n,)
        The rows' numbers, as they are reported.
    rung : str, optional
        By default the best.
    scale : {"target", "probability", "log-odds"}, optional
        By default the probability for classes, the target's unit for numbers.
    together : sequence of columns
        Each group is one player.
    tolerance : float
        Half-width of the 95% interval for the error from drawing orders, as a share of the range of
        the answers.
    most_answers : float, optional
        The most answers that the model may be asked for per row; see
        `gradum.study.explanation.shapley`.
    engine : Engine, optional
        Explains the rows, a few in each task.

    Raises
    ------
    SpecError
        There is no such rung, scale or column, a group has one column, or a column is in two
        groups.
    """
    chosen = fitted.rung(rung)
    used = scale_of(fitted, scale)
    if not (isinstance(tolerance, Real) and 0 < tolerance < 1):
        raise SpecError(
            "The tolerance is {tolerance}.", "Give a share between 0 and 1.", tolerance=tolerance
        )
    players = _players_of([column.name for column in fitted.schema.features], together)
    work = Explaining(fitted, chosen.name, background, players, used, tolerance, most_answers)
    parts: list[Shapley] = []
    if engine is None:
        for block in rows.iter_slices(ROWS_AT_ONCE):
            for part in work.parts(block):
                parts.append(part)
                tell(say(EXPLAINING), len(parts) / len(rows))
    else:
        starts = range(0, len(rows), ROWS_IN_TASK)
        items = [SomeRows(at, rows[at : at + ROWS_IN_TASK]) for at in starts]
        for done in told(in_order(engine, work, items), say(EXPLAINING), len(items)):
            parts += done
    answers = tuple(fitted.classes) or (None,) * (len(parts[0].base) if parts else 1)
    names = tuple(name_of(player) for player in players)
    return Explanations(
        chosen.name, used, players, names, answers, numbers, rows, tuple(parts), background
    )


class SomeRows(NamedTuple):
    """Checked rows to explain, and the position of the first among all of them."""

    start: int
    frame: pl.DataFrame


@dataclass(frozen=True)
class Explaining:
    """The work of explaining rows, a `gradum.engines.engine.Work`; its fields are `explain`'s."""

    fitted: Fitted
    rung: str
    background: pl.DataFrame
    players: tuple[Player, ...]
    scale: Scale
    tolerance: float
    most_answers: float | None

    def named(self, some: SomeRows) -> str:
        """Name some rows."""
        first, last = some.start + 1, some.start + len(some.frame)
        return say("explained rows {first:,} to {last:,}", first=first, last=last)

    def __call__(self, some: SomeRows) -> list[Shapley]:
        """Divide the answers for some rows."""
        return list(self.parts(some.frame))

    def parts(self, rows: pl.DataFrame) -> Iterator[Shapley]:
        """Divide the answers for up to `ROWS_AT_ONCE` rows, one after the other."""
        fitted, background, players = self.fitted, self.background, self.players
        rung = fitted.rung(self.rung)
        if rung.input_layer is None:
            yield from _unmoved(fitted, rung, rows, background, len(players), self.scale)
            return
        with threads_for(len(background), max(rung.network.widths)):
            for game in games(fitted, rung, rows, background, players, self.scale):
                rng = stream(fitted.spec.seed, "study", "explain")
                yield divided(game, rng, self.tolerance, self.most_answers)


def _players_of(columns: Sequence[str], together: Sequence[Sequence[str]]) -> tuple[Player, ...]:
    """Return each group of columns as one player, and each other column as one.

    Raises
    ------
    SpecError
        As `refuse_no_groups`.
    """
    refuse_no_groups(together, columns)
    group: dict[str, Player] = {name: tuple(names) for names in together for name in names}
    return tuple(dict.fromkeys(group.get(column, (column,)) for column in columns))


def games(
    fitted: Fitted,
    rung: Rung,
    rows: pl.DataFrame,
    background: pl.DataFrame,
    players: tuple[Player, ...],
    scale: Scale,
) -> Iterator[ColumnGame]:
    """Yield the game of each row for a rung that looks at columns; all rows are opened at once."""
    design = fitted.encoder.transform(pl.concat([background, rows], how="vertical_relaxed"))
    opened = Opened.of(rung, design)
    setting = Setting(opened, players, len(background), answer_on(rung, scale))
    for row in range(len(rows)):
        yield ColumnGame(setting, row)


def _unmoved(
    fitted: Fitted,
    rung: Rung,
    rows: pl.DataFrame,
    background: pl.DataFrame,
    players: int,
    scale: Scale,
) -> Iterator[Shapley]:
    """Explain a rung that looks at no column: each column adds nothing."""
    design = fitted.encoder.transform(pl.concat([background, rows], how="vertical_relaxed"))
    answers = answer_on(rung, scale)(rung.logits(design))[len(background) :]
    for answer in answers:
        nothing = np.zeros((players, len(answer)))
        yield Shapley(
            nothing, nothing, nothing, nothing * np.nan, answer, answer, 1, nothing[:, None]
        )


class Contribution(msgspec.Struct, frozen=True):
    """What one column, or several that count as one, adds to the answer."""

    column: str
    value: str
    """The row's value as text; empty where more than `MOST_VALUES` columns count as one."""
    contribution: float
    """φ."""
    error: float | None
    """Its standard error; None where it is unknown."""


class RowExplanation(msgspec.Struct, frozen=True):
    """How one answer is made up: base + Σ contributions = output."""

    row: int
    """The row's number in the table, from 1."""
    answer: str | None
    """The class, or the quantile, that all values refer to; None for a number."""
    scale: Scale
    """``target``, ``probability`` or ``log-odds``."""
    output: float
    base: float
    """The answer, and the mean answer over the background rows."""
    contributions: tuple[Contribution, ...]
    """In order of falling size."""


def foremost_answer(found: Explanations, place: int) -> int:
    """Return the position of a row's likeliest class, or of the middle quantile."""
    if found.scale == "target":
        return len(found.answers) // 2
    return int(first_greatest(found.parts[place].output[None])[0])


def row_explanation(found: Explanations, place: int, answer: int | None = None) -> RowExplanation:
    """Return the explanation of the row at a position among the explained rows.

    ``answer`` is the position of the class to explain; by default `foremost_answer`.
    """
    part = found.parts[place]
    answer = foremost_answer(found, place) if answer is None else answer
    values, errors = part.values[:, answer], part.error[:, answer]
    label = found.answers[answer]
    return RowExplanation(
        int(found.rows[place]),
        None if label is None else str(label),
        found.scale,
        float(part.output[answer]),
        float(part.base[answer]),
        tuple(
            Contribution(
                found.names[i],
                _values_of(found, place, found.players[i]),
                float(values[i]),
                None if np.isnan(errors[i]) else float(errors[i]),
            )
            for i in falling(np.abs(values))
        ),
    )


def _values_of(found: Explanations, place: int, player: Player) -> str:
    if len(player) > MOST_VALUES:
        return ""
    return listed([value_words(found.values[place, column]) for column in player])


def value_words(value: Any) -> str:
    """Write a table's value as it appears in a sentence; texts are quoted."""
    if value is None:
        return say("missing")
    return quoted_text(value)
