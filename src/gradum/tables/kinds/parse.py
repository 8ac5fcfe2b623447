"""The reading of a column's raw values: markers, spellings and formats."""

from __future__ import annotations

from msgspec import Struct


class Parse(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the raw values of one column are read; the same at training and at prediction."""

    missing: tuple[str, ...] = ()
    """Markers of missing values met in this column, such as "?" or "NA". The usual markers are
    understood at prediction even if training had none; others can be added here."""
    kept: tuple[str, ...] = ()
    """Usual markers that are values in this column, such as "None" for a class."""
    decimal: str = "."
    thousands: str = ""
    """Separators of numbers stored as text."""
    currency: str = ""
    """A currency's sign or code, or a unit such as "kg", before or after the numbers. Numbers in
    other units that can be converted into it are: 800 g is read as 0.8 if it is "kg"."""
    percent: bool = False
    """Whether the numbers carry a percent sign; 12% is read as 12."""
    date_format: str = ""
    """The chrono format of dates stored as text."""
    other_date_format: str = ""
    """A second one, for the dates that do not follow the first."""
    true: str = "true"
    false: str = "false"
    """The words of a boolean stored as text, in lower case."""
    whole: bool = False
    """Whether the levels are whole numbers, so that 3, "3" and 3.0 are the same level."""
    powers: bool = False
    """Whether k, M and B after a number mean thousands, millions and billions."""
    clock: str = ""
    """What 2:15 means in a column of durations: "h:mm" or "m:ss"; empty if nothing."""
    spellings: tuple[str, ...] = ()
    """Levels that are also meant by what differs from them in upper and lower case alone."""
    fold_case: bool = False
    """Whether what differs in upper and lower case alone is one level, in lower case unless
    ``spellings`` has it."""
