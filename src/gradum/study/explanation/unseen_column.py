"""Columns that are asked about though the model does not see them."""

from __future__ import annotations

from collections.abc import Iterable

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.wording import nearest


def unseen_column(name: str, columns: Iterable[str]) -> SpecError:
    """Return the error about a name that is none of the columns that a model sees."""
    return SpecError(say("The model sees no column {name!r}.", name=name), nearest(name, columns))
