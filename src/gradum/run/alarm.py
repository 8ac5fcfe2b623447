"""An alarm: something about the table or the judging that makes a score mean less than it seems."""

from __future__ import annotations

from typing import Literal

import msgspec

from gradum.messages import marked, say

AlarmKind = Literal[
    "random split",
    "leak",
    "near duplicates",
    "undeclared groups",
    "drift",
    "identifier",
    "rare class",
    "validation better than test",
]
TITLES: dict[AlarmKind, str] = {
    "random split": marked("random split"),
    "leak": marked("leak"),
    "near duplicates": marked("near duplicates"),
    "undeclared groups": marked("undeclared groups"),
    "drift": marked("drift"),
    "identifier": marked("identifier"),
    "rare class": marked("rare class"),
    "validation better than test": marked("validation better than test"),
}
"""The title of each kind, as users read it."""


class Alarm(msgspec.Struct, frozen=True):
    """One thing to look at before the scores are believed."""

    kind: AlarmKind
    sentence: str
    """What was found, with names and numbers, and what to do about it."""
    columns: tuple[str, ...] = ()
    """The columns concerned."""
    brief: str = ""
    """The sentence in few words, without a full stop; empty in files of earlier versions."""
    option: str = ""
    """The option that does something about it, as it is typed; empty if none does."""

    @property
    def title(self) -> str:
        """The kind in words."""
        return say(TITLES[self.kind])
