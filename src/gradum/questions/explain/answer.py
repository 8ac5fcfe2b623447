"""Explanations of rows as text, HTML and a frame."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.questions.explain.correlated import STRONG, correlated
from gradum.questions.explain.reasons import Reasons
from gradum.questions.subject import Subject
from gradum.run.fitted import Fitted
from gradum.scores.figures import with_interval
from gradum.show.document.bar import signed_bar
from gradum.show.document.document import Shown
from gradum.show.document.tiles import where
from gradum.show.words.explanation_words import (
    because,
    direction_words,
    heading,
    shares,
    the_others,
    with_error,
)
from gradum.show.words.visible import visible
from gradum.study.explanation.explain import Explanations, foremost_answer, row_explanation
from gradum.study.explanation.interactions import Interactions, interactions
from gradum.study.explanation.overall import Overall, overall
from gradum.study.explanation.reasons import COUNT, favourable_answer, reasons_against
from gradum.study.explanation.tiles import TileValues, grid_columns, tile_values
from gradum.tables.columns import Label

MOST_ROWS = 10  # rows shown one by one
MOST_COLUMNS = 12
MOST_GROUPS = 3  # groups of columns that depend on each other


@dataclass(eq=False, repr=False)
class Explanation(Shown):
    """Why rows have their answers; the object shows itself in a terminal and in a notebook."""

    found: Explanations
    """The values, each with its errors."""
    subject: Subject
    """The model that answered."""
    against: Reasons | None = None
    """What speaks most against the answer that was hoped for, which is then all that is shown."""
    _tiles: dict[int, tuple[TileValues, ...]] = field(default_factory=dict, init=False)

    @property
    def fitted(self) -> Fitted:
        """What was fitted."""
        return self.subject.fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line per row, column and class; see `Explanations.frame`. Or one per reason."""
        return self.found.frame if self.against is None else self.against.frame

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of the frame."""
        return self.frame.iter_rows(named=True)

    def page(self, cache: Path | None = None) -> str:
        """Return all that is known of one row as a page; ``cache`` keeps the charts' script.

        Raises
        ------
        SpecError
            There is another number of rows.
        """
        from gradum.questions.explain.row_page import page_of_row  # loads charts

        if len(self.found.parts) != 1:
            raise SpecError("A page explains one row.", "Name it with --row N.")
        return page_of_row(self.subject, self, cache=cache)

    def reasons(self, *, favourable: Label, count: int = COUNT) -> Reasons:
        """Say in words what counts most against the answer that somebody hoped for.

        A column is a reason only if its value exceeds its 95% errors. Columns that count as one are
        one reason; of equal reasons, the first in the table comes first.

        Parameters
        ----------
        favourable : label or {"high", "low"}
            The class hoped for; for a number, whether high or low is good.
        count : int
            The most reasons per row.

        Returns
        -------
        Reasons
            An object that shows itself; its ``frame`` has one line per reason.

        Raises
        ------
        SpecError
            There is no such answer, or the count is not above 0.
        """
        answer = favourable_answer(self.fitted, favourable)
        reasons = reasons_against(self.found, self.fitted, answer, count)
        return Reasons(self.found, self.fitted, answer, reasons, count)

    def overall(self, answer: Any = None) -> Overall:
        """Return the effects of the columns over all rows; see `gradum.study.explanation.overall`.

        Parameters
        ----------
        answer : label or float, optional
            The class, or the quantile, that directions refer to.

        Raises
        ------
        SpecError
            There are no rows, or there is no such answer.
        """
        answers = self.found.answers
        if not self.found.parts:
            raise SpecError("There are no rows to explain.")
        if answer is None:
            return overall(self.found)
        if answer not in answers:
            raise SpecError(
                "There is no answer {answer!r}.",
                "Choose among {answers}.",
                answer=answer,
                answers=listed([repr(label) for label in answers]),
            )
        return overall(self.found, answers.index(answer))

    def interactions(self) -> Interactions:
        """Return the pairs of columns that do most together beyond their separate effects.

        See `gradum.study.explanation.interactions`.

        Raises
        ------
        SpecError
            There are no rows.
        """
        if not self.found.parts:
            raise SpecError("There are no rows to explain.")
        return interactions(self.found, self.fitted)

    def tiles(self, place: int = 0) -> tuple[TileValues, ...]:
        """Divide an answer among the tiles of the row's pictures and sounds.

        Parameters
        ----------
        place : int
            The row's position among the explained rows.

        Returns
        -------
        tuple of TileValues
            One for each column of pictures or sounds in which the row has a value; see
            `gradum.study.explanation.tiles`. Empty if the model looks at no column.
        """
        if place not in self._tiles:
            found = self.found
            looks_at_columns = self.fitted.rung(found.rung).input_layer is not None
            several = (
                tile_values(
                    self.fitted,
                    found.values[place : place + 1],
                    found.background_rows,
                    column,
                    rung=found.rung,
                    scale=found.scale,
                )
                for column in (grid_columns(self.fitted) if looks_at_columns else ())
            )
            self._tiles[place] = tuple(one for one in several if one is not None)
        return self._tiles[place]

    def _parts(self) -> Iterator[RenderableType]:
        count = len(self.found.parts)
        if self.against is not None:
            yield self.against
            return
        if not count:
            yield Text(say("There are no rows to explain."))
            return
        if count > MOST_ROWS:
            yield from _overall(self.overall())
        else:
            for place in range(count):
                yield from self._row(place)
        yield from self._correlated()

    def __repr__(self) -> str:
        return f"<gradum.Explanation of {len(self.found.parts):,} rows>"

    def _row(self, place: int) -> Iterator[RenderableType]:
        """Say why one row has its answer: its likeliest class, or its number."""
        row = row_explanation(self.found, place)
        yield Text(heading(row, self.fitted.spec.target, self.found.background), style="bold")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(overflow="fold", ratio=2)
        table.add_column(overflow="fold", ratio=2)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        for part, share in shares(row, MOST_COLUMNS):
            table.add_row(
                Text(visible(part.column)),
                Text(visible(part.value)),
                Text(with_error(part.contribution, part.error)),
                signed_bar(share),
            )
        yield table
        others = the_others(row, MOST_COLUMNS)
        if others:
            yield Text(others, style="dim")
        reasons = because(row)
        if reasons:
            yield Text(reasons)
        if len(self.found.parts) == 1:  # it takes a moment
            for tiles in self.tiles(place):
                kind = self.fitted.schema.column(tiles.column).traits
                answer = foremost_answer(self.found, place)
                yield Text(where(tiles, kind, answer, self.found.scale))
        yield Text("")

    def _correlated(self) -> Iterator[RenderableType]:
        """Say which columns depend on each other, and how to explain them as one."""
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


def _overall(found: Overall) -> Iterator[RenderableType]:
    """Say how far, on average over the rows, and which way each column moves the answers."""
    yield Text(
        say(
            "{rows:,} rows: how far each column moves the answer, on average (95% interval)",
            rows=found.rows,
        ),
        style="bold",
    )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    longest = max(found.columns[0].size.value, np.finfo(float).tiny)
    for column in found.columns[:MOST_COLUMNS]:
        table.add_row(
            Text(visible(column.column)),
            with_interval(column.size),
            signed_bar(column.size.value / longest),
            Text(visible(direction_words(column))),
        )
    yield table
    if found.answer is not None:
        yield Text(visible(say("Directions are those of {answer!r}.", answer=found.answer)))
