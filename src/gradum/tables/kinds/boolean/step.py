"""A boolean column: 0 or 1, imputed with the training mode, and a missing indicator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import polars as pl
from msgspec import structs

from gradum.messages import say
from gradum.tables.kinds.design import Feature
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import Measure, Step, missing_expression, missing_feature


class Boolean(Step, frozen=True, tag="boolean"):
    """1 for true, 0 for false, the commoner of the two if the value is missing."""

    trues: int
    falses: int
    missing: int
    """How many training rows are true, false and missing. A tie is imputed with false."""

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        if min(self.trues, self.falses, self.missing) < 0:
            raise ValueError(say("the counts of column {source!r} are below 0", source=self.source))

    @classmethod
    def fit(cls, series: pl.Series) -> Boolean:
        """Count a Boolean series of training rows."""
        missing = series.null_count()
        trues = int(series.sum() or 0)
        return cls(series.name, trues=trues, falses=len(series) - missing - trues, missing=missing)

    def measure(self, most: int) -> _Counted:
        """Count all rows."""
        return _Counted(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the value, then the indicator."""
        value = (Feature(self.source, self.source, "boolean"),) if self._varies else ()
        return (*value, missing_feature(self.source)) if self._marked else value

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute the value, then the indicator."""
        expressions = []
        if self._varies:
            value = pl.col(self.source).cast(pl.Boolean).fill_null(bool(self.imputed))
            expressions.append(value.cast(pl.Float64))
        if self._marked:
            expressions.append(missing_expression(self.source))
        return expressions

    def dense_numbers(self, values: Any, gone: Any) -> list[Any]:
        """Return the same columns of 0 or 1 and of whether each is missing, in NumPy's terms."""
        value = [np.where(gone, self.imputed, values)] if self._varies else []
        return [*value, gone.astype(np.float64)] if self._marked else value

    @property
    def choices(self) -> tuple[bool, ...]:
        """No and yes."""
        return False, True

    @property
    def imputed(self) -> float:
        """The commoner of true and false."""
        return float(self.trues > self.falses)

    def typical(self, parse: Parse) -> bool | str:
        """Return the commoner of true and false."""
        return self.value_of(self.imputed, parse)

    def value_of(self, number: float, parse: Parse) -> bool | str:
        """Return true or false in the column's words."""
        if parse == Parse():
            return number >= 0.5
        return parse.true if number >= 0.5 else parse.false

    def domain(self, parse: Parse) -> dict[str, Any]:
        """Return true and false, in the column's words."""
        return {"levels": (parse.false, parse.true)}

    @property
    def _varies(self) -> bool:
        return self.trues > 0 and self.falses > 0

    @property
    def _marked(self) -> bool:
        return self.missing > 0 and self.trues + self.falses > 0


class _Counted(Measure[Boolean]):
    trues = 0

    def add(self, values: pl.Series) -> None:
        super().add(values)
        self.trues += int(values.sum() or 0)

    def merge(self, later: Self) -> None:
        super().merge(later)
        self.trues += later.trues

    def completed(self) -> Boolean:
        falses = self.present - self.trues
        return structs.replace(self.step, trues=self.trues, falses=falses, missing=self.missing)
