"""Curves of columns as text, a page, HTML for a notebook, and frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.margins import falling, first_greatest
from gradum.messages import listed, say, say_plural
from gradum.show.document.bar import bar
from gradum.show.document.document import Document, Section, TextTable
from gradum.show.page.documented import Documented
from gradum.show.page.page import render
from gradum.show.words.effect_words import mean_ends
from gradum.study.explanation.effect import Effect
from gradum.study.explanation.effects import Effects
from gradum.tables.wording import shortened

if TYPE_CHECKING:
    from gradum.show.pictures.picture import Picture

MOST_PICTURES = 8


@dataclass(eq=False, repr=False)
class EffectCurves(Documented):
    """A model's answers as one column takes other values; the object shows itself."""

    found: Effects
    """The curves, each with its errors."""

    @property
    def frame(self) -> pl.DataFrame:
        """One line per column, class and value; see `Effects.frame`."""
        return self.found.frame

    @property
    def curves(self) -> pl.DataFrame:
        """One line per given row, column, class and value; see `Effects.curves`."""
        return self.found.curves

    @property
    def ranges(self) -> pl.DataFrame:
        """One line per given row, column and class; see `Effects.ranges`."""
        return self.found.ranges

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield what was asked, the curves of all rows, and those of the given ones."""
        found = self.found
        asked = {"target": found.target, "rung": found.rung, "scale": found.scale}
        curves = {"effects": self.frame.to_dicts(), "curves": self.curves.to_dicts()}
        yield {**asked, "background": found.background, **curves}

    def document(self) -> Document:
        """Return all that is shown: how far each column moves the answer, and its curves."""
        title = say("Effects: {target}", target=self.found.target)
        section = Section(
            "effects", say("The columns"), tables=[self._table()], draw=self._pictures
        )
        return Document(title, self._heading, [section], self._notes)

    def _table(self) -> TextTable:
        header = [say("column"), say("class"), say("least"), say("greatest"), ""]
        with_classes = self.found.answers != (None,)
        if not with_classes:
            del header[1]
        rows, shown = [], list(self._by_reach())
        longest = max((effect.reach[answer] for effect, answer in shown), default=0.0)
        for effect, answer in shown:
            label = [shortened(self.found.answers[answer])] if with_classes else []
            ends = mean_ends(self.found, effect, answer) or ("–", "–")
            length = bar(effect.reach[answer] / (longest or 1.0))
            rows.append((shortened(effect.column), *label, *ends, length))
        return TextTable(header, rows, len(header))

    def _pictures(self) -> list[Picture]:
        # Charts, which a prediction does not need.
        from gradum.show.pictures.effects import effect_picture

        row = 0 if len(self.found.rows) else None
        return [
            effect_picture(self.found, effect, answer, row)
            for effect, answer in list(self._by_reach())[:MOST_PICTURES]
        ]

    def __repr__(self) -> str:
        return f"<gradum.EffectCurves of {len(self.found.effects):,} columns>"

    def _repr_html_(self) -> str:
        from gradum.show.page.notebook import drawn

        drawings = [(picture, drawn(picture)) for picture in self._pictures()]
        return render("effects.html", heading=self._heading, drawings=drawings, notes=self._notes)

    def _by_reach(self) -> Iterator[tuple[Effect, int]]:
        """List the effects, the largest range first, each on the answer that it moves most.

        For two classes this is the second, whose probability is one minus that of the first.
        """
        effects = self.found.effects
        if len(self.found.answers) == 2:
            answers = [1] * len(effects)
        else:
            answers = [int(first_greatest(effect.reach)) for effect in effects]
        reach = [effect.reach[answer] for effect, answer in zip(effects, answers, strict=True)]
        for place in falling(np.array(reach)):
            yield effects[place], answers[place]

    @property
    def _heading(self) -> str:
        found = self.found
        return say_plural(
            "Effects of the columns on {target}, over {count:,} background row",
            "Effects of the columns on {target}, averaged over {count:,} background rows",
            found.background,
            target=shortened(found.target),
        )

    @property
    def _notes(self) -> list[str]:
        found = self.found
        notes = []
        if found.texts:
            columns = listed([repr(shortened(name)) for name in found.texts])
            notes.append(say("There is no curve over texts: {columns}.", columns=columns))
        if len(found.rows) > 1:
            notes.append(
                say(
                    "Of the {rows:,} given rows, only the first is drawn; {name} has the curves "
                    "of all.",
                    rows=len(found.rows),
                    name="curves",
                )
            )
        return notes
