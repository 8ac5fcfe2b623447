"""Reason codes in words, and as a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import listed, say, say_plural
from gradum.run.fitted import Fitted
from gradum.show.document.document import Shown
from gradum.show.words.explanation_words import heading, with_error
from gradum.show.words.visible import visible
from gradum.study.explanation.explain import Explanations, name_of, row_explanation, value_words
from gradum.study.explanation.reasons import Favourable, Reason, Value, answer_of
from gradum.tables.kinds import KINDS
from gradum.tables.wording import shortened

MOST_ROWS = 10  # rows shown one by one


@dataclass(eq=False, repr=False)
class Reasons(Shown):
    """What counts most against the answer that was hoped for, row by row."""

    found: Explanations
    """The values of all columns."""
    fitted: Fitted
    favourable: Favourable
    """The answer that was hoped for."""
    reasons: tuple[tuple[Reason, ...], ...]
    """The reasons of each row, the strongest first."""
    count: int
    """How many reasons were asked for."""

    @property
    def frame(self) -> pl.DataFrame:
        """One line per reason, the strongest of each row first, with the columns below.

        ``row``, ``rank`` from 1, ``column``, ``value``, ``contribution`` (φ),
        ``against_background`` (the background rows' median or most frequent value; null for a
        text) and ``sentence``. Columns that count as one are one reason.
        """
        lines = [
            {
                "row": int(number),
                "rank": rank,
                "column": name_of(reason.player),
                "value": listed([value_words(value.value) for value in reason.values]),
                "contribution": reason.contribution,
                "against_background": _common(reason),
                "sentence": sentence(reason),
            }
            for number, of_row in zip(self.found.rows, self.reasons, strict=True)
            for rank, reason in enumerate(of_row, 1)
        ]
        schema = {
            "row": pl.Int64,
            "rank": pl.Int64,
            "column": pl.String,
            "value": pl.String,
            "contribution": pl.Float64,
            "against_background": pl.String,
            "sentence": pl.String,
        }
        return pl.DataFrame(lines, schema=schema)

    def _parts(self) -> Iterator[RenderableType]:
        if not self.reasons:
            yield Text(say("There are no rows to explain."))
        for place in range(len(self.reasons))[:MOST_ROWS]:
            yield from self._row(place)
        more = len(self.reasons) - MOST_ROWS
        if more > 0:
            yield Text(
                say_plural(
                    "The frame has the reasons of {count:,} more row; -o writes it to a file.",
                    "The frame has the reasons of {count:,} more rows; -o writes it to a file.",
                    more,
                )
            )

    def __repr__(self) -> str:
        return f"<gradum.Reasons of {len(self.reasons):,} rows>"

    def _row(self, place: int) -> Iterator[RenderableType]:
        of_row, answer = self.reasons[place], answer_of(self.found, self.favourable)
        row = row_explanation(self.found, place, answer)
        yield Text(heading(row, self.fitted.spec.target, self.found.background), style="bold")
        yield Text(visible(self._what_follows(len(of_row))))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        for rank, reason in enumerate(of_row, 1):
            table.add_row(
                f"{rank}.",
                Text(visible(sentence(reason))),
                with_error(reason.contribution, reason.error),
            )
        yield table
        yield Text("")

    def _what_follows(self, known: int) -> str:
        """Say what counts against what, and whether there are fewer reasons than asked for."""
        if self.fitted.classes:
            against = repr(shortened(self.favourable.name))
        elif self.favourable.sign > 0:
            against = say("a high {target}", target=self.fitted.spec.target)
        else:
            against = say("a low {target}", target=self.fitted.spec.target)
        if known == 0:
            return say("No column speaks against {answer} beyond its errors.", answer=against)
        if known < self.count:
            return say_plural(
                "Only {count:,} column speaks against {answer} beyond its errors:",
                "Only {count:,} columns speak against {answer} beyond their errors:",
                known,
                answer=against,
            )
        return say("What speaks most against {answer}:", answer=against)


def sentence(reason: Reason) -> str:
    """State the values of a reason's columns next to common values, without a full stop."""
    return listed([_clause(value) for value in reason.values], "and")


def _clause(value: Value) -> str:
    words = {"column": value.column, "value": value_words(value.value)}
    common = value_words(value.common)
    if KINDS[value.kind].lies_on_line and value.common is not None:
        return say("{column} is {value} (median {median})", median=common, **words)
    if KINDS[value.kind].has_levels and value.common == value.value:
        return say("{column} is {value}, the most frequent value", **words)
    if KINDS[value.kind].has_levels:
        return say("{column} is {value} (most often {mode})", mode=common, **words)
    return say("{column} is {value}", **words)


def _common(reason: Reason) -> str | None:
    common = [
        value_words(value.common)
        for value in reason.values
        if KINDS[value.kind].has_levels or value.common is not None
    ]
    return listed(common) or None
