"""An offset or exposure: a column added to the linear predictor with a coefficient of 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from msgspec import structs

from gradum.core.losses import Loss
from gradum.errors import ColumnError, SpecError
from gradum.messages import marked, say
from gradum.run.dataset import Dataset
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import SHOWN_ROWS, rows_text

Read = TypeVar("Read")
NO_VALUE = marked("Column {column!r}, the {role}, holds no value in {rows}.")
NOT_POSITIVE = marked("Column {column!r}, the {role}, holds no positive number in {rows}.")


@dataclass(frozen=True)
class Offset:
    """A column whose values, or their logarithms, are added to what a model predicts."""

    column: str
    logarithm: bool
    """Whether the column is an exposure."""

    @classmethod
    def of(cls, offset: str | None, exposure: str | None, target: str) -> Offset | None:
        """Return the offset or exposure that was asked for, if any.

        Raises
        ------
        SpecError
            Both were asked for, or the column is the target itself.
        """
        if offset is not None and exposure is not None:
            raise SpecError(
                "There are both an offset and an exposure, which is itself an offset.",
                "Give only one of them; the logarithm of an exposure may be part of an offset.",
            )
        if offset is None and exposure is None:
            return None
        asked = cls(str(offset if exposure is None else exposure), exposure is not None)
        if asked.column == target:
            raise SpecError(
                "Column {target!r} is both the target and the {role}.",
                "Choose another column as --{option}.",
                target=target,
                role=asked.role,
                option=asked.option,
            )
        return asked

    @property
    def option(self) -> str:
        """The option's name."""
        return "exposure" if self.logarithm else "offset"

    @property
    def role(self) -> str:
        """The column's role in words."""
        return say("exposure") if self.logarithm else say("offset")

    @property
    def sentence(self) -> str:
        """A sentence on what it does."""
        if self.logarithm:
            return say(
                "Per unit of {column!r}: its logarithm is added, with a coefficient of 1.",
                column=self.column,
            )
        return say(
            "{column!r} is added to what is predicted, with a coefficient of 1.", column=self.column
        )

    def insisted(self, read: Callable[[], Read]) -> Read:
        """Return the reading of a table in which the column must hold numbers.

        Raises
        ------
        ColumnError
            The column holds something else, or is absent.
        """
        try:
            return read()
        except ColumnError as error:
            if "--numeric" not in error.message or repr(self.column) not in error.message:
                raise
            message = error.message.replace("a number (--numeric)", f"the {self.option}")
            message = message.replace("--numeric", f"--{self.option}")
            remedy = say(
                "Correct these values, or choose another column as --{option}.", option=self.option
            )
            raise ColumnError(message, remedy) from None

    def set_aside(self, schema: Schema) -> Schema:
        """Return the schema with the column read, but not as a feature."""
        columns = tuple(
            structs.replace(
                column, role="unused", reason=say("The {role} of each row.", role=self.role)
            )
            if column.name == self.column
            else column
            for column in schema.columns
        )
        return structs.replace(schema, columns=columns)

    def values(self, dataset: Dataset, loss: Loss) -> np.ndarray:
        """Return the offset of each row (n,).

        Raises
        ------
        SpecError
            An exposure is given, and the loss's link is not the logarithm.
        ColumnError
            Values are missing, or an exposure is not positive.
        """
        if self.logarithm and loss.link != "log":
            raise SpecError(
                "An exposure belongs to counts or amounts; the loss is {loss}.",
                "Choose the loss poisson or gamma (--loss), or give an offset instead.",
                loss=loss.name,
            )
        values = dataset.frame[self.column].cast(float).to_numpy()
        self._refuse(np.isnan(values), NO_VALUE, dataset)
        if not self.logarithm:
            return values
        self._refuse(values <= 0, NOT_POSITIVE, dataset)
        return np.log(values)

    def _refuse(self, wrong: np.ndarray, message: str, dataset: Dataset) -> None:
        if not wrong.any():
            return
        rows = dataset.numbers[wrong] + 1
        raise ColumnError(
            say(
                message,
                column=self.column,
                role=self.role,
                rows=rows_text([int(row) for row in rows[:SHOWN_ROWS]], len(rows)),
            ),
            say("Correct these values, or leave the rows out."),
        )
