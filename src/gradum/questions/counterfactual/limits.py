"""Limits of a counterfactual: frozen columns, and columns that may move one way only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradum.errors import SpecError
from gradum.study.explanation.named_columns import unseen_column
from gradum.tables.schema.schema import Schema


@dataclass(frozen=True)
class Limits:
    """What may not be changed."""

    frozen: frozenset[str] = frozenset()
    """Columns that keep their values."""
    upward: frozenset[str] = frozenset()
    downward: frozenset[str] = frozenset()
    """Numbers that may only rise, or only fall; dates that may only become later, or only earlier;
    for booleans, yes is above no."""

    @classmethod
    def of(
        cls,
        schema: Schema,
        frozen: Sequence[str] = (),
        upward: Sequence[str] = (),
        downward: Sequence[str] = (),
    ) -> Limits:
        """Take column names.

        Raises
        ------
        SpecError
            The model sees no such column, its values have no order, or it has two limits.
        """
        features = {column.name: column for column in schema.features}
        given = [("--frozen", frozen), ("--upward", upward), ("--downward", downward)]
        owner: dict[str, str] = {}
        for option, names in given:
            for name in names:
                if name not in features:
                    raise unseen_column(name, features)
                if owner.setdefault(name, option) != option:
                    raise SpecError(
                        "Column {name!r} is named by {one} and by {other}.",
                        "Name it once.",
                        name=name,
                        one=owner[name],
                        other=option,
                    )
        for name in (*upward, *downward):
            if not features[name].traits.is_ordered:
                raise SpecError(
                    "Column {name!r} has no order: nothing in it is upward or downward.",
                    "Freeze it, or let it change.",
                    name=name,
                )
        return cls(frozenset(frozen), frozenset(upward), frozenset(downward))

    @property
    def any(self) -> bool:
        """Whether there are any limits."""
        return bool(self.frozen or self.upward or self.downward)

    def allow(self, name: str, before: Any, after: Any) -> bool:
        """Whether a column may change from one value to another."""
        if name in self.upward:
            return after > before
        if name in self.downward:
            return after < before
        return name not in self.frozen
