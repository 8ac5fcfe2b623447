"""Words for kinds, roles and states, which code compares in English; listed only for translation.

They are translated where they are shown: ``column_kind(column.kind)``, ``say(column.role)``.
"""

from __future__ import annotations

from gradum.messages import marked, say

COLUMNS = (
    marked("numeric"),
    marked("categorical"),
    marked("boolean"),
    marked("date"),
    marked("time of day"),
    marked("text"),
    marked("constant"),
    marked("identifier"),
    marked("duplicate"),
    marked("nested"),
)
ROLES = (marked("target"), marked("weight"), marked("exposure"), marked("group"), marked("time"))
ENDINGS = (
    marked("converged"),
    marked("early stopped"),
    marked("completed"),
    marked("plateau"),
    marked("step limit"),
    marked("time limit"),
    marked("stalled"),
    marked("separated"),
    marked("interrupted"),
    marked("diverged"),
)


def column_kind(kind: str) -> str:
    """Return the words for a kind of column."""
    return say(kind.replace("_", " "))
