"""Influence of training rows on an answer, as text, HTML and a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, percent
from gradum.show.bar import signed_bar
from gradum.show.document import Shown
from gradum.show.visible import visible
from gradum.study.explanation.influence import RowInfluence
from gradum.tables.wording import shortened, value_text


@dataclass(eq=False, repr=False)
class InfluentialRows(Shown):
    """The rows learned from that push an answer, or all answers, most; the object shows itself."""

    found: RowInfluence
    fitted: Fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line per row, those that push most first; see `RowInfluence`."""
        return self.found.frame

    def __repr__(self) -> str:
        return f"<gradum.InfluentialRows: {len(self.frame)} of {self.found.learned:,}>"

    def _parts(self) -> Iterator[RenderableType]:
        found = self.found
        yield Text(visible(self._heading()), style="bold")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(say("row"), justify="right")
        table.add_column(visible(self.fitted.spec.target), overflow="fold")
        table.add_column(say("adds"), justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        pushes = found.frame["push"].to_numpy()
        most = max(float(np.abs(pushes).max()), np.finfo(float).tiny)
        for row, target, push in found.frame.iter_rows():
            table.add_row(
                str(row),
                Text(visible(value_text(target))),
                figure(push, sign=found.number is not None),
                signed_bar(push / most),
            )
        yield table
        yield Text(_how(found))

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
