"""A column of a schema: its kind, its role, and the way in which its values are read."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

KindName = Literal[
    "numeric",
    "boolean",
    "categorical",
    "date",
    "text",
    "identifier",
    "constant",
    "duplicate",
    "nested",
]
Role = Literal["feature", "target", "weight", "group", "time", "unused"]
Task = Literal["regression", "binary", "multiclass"]
Label = str | bool | int | float

FEATURE_KINDS: tuple[KindName, ...] = ("numeric", "boolean", "categorical", "date", "text")


class Parse(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the raw values of one column are read; the same at training and at prediction.

    Attributes
    ----------
    missing : tuple of str
        Markers of missing values met in this column, such as "?" or "NA". The usual markers
        are understood at prediction even where training had none; others can be added here.
    kept : tuple of str
        Usual markers that are values in this column, such as "None" as a class.
    decimal, thousands : str
        Separators of numbers stored as text.
    currency : str
        A currency's sign or code, or a unit such as "kg", before or after the numbers.
    percent : bool
        Whether the numbers carry a percent sign; 12% is read as 12.
    date_format : str
        The chrono format of dates stored as text.
    other_date_format : str
        A second one, for the dates that do not follow the first.
    true, false : str
        The words of a boolean stored as text, in lower case.
    whole : bool
        Whether the levels are whole numbers, so that 3, "3" and 3.0 are the same level.
    """

    missing: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    percent: bool = False
    date_format: str = ""
    other_date_format: str = ""
    true: str = "true"
    false: str = "false"
    whole: bool = False


class Column(Struct, frozen=True, forbid_unknown_fields=True):
    """One column of a schema.

    Attributes
    ----------
    name : str
    kind : str
        What the values are.
    role : str
        What they are used for.
    reason : str
        One plain sentence for the user: what was understood, and why.
    parse : Parse
        How raw values are read.
    distinct : int
        Distinct values, missing ones not counted.
    missing : int
        Rows without a value.
    """

    name: str
    kind: KindName
    role: Role
    reason: str = ""
    parse: Parse = Parse()
    distinct: int = 0
    missing: int = 0


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be predicted.

    Attributes
    ----------
    name : str
    task : str
        "regression", "binary" or "multiclass".
    classes : tuple
        The labels as given, sorted; empty for regression.
    reason : str
        One plain sentence for the user.
    log : bool
        Whether the model is to learn log(target); target values themselves stay in raw units.
    log_advised : bool
        Whether the target is positive and so skewed that its logarithm is easier to learn.
    left_out : tuple
        Labels too rare to learn, whose rows are left out.
    """

    name: str
    task: Task
    classes: tuple[Label, ...] = ()
    reason: str = ""
    log: bool = False
    log_advised: bool = False
    left_out: tuple[Label, ...] = ()


class Overrides(Struct, frozen=True, forbid_unknown_fields=True):
    """What the user decides about columns: kinds by column names, and special roles."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    weight: str | None = None
    group: str | None = None
    time: str | None = None
