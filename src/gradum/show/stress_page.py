"""A stress test as one self-contained page: how many answers stay, which change, what does harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gradum.margins import falling
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.show.charted_page import charted_page
from gradum.show.pictures.kept_answers import kept_answers
from gradum.show.row_page import RowSection, RowTable
from gradum.show.stress_words import (
    attack_sentences,
    corruption_cells,
    corruption_header,
    corruption_sentences,
    curve_cells,
    curve_header,
    headline,
    parts_cells,
    parts_header,
    row_cells,
    row_header,
)
from gradum.study.stress.result import Stress

NEAREST = 20
"""Rows whose changes are shown: those of the least radius."""


def stress_page(found: Stress, fitted: Fitted, source: str, cache: Path | None = None) -> str:
    """Return the page; ``cache`` keeps the charts' script from one page to the next."""
    sections = list(_sections(found, fitted))
    pictures = [picture for section in sections for picture in section.pictures]
    return charted_page(
        "stress.html",
        pictures,
        cache,
        heading=say("Stress: {target}", target=found.target),
        headline=headline(found, source),
        notes=found.notes,
        sections=sections,
    )


def _sections(found: Stress, fitted: Fitted) -> Iterator[RowSection]:
    attack, corruptions = found.attack, found.corruptions
    curve = [curve_cells(attack, kept) for kept in attack.curve]
    yield RowSection(
        "attack",
        say("How little changes an answer?"),
        list(attack_sentences(attack)),
        [kept_answers(attack)],
        [RowTable(curve_header(attack), curve)],
    )
    if attack.parts:
        parts = RowTable(parts_header(), parts_cells(attack))
        yield RowSection("parts", say("Which columns change answers?"), tables=[parts])
    changed = [(row.radius, row) for row in attack.rows if row.radius is not None]
    order = falling(-np.array([radius for radius, _ in changed]))[:NEAREST]
    nearest = [row_cells(attack, changed[place][1]) for place in order]
    if nearest:
        yield RowSection(
            "rows",
            say("The answers that change soonest"),
            tables=[RowTable(row_header(attack), nearest, 4)],
        )
    classes = bool(fitted.classes)
    cells = [corruption_cells(effect, classes=classes) for effect in corruptions.effects]
    header = corruption_header(corruptions, classes=classes)
    yield RowSection(
        "corruptions",
        say("What do accidents do?"),
        list(corruption_sentences(corruptions)),
        tables=[RowTable(header, cells, 2)] if cells else [],
    )
