"""Words for kinds, roles and states, which code compares in English; listed only for translation.

They are translated where they are shown: ``say(column.kind)``.
"""

from __future__ import annotations

from gradum.messages import marked

COLUMNS = (
    marked("numeric"),
    marked("categorical"),
    marked("boolean"),
    marked("date"),
    marked("time_of_day"),
    marked("text"),
    marked("constant"),
    marked("identifier"),
    marked("duplicate"),
    marked("nested"),
)
ROLES = (marked("target"), marked("weight"), marked("group"), marked("time"))
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
