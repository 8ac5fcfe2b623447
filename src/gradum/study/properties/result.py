"""The results of verifying properties, as plain values."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gradum.study.verification.domain import Stage, Verdict, gravest
from gradum.tables.columns import Label

PropertyStage = Literal["weights", "slopes", Stage]


class Counterexample(msgspec.Struct, frozen=True):
    """One row of the table, or two rows that differ only in what was changed, and their answers."""

    rows: tuple[dict[str, Any], ...]
    """Values by column, as in the table."""
    answers: tuple[Any, ...]
    """The model's answer for each row: a number, a probability or a class, as the property asks."""
    row: int | None = None
    """The number of the table's row that was changed."""
    of: Label | None = None
    """The class whose probabilities the answers are."""


class Verified(msgspec.Struct, frozen=True):
    """The result for one property."""

    property: str
    where: str
    """The texts as stated; ``where`` is empty for the whole domain."""
    verdict: Verdict
    """One of "proved", "refuted" (by a counterexample that was replayed through the model's
    prediction) or "not decided"."""
    stage: PropertyStage
    """What decided, or was tried last: "weights" (no weight leads from the column), "slopes"
    (bounds of the slope along the column), "attack", "interval", "crown" or "search"."""
    certified: float
    """The share of the domain, or of the rows, for which the property is proved."""
    seconds: float
    counterexample: Counterexample | None = None
    reason: str | None = None
    """Why the property is not decided."""
    rows: int | None = None
    refuted_rows: int | None = None
    """How many rows were looked at, and for how many the property was refuted."""
    of: Label | None = None
    """The class whose probability it is about; None for numbers, and if it is about all classes."""
    rounding: float = 0.0
    """How far rounding alone may move a computed answer beyond what was asked, in the target's unit
    or as a probability: a proof leaves this much open, and a counterexample exceeds it. If nothing
    is decided because rounding exceeds what was asked, this is the amount of rounding."""


class ColumnDomain(msgspec.Struct, frozen=True):
    """A column's values in the whole domain: a range of numbers, perhaps whole, or levels."""

    column: str
    low: float | None = None
    high: float | None = None
    whole: bool = False
    levels: tuple[str, ...] = ()
    missing: bool = False


class Verification(msgspec.Struct, frozen=True):
    """The results for several properties of a rung."""

    target: str
    rung: str
    domain: tuple[ColumnDomain, ...]
    """The whole domain, column by column."""
    properties: tuple[Verified, ...]
    notes: tuple[str, ...] = ()
    """Notes that hold for all proofs."""

    @property
    def verdict(self) -> Verdict:
        """Return "refuted" if any property is, else "not decided" if any is, else "proved"."""
        return gravest(verified.verdict for verified in self.properties)
