"""The results of verifying properties, as plain values."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gradum.study.verification.domain import Stage, Verdict, gravest
from gradum.tables.columns import Label

PropertyStage = Literal["weights", "slopes", Stage]


class Counterexample(msgspec.Struct, frozen=True):
    """One row of the table, or two that are alike but for what was changed, and their answers.

    Parameters
    ----------
    rows : tuple of dict
        Values by column, as the table would hold them.
    answers : tuple
        What the model answers for each: a number, a probability, or a class, as the property asks.
    row : int or None
        The number of the table's row that was changed.
    of : label or None
        The class of which the answers are probabilities.
    """

    rows: tuple[dict[str, Any], ...]
    answers: tuple[Any, ...]
    row: int | None = None
    of: Label | None = None


class Verified(msgspec.Struct, frozen=True):
    """What came of one property.

    Parameters
    ----------
    property, where : str
        As they were stated; ``where`` is empty for the whole domain.
    verdict : str
        "proved", "refuted" (by a counterexample that was replayed through the model's prediction)
        or "not decided".
    stage : str
        What decided, or was tried last: "weights" (none leads from the column), "slopes" (bounds of
        the slope along the column), "attack", "interval", "crown" or "search".
    certified : float
        The share of the domain, or of the rows, for which it is proved.
    seconds : float
    counterexample : Counterexample or None
    reason : str or None
        Why it is not decided.
    rows, refuted_rows : int or None
        How many rows were looked at, and for how many it was refuted.
    of : label or None
        The class whose probability it is about; None of numbers, and where it is about all classes.
    rounding : float
        How far beyond what was asked a computed answer may be for rounding alone, in the target's
        unit or of a probability: what a proof leaves open, and what a counterexample exceeds. Where
        nothing is decided because it is more than what was asked, this says how much it is.
    """

    property: str
    where: str
    verdict: Verdict
    stage: PropertyStage
    certified: float
    seconds: float
    counterexample: Counterexample | None = None
    reason: str | None = None
    rows: int | None = None
    refuted_rows: int | None = None
    of: Label | None = None
    rounding: float = 0.0


class ColumnDomain(msgspec.Struct, frozen=True):
    """What a column can be in the whole domain: a range of numbers, perhaps whole, or levels."""

    column: str
    low: float | None = None
    high: float | None = None
    whole: bool = False
    levels: tuple[str, ...] = ()
    missing: bool = False


class Verification(msgspec.Struct, frozen=True):
    """What came of several properties of a rung.

    Parameters
    ----------
    target, rung : str
    domain : tuple of ColumnDomain
        The whole domain, column by column.
    properties : tuple of Verified
    notes : tuple of str
        What holds for all proofs.
    """

    target: str
    rung: str
    domain: tuple[ColumnDomain, ...]
    properties: tuple[Verified, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return "refuted" if any is, else "not decided" if any is, else "proved"."""
        return gravest(verified.verdict for verified in self.properties)
