"""The findings of a stress test as plain values: in JSON, each field by its name."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gradum.scores.interval import Interval
from gradum.study.stress.budget import BudgetKind

ProofStage = Literal["interval", "crown", "search"]
"""What proved that an answer stays: intervals, linear bounds, or branch and bound."""


class ColumnShift(msgspec.Struct, frozen=True):
    """One column's part of a change.

    Parameters
    ----------
    column : str
    before, after : number, str, bool or datetime
        ``from`` and ``to`` in JSON.
    shift : float or None
        Its size in the budget's unit; None of another level.
    """

    column: str
    before: Any = msgspec.field(name="from")
    after: Any = msgspec.field(name="to")
    shift: float | None


class RowAttack(msgspec.Struct, frozen=True):
    """The least change of a row that was found to change its answer.

    Parameters
    ----------
    row : int
        Its number, from 1.
    answer : label or float
        As it is.
    radius : float or None
        The size ε of the least box in which a changed answer was found; the true least one is no
        larger. 0 where other levels alone change the answer; None where nothing was found within
        the budget.
    changed_answer : label, float or None
        Of the changed row, replayed through `predict`.
    changes : tuple of ColumnShift
        In the table's order of columns; without those that are not needed.
    certified_radius : float or None
        The ε up to which the answer is proved to stay, whatever an attack tries, for values with
        the table's decimals. 0 where that is proved only of the row as it is, with any levels that
        may change; None where nothing is proved, or no proof was asked for.
    certified_by : str or None
        What proved it: "interval", "crown" (linear bounds) or "search" (branch and bound).
    """

    row: int
    answer: Any
    radius: float | None
    changed_answer: Any = None
    changes: tuple[ColumnShift, ...] = ()
    certified_radius: float | None = None
    certified_by: ProofStage | None = None


class Kept(msgspec.Struct, frozen=True):
    """The share of rows whose answers stay, whatever is done within ε.

    Parameters
    ----------
    epsilon : float
    attacked : Interval
        The share that the attack left, and so no less than what stays; Wilson's interval, for rows
        like these.
    certified : float or None
        The share that is proved to stay; None where that was not asked for.
    """

    epsilon: float
    attacked: Interval
    certified: float | None = None


class ColumnPart(msgspec.Struct, frozen=True):
    """In how many of the least changes a column takes part."""

    column: str
    rows: int


class Attack(msgspec.Struct, frozen=True):
    """The least changes of rows, one by one.

    Parameters
    ----------
    budget : str
        "iqr", "quantile" or "amounts": the unit of ε.
    amounts : dict of str to float or None
        Of "amounts".
    full : float
        The largest ε that was tried.
    levels : int
        How many levels may change besides.
    least_move : float or None
        By how much a number has to move for its answer to count as changed; None of classes.
    columns : tuple of str
        The columns that may move.
    rows : tuple of RowAttack
        In the order of the table.
    curve : tuple of Kept
        By rising ε.
    median : float or None
        The median radius of all rows; None where the answers of half of them stay.
    parts : tuple of ColumnPart
        The columns that take part in most changes first.
    evaluations : int
        Answers that were asked for, of all rows.
    asked : int
        How many rows were to be attacked; more than ``rows`` holds if the time was up.
    """

    budget: BudgetKind
    amounts: dict[str, float] | None
    full: float
    levels: int
    least_move: float | None
    columns: tuple[str, ...]
    rows: tuple[RowAttack, ...]
    curve: tuple[Kept, ...]
    median: float | None
    parts: tuple[ColumnPart, ...]
    evaluations: int
    asked: int

    @property
    def changed(self) -> int:
        """How many rows' answers were changed."""
        return sum(row.radius is not None for row in self.rows)

    @property
    def only_answer(self) -> Any:
        """The answer of all rows, of two or more, if no change found another; else None."""
        answers = {row.answer for row in self.rows}
        constant = len(self.rows) > 1 and len(answers) == 1 and not self.changed
        return answers.pop() if constant else None

    @property
    def is_certified(self) -> bool:
        """Whether proofs were looked for."""
        return any(kept.certified is not None for kept in self.curve)

    @property
    def median_certified(self) -> float | None:
        """The ε within which half of the answers are proved to stay, at least; None if none is."""
        known = sorted(
            -1.0 if row.certified_radius is None else row.certified_radius for row in self.rows
        )
        median = known[(len(known) - 1) // 2]
        return median if median > 0 else None


class CorruptionEffect(msgspec.Struct, frozen=True):
    """The effect of a corruption of a column.

    Parameters
    ----------
    kind : str
    columns : tuple of str
        The column, or the two that were swapped.
    rows : int
        How many rows were corrupted.
    moved : float
        Of classes, the share of these rows that are answered otherwise; of numbers, the mean size
        of the change in their answers.
    score : Interval or None
        The score of all rows less that of the rows as they are, by the same resamples; None where
        the target is not at hand.
    worse : bool
        Whether the score is shown to be worse.
    noticed : bool or None
        Whether a watch of the rows raises an alarm that it does not raise of the rows as they are;
        None where they are too few for a watch.
    """

    kind: str
    columns: tuple[str, ...]
    rows: int
    moved: float
    score: Interval | None
    worse: bool
    noticed: bool | None


class Corruptions(msgspec.Struct, frozen=True):
    """A table as accidents leave it: one column and one accident at a time.

    Parameters
    ----------
    rows : int
        How many rows were looked at.
    share : float
        The share of them that is corrupted.
    metric : str or None
        Of the scores; None where the target is not at hand.
    effects : tuple of CorruptionEffect
        The most harmful first.
    left_out : int
        Corruptions that no time was left for.
    """

    rows: int
    share: float
    metric: str | None
    effects: tuple[CorruptionEffect, ...]
    left_out: int = 0


class Stress(msgspec.Struct, frozen=True):
    """What an attack on rows, and corruptions of them, do to a model's answers.

    Parameters
    ----------
    target, rung : str
    rows : int
        Of the table.
    attack : Attack
    corruptions : Corruptions
    notes : tuple of str
        What else is to be known.
    """

    target: str
    rung: str
    rows: int
    attack: Attack
    corruptions: Corruptions
    notes: tuple[str, ...] = ()
