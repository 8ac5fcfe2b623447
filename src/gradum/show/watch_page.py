"""A watch as one self-contained page: the verdict, each column that has drifted, all columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.show.charted_page import charted_page
from gradum.show.document import Section
from gradum.show.expected_words import expected_sentences, expected_table
from gradum.show.groups import group_tables, key_to_rates
from gradum.show.pictures.drift import answers_picture, column_picture
from gradum.show.pictures.error_course import error_course
from gradum.show.watch_words import columns_table, how_to_read, verdict
from gradum.study.watch.watched import Watched

MOST_PICTURES = 20


def watch_page(found: Watched, fitted: Fitted, source: str, cache: Path | None = None) -> str:
    """Return the page; ``cache`` keeps the charts' script from one page to the next."""
    return charted_page(
        "watch.html",
        _sections(found, fitted),
        cache,
        heading=say("Watch: {target}", target=found.target),
        verdict=verdict(found, source),
        alarms=found.alarms,
    )


def _sections(found: Watched, fitted: Fitted) -> Iterator[Section]:
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
        answers = found.answers
        yield Section(
            "answers",
            say("The answers"),
            pictures=[answers_picture(answers, fitted)],
        )
    expected = found.expected_score
    if expected is not None:
        title, sentences = say("The score to be expected"), list(expected_sentences(expected))
        yield Section("expected", title, sentences, tables=[expected_table(expected)])
    tables = [columns_table(fitted, found.columns)]
    yield Section("columns", say("All columns"), how_to_read(found), tables=tables)
    rest = [found.joint.sentence] if found.joint is not None else []
    if rest or found.notes:
        yield Section("notes", say("What else is to be known"), [*rest, *found.notes])
