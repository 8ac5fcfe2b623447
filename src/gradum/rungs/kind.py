"""The base of kinds of rungs: all that the ladder, the estimates and the files need from one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic

import numpy as np

from gradum.core.losses import learned_loss
from gradum.core.models.architecture import Architecture
from gradum.core.models.network import Network
from gradum.rungs.context import Context
from gradum.rungs.cost import LEARNED, Fit, Taken
from gradum.rungs.learning_rows import InBlocks, InMemory
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec, S
from gradum.rungs.transfer_set import TransferSet
from gradum.tables.kinds.design import Layout


@dataclass(frozen=True)
class Curve:
    """How the learning curve of a kind of rung is drawn, see `gradum.study.findings.growth`."""

    models: int
    """How many models of each size are fitted, without a row in common: two where that is quick."""
    chance: float
    """How much chance in training moves a score; measured on public tables."""
    unasked: bool = True
    """Whether it may be drawn without being asked for, if drawing takes no longer than training
    did."""


class RungKind(ABC, Generic[S]):
    """A kind of rung, whose settings are an S; None where nothing can be set.

    Every kind defines what is abstract here, as well as `name`, `title` and `in_words`. It
    overrides the rest where the default does not hold. No code asks for a kind's name or class.
    """

    name: str
    """The name that users and files write."""

    title: str
    """The name in tables and sentences: "MLP"."""

    in_words: str
    """The words for it within a sentence: "the linear rung"."""

    architecture: ClassVar[type[Architecture]] = Network
    """The architecture of its models, as a file holds them."""

    against_overfitting: ClassVar[str] = ""
    """What to do where it overfits, with the option that does so."""

    in_blocks: ClassVar[bool] = False
    """Whether it can learn from rows that do not fit in memory."""

    quicker_in_blocks: ClassVar[bool] = False
    """Whether it learns a table of many values faster in blocks, even one that fits in memory."""

    in_tasks: ClassVar[bool] = False
    """Whether a single fit of it to rows in memory has tasks that an engine can do."""

    kept: ClassVar[bool] = True
    """Whether a checkpoint keeps it; a rung that takes no time is fitted again."""

    taught: ClassVar[bool] = False
    """Whether it can learn from another model's answers."""

    has_filters: ClassVar[bool] = False
    """Whether it looks at grids, of series too, which other rungs know by numbers alone."""

    monotone: ClassVar[bool] = False
    """Whether it can be kept monotone in columns, so that the signs of its weights prove it."""

    has_coefficients: ClassVar[bool] = False
    """Whether each column has a coefficient that can be read."""

    course: ClassVar[tuple[str, ...]] = ()
    """What each entry of its history holds; the first is always there."""

    curve: ClassVar[Curve | None] = None
    """How its learning curve is drawn; None where more rows hardly change it."""

    compiling: ClassVar[float] = 0.0
    """The seconds of its first fit that compiling a program takes."""

    @abstractmethod
    def fit(self, rows: InMemory, spec: RungSpec[S], context: Context) -> Rung:
        """Fit it to the training rows; the validation rows may choose, or be learned from too."""

    def fit_in_blocks(self, rows: InBlocks, spec: RungSpec[S], context: Context) -> Rung:
        """Fit it to rows that do not fit in memory; called only if ``in_blocks`` is true."""
        raise NotImplementedError

    @abstractmethod
    def seconds(self, spec: RungSpec[S], fit: Fit) -> float:
        """Return the seconds that a fit takes on the machine that was measured."""

    def seconds_in_blocks(self, spec: RungSpec[S], fit: Fit, workers: int) -> float:
        """Return the seconds of a fit to rows in blocks, whose passes so many workers share."""
        return self.seconds(spec, fit)

    def refit(self, rows: InMemory, spec: RungSpec[S], judged: Rung, context: Context) -> Rung:
        """Fit it to all rows, with what the validation rows chose for the judged rung."""
        return self.fit(rows, spec, context)

    def lacks(self, grids: bool) -> str:
        """Return why it cannot learn from a table with or without columns of grids; "" if it can.

        It is a clause.
        """
        return ""

    def held_out(
        self, rung: Rung, rows: InMemory, spec: RungSpec[S], context: Context
    ) -> np.ndarray | None:
        """Return logits (n, k) of the rung's parts for the n rows that the rung was fitted on.

        Each row has those of the parts that have not learned from it, or NaN if there are none.
        None where a rung has no such parts, or does not say which they are.
        """
        return None

    def students(self, teacher: Rung) -> tuple[S, ...]:
        """Return the settings of models of this kind that can learn to answer as a teacher does.

        The smallest come first.
        """
        return ()

    def size_in_words(self, settings: S) -> str:
        """Say how large one of `students` is."""
        raise NotImplementedError

    def imitate(self, taught: TransferSet, settings: S, context: Context) -> Rung:
        """Return a model that answers as a teacher does; called only for one of `students`."""
        raise NotImplementedError

    def holds(self, rung: Rung) -> bool:
        """Whether a rung to which a file gives this name is of this kind."""
        return rung.input_layer is not None and isinstance(rung.network, self.architecture)

    def taken(self, settings: S) -> Taken:
        """Return the bytes that it takes at its worst moment."""
        return LEARNED

    def epochs(self, settings: S, rows: int, layout: Layout, *, in_blocks: bool) -> int:
        """Return the most epochs that it may learn from so many rows; 0 if it has no epochs."""
        return 0

    def smaller(self, settings: S, judged: Rung) -> S:
        """Return the settings that fit fewer rows in the way in which a judged rung was fitted."""
        return settings

    def loss(self, spec: RungSpec[S], classes: int | None) -> str:
        """Return how the loss that a rung learns by is spelled; ``classes`` is None for numbers."""
        return spec.loss or learned_loss(classes).spelled

    def remarks(self, rung: Rung) -> tuple[str, ...]:
        """Return what a reader of the scores should know of how the rung learned."""
        return ()
