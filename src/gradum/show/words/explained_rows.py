"""Explained rows for the report: what each is an example of, in words and in bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gradum.messages import say
from gradum.scores.figures import figure
from gradum.show.words.explanation_words import because, heading, shares, the_others, with_error
from gradum.study.explanation.judged import JudgedRow
from gradum.study.findings.findings import Findings

MOST_COLUMNS = 8


@dataclass(frozen=True)
class Bar:
    """One column's contribution to an answer: its name and value, φ with its error, and its bar.

    ``start`` and ``length`` are percentages of the width, with 0 in the middle.
    """

    column: str
    value: str
    contribution: str
    start: float
    length: float
    up: bool


@dataclass(frozen=True)
class ExplainedRow:
    """A row with its title, its pictures by column, its sentences and its bars."""

    title: str
    pictures: Mapping[str, bytes]
    heading: str
    because: str
    bars: tuple[Bar, ...]
    others: str


def explained_rows(findings: Findings | None, target: str) -> dict[str, list[ExplainedRow]]:
    """Return the worst and the typical explained rows; none if no rows may be shown."""
    found = None if findings is None else findings.explanation
    if found is None:
        return {"worst": [], "typical": []}
    background = found.overall.background
    worst = [_shown(row, _predicted_and_true(row), target, background) for row in found.worst]
    typical = [_shown(row, _typical_of(row), target, background) for row in found.typical]
    return {"worst": worst, "typical": typical}


def _predicted_and_true(row: JudgedRow) -> str:
    answer = row.explanation.answer
    predicted = figure(row.explanation.output) if answer is None else answer
    return say("Predicted {predicted}, actual {target}", predicted=predicted, target=row.target)


def _typical_of(row: JudgedRow) -> str:
    if row.share is None:
        return say("A typical row of {target}", target=row.target)
    return say(
        "{share:.0%} of the rows have lower predictions; actual {target}",
        share=row.share,
        target=row.target,
    )


def _shown(row: JudgedRow, title: str, target: str, background: int) -> ExplainedRow:
    explanation = row.explanation
    return ExplainedRow(
        title,
        row.pictures,
        heading(explanation, target, background),
        because(explanation),
        tuple(_bars(row)),
        the_others(explanation, MOST_COLUMNS),
    )


def _bars(row: JudgedRow) -> Iterator[Bar]:
    for part, share in shares(row.explanation, MOST_COLUMNS):
        length = round(50 * abs(share), 1)
        start = 50.0 if share > 0 else 50.0 - length
        yield Bar(
            part.column,
            part.value,
            with_error(part.contribution, part.error),
            start,
            length,
            share > 0,
        )
