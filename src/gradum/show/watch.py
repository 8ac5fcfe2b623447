"""A watch in words: whether there is an alarm, and each column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import say, say_plural
from gradum.run.fitted import Fitted
from gradum.show.expected_words import expected_cells, expected_header, expected_sentences
from gradum.show.groups import group_parts
from gradum.show.text import summary_as_html, summary_of
from gradum.show.visible import visible
from gradum.show.watch_words import (
    column_cells,
    column_header,
    harmless_sentence,
    psi_note,
    shown_columns,
    verdict,
)
from gradum.study.watch.watched import ColumnWatch, Watched


class Watch:
    """New rows against what a model learned from; it shows itself.

    Parameters
    ----------
    found : Watched
    fitted : Fitted
        The model.
    source : str
        What the table of new rows is called.
    """

    def __init__(self, found: Watched, fitted: Fitted, source: str) -> None:
        self.found = found
        self.fitted = fitted
        self.source = source

    @property
    def alarm(self) -> bool:
        """Whether there is a reason to look at the model again."""
        return bool(self.found.alarms)

    @property
    def frame(self) -> pl.DataFrame:
        """One line a column.

        ``column``, ``kind``, ``size``, ``least_size``, ``p`` (the least of its tests'), ``psi``,
        ``missing``, ``reference_missing``, ``drifted``, ``effect`` (the mean size of the change of
        an answer, null where it is not known) and ``harmless``.
        """
        return pl.DataFrame(
            [_record(column) for column in self.found.columns],
            schema={
                "column": pl.String,
                "kind": pl.String,
                "size": pl.Float64,
                "least_size": pl.Float64,
                "p": pl.Float64,
                "psi": pl.Float64,
                "missing": pl.Float64,
                "reference_missing": pl.Float64,
                "drifted": pl.Boolean,
                "effect": pl.Float64,
                "harmless": pl.Boolean,
            },
        )

    def summary(self) -> str:
        """Return the verdict, and a table of the columns, as text."""
        return summary_of(self)

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.watch_page import watch_page  # charts, which a terminal does not need

        return watch_page(self.found, self.fitted, self.source, cache)

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    __str__ = summary

    def __repr__(self) -> str:
        return f"<gradum.Watch with {len(self.found.alarms)} alarms>"

    _repr_html_ = summary_as_html

    def _parts(self) -> Iterator[RenderableType]:
        found = self.found
        style = "bold red" if found.alarms else "bold green"
        yield Text(visible(verdict(found, self.source)), style=style)
        for alarm in found.alarms:
            yield Text(visible(alarm.sentence))
        if harmless := harmless_sentence(found):
            yield Text(visible(harmless))
        yield Text()
        if found.stream is not None:
            # The sentence of an alarm stands above.
            others = found.stream.sentences[found.stream.alarm is not None :]
            yield from (Text(visible(sentence)) for sentence in others)
            yield Text()
        if found.columns:
            yield self._columns()
        if found.joint is not None and not any(alarm.kind == "joint" for alarm in found.alarms):
            yield Text(visible(found.joint.sentence))
        if found.columns:
            yield Text(visible(psi_note()), style="dim")
        yield from self._expected()
        if found.groups is not None:
            yield from group_parts(found.groups)
        for note in found.notes:
            yield Text(visible(say("note: {sentence}", sentence=note)), style="dim")

    def _expected(self) -> Iterator[RenderableType]:
        expected = self.found.expected_score
        if expected is None:
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for place, name in enumerate(expected_header()):
            table.add_column(name, justify="right" if place else "left")
        for score in expected.scores:
            table.add_row(*map(Text, expected_cells(score)))
        yield Text()
        yield table
        for sentence in expected_sentences(expected):
            yield Text(visible(sentence))

    def _columns(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for place, name in enumerate(column_header()):
            table.add_column(name, justify="right" if 0 < place < 6 else "left", overflow="fold")
        shown = shown_columns(self.found)
        for column in shown:
            style = "bold" if column.alarming else None
            cells = column_cells(self.fitted, column)
            table.add_row(*(Text(visible(cell)) for cell in cells), style=style)
        others = len(self.found.columns) - len(shown)
        if not others:
            return table
        left_out = say_plural(
            "{count:,} more column shows no drift.",
            "{count:,} more columns show no drift.",
            others,
        )
        return Group(table, Text(left_out, style="dim"))


def _record(column: ColumnWatch) -> dict[str, str | float | bool | None]:
    effect = column.effect
    return {
        "column": column.column,
        "kind": column.kind,
        "size": column.size,
        "least_size": column.least_size,
        "p": min(column.tests.values()),
        "psi": column.psi,
        "missing": column.missing.new,
        "reference_missing": column.missing.reference,
        "drifted": column.drifted,
        "effect": None if effect is None else effect.absolute,
        "harmless": None if effect is None else effect.harmless,
    }
