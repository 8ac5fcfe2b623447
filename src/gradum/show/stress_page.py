"""A stress test as one self-contained page: how many answers stay, which change, what does harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gradum.margins import falling
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.show.charted_page import charted_page
from gradum.show.document import Section
from gradum.show.pictures.kept_answers import kept_answers
from gradum.show.stress_words import (
    attack_sentences,
    corruption_sentences,
    corruption_tables,
    curve_table,
    headline,
    parts_table,
    rows_table,
)
from gradum.study.stress.result import Stress

NEAREST = 20
"""Rows whose changes are shown: those of the least radius."""


def stress_page(found: Stress, fitted: Fitted, source: str, cache: Path | None = None) -> str:
    """Return the page; ``cache`` keeps the charts' script from one page to the next."""
    return charted_page(
        "stress.html",
        _sections(found, fitted),
        cache,
        heading=say("Stress: {target}", target=found.target),
        headline=headline(found, source),
        notes=found.notes,
    )


def _sections(found: Stress, fitted: Fitted) -> Iterator[Section]:
    attack, corruptions = found.attack, found.corruptions
    yield Section(
        "attack",
        say("How little changes an answer?"),
        list(attack_sentences(attack)),
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
        tables=corruption_tables(corruptions, classes=bool(fitted.classes)),
    )
