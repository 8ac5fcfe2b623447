"""The findings of a stress test as plain values; in JSON, each field has its name."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gradum.questions.stress.budget import SMALL, BudgetKind
from gradum.scores.interval import Interval

ROUNDING = 1e-9  # as a share of ε, by which two sums of the same shifts may differ

ProofStage = Literal["interval", "crown", "search"]
"""What proved that an answer stays: intervals, linear bounds, or branch and bound."""


class ColumnShift(msgspec.Struct, frozen=True):
    """One column's part of a change."""

    column: str
    before: Any = msgspec.field(name="from")
    after: Any = msgspec.field(name="to")
    """A number, text, bool or datetime. ``from`` and ``to`` in JSON."""
    shift: float | None
    """Its size in the budget's unit; None for a change of level."""


class RowAttack(msgspec.Struct, frozen=True):
    """The smallest change of a row that was found to change its answer."""

    row: int
    """The row's number, from 1."""
    answer: Any
    """The answer for the row as it is: a label or a number."""
    radius: float | None
    """The size ε of the smallest box in which a changed answer was found; the true smallest is no
    larger. 0 if other levels alone change the answer; None if nothing was found within the
    budget."""
    changed_answer: Any = None
    """A label, a number or None. The answer for the changed row, replayed through `predict`."""
    changes: tuple[ColumnShift, ...] = ()
    """In the table's order of columns, without unneeded changes."""
    certified_radius: float | None = None
    """The ε up to which the answer is proved to stay, whatever an attack tries, for values with the
    table's decimals. 0 if this is proved only for the row without moves, with any levels that may
    change; None if nothing is proved, or no proof was asked for."""
    certified_by: ProofStage | None = None
    """What proved it: "interval", "crown" (linear bounds) or "search" (branch and bound)."""


class KeptShare(msgspec.Struct, frozen=True):
    """The share of rows whose answers stay, whatever changes within ε."""

    epsilon: float
    attacked: Interval
    """The share that the attack left unchanged, an upper bound of the share that stays, with
    Wilson's interval for rows like these."""
    certified: float | None = None
    """The share that is proved to stay; None if no proof was asked for."""


class ColumnPart(msgspec.Struct, frozen=True):
    """In how many of the smallest changes a column takes part."""

    column: str
    rows: int


class Attack(msgspec.Struct, frozen=True):
    """The smallest changes of rows, one by one."""

    budget: BudgetKind
    """The unit of ε: "iqr", "quantile" or "amounts"."""
    amounts: dict[str, float] | None
    """The amounts, for "amounts"."""
    full: float
    """The largest ε that was tried."""
    levels: int
    """How many levels may change in addition."""
    least_move: float | None
    """How far a number must move for its answer to count as changed; None for classes."""
    columns: tuple[str, ...]
    """The columns that may move."""
    rows: tuple[RowAttack, ...]
    """In the order of the table."""
    curve: tuple[KeptShare, ...]
    """In order of rising ε."""
    median: float | None
    """The median radius of all rows; None if the answers of half of them stay."""
    parts: tuple[ColumnPart, ...]
    """Columns that take part in the most changes come first."""
    evaluations: int
    """The number of answers computed for all rows."""
    asked: int
    """How many rows were to be attacked; more than are in ``rows`` if time ran out."""

    @property
    def changed(self) -> int:
        """How many rows' answers were changed."""
        return sum(row.radius is not None for row in self.rows)

    @property
    def small(self) -> float:
        """The ε of about an error of measuring."""
        return min(SMALL[self.budget], self.full)

    def changed_within(self, epsilon: float) -> int:
        """Count the rows whose answers change if columns move by up to ε."""
        radii = (row.radius for row in self.rows)
        most = epsilon * (1 + ROUNDING)
        return sum(radius is not None and radius <= most for radius in radii)

    @property
    def only_answer(self) -> Any:
        """The answer of all rows, if these are two or more and no change found another."""
        answers = {row.answer for row in self.rows}
        constant = len(self.rows) > 1 and len(answers) == 1 and not self.changed
        return answers.pop() if constant else None

    @property
    def is_certified(self) -> bool:
        """Whether proofs were attempted."""
        return any(kept.certified is not None for kept in self.curve)

    @property
    def median_certified(self) -> float | None:
        """The ε within which at least half of the answers are proved to stay; None if none is."""
        known = sorted(
            -1.0 if row.certified_radius is None else row.certified_radius for row in self.rows
        )
        median = known[(len(known) - 1) // 2]
        return median if median > 0 else None


class CorruptionEffect(msgspec.Struct, frozen=True):
    """The effect of a corruption of a column."""

    kind: str
    columns: tuple[str, ...]
    """The column, or the two that were swapped."""
    rows: int
    """How many rows were corrupted."""
    moved: float
    """For classes, the share of these rows whose answers change; for numbers, the mean size of the
    change in their answers."""
    score: Interval | None
    """The score of all rows, some corrupted, less that of the rows as they are, on the same
    resamples; None if the target is not at hand."""
    worse: bool
    """Whether the score is shown to be worse."""
    noticed: bool | None
    """Whether a watch raises an alarm that it does not raise for the rows as they are; None if
    there are too few rows for a watch."""


class Corruptions(msgspec.Struct, frozen=True):
    """A table after accidents, with one column and one accident at a time."""

    rows: int
    """How many rows were looked at."""
    share: float
    """The share of rows that are corrupted."""
    metric: str | None
    """The metric of the scores; None if the target is not at hand."""
    effects: tuple[CorruptionEffect, ...]
    """The most harmful first."""
    left_out: int = 0
    """How many corruptions there was no time for."""


class Stress(msgspec.Struct, frozen=True):
    """The effects of an attack on rows, and of corruptions, on a model's answers."""

    target: str
    rung: str
    rows: int
    """The number of rows in the table."""
    attack: Attack
    corruptions: Corruptions
    notes: tuple[str, ...] = ()
    """Further notes for readers."""
