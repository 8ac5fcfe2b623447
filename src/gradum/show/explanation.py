"""Explanations of rows as text, as HTML and as a frame."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator

import numpy as np
import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradum.fitting.fitted import Fitted
from gradum.margins import falling, first_greatest
from gradum.messages import listed, say, say_plural
from gradum.scores.figures import figure
from gradum.scores.interval import NORMAL_95
from gradum.show.explanation_words import heading, value_words, with_error
from gradum.show.reasons import Reasons
from gradum.show.text import plain
from gradum.show.visible import visible
from gradum.study.explanation.correlated import STRONG, correlated
from gradum.study.explanation.explain import Explanations, name_of
from gradum.study.explanation.reasons import COUNT, favourable_answer, reasons_against
from gradum.tables.columns import Label

MOST_ROWS = 10  # shown one by one
MOST_COLUMNS = 12
MOST_REASONS = 3
MOST_GROUPS = 3  # of columns that depend on each other
MOSTLY = 0.6  # of what moves the answer the way that it went
BAR = 20  # characters
BALANCED = 0.2  # of all that columns add, below which what moves an answer cancels out
ROUNDING = 1e-6  # of an answer, which is no reason


class Explanation:
    """Why rows are answered as they are; it shows itself in a terminal and in a notebook.

    Parameters
    ----------
    found : Explanations
        The values, each with its errors.
    fitted : Fitted
        The model.
    """

    def __init__(self, found: Explanations, fitted: Fitted) -> None:
        self.found = found
        self.fitted = fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line a row, column and class; see `Explanations.frame`."""
        return self.found.frame

    def reasons(self, *, favourable: Label, count: int = COUNT) -> Reasons:
        """Say in words what speaks most against the answer that somebody hoped for.

        A column is a reason only where its value is beyond its 95% errors. Columns that stand
        together are one reason; of equal ones the first in the table comes first.

        Parameters
        ----------
        favourable : label or {"high", "low"}
            The class hoped for; of a number, which of the two is good.
        count : int
            How many reasons a row has at most.

        Returns
        -------
        Reasons
            It shows itself; ``frame`` has one line a reason.

        Raises
        ------
        SpecError
            There is no such answer, or the count is not above 0.
        """
        answer = favourable_answer(self.fitted, favourable)
        reasons = reasons_against(self.found, self.fitted, answer, count)
        return Reasons(self.found, self.fitted, answer, reasons, count)

    def summary(self) -> str:
        """Return every row in words and bars; of many rows, what the columns do on average."""
        return plain(self, width=100).rstrip("\n")

    def __rich__(self) -> RenderableType:
        found = self.found
        if not found.parts:
            return Text(say("There are no rows to explain."))
        if len(found.parts) > MOST_ROWS:
            return Group(*_overall(found), *self._correlated())
        rows = (part for place in range(len(found.parts)) for part in self._row(place))
        return Group(*rows, *self._correlated())

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<gradum.Explanation of {len(self.found.parts):,} rows>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"

    def likeliest(self, place: int) -> int:
        """Return which answer of a row is explained first: its likeliest class; 0 for a number."""
        output = self.found.parts[place].output
        return int(first_greatest(output[None])[0]) if self.fitted.classes else 0

    def _row(self, place: int) -> Iterator[RenderableType]:
        """Say why one row is answered as it is: its likeliest class, or its number."""
        found, part = self.found, self.found.parts[place]
        chosen = self.likeliest(place)
        yield Text(heading(found, self.fitted, place, chosen), style="bold")
        values = part.values[:, chosen]
        error = part.error[:, chosen]
        order = falling(np.abs(values))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(overflow="fold", ratio=2)
        table.add_column(overflow="fold", ratio=2)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        size = max(abs(float(part.output[chosen])), abs(float(part.base[chosen])))
        longest = max(float(np.abs(values).max()), ROUNDING * size, np.finfo(float).tiny)
        for player in order[:MOST_COLUMNS]:
            table.add_row(
                Text(visible(name_of(found.players[player]))),
                Text(visible(values_of(found, place, int(player)))),
                Text(with_error(float(values[player]), float(error[player]))),
                _bar(float(values[player] / longest)),
            )  # fmt: skip
        yield table
        if len(order) > MOST_COLUMNS:
            rest = figure(float(values[order[MOST_COLUMNS:]].sum()), digits=3, sign=True)
            yield Text(
                say_plural(
                    "and {count:,} more column, {rest}.",
                    "and {count:,} more columns, {rest} together.",
                    len(order) - MOST_COLUMNS,
                    rest=rest,
                ),
                style="dim",
            )
        because = self.because(place, chosen)
        if because:
            yield Text(because)
        yield Text("")

    def because(self, place: int, chosen: int) -> str:
        """Name the columns that did most of what moved an answer the way that it went.

        Where most of what they add cancels out, both sides are named. The sentence is empty where
        nothing moved it.
        """
        part = self.found.parts[place]
        values = part.values[:, chosen]
        base, output = float(part.base[chosen]), float(part.output[chosen])
        whole = float(np.abs(values).sum())
        if whole <= ROUNDING * max(abs(base), abs(output)):
            return ""
        if abs(output - base) < BALANCED * whole:
            sentence = say(
                "Raised mostly because {raised}; lowered mostly because {lowered}.",
                raised=self._reasons(place, values),
                lowered=self._reasons(place, -values),
            )
        else:
            along = values * np.sign(output - base)
            sentence = say("Mostly because {reasons}.", reasons=self._reasons(place, along))
        return visible(sentence)

    def _reasons(self, place: int, along: np.ndarray) -> str:
        """Name the few columns that add most of all that is above 0."""
        reasons, done = [], 0.0
        whole = along[along > 0].sum()
        for player in map(int, falling(along)[:MOST_REASONS]):
            if along[player] <= 0 or done >= MOSTLY * whole:
                break
            done += along[player]
            reasons.append(
                say(
                    "{column} is {value}",
                    column=name_of(self.found.players[player]),
                    value=values_of(self.found, place, player),
                )
            )
        return listed(reasons, "and")

    def _correlated(self) -> Iterator[RenderableType]:
        """Say which columns depend on each other, and how they are explained as one."""
        found = self.found
        groups = correlated(found.background_rows, self.fitted.schema.features, found.players)
        for names in groups[:MOST_GROUPS]:
            remark = say(
                "{columns} depend on each other (rank correlation of {least} or more): "
                "--together {option}, in Python together=…, explains them as one.",
                columns=listed(names, "and"),
                least=STRONG,
                option=shlex.quote(",".join(names)),
            )
            yield Text(visible(remark), style="dim")


def values_of(found: Explanations, place: int, player: int) -> str:
    """Return a row's values of a player's columns as text."""
    return listed([value_words(found.values[place, column]) for column in found.players[player]])


def _bar(share: float) -> Text:
    length = round(abs(share) * BAR)
    return Text("█" * length, style="green" if share > 0 else "red")


def _overall(found: Explanations) -> Iterator[RenderableType]:
    """Say how far each column moves the answers, on average over the rows."""
    sizes = np.stack([np.abs(part.values).mean(axis=1) for part in found.parts])
    mean = sizes.mean(axis=0)
    error = NORMAL_95 * sizes.std(axis=0, ddof=1) / np.sqrt(len(sizes))
    yield Text(
        say(
            "{rows:,} rows: how far each column moves the answer, on average (95% interval)",
            rows=len(sizes),
        ),
        style="bold",
    )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    longest = max(float(mean.max()), np.finfo(float).tiny)
    for player in falling(mean)[:MOST_COLUMNS]:
        table.add_row(
            Text(visible(name_of(found.players[player]))),
            f"{figure(mean[player], digits=3)} ± {figure(error[player], digits=2)}",
            _bar(mean[player] / longest),
        )
    yield table
