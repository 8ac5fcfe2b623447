"""Influence of training rows on an answer, as text, HTML and a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.questions.influence.influence import RowInfluence
from gradum.run.fitted import Fitted
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, percent
from gradum.show.document.bar import bar
from gradum.show.document.document import Document, Section, TextTable
from gradum.show.page.documented import Documented
from gradum.tables.wording import shortened, value_text


@dataclass(eq=False, repr=False)
class InfluentialRows(Documented):
    """The rows learned from that push an answer, or all answers, most; the object shows itself."""

    found: RowInfluence
    fitted: Fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line per row, those that push most first; see `RowInfluence`."""
        return self.found.frame

    def __repr__(self) -> str:
        return f"<gradum.InfluentialRows: {len(self.frame)} of {self.found.learned:,}>"

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield what was asked, and the rows with their pushes."""
        found = dict(vars(self.found))
        rows = found.pop("frame").to_dicts()
        yield {**found, "rows": rows}

    def document(self) -> Document:
        """Return all that is shown: one table."""
        title = say("Influential rows: {target}", target=self.fitted.spec.target)
        section = Section("rows", say("The rows"), [_how(self.found)], tables=[self._table()])
        return Document(title, self._heading(), [section])

    def _table(self) -> TextTable:
        found = self.found
        pushes = found.frame["push"].to_numpy()
        most = max(float(np.abs(pushes).max()), np.finfo(float).tiny)
        rows = [
            (
                str(row),
                value_text(target),
                figure(push, sign=found.number is not None),
                bar(abs(push) / most),
            )
            for row, target, push in found.frame.iter_rows()
        ]
        return TextTable((say("row"), self.fitted.spec.target, say("adds"), ""), rows, 2)

    def _heading(self) -> str:
        found = self.found
        if found.answer is None:
            return say(
                "The rows, of {rows:,} that {rung} learned from, that move its answers most: "
                "on average over {asked:,} rows",
                rows=found.learned,
                rung=say(KINDS[found.rung].in_words),
                asked=found.asked,
            )
        if found.label is None:
            return say(
                "Row {row}, {target} {answer}: what single rows, of {rows:,} that {rung} "
                "learned from, add to it",
                row=found.number,
                target=self.fitted.spec.target,
                answer=figure(found.answer),
                rows=found.learned,
                rung=say(KINDS[found.rung].in_words),
            )
        return say(
            "Row {row}, the probability of {label} {answer}: what single rows, of {rows:,} that "
            "{rung} learned from, add to it",
            row=found.number,
            label=repr(shortened(found.label)),
            answer=percent(found.answer, decimals=1),
            rows=found.learned,
            rung=say(KINDS[found.rung].in_words),
        )


def _how(found: RowInfluence) -> str:
    """Say how a row's part was computed."""
    if found.exact:
        return say(
            "Exact: the answer minus that of a refit without the row, with the same penalty and "
            "the same scales."
        )
    if found.last_layer_only:
        return say(
            "The answer minus that of last layers refitted without the row by one Newton step; "
            "the layers before them stay fixed."
        )
    return say(
        "The answer minus that of a refit without the row, by one Newton step with the same "
        "penalty and the same scales."
    )
