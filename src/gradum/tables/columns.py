"""A column of a schema: its kind, its role, and how its values are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from gradum.messages import say
from gradum.tables.doubt import Doubt
from gradum.tables.kinds import KINDS, STEPS, Kind
from gradum.tables.kinds.parse import Parse

if TYPE_CHECKING:
    KindName = str
else:
    KindName = Literal[tuple(KINDS)]
Role = Literal["feature", "target", "weight", "exposure", "group", "time", "unused"]
Task = Literal["regression", "binary", "multiclass"]
Label = str | bool | int | float

FEATURE_KINDS = tuple(STEPS)


class Column(Struct, frozen=True, forbid_unknown_fields=True):
    """One column of a schema."""

    name: str
    kind: KindName
    """What the values are."""
    role: Role
    """What they are used for."""
    reason: str = ""
    """One plain sentence for the user: what was understood, and why."""
    parse: Parse = Parse()
    """How raw values are read."""
    distinct: int = 0
    """Distinct values, missing ones not counted."""
    missing: int = 0
    """Rows without a value."""
    doubts: tuple[Doubt, ...] = ()
    """What a reader should check about its values; clauses of the reason."""

    @property
    def traits(self) -> Kind:
        """What the column's kind can do."""
        return KINDS[self.kind]


def unvaried(columns: Iterable[Column]) -> list[str]:
    """Say which columns, texts aside, stay unchanged, as nothing tells what else they may hold."""
    return [
        say(
            "Column {column!r} is left as it is: nothing tells what else a column of the kind "
            "{kind} may hold.",
            column=column.name,
            kind=column.kind,
        )
        for column in columns
        if not column.traits.has_domain and not column.traits.holds_words
    ]


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be predicted."""

    name: str
    task: Task
    """One of "regression", "binary" or "multiclass"."""
    classes: tuple[Label, ...] = ()
    """The labels as given, sorted, or in their order if they have one; empty for regression."""
    reason: str = ""
    """One plain sentence for the user."""
    log: bool = False
    """Whether the model is to learn log(target); target values themselves stay in raw units."""
    log_advised: bool = False
    """Whether the target is positive and so skewed that its logarithm is easier to learn."""
    left_out: tuple[Label, ...] = ()
    """Labels too rare to learn, whose rows are left out."""
    loss: str = ""
    """The loss that models learn by, if the user named one."""


class Overrides(Struct, frozen=True, forbid_unknown_fields=True):
    """What the user decides about columns: kinds by column names, and special roles."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    time_of_day: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    weight: str | None = None
    exposure: str | None = None
    group: str | None = None
    time: str | None = None
    missing: tuple[str, ...] = ()
    """Values that mean "missing", in every column, besides the usual markers."""
    keep_case: bool = False
    """Whether classes that differ in upper and lower case alone stay different."""
    fold_case: tuple[str, ...] = ()
    """Columns whose levels are one if they differ in upper and lower case alone."""
