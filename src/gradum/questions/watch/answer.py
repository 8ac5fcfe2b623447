"""A watch as text, a page and a frame: whether there is an alarm, and each column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from gradum.messages import listed, say, say_plural
from gradum.questions.watch.words import (
    columns_table,
    harmless_sentence,
    how_to_read,
    psi_note,
    shown_columns,
    verdict,
)
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.show.answers.groups import group_parts, group_tables, key_to_rates
from gradum.show.document.document import Section, Shown, TextTable, laid_out, lines, notes
from gradum.show.document.frame import frame_of
from gradum.show.words.visible import visible
from gradum.study.watch.expectation import Expectation, ExpectedScore
from gradum.study.watch.watched import Watched

MOST_PICTURES = 20
ALARM = 3
"""The exit code if there is an alarm."""


@dataclass(eq=False, repr=False)
class Watch(Shown):
    """New rows compared with the rows that a model learned from; the object shows itself."""

    found: Watched
    fitted: Fitted
    source: str
    """The name of the table of new rows."""

    @property
    def alarm(self) -> bool:
        """Whether there is a reason to look at the model again."""
        return bool(self.found.alarms)

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """3 if there is an alarm."""
        return ALARM if self.alarm else 0

    @property
    def frame(self) -> pl.DataFrame:
        """One line per column.

        ``column``, ``kind``, ``size``, ``least_size``, ``p`` (the smallest of its tests), ``psi``,
        ``missing``, ``reference_missing``, ``drifted``, ``effect`` (the mean size of the change of
        an answer, null if it is not known) and ``harmless``.
        """
        return frame_of(
            self.found.columns,
            {
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
            p=lambda column: min(column.tests.values()),
            missing=lambda column: column.missing.new,
            reference_missing=lambda column: column.missing.reference,
            effect=lambda column: column.effect and column.effect.absolute,
            harmless=lambda column: column.effect and column.effect.harmless,
        )

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.page.charted_page import charted_page  # which a terminal does not need

        return charted_page(
            "watch.html",
            self._sections(),
            cache,
            heading=say("Watch: {target}", target=self.found.target),
            verdict=verdict(self.found, self.source),
            alarms=self.found.alarms,
        )

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
            # The sentence of an alarm is already shown above.
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
            yield laid_out(_expected_table(expected))
            yield from lines(_expected_sentences(expected))
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

    def _sections(self) -> Iterator[Section]:
        from gradum.questions.watch.drift import answers_picture, column_picture
        from gradum.questions.watch.error_course import error_course

        found = self.found
        if found.stream is not None:
            course = error_course(found.stream)
            yield Section("errors", course.title, found.stream.sentences, [course])
        if found.groups is not None:
            sentences = [*found.groups.sentences, *key_to_rates(found.groups)]
            tables = list(group_tables(found.groups))
            yield Section("groups", say("By group"), sentences, tables=tables)
        drifted = [column for column in found.columns if column.drifted]
        if drifted:
            yield Section(
                "drift",
                say("What has moved"),
                pictures=[
                    column_picture(f"column-{place}", column)
                    for place, column in enumerate(drifted[:MOST_PICTURES])
                ],
            )
        if found.answers is not None:
            pictures = [answers_picture(found.answers, self.fitted)]
            yield Section("answers", say("The answers"), pictures=pictures)
        expected = found.expected_score
        if expected is not None:
            title, sentences = say("The score to be expected"), list(_expected_sentences(expected))
            yield Section("expected", title, sentences, tables=[_expected_table(expected)])
        tables = [columns_table(self.fitted, found.columns)]
        yield Section("columns", say("All columns"), how_to_read(found), tables=tables)
        rest = [found.joint.sentence] if found.joint is not None else []
        if rest or found.notes:
            yield Section("notes", say("What else is to be known"), [*rest, *found.notes])


def _expected_table(expected: Expectation) -> TextTable:
    """Lay out each score with its interval, and the score of the judged rows."""
    header = [say("metric"), say("expected"), say("95% interval"), say("judged rows")]
    return TextTable(header, [_cells(score) for score in expected.scores])


def _cells(score: ExpectedScore) -> list[str]:
    interval = say("{low} to {high}", low=figure(score.low), high=figure(score.high))
    return [say(METRICS[score.metric].title), figure(score.value), interval, figure(score.judged)]


def _expected_sentences(expected: Expectation) -> Iterator[str]:
    """Yield what to know about the scores, and which labels would tell most."""
    # The alarm about a worse score is the first sentence, and was already shown.
    yield from expected.sentences[1:] if expected.worse else expected.sentences
    if expected.telling_rows:
        yield say(
            "Labels of these rows would tell the most about the score: {rows}.",
            rows=listed([f"{row + 1:,}" for row in sorted(expected.telling_rows)]),
        )
    if expected.labels_to_halve < expected.rows:
        yield say(
            "Labels of {count:,} rows drawn at random would halve the interval.",
            count=expected.labels_to_halve,
        )
