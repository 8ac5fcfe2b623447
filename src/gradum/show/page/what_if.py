"""A form for one row in the report, whose answer a module of JavaScript computes as one types."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.scores.figures import in_unit, percent
from gradum.show.page.page import file, for_script
from gradum.show.words.visible import visible
from gradum.study.example_row import example_row
from gradum.tables.columns import Column
from gradum.tables.kinds.axis import Axis
from gradum.tables.kinds.step import Step
from gradum.tables.wording import number

MOST_BYTES = 1_500_000
"""The most that a report with such a form takes."""

OWN_BYTES = 12_000
"""What the form adds to a page besides the module and what it knows of columns."""


@dataclass(frozen=True)
class WhatIf:
    """A form for one row, or why there is none."""

    fitted: Fitted
    """The model that answers, or a smaller one that stands in for it."""
    notes: Sequence[str]
    """Sentences on which model that is, above the form."""
    promises: Sequence[str] = ()
    """Sentences on how good its answers are, below it."""
    module: str = ""
    """A module of JavaScript that names its ``model``; empty if there is no form."""
    coverage: float | None = None
    """The share of rows that the module's intervals or sets are made for; None without any."""
    foremost: Sequence[str] = ()
    """Columns whose fields come before the others."""

    @property
    def bytes(self) -> int:
        """How much a report grows by it."""
        return len(self.script.encode()) + len(self.data.encode()) + OWN_BYTES

    @property
    def script(self) -> str:
        """The module, and behind it what fills and reads the form."""
        return f"{self.module}\n{file('form.js')}{file('what_if.js')}"

    @cached_property
    def data(self) -> str:
        """What the form needs to know, as JSON that may stand in a page."""
        share = "" if self.coverage is None else percent(self.coverage)
        return for_script(
            {
                "fields": fields_of(self.fitted, self.foremost),
                "classes": [visible(str(label)) for label in self.fitted.classes],
                "words": {
                    **words_of(self.fitted, share),
                    "first": say("At first it was {answer}.", answer="{answer}"),
                    "likely": say("{label} ({share})", label="{label}", share="{share}"),
                    "more": say("More columns"),
                    "again": say("As at first"),
                    "adds": say("What each changed field adds"),
                    "alone": say(
                        "The answer now, minus the answer if this field alone went back to its "
                        "first value. These parts add up to the whole change only where fields do "
                        "not act together."
                    ),
                    "points": say("In percentage points of the class {label}.", label="{label}"),
                    "nothing": say("No field is changed yet."),
                },
            }
        )


def words_of(fitted: Fitted, share: str) -> dict[str, str]:
    """Return the words for an answer and for fields, by what `form.js` calls them.

    ``share`` of the rows is what intervals or sets are made for.
    """
    target = fitted.schema.target
    assert target is not None
    return {
        "answer": say("Predicted {target}:", target=visible(target.name)),
        "figure": in_unit("{figure}", fitted.schema.target_unit),
        "interval": say(
            "{share} interval: {low} to {high}", share=share, low="{low}", high="{high}"
        ),
        "set": say("{share} set: {classes}", share=share, classes="{classes}"),
        "empty": say("{share} set: no class", share=share),
        "missing": say("missing"),
        "other": say("another value"),
    }


def fields_of(fitted: Fitted, foremost: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the fields of a row: a name, a label, how a value is given, and with which it begins.

    A number, a date, a time of day or a text is given as such, a level by its place in a list.
    Columns that reach no model have no field.
    """
    start = example_row(fitted)
    places = {name: place for place, name in enumerate(foremost)}
    columns = [
        pair
        for pair in zip(fitted.schema.features, fitted.encoder.steps, strict=True)
        if pair[0].name in fitted.encoder.layout.sources
    ]
    columns.sort(key=lambda pair: places.get(pair[0].name, len(places)))
    return [
        {"name": column.name, "label": visible(column.name)} | _field(column, step, start)
        for column, step in columns
    ]


def _field(column: Column, step: Step, row: dict[str, Any]) -> dict[str, Any]:
    kind, start, axis = column.traits, row[column.name], step.axis(column.parse)
    if kind.has_levels:
        spelled = kind.spellings(column.parse)
        choices = list(step.choices)
        return {
            "control": "list",
            "start": choices.index(start) if start in choices else -1,
            "values": [spelled[level][0] if spelled else level for level in choices],
            "labels": [visible(kind.level_in_words(level)) for level in choices],
            "open": not kind.fixed_levels,
        }
    if axis is None:
        return {"control": "text", "start": start or ""}
    control, low, high = _line(axis)
    if start is not None and control == "datetime-local":
        start = f"{start}T00:00"
    elif start is not None and control == "number":
        start = step.value_of(start, column.parse)
    unit = "%" if column.parse.percent else column.parse.currency
    written = [
        in_unit(number(end), unit) if control == "number" else end.replace("T", " ")
        for end in (low, high)
    ]
    ends = {"low": written[0], "high": written[1]}
    return {
        "control": control,
        "start": "" if start is None else str(start),
        "low": low,
        "high": high,
        "inside": say("{low} to {high}", **ends),
        "outside": say("outside of {low} to {high}, where the model learned", **ends),
    }


def _line(axis: Axis) -> tuple[str, Any, Any]:
    """Return how browsers ask for a value on a line, and the ends of its range in their words."""
    low, high = axis.value(axis.low), axis.value(axis.high)
    if axis.clock:
        return "time", f"{low:%H:%M:%S}", f"{high:%H:%M:%S}"
    if not axis.dates:
        return "number", low, high
    if low.time() == high.time() == datetime.time():
        return "date", f"{low:%Y-%m-%d}", f"{high:%Y-%m-%d}"
    return "datetime-local", f"{low:%Y-%m-%dT%H:%M}", f"{high:%Y-%m-%dT%H:%M}"
