"""A stress test as text, a page and frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import RenderableType
from rich.text import Text

from gradum.margins import falling
from gradum.messages import say, say_plural
from gradum.run.fitted import Fitted
from gradum.show.document import Section, Shown, laid_out, lines, notes
from gradum.show.frame import frame_of
from gradum.show.stress_words import (
    attack_sentences,
    corruption_sentences,
    corruption_tables,
    curve_table,
    headline,
    parts_table,
    rows_table,
    state,
)
from gradum.show.visible import visible
from gradum.study.stress.result import Stress

SHOWN = 10
"""The number of columns, and of corruptions, that a terminal shows."""
NEAREST = 20
"""The number of rows whose changes a page shows: those with the smallest radius."""


@dataclass(eq=False, repr=False)
class StressTest(Shown):
    """The effects of small changes and common accidents on a model's answers; shows itself."""

    found: Stress
    fitted: Fitted
    source: str
    """The table's name."""

    @property
    def frame(self) -> pl.DataFrame:
        """One line per attacked row, with the columns below.

        ``row``, ``answer``, ``radius`` (null where no change was found), ``changed_answer``,
        ``columns`` (how many change), ``certified_radius`` (for values with the table's decimals;
        null where nothing is proved) and ``certified_by`` ("interval", "crown" or "search").
        """
        answer = pl.String if self.fitted.classes else pl.Float64
        written = str if self.fitted.classes else float
        return frame_of(
            self.found.attack.rows,
            {
                "row": pl.Int64,
                "answer": answer,
                "radius": pl.Float64,
                "changed_answer": answer,
                "columns": pl.Int64,
                "certified_radius": pl.Float64,
                "certified_by": pl.String,
            },
            answer=lambda row: written(row.answer),
            changed_answer=lambda row: (
                None if row.changed_answer is None else written(row.changed_answer)
            ),
            columns=lambda row: len(row.changes),
        )

    @property
    def corruptions(self) -> pl.DataFrame:
        """One line per corruption, the most harmful first.

        ``columns``, ``kind``, ``rows``, ``moved``, ``score`` with ``low`` and ``high`` (null
        without the target), ``worse`` and ``noticed``.
        """
        return frame_of(
            self.found.corruptions.effects,
            {
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
            columns=lambda effect: list(effect.columns),
            score=lambda effect: effect.score and effect.score.value,
            low=lambda effect: effect.score and effect.score.low,
            high=lambda effect: effect.score and effect.score.high,
        )

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.charted_page import charted_page  # which a terminal does not need

        return charted_page(
            "stress.html",
            self._sections(),
            cache,
            heading=say("Stress: {target}", target=self.found.target),
            headline=headline(self.found, self.source),
            state=state(self.found.attack),
            notes=self.found.notes,
        )

    def __repr__(self) -> str:
        return f"<gradum.StressTest of {self.found.target}>"

    def _parts(self) -> Iterator[RenderableType]:
        attack, corruptions = self.found.attack, self.found.corruptions
        yield Text(visible(headline(self.found, self.source)), style="bold")
        yield from lines(self._sentences)
        yield Text()
        yield laid_out(curve_table(attack))
        if attack.parts:
            yield Text()
            yield laid_out(parts_table(attack).first(SHOWN))
        yield Text()
        yield from lines(corruption_sentences(corruptions))
        for table in corruption_tables(corruptions, classes=bool(self.fitted.classes))[:1]:
            shown = table.first(0 if table.folded else SHOWN)
            if shown.rows:
                yield laid_out(shown)
            if others := len(corruptions.effects) - len(shown.rows):
                left_out = say_plural(
                    "{count:,} more corruption has a smaller effect.",
                    "{count:,} more corruptions have smaller effects.",
                    others,
                )
                yield Text(left_out, style="dim")
        yield from notes(self.found.notes)

    @property
    def _sentences(self) -> list[str]:
        """What to know of the attack beyond the headline."""
        attack = self.found.attack
        return list(attack_sentences(attack))[attack.only_answer is not None :]

    def _sections(self) -> Iterator[Section]:
        from gradum.show.pictures.kept_answers import kept_answers

        attack, corruptions = self.found.attack, self.found.corruptions
        yield Section(
            "attack",
            say("How little changes an answer?"),
            self._sentences,
            [kept_answers(attack)],
            [curve_table(attack)],
        )
        if attack.parts:
            tables = [parts_table(attack)]
            yield Section("parts", say("Which columns change answers?"), tables=tables)
        changed = [(row.radius, row) for row in attack.rows if row.radius is not None]
        order = falling(-np.array([radius for radius, _ in changed]))[:NEAREST]
        if changed:
            nearest = rows_table(attack, [changed[place][1] for place in order])
            yield Section("rows", say("The answers that change soonest"), tables=[nearest])
        yield Section(
            "corruptions",
            say("What do accidents do?"),
            list(corruption_sentences(corruptions)),
            tables=corruption_tables(corruptions, classes=bool(self.fitted.classes)),
        )
