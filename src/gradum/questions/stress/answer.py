"""A stress test as text, a page and frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradum.margins import falling
from gradum.messages import say, say_plural
from gradum.questions.stress.result import Stress
from gradum.questions.stress.words import (
    attack_sentences,
    corruption_sentences,
    corruption_tables,
    curve_table,
    headline,
    parts_table,
    rows_table,
    state,
)
from gradum.run.fitted import Fitted
from gradum.show.document.document import Document, Section
from gradum.show.document.frame import frame_of
from gradum.show.page.documented import Documented

if TYPE_CHECKING:
    from gradum.show.pictures.picture import Picture

SHOWN = 10
"""The number of columns, and of corruptions, that a terminal shows."""
NEAREST = 20
"""The number of rows whose changes a page shows: those with the smallest radius."""


@dataclass(eq=False, repr=False)
class StressTest(Documented):
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

    def document(self) -> Document:
        """Return all that is shown: the attack, its rows, and the corruptions."""
        found = self.found
        attack, corruptions = found.attack, found.corruptions
        sentences = list(attack_sentences(attack))[attack.only_answer is not None :]
        sections = [
            Section(
                "attack",
                say("How little changes an answer?"),
                sentences,
                tables=[curve_table(attack)],
                draw=self._pictures,
            )
        ]
        if attack.parts:
            tables = [replace(parts_table(attack), brief=SHOWN)]
            sections.append(Section("parts", say("Which columns change answers?"), tables=tables))
        changed = [(row.radius, row) for row in attack.rows if row.radius is not None]
        order = falling(-np.array([radius for radius, _ in changed]))[:NEAREST]
        if changed:
            nearest = rows_table(attack, [changed[place][1] for place in order])
            tables = [replace(nearest, brief=0)]
            sections.append(Section("rows", say("The answers that change soonest"), tables=tables))
        shown = corruption_tables(corruptions, classes=bool(self.fitted.classes))
        sections.append(
            Section(
                "corruptions",
                say("What do accidents do?"),
                list(corruption_sentences(corruptions)),
                tables=[replace(table, brief=0 if table.folded else SHOWN) for table in shown],
                left_out=_smaller,
            )
        )
        return Document(
            say("Stress: {target}", target=found.target),
            headline(found, self.source),
            sections,
            found.notes,
            state(attack),
        )

    def _pictures(self) -> list[Picture]:
        from gradum.questions.stress.kept_answers import kept_answers

        return [kept_answers(self.found.attack)]

    def __repr__(self) -> str:
        return f"<gradum.StressTest of {self.found.target}>"


def _smaller(count: int) -> str:
    return say_plural(
        "{count:,} more corruption has a smaller effect.",
        "{count:,} more corruptions have smaller effects.",
        count,
    )
