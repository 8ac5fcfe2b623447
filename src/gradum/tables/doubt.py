"""A doubt about a table: what was decided or noticed that its reader should check."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gradum.messages import say
from gradum.tables.wording import first_upper

Matter = Literal["unopened", "total", "identifier", "conversion", "slip", "order"]
"""What a doubt is about, the costliest first: files that cannot be opened, rows that add up others,
names of rows, numbers that were converted or could not be, mistyped values, and the order of days
and months."""


class Doubt(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to check."""

    matter: Matter
    """What it is about; this decides its place among others."""
    sentence: str
    """A clause for the user, without a full stop."""
    option: str = ""
    """The option that decides otherwise, as it is typed; empty if there is none."""

    @property
    def note(self) -> str:
        """The clause as a sentence of its own, with the option."""
        return say(
            "{clause}; to undo this: {option}.",
            clause=first_upper(self.sentence),
            option=self.option,
        )
