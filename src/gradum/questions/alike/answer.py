"""The rows learned from that are like a row, as text, as HTML and as a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from gradum.messages import listed, say
from gradum.questions.alike.alike import Alike
from gradum.run.fitted import Fitted
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, percent
from gradum.show.document.document import Document, Section, TextTable
from gradum.show.page.documented import Documented
from gradum.show.words.answer_words import answer_name
from gradum.tables.wording import number, shortened, value_text

FAR = 0.1
"""A row is far if a larger share of pairs are nearer to each other than it is to its nearest."""


@dataclass(eq=False, repr=False)
class AlikeRows(Documented):
    """The rows learned from that are most like a row; the object shows itself."""

    found: Alike
    fitted: Fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line per row, the nearest first; see `Alike`."""
        return self.found.frame

    @property
    def values(self) -> pl.DataFrame:
        """The feature columns of the row itself, then of the rows like it."""
        return self.found.values

    def __repr__(self) -> str:
        return f"<gradum.AlikeRows: {len(self.frame)} of {self.found.learned:,}>"

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the row with its answer, and the rows like it with their columns."""
        found, frame = self.found, self.found.frame
        values = found.values[1:].to_dicts()
        rows = [
            {**line, "values": each} for line, each in zip(frame.to_dicts(), values, strict=True)
        ]
        kept = ("rung", "number", "label", "answer", "learned", "nearer_pairs")
        yield {**{name: getattr(found, name) for name in kept}, "rows": rows}

    def document(self) -> Document:
        """Return all that is shown: one table."""
        title = say("Alike rows: {target}", target=self.fitted.spec.target)
        section = Section("rows", say("The rows"), self.sentences(), tables=[self.table])
        return Document(title, _heading(self.found, self.fitted.spec.target), [section])

    @property
    def table(self) -> TextTable:
        """One line for each row like the given one."""
        found, columns = self.found, len(self.found.values.columns)
        target = self.fitted.spec.target
        probability = ()
        if found.label is not None:
            probability = (answer_name("probability", found.label, target),)
        header = (
            *(say("row"), target, say("answer"), *probability),
            *(say("nearer than this share of pairs"), say("equal columns")),
        )
        rows = [
            (
                str(line["row"]),
                value_text(line["target"]),
                value_text(line["answer"]),
                *(() if found.label is None else (percent(line["probability"], decimals=1),)),
                percent(line["nearer_than"], decimals=1),
                say("{equal} of {columns}", equal=line["equal_columns"], columns=columns),
            )
            for line in found.frame.iter_rows(named=True)
        ]
        return TextTable(header, rows, 0)

    def sentences(self) -> list[str]:
        """Say what the targets of the similar rows were, and whether these rows are far."""
        frame = self.found.frame
        if frame.is_empty():
            return []
        sentences = [self._together()]
        if self.found.nearer_pairs > FAR:
            sentences.append(
                say(
                    "In more than a tenth of the pairs of rows that the model learned from, the "
                    "two are nearer to each other than this row is to any: the model knows few "
                    "rows like it."
                )
            )
        return sentences

    def _together(self) -> str:
        """Say what the targets of the similar rows were."""
        target = self.found.frame["target"]
        if not self.fitted.classes:
            return say(
                "Their {target} is {mean} on average, from {low} to {high}.",
                target=self.fitted.spec.target,
                mean=figure(target.mean()),  # type: ignore[arg-type]
                low=number(target.min()),  # type: ignore[arg-type]
                high=number(target.max()),  # type: ignore[arg-type]
            )
        counts = target.value_counts(name="rows").sort(["rows", "target"], descending=[True, False])
        return say(
            "Their {target}: {counts}.",
            target=self.fitted.spec.target,
            counts=listed(
                [
                    say("{count} × {label}", count=count, label=repr(shortened(label)))
                    for label, count in counts.iter_rows()
                ]
            ),
        )


def _heading(found: Alike, target: str) -> str:
    if found.label is None:
        return say(
            "Row {row}, {target} {answer}: the rows most like it of the {rows:,} that {rung} "
            "learned from",
            row=found.number,
            target=target,
            answer=figure(found.answer),
            rows=found.learned,
            rung=say(KINDS[found.rung].in_words),
        )
    return say(
        "Row {row}, the probability of {label} {answer}: the rows most like it of the {rows:,} "
        "that {rung} learned from",
        row=found.number,
        label=repr(shortened(found.label)),
        answer=percent(found.answer, decimals=1),
        rows=found.learned,
        rung=say(KINDS[found.rung].in_words),
    )
