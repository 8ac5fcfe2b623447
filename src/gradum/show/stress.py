"""A stress test as text, as a page and as frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import say, say_plural
from gradum.run.fitted import Fitted
from gradum.show.stress_words import (
    attack_sentences,
    corruption_cells,
    corruption_header,
    corruption_sentences,
    curve_cells,
    curve_header,
    headline,
    parts_cells,
    parts_header,
)
from gradum.show.text import summary_as_html, summary_of
from gradum.show.visible import visible
from gradum.study.stress.result import Stress

SHOWN = 10
"""Columns, and corruptions, that a terminal shows."""


class StressTest:
    """What little changes and common accidents do to a model's answers; it shows itself.

    Parameters
    ----------
    found : Stress
    fitted : Fitted
        The model.
    source : str
        What the table is called.
    """

    def __init__(self, found: Stress, fitted: Fitted, source: str) -> None:
        self.found = found
        self.fitted = fitted
        self.source = source

    @property
    def frame(self) -> pl.DataFrame:
        """One line a row that was attacked, with the columns below.

        ``row``, ``answer``, ``radius`` (null where no change was found), ``changed_answer``,
        ``columns`` (how many change), ``certified_radius`` (for values with the table's decimals;
        null where nothing is proved) and ``certified_by`` ("interval", "crown" or "search").
        """
        answer = pl.String if self.fitted.classes else pl.Float64
        written = str if self.fitted.classes else float
        return pl.DataFrame(
            [
                (
                    row.row,
                    written(row.answer),
                    row.radius,
                    None if row.changed_answer is None else written(row.changed_answer),
                    len(row.changes),
                    row.certified_radius,
                    row.certified_by,
                )
                for row in self.found.attack.rows
            ],
            schema={
                "row": pl.Int64,
                "answer": answer,
                "radius": pl.Float64,
                "changed_answer": answer,
                "columns": pl.Int64,
                "certified_radius": pl.Float64,
                "certified_by": pl.String,
            },
            orient="row",
        )

    @property
    def corruptions(self) -> pl.DataFrame:
        """One line a corruption, the most harmful first.

        ``columns``, ``kind``, ``rows``, ``moved``, ``score`` with ``low`` and ``high`` (null
        without the target), ``worse`` and ``noticed``.
        """
        return pl.DataFrame(
            [
                (
                    list(effect.columns),
                    effect.kind,
                    effect.rows,
                    effect.moved,
                    *(
                        (None, None, None)
                        if effect.score is None
                        else (effect.score.value, effect.score.low, effect.score.high)
                    ),
                    effect.worse,
                    effect.noticed,
                )
                for effect in self.found.corruptions.effects
            ],
            schema={
                "columns": pl.List(pl.String),
                "kind": pl.String,
                "rows": pl.Int64,
                "moved": pl.Float64,
                "score": pl.Float64,
                "low": pl.Float64,
                "high": pl.Float64,
                "worse": pl.Boolean,
                "noticed": pl.Boolean,
            },
            orient="row",
        )

    def summary(self) -> str:
        """Return what was found, as text."""
        return summary_of(self)

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.stress_page import stress_page  # charts, which a terminal does not need

        return stress_page(self.found, self.fitted, self.source, cache)

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    __str__ = summary

    def __repr__(self) -> str:
        return f"<gradum.StressTest of {self.found.target}>"

    _repr_html_ = summary_as_html

    def _parts(self) -> Iterator[RenderableType]:
        attack, corruptions = self.found.attack, self.found.corruptions
        classes = bool(self.fitted.classes)
        yield Text(visible(headline(self.found, self.source)), style="bold")
        for sentence in attack_sentences(attack):
            yield Text(visible(sentence))
        yield Text()
        yield _table(curve_header(attack), [curve_cells(attack, kept) for kept in attack.curve], 1)
        if attack.parts:
            yield Text()
            yield _table(parts_header(), parts_cells(attack)[:SHOWN], 1)
        yield Text()
        for sentence in corruption_sentences(corruptions):
            yield Text(visible(sentence))
        effects = corruptions.effects[:SHOWN]
        if effects:
            header = corruption_header(corruptions, classes=classes)
            cells = [corruption_cells(effect, classes=classes) for effect in effects]
            yield _table(header, cells, 2)
        others = len(corruptions.effects) - len(effects)
        if others:
            left_out = say_plural(
                "{count:,} more corruption does less.",
                "{count:,} more corruptions do less.",
                others,
            )
            yield Text(left_out, style="dim")
        for note in self.found.notes:
            yield Text(visible(say("note: {sentence}", sentence=note)), style="dim")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> Table:
    """Return a table whose first columns are words."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(header):
        table.add_column(
            visible(name), justify="left" if place < words else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table
