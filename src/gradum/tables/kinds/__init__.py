"""The kinds of columns, a folder each: how each is recognised, read and encoded.

A new kind takes a folder and one line in ``KINDS``, whose order is that in which kinds are listed.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from gradum.messages import say
from gradum.tables.kinds.boolean import BooleanKind
from gradum.tables.kinds.categorical import CategoricalKind
from gradum.tables.kinds.date import DateKind
from gradum.tables.kinds.inert import Constant, Duplicate, Identifier, Nested
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.numeric import NumericKind
from gradum.tables.kinds.picture import PictureKind
from gradum.tables.kinds.series import SeriesKind
from gradum.tables.kinds.sound import SoundKind
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.text import TextKind
from gradum.tables.kinds.time_of_day import TimeOfDayKind
from gradum.tables.kinds.values import Values

__all__ = ["KINDS", "SAYABLE", "STEPS", "AnyStep", "Kind", "Reading", "Values", "recognise"]

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        NumericKind(),
        BooleanKind(),
        CategoricalKind(),
        DateKind(),
        TimeOfDayKind(),
        TextKind(),
        SeriesKind(),
        PictureKind(),
        SoundKind(),
        Identifier(),
        Constant(),
        Duplicate(),
        Nested(),
    )
}
SAYABLE = {name: kind for name, kind in KINDS.items() if kind.sayable}
STEPS: dict[str, type[Step]] = {name: k.step for name, k in KINDS.items() if k.step is not None}
if TYPE_CHECKING:
    AnyStep = Step
else:
    AnyStep = reduce(or_, STEPS.values())
_BY_TURN = sorted(KINDS.values(), key=lambda kind: kind.turn)


def recognise(values: Values) -> Reading:
    """Return the reading of the first kind that recognises a column."""
    for kind in _BY_TURN:
        if (reading := kind.recognise(values)) is not None:
            return reading
    return Reading(NumericKind.name, say("Values of no known kind; not used"), usable=False)
