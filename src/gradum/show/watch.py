"""A watch in words: whether there is an alarm, and each column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from gradum.messages import say_plural
from gradum.run.fitted import Fitted
from gradum.show.document import Shown, laid_out, lines, notes
from gradum.show.expected_words import expected_sentences, expected_table
from gradum.show.groups import group_parts
from gradum.show.visible import visible
from gradum.show.watch_words import (
    columns_table,
    harmless_sentence,
    psi_note,
    shown_columns,
    verdict,
)
from gradum.study.watch.watched import ColumnWatch, Watched


class Watch(Shown):
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

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.watch_page import watch_page  # charts, which a terminal does not need

        return watch_page(self.found, self.fitted, self.source, cache)

    def __repr__(self) -> str:
        return f"<gradum.Watch with {len(self.found.alarms)} alarms>"

    def _parts(self) -> Iterator[RenderableType]:
        found = self.found
        style = "bold red" if found.alarms else "bold green"
        yield Text(visible(verdict(found, self.source)), style=style)
        yield from lines(alarm.sentence for alarm in found.alarms)
        if harmless := harmless_sentence(found):
            yield Text(visible(harmless))
        yield Text()
        if found.stream is not None:
            # The sentence of an alarm stands above.
            yield from lines(found.stream.sentences[found.stream.alarm is not None :])
            yield Text()
        if found.columns:
            yield from self._columns()
        if found.joint is not None and not any(alarm.kind == "joint" for alarm in found.alarms):
            yield Text(visible(found.joint.sentence))
        if found.columns:
            yield Text(visible(psi_note()), style="dim")
        if (expected := found.expected_score) is not None:
            yield Text()
            yield laid_out(expected_table(expected))
            yield from lines(expected_sentences(expected))
        if found.groups is not None:
            yield from group_parts(found.groups)
        yield from notes(found.notes)

    def _columns(self) -> Iterator[RenderableType]:
        shown = shown_columns(self.found)
        table = columns_table(self.fitted, shown)
        alarming = [place for place, column in enumerate(shown) if column.alarming]
        yield laid_out(table, left=(0, len(table.header) - 1), bold=alarming)
        others = len(self.found.columns) - len(shown)
        if others:
            left_out = say_plural(
                "{count:,} more column shows no drift.",
                "{count:,} more columns show no drift.",
                others,
            )
            yield Text(left_out, style="dim")


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
