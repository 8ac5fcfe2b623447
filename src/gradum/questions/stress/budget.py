"""The budget of an attack: how far each column may move, in a unit that users understand.

A shift s of a column has no unit: x moves to ``scale.moved(x, s)``. All columns of a row may shift
at once, each by at most ε. The distance of a row from its changed copy is the largest shift of any
column, and the attack minimises it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from gradum.errors import SpecError
from gradum.run.fitted import Fitted
from gradum.run.reference.column_counts import Numbers
from gradum.run.reference.reference import Reference
from gradum.study.explanation.named_columns import unseen_column
from gradum.tables.kinds.step import Step

BudgetKind = Literal["iqr", "quantile", "amounts"]
BUDGETS = ("iqr", "quantile")
FULL: dict[BudgetKind, float] = {"iqr": 1.0, "quantile": 0.25, "amounts": 1.0}
"""The largest ε that is tried."""
SMALL: dict[BudgetKind, float] = {"iqr": 0.02, "quantile": 0.005, "amounts": 1.0}
"""The ε of about an error of measuring; who gives amounts says what is small."""
FEWEST_QUANTILES = 3
"""With fewer quantiles than this, an interquartile range is not known."""


class ShiftScale(Protocol):
    """How far a shift moves a column; positions are its numbers, or the days of its dates."""

    def moved(self, places: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return where shifts (m,) move positions (m,)."""
        ...

    def distance(self, places: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the least size of a shift from positions to other positions (m,)."""
        ...


@dataclass(frozen=True)
class Lengths:
    """A scale on which shifts are multiples of a length above 0, in the column's own unit."""

    length: float

    def moved(self, places: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return x + s · length."""
        return places + shifts * self.length

    def distance(self, places: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return |x' − x| / length."""
        return np.abs(others - places) / self.length


@dataclass(frozen=True, eq=False)
class Ranks:
    """A scale on which shifts are shares of the rows learned from: F, linear between quantiles."""

    places: np.ndarray
    shares: np.ndarray
    """Of shape (q,). Quantiles, and the shares of rows with at most that value; both rise."""

    @classmethod
    def of(cls, values: Numbers, low: float, high: float, unit: float) -> Ranks:
        """Take the known quantiles, in ``unit``, and the least and largest value."""
        edges = np.array(values.edges) / unit
        inside = (edges > low) & (edges < high)
        shares = np.array(values.at_most)[inside] / values.rows
        return cls(np.array([low, *edges[inside], high]), np.array([0.0, *shares, 1.0]))

    def moved(self, places: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return F⁻¹(F(x) + s)."""
        return np.interp(self._share(places) + shifts, self.shares, self.places)

    def distance(self, places: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return |F(x') − F(x)|."""
        return np.abs(self._share(others) - self._share(places))

    def _share(self, places: np.ndarray) -> np.ndarray:
        return np.interp(places, self.places, self.shares)


@dataclass(frozen=True)
class Budget:
    """What an attack may spend on a row."""

    kind: BudgetKind = "iqr"
    """``iqr``: every column may move by ε interquartile ranges of the rows learned from;
    ``quantile``: every column, by a share ε of these rows' ranks; ``amounts``: named columns, by ε
    times the given amounts, and others not at all."""
    amounts: Mapping[str, float] | None = None
    """In the columns' own units; days for dates."""

    @classmethod
    def of(cls, asked: str | Mapping[str, float], fitted: Fitted) -> Budget:
        """Take ``"iqr"``, ``"quantile"``, or amounts by column.

        Raises
        ------
        SpecError
            There is no such budget or column, a column is not a number or date, or an amount is not
            above 0.
        """
        if isinstance(asked, str):
            for kind in BUDGETS:
                if asked == kind:
                    return cls(kind)  # type: ignore[arg-type]
            raise SpecError(
                "{asked!r} is no budget.",
                "Choose iqr, quantile, or amounts such as income=500,age=1.",
                asked=asked,
            )
        columns = {column.name: column for column in fitted.schema.features}
        for name, amount in asked.items():
            if name not in columns:
                raise unseen_column(name, columns)
            if not columns[name].traits.lies_on_line:
                raise SpecError(
                    "Column {name!r} is no number and no date: it has no amounts.",
                    "Leave it out, and say by --levels how many levels may change.",
                    name=name,
                )
            if not (math.isfinite(amount) and amount > 0):
                raise SpecError(
                    "The budget of column {name!r} is {amount}, and must be above 0.",
                    "Give an amount in the unit of the column, or leave the column out.",
                    name=name,
                    amount=amount,
                )
        return cls("amounts", dict(asked))

    @property
    def full(self) -> float:
        """The largest ε that is tried."""
        return FULL[self.kind]

    def scales(self, fitted: Fitted, reference: Reference) -> dict[str, ShiftScale]:
        """Return the scale of every column that may move and whose values differ."""
        scales: dict[str, ShiftScale] = {}
        for step in fitted.encoder.steps:
            scale = self._scale(step, reference)
            if scale is not None:
                scales[step.source] = scale
        return scales

    def _scale(self, step: Step, reference: Reference) -> ShiftScale | None:
        if step.range is None:
            return None
        if self.amounts is not None:
            amount = self.amounts.get(step.source)
            return None if amount is None else Lengths(amount)
        low, high = step.range
        if low == high:
            return None
        values = reference.columns[step.source].values
        assert isinstance(values, Numbers)
        if self.kind == "quantile":
            return Ranks.of(values, low, high, step.unit)
        return Lengths(interquartile_range(values) / step.unit)


def interquartile_range(values: Numbers) -> float:
    """Return the range between the quartiles, interpolated between the stored quantiles.

    If the quartiles coincide or too few quantiles are known, return the standard deviation.
    """
    if len(values.edges) < FEWEST_QUANTILES:
        return values.deviation
    shares = np.array(values.at_most) / values.rows
    low, high = np.interp([0.25, 0.75], shares, values.edges)
    return float(high - low) or values.deviation
