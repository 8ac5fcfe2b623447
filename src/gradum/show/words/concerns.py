"""Lines on a table that its reader should check before believing scores, the costliest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, get_args

from gradum.messages import marked, say
from gradum.run.judging.judgement import Judgement
from gradum.tables.doubt import Matter
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import first_upper

MOST = 5  # lines
COSTS: tuple[Literal["alarm"] | Matter, ...] = ("alarm", *get_args(Matter))
"""What a concern may be about, by what it may cost."""
LEADS = {
    "alarm": marked("fit with"),
    "total": marked("to undo this:"),
    "identifier": marked("if its rows belong together:"),
    "conversion": marked("to undo this:"),
}
"""What the option of a concern does, in words that stand before it."""


class Concern(NamedTuple):
    """A line to check: what it is about, what was found, and the option that decides otherwise."""

    matter: Literal["alarm"] | Matter
    sentence: str
    option: str = ""

    @property
    def lead(self) -> str:
        """The words before the option."""
        return say(LEADS[self.matter]) if self.matter in LEADS else ""


def of_alarms(schema: Schema, judgement: Judgement) -> Iterator[Concern]:
    """Yield each alarm in few words."""
    for alarm in judgement.alarms:
        yield Concern("alarm", alarm.brief or alarm.sentence, alarm.option)


def of_rows(schema: Schema, judgement: Judgement) -> Iterator[Concern]:
    """Yield what is doubtful about rows."""
    for doubt in judgement.doubts:
        yield Concern(doubt.matter, first_upper(doubt.sentence), doubt.option)


def of_columns(schema: Schema, judgement: Judgement) -> Iterator[Concern]:
    """Yield what is doubtful about the values of each column."""
    for column in schema.columns:
        for doubt in column.doubts:
            sentence = say("{column!r}: {clause}", column=column.name, clause=doubt.sentence)
            yield Concern(doubt.matter, sentence, doubt.option)


SOURCES: tuple[Callable[[Schema, Judgement], Iterable[Concern]], ...] = (
    of_alarms,
    of_rows,
    of_columns,
)
"""Who has concerns; another source of them is a function here."""


def concerns(schema: Schema, judgement: Judgement) -> list[Concern]:
    """Return everything to check, the costliest first; of equal ones, in the order of `SOURCES`."""
    every = [concern for source in SOURCES for concern in source(schema, judgement)]
    return sorted(every, key=lambda concern: COSTS.index(concern.matter))
