"""The encoder: a checked table in, a Design of named blocks in raw units out.

It is fitted on training rows only, never sees the target, and does not scale: centring and
scaling are each model's first layer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import ref

import msgspec
import numpy as np
import polars as pl
from scipy import sparse

from gradum.errors import ModelFileError, SchemaError
from gradum.messages import as_text, listed
from gradum.tables.kinds import STEPS, AnyStep
from gradum.tables.kinds.axis import Axis
from gradum.tables.kinds.blocks import cells_of
from gradum.tables.kinds.design import Design, Layout, row_positions
from gradum.tables.kinds.step import Step

if TYPE_CHECKING:
    from gradum.tables.schema.schema import Column, Schema

BLOCK_ROWS = 16_384  # encoded at a time, so that a block needs little further memory
MEASURED_ROWS = 1_024  # of grids, of which much is measured


class Encoder(msgspec.Struct, frozen=True, dict=True):
    """One step per feature column; data that round-trips through JSON."""

    steps: tuple[AnyStep, ...]
    """In the schema's column order; see ``gradum.tables.kinds``."""

    @classmethod
    def fit(cls, frame: pl.DataFrame, schema: Schema, rows: np.ndarray | None = None) -> Encoder:
        """Measure medians, levels and vocabularies on the training rows.

        Parameters
        ----------
        frame : polars.DataFrame
            Typed as ``check`` returns it: numeric Float64 or Float32 without NaN or infinities,
            boolean Boolean, categorical String, date Datetime, text String; null is missing.
        schema : Schema
            Which columns are features, and of which kind.
        rows : ndarray, optional
            Training rows, as positions or as a boolean mask; all rows if left out.

        Raises
        ------
        SchemaError
            A feature column is of a kind that cannot be encoded.
        """
        columns = schema.features
        positions = None if rows is None else row_positions(rows)
        alike = Counter(column.kind for column in columns)
        return cls(
            tuple(
                _fit_step(column, frame[column.name], positions, alike[column.kind])
                for column in columns
            )
        )

    def with_grids(self, frame: pl.DataFrame, rows: np.ndarray | None = None) -> Encoder:
        """Return the encoder with grids of all columns that can be seen as such, such as series.

        Parameters
        ----------
        frame, rows
            As `fit` took them.
        """
        typed = frame if rows is None else frame[row_positions(rows)]
        return Encoder(tuple(step.with_grids(typed[step.source]) for step in self.steps))

    def reaching(self, frame: pl.DataFrame) -> Encoder:
        """Return the encoder with the ranges of all rows of a frame, training rows included.

        It encodes in the same way: a range only says which values are known and which lie outside.
        """
        return Encoder(tuple(step.reaching(frame[step.source]) for step in self.steps))

    def transform(self, frame: pl.DataFrame, rows: np.ndarray | None = None) -> Design:
        """Encode every row; unseen levels and new missing values are encoded too.

        Numeric, coded and date columns are evaluated in one parallel polars pass over each block of
        rows, so that little memory is needed besides the blocks themselves.

        Parameters
        ----------
        frame : polars.DataFrame
            As `fit` takes it.
        rows : ndarray of int, optional
            Positions of the rows to encode, in that order; the design is then these rows taken from
            the design of all rows, and hence row-major.
        """
        count, order = (len(frame), "F") if rows is None else (len(rows), "C")
        dense = np.empty((count, len(self.layout.dense)), np.float64, order=order)
        codes = np.empty((count, len(self.layout.codes)), np.int32, order=order)
        expressed = self._expressed
        width = len(self._expressions) - codes.shape[1]
        for at in range(0, count if self._expressions else 0, BLOCK_ROWS):
            part = slice(at, at + BLOCK_ROWS)
            values = frame[part if rows is None else rows[part]].select(self._expressions)
            if width:
                dense[part, expressed] = values[:, :width].to_numpy()
            if codes.shape[1]:
                codes[part] = values[:, width:].to_numpy()
        for step, places in self._measured_steps:
            dense[:, places] = self._measured(step, frame, rows)
        arrays = {"dense": dense, "codes": codes, "sparse": self.text(frame, rows)}
        arrays["grids"] = self._grids(frame, rows)
        return Design({k: block for k, block in arrays.items() if block is not None}, self.layout)

    def _measured(self, step: Step, frame: pl.DataFrame, rows: np.ndarray | None) -> np.ndarray:
        """Return the columns (n, d) that a step measures together.

        They take long to compute. Who asks for some rows of a frame will ask for others, and for
        the same ones for another model; so all rows are kept as long as the frame lives.
        """
        if rows is None:
            return _in_parts(step, frame[step.source])
        measured = self._last_measured
        if measured is None or measured.frame() is not frame:
            vars(self)["_last_measured"] = measured = MeasuredFrame(ref(frame), {})
        if step.source not in measured.columns:
            measured.columns[step.source] = _in_parts(step, frame[step.source])
        return measured.columns[step.source][rows]

    def _grids(self, frame: pl.DataFrame, rows: np.ndarray | None) -> np.ndarray | None:
        if not self.layout.grids:
            return None
        steps = [step for step in self.steps if step.grid_column() is not None]
        columns = [frame[step.source] for step in steps]
        chosen = columns if rows is None else [column[rows] for column in columns]
        return cells_of([step.pixels(cells) for step, cells in zip(steps, chosen, strict=True)])

    def dense_columns(
        self, frame: pl.DataFrame, rows: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Encode the dense columns (n,) one after the other, each when it is asked for."""
        for step in self.steps:
            if step.is_measured:
                yield from self._measured(step, frame, rows).astype(np.float64).T
            elif expressions := step.dense_expressions():
                source = frame.select(step.source)
                source = source if rows is None else source[rows]
                yield from (
                    source.select(expression).to_series().to_numpy() for expression in expressions
                )

    def blocks(self, frame: pl.DataFrame, rows: int) -> Iterator[Design]:
        """Encode the rows in stretches of the given size, each when it is asked for."""
        for at in range(0, max(len(frame), 1), rows):
            yield self.transform(frame[at : at + rows])

    @cached_property
    def layout(self) -> Layout:
        """What each column of the blocks means and where it came from."""
        return Layout(
            dense=tuple(f for step in self.steps for f in step.dense_features()),
            codes=tuple(c for step in self.steps if (c := step.coded_column()) is not None),
            sparse=tuple(f for step in self.steps for f in step.sparse_features()),
            grids=tuple(g for step in self.steps if (g := step.grid_column()) is not None),
        )

    @cached_property
    def _measured_steps(self) -> list[tuple[Step, slice]]:
        """Each step that measures its dense columns together, and their places in the block."""
        measured, start = [], 0
        for step in self.steps:
            end = start + len(step.dense_features())
            if step.is_measured:
                measured.append((step, slice(start, end)))
            start = end
        return measured

    @cached_property
    def _expressed(self) -> slice | np.ndarray:
        """The places in the dense block of the columns that expressions compute."""
        if not self._measured_steps:
            return slice(None)
        expressed = np.ones(len(self.layout.dense), bool)
        for _, places in self._measured_steps:
            expressed[places] = False
        return np.flatnonzero(expressed)

    @cached_property
    def _last_measured(self) -> MeasuredFrame | None:
        return None

    @cached_property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """Level names of the training rows by categorical column, including levels of a single row.

        A column with too many levels to keep has no entry: none of its values can be called unseen.
        """
        known = {step.source: step.every_level for step in self.steps}
        return {source: levels for source, levels in known.items() if levels is not None}

    @cached_property
    def known(self) -> dict[str, pl.Enum]:
        """The same names as a type of polars, which looks values up in a hash table."""
        return {source: pl.Enum(levels) for source, levels in self.levels.items()}

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest training value of numbers, first and last day of dates."""
        ends = {step.source: step.range for step in self.steps}
        return {source: pair for source, pair in ends.items() if pair is not None}

    def axes(self, columns: Sequence[Column]) -> dict[str, Axis]:
        """Return the axis of every column that has one; the columns are those of the steps."""
        pairs = zip(columns, self.steps, strict=True)
        axes = {column.name: step.axis(column.parse) for column, step in pairs}
        return {name: axis for name, axis in axes.items() if axis is not None}

    def to_json(self) -> str:
        """Write the steps as JSON; floats keep every bit."""
        return msgspec.json.encode(self, enc_hook=as_text).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Encoder:
        """Read what ``to_json`` wrote, or raise ModelFileError."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise ModelFileError("The encoder cannot be read: {error}.", error=error) from error

    @cached_property
    def _expressions(self) -> list[pl.Expr]:
        # Built once: a single row is encoded in less time than its expressions take to build.
        dense = [e for step in self.steps for e in step.dense_expressions()]
        codes = [step.code_expression() for step in self.steps if step.coded_column() is not None]
        return [e.alias(str(i)) for i, e in enumerate(dense + codes)]

    def text(self, frame: pl.DataFrame, rows: np.ndarray | None = None) -> sparse.csr_array | None:
        """Return only the text block of what `transform` encodes."""
        steps = [step for step in self.steps if step.sparse_features()]
        if not steps:
            return None
        texts = [frame[step.source] for step in steps]
        chosen = texts if rows is None else [text[rows] for text in texts]
        blocks = [step.sparse_block(text) for step, text in zip(steps, chosen, strict=True)]
        return sparse.csr_array(sparse.hstack(blocks, format="csr"))


@dataclass(frozen=True)
class MeasuredFrame:
    """What has been measured of the grids of one frame, by column: (n, d) of all its rows."""

    frame: ref[pl.DataFrame]
    columns: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Unencoded:
    """Rows of a table that are encoded when they are asked for, all at once or a few at a time.

    What is computed from them row by row does not need their whole design in memory.
    """

    encoder: Encoder
    """What encodes them."""
    frame: pl.DataFrame
    """As the encoder takes it."""
    rows: np.ndarray | None = None
    """Integers of shape (n,). Their positions in the frame; None for all of them."""

    def __len__(self) -> int:
        return len(self.frame) if self.rows is None else len(self.rows)

    @property
    def layout(self) -> Layout:
        """The meaning of every column of their design."""
        return self.encoder.layout

    @property
    def sparse(self) -> sparse.csr_array | None:
        """The text block of their design."""
        return self.encoder.text(self.frame, self.rows)

    def dense_columns(self) -> Iterator[np.ndarray]:
        """Encode the dense columns (n,) one after the other, each when it is asked for."""
        return self.encoder.dense_columns(self.frame, self.rows)

    def encoded(self) -> Design:
        """Return the design of all rows, row-major."""
        return self.encoder.transform(self.frame, self.rows)

    def blocks(self, rows: int) -> Iterator[Design]:
        """Encode the rows in stretches of the given size, each when it is asked for."""
        for at in range(0, max(len(self), 1), rows):
            yield self.take(np.arange(at, min(at + rows, len(self)))).encoded()

    def take(self, rows: np.ndarray) -> Unencoded:
        """Choose rows by a boolean mask (n,) or by integer positions, in that order."""
        positions = row_positions(rows)
        return replace(self, rows=positions if self.rows is None else self.rows[positions])


def _in_parts(step: Step, series: pl.Series) -> np.ndarray:
    starts = range(0, max(len(series), 1), MEASURED_ROWS)
    return np.concatenate([step.dense_block(series[at : at + MEASURED_ROWS]) for at in starts])


def _fit_step(column: Column, series: pl.Series, positions: np.ndarray | None, alike: int) -> Step:
    if column.kind not in STEPS:
        raise SchemaError(
            "Column '{name}' is a feature of kind '{kind}', which has no encoding.",
            "Give it one of the kinds {kinds}, or drop it.",
            name=column.name,
            kind=column.kind,
            kinds=listed(list(STEPS)),
        )
    series = series if positions is None else series[positions]
    return STEPS[column.kind].fit_among(series, alike)
