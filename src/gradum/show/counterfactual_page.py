"""A page about counterfactuals: each row's answer, and the changes that would change it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gradum.messages import say, say_plural, sentences
from gradum.show.charted_page import charted_page
from gradum.show.counterfactual_words import change_texts, cost_sentences, heading, notes, sentence
from gradum.show.document import Section, TextTable
from gradum.study.explanation.counterfactual.result import RowCounterfactuals

if TYPE_CHECKING:
    from gradum.show.counterfactual import Counterfactuals


def counterfactual_page(changes: Counterfactuals, cache: Path | None = None) -> str:
    """Return one self-contained page about all rows; ``cache`` keeps the charts' script."""
    return charted_page(
        "row.html",
        [_section(changes, row) for row in changes.found.rows],
        cache,
        heading=say("Counterfactuals: {target}", target=changes.fitted.spec.target),
        remarks=list(notes(changes.fitted, changes.found)),
        facts=[],
    )


def change_tables(changes: Counterfactuals, row: RowCounterfactuals) -> Iterator[TextTable]:
    """Lay out each change of a row, below what it does and costs."""
    header = (say("column"), say("before"), say("after"), say("cost"))
    for found in row.counterfactuals:
        title = sentences([sentence(found), cost_sentences(found, changes.found.axes)])
        yield TextTable(header, [change_texts(change) for change in found.changes], 3, title)


def _section(changes: Counterfactuals, row: RowCounterfactuals) -> Section:
    tables = list(change_tables(changes, row))
    said = [heading(changes.fitted, row)]
    if not tables:
        said.append(changes.why_none(row))
    elif len(tables) < changes.found.count:
        said.append(
            say_plural("{count} change was found.", "{count} changes were found.", len(tables))
        )
    return Section(f"row-{row.row}", say("Row {row}", row=row.row), said, tables=tables)
