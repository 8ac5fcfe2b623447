"""Counterfactuals of rows as text, a page, HTML, a frame and records."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.messages import as_text, say, say_plural, sentences
from gradum.questions.counterfactual.result import CounterfactualRows, RowCounterfactuals
from gradum.questions.counterfactual.words import (
    change_texts,
    cost_sentences,
    heading,
    notes,
    sentence,
    why_none,
)
from gradum.run.fitted import Fitted
from gradum.show.document.document import Section, Shown, TextTable
from gradum.show.words.visible import visible
from gradum.tables.columns import Column
from gradum.tables.kinds.axis import clock_text


@dataclass(eq=False, repr=False)
class Counterfactuals(Shown):
    """What would have changed the answers for rows; shows itself in terminals and notebooks."""

    found: CounterfactualRows
    """The changes of each row, the cheapest first."""
    fitted: Fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line per changed column, with the columns below; none for a row without a change.

        ``row``, ``counterfactual`` (1 is the cheapest of the row), ``column``, ``from`` and ``to``
        as text, ``cost`` of this change, ``output_before`` and ``output_after``.
        """
        kinds = {column.name: column for column in self.fitted.schema.features}
        written = str if self.fitted.classes else float
        lines = [
            (
                *(row.row, place, change.column),
                *(
                    _raw_text(value, kinds[change.column])
                    for value in (change.before, change.after)
                ),
                *(change.cost, written(row.output), written(counterfactual.output)),
            )
            for row in self.found.rows
            for place, counterfactual in enumerate(row.counterfactuals, 1)
            for change in counterfactual.changes
        ]
        output = pl.String if self.fitted.classes else pl.Float64
        schema = {
            **{"row": pl.Int64, "counterfactual": pl.Int64, "column": pl.String},
            **{"from": pl.String, "to": pl.String, "cost": pl.Float64},
            **{"output_before": output, "output_after": output},
        }
        return pl.DataFrame(lines, schema=schema, orient="row")

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield everything known about each row, including sentences, as plain values for JSON."""
        for row in self.found.rows:
            record = msgspec.to_builtins(row, enc_hook=as_text)
            for place, counterfactual in enumerate(row.counterfactuals):
                record["counterfactuals"][place]["sentence"] = sentence(counterfactual)
            record["why_none"] = None if row.counterfactuals else self.why_none(row)
            yield record

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.page.charted_page import charted_page  # which a terminal does not need

        return charted_page(
            "row.html",
            [self._section(row) for row in self.found.rows],
            cache,
            heading=say("Counterfactuals: {target}", target=self.fitted.spec.target),
            remarks=list(notes(self.fitted, self.found)),
            facts=[],
        )

    def __repr__(self) -> str:
        return f"<gradum.Counterfactuals of {len(self.found.rows):,} rows>"

    def _repr_html_(self) -> str:
        from gradum.show.page.page import render  # jinja2, which text does not need

        return render(
            "counterfactual.html",
            rows=[
                {
                    "heading": heading(self.fitted, row),
                    "counterfactuals": [
                        {
                            "sentence": sentence(counterfactual),
                            "changes": [change_texts(change) for change in counterfactual.changes],
                            "cost": cost_sentences(counterfactual, self.found.axes),
                        }
                        for counterfactual in row.counterfactuals
                    ],
                    "none": "" if row.counterfactuals else self.why_none(row),
                    "fewer": 0 < len(row.counterfactuals) < self.found.count,
                }
                for row in self.found.rows
            ],
            notes=list(notes(self.fitted, self.found)),
        )

    def _parts(self) -> Iterator[RenderableType]:
        if not self.found.rows:
            yield Text(say("There are no rows to explain."))
            return
        for row in self.found.rows:
            yield Text(visible(heading(self.fitted, row)), style="bold")
            if not row.counterfactuals:
                yield Text(visible(self.why_none(row)))
            for place, counterfactual in enumerate(row.counterfactuals, 1):
                yield Text(visible(f"{place}. {sentence(counterfactual)}"))
                table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
                for title in (say("column"), say("before"), say("after")):
                    table.add_column(title, overflow="fold", header_style="dim")
                table.add_column(say("cost"), justify="right", header_style="dim", no_wrap=True)
                for change in counterfactual.changes:
                    table.add_row(*(Text(visible(text)) for text in change_texts(change)))
                price = visible(cost_sentences(counterfactual, self.found.axes))
                yield Padding(Group(table, Text(price)), (0, 0, 0, 3))
            if 0 < len(row.counterfactuals) < self.found.count:
                yield Text(say("No other was found."))
            yield Text("")
        for note in notes(self.fitted, self.found):
            yield Text(visible(note), style="dim")

    def why_none(self, row: RowCounterfactuals) -> str:
        """Say why no change was found for a row."""
        return why_none(self.fitted, self.found, row)

    def tables(self, row: RowCounterfactuals) -> list[TextTable]:
        """Lay out each change of a row, below what it does and costs."""
        header = (say("column"), say("before"), say("after"), say("cost"))
        return [
            TextTable(
                header,
                [change_texts(change) for change in found.changes],
                3,
                sentences([sentence(found), cost_sentences(found, self.found.axes)]),
            )
            for found in row.counterfactuals
        ]

    def _section(self, row: RowCounterfactuals) -> Section:
        tables, said = self.tables(row), [heading(self.fitted, row)]
        if not tables:
            said.append(self.why_none(row))
        elif len(tables) < self.found.count:
            said.append(
                say_plural("{count} change was found.", "{count} changes were found.", len(tables))
            )
        return Section(f"row-{row.row}", say("Row {row}", row=row.row), said, tables=tables)


def _raw_text(value: Any, column: Column) -> str:
    """Write a value exactly, in the form that its column's kind reads."""
    match value:
        case bool():
            return column.parse.true if value else column.parse.false
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime.datetime():
            whole_day = value.time() == datetime.time()
            return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
        case datetime.time():
            return clock_text(value)
        case _:
            return str(value)
