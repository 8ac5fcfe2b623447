"""Columns that say nothing: one value, or none."""

from __future__ import annotations

from gradum.messages import say
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.values import Values
from gradum.tables.wording import shortened


class Constant(Kind):
    """The same in every row; not used. One value next to missing ones is not constant."""

    name, turn = "constant", 1
    has_levels = True

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if there is at most one value and none, or all, are missing."""
        if not values.present:
            return Reading("constant", say("Every value is missing; not used"), usable=False)
        if values.missing or values.distinct > 1:
            return None
        value = values.levels["level"][0]
        return Reading(
            "constant",
            say("The same value in every row, {value!r}; not used", value=shortened(value)),
            usable=False,
        )
