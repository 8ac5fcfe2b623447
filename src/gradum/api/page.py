"""A page of HTML, as Python returns it."""

from __future__ import annotations

from gradum.messages import say
from gradum.tables.wording import size


class Page(str):
    """A report: HTML that says how large it is instead of filling a notebook or a prompt."""

    __slots__ = ()

    def __repr__(self) -> str:
        return say(
            "<a report of {size}; model.report(path) writes it to a file>",
            size=size(len(self.encode())),
        )
