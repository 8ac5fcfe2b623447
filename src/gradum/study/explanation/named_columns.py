"""Errors about columns that a question names: unseen by the model, or not a valid group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.wording import nearest


def unseen_column(name: str, columns: Iterable[str]) -> SpecError:
    """Return the error about a name that is no column that the model sees."""
    return SpecError(say("The model sees no column {name!r}.", name=name), nearest(name, columns))


def refuse_no_groups(together: Sequence[Sequence[str]], columns: Collection[str]) -> None:
    """Refuse groups with a column that the model does not see, with a single one, or with repeats.

    Raises
    ------
    SpecError
        The message names the column.
    """
    grouped: set[str] = set()
    for names in together:
        for name in names:
            if name not in columns:
                raise unseen_column(name, columns)
            if name in grouped:
                raise SpecError(
                    "Column {name!r} is named twice by --together.", "Name it once.", name=name
                )
            grouped.add(name)
        if len(names) < 2:
            raise SpecError(
                say("Column {name!r} is to stand together with none.", name=names[0])
                if names
                else say("A group of --together is empty."),
                say("Give two columns or more, such as --together a,b."),
            )
