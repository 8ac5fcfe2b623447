"""The rows that a rung learns from: in memory, or in blocks on disk.

Both take a kind of rung and fit it; the ladder need not know where the rows lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from msgspec import structs

from gradum.rungs.context import Context
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec, S
from gradum.rungs.spool import EncodedRows, Totals
from gradum.rungs.target_scale import TargetScale
from gradum.tables.kinds.design import Layout
from gradum.tables.split import Part


class Learner(Protocol[S]):
    """How a kind of rung learns, see `gradum.rungs.kind.RungKind`."""

    in_blocks: ClassVar[bool]
    """Whether it can learn from rows that do not fit in memory."""

    def epochs(self, settings: S, rows: int, layout: Layout, *, in_blocks: bool) -> int:
        """Return the most epochs that it may learn from so many rows; 0 if it has no epochs."""
        ...

    def fit(self, rows: InMemory, spec: RungSpec[S], context: Context) -> Rung:
        """Fit it to the training rows; the validation rows may choose, or be learned from too."""
        ...

    def fit_in_blocks(self, rows: InBlocks, spec: RungSpec[S], context: Context) -> Rung:
        """Fit it to rows that do not fit in memory; called only if ``in_blocks`` is true."""
        ...


L = TypeVar("L", bound=Learner[Any])


class LearningRows(Protocol):
    """Rows of the parts train and validation, wherever they lie."""

    def kinds(self, kinds: Sequence[L]) -> Sequence[L]:
        """Return those of the kinds that can learn from these rows."""
        ...

    @property
    def layout(self) -> Layout:
        """What their columns are."""
        ...

    def epochs(self, kind: Learner[S], settings: S) -> int:
        """Return the most epochs that a kind may take; 0 if it has no epochs."""
        ...

    def fit(self, kind: Learner[S], spec: RungSpec[S], context: Context) -> Rung:
        """Fit a kind of rung."""
        ...

    def take(self, *parts: Part) -> Rows:
        """Take the rows of some parts that lie in memory."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Rows in memory."""

    all: Rows
    """All rows of the table."""
    parts: np.ndarray
    """Of shape (n,). The `Part` of each row; only the parts train and validation are learned
    from."""
    balance: bool = False
    """Whether all classes are to weigh the same."""

    def kinds(self, kinds: Sequence[L]) -> Sequence[L]:
        """Return all of the kinds."""
        return kinds

    @property
    def layout(self) -> Layout:
        """What their columns are."""
        return self.all.design.layout

    def epochs(self, kind: Learner[S], settings: S) -> int:
        """Return the most epochs that a kind may take; 0 if it has no epochs."""
        rows = len(self._places(Part.TRAIN, Part.VALIDATION))
        return kind.epochs(settings, rows, self.layout, in_blocks=False)

    def fit(self, kind: Learner[S], spec: RungSpec[S], context: Context) -> Rung:
        """Fit a kind of rung."""
        return kind.fit(self, spec, context)

    def take(self, *parts: Part) -> Rows:
        """Take the rows of some parts; classes are balanced among these rows alone."""
        rows = self.as_given(*parts)
        return rows.balanced() if self.balance else rows

    def as_given(self, *parts: Part) -> Rows:
        """Take the rows of some parts under the weights that they have in the table."""
        return self.all.take(self._places(*parts))

    @property
    def validation(self) -> np.ndarray:
        """Which of the rows learned from belong to the part validation: (m,)."""
        return self.parts[self._places(Part.TRAIN, Part.VALIDATION)] == Part.VALIDATION

    def _places(self, *parts: Part) -> np.ndarray:
        return np.flatnonzero(np.isin(self.parts, parts))


@dataclass(frozen=True)
class InBlocks:
    """Training rows on disk; validation rows and a sample of the training rows in memory."""

    spool: EncodedRows
    """The training rows."""
    totals: Totals
    """Sums over the training rows."""
    by_class: np.ndarray | None
    """Of shape (K,). The weights under which all classes weigh the same; None where they need
    not."""
    held: Rows
    """The rows in memory."""
    parts: np.ndarray
    """Of shape (n,). The parts of the rows in memory."""

    def kinds(self, kinds: Sequence[L]) -> Sequence[L]:
        """Return those of the kinds that can learn in blocks."""
        return [kind for kind in kinds if kind.in_blocks]

    @property
    def layout(self) -> Layout:
        """What their columns are."""
        return self.held.design.layout

    def epochs(self, kind: Learner[S], settings: S) -> int:
        """Return the most epochs that a kind may take; 0 if it has no epochs."""
        return kind.epochs(settings, len(self.spool), self.layout, in_blocks=True)

    def fit(self, kind: Learner[S], spec: RungSpec[S], context: Context) -> Rung:
        """Fit a kind of rung."""
        return kind.fit_in_blocks(self, spec, context)

    def take(self, *parts: Part) -> Rows:
        """Take those rows in memory that belong to some parts."""
        rows = self.held.take(np.flatnonzero(np.isin(self.parts, parts)))
        return rows if self.by_class is None else rows.weighed(self.by_class)

    @property
    def validation(self) -> np.ndarray:
        """Which rows, of those in memory that are learned from, belong to validation: (m,)."""
        used = np.isin(self.parts, (Part.TRAIN, Part.VALIDATION))
        return self.parts[used] == Part.VALIDATION

    @cached_property
    def scale(self) -> TargetScale | None:
        """The scale of the target; None where it has classes.

        Totals know no median: a loss that needs one takes that of the rows in memory.
        """
        if self.held.classes is not None:
            return None
        whole, rows = self.totals.scale, self.take(Part.TRAIN)
        if rows.learned_by().quadratic:
            return whole
        own = rows.scale(log=whole.log)
        assert own is not None
        if rows.learned_by().link == "log":
            own = structs.replace(own, scale=whole.centre)
        return structs.replace(own, low=whole.low, high=whole.high)
