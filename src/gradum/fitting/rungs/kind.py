"""The protocol of a kind of rung: what the ladder, the estimates and the files ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gradum.fitting.context import Context
from gradum.fitting.rung import Rung
from gradum.fitting.rungs.cost import Fit, Taken
from gradum.fitting.rungs.learning import InBlocks, InMemory
from gradum.fitting.spec import Spec


@dataclass(frozen=True)
class Curve:
    """How the learning curve of a kind of rung is drawn, see `gradum.study.findings.growth`.

    Parameters
    ----------
    models : int
        How many models, without a row in common, are fitted of each size: two where that is quick.
    chance : float
        How far chance in training moves a score; measured on public tables.
    unasked : bool
        Whether it may be drawn unasked where that takes no longer than training did.
    """

    models: int
    chance: float
    unasked: bool = True


class RungKind(Protocol):
    """A kind of rung.

    Attributes
    ----------
    name : str
        As users and files write it.
    in_words : str
        As a sentence has it: "the linear rung".
    in_blocks : bool
        Whether it can learn from rows that do not fit in memory.
    quicker_in_blocks : bool
        Whether a table of many values is learned sooner in blocks, even where it fits in memory.
    kept : bool
        Whether a checkpoint keeps it; what takes no time is fitted again.
    course : tuple of str
        What each entry of its history holds, the first of them always.
    curve : Curve or None
        How its learning curve is drawn; None where more rows hardly change it.
    compiling : float
        The seconds of its first fit that a program takes to compile.
    taken : Taken
        The bytes that it takes at its worst moment.
    """

    name: str
    in_words: str
    in_blocks: bool
    quicker_in_blocks: bool
    kept: bool
    course: tuple[str, ...]
    curve: Curve | None
    compiling: float
    taken: Taken

    def epochs(self, spec: Spec, rows: int) -> int:
        """Return the most epochs that it may take to learn from so many rows; 0 if it has none."""
        ...

    def fit(self, rows: InMemory, spec: Spec, context: Context) -> Rung:
        """Fit it to the training rows; the validation rows may choose, or be learned from too."""
        ...

    def fit_in_blocks(self, rows: InBlocks, spec: Spec, context: Context) -> Rung:
        """Fit it to rows that do not fit in memory. Called only where ``in_blocks`` is true."""
        ...

    def refit(self, rows: InMemory, spec: Spec, judged: Rung, context: Context) -> Rung:
        """Fit it to all rows, with what the validation rows chose for the rung that was judged."""
        ...

    def smaller(self, spec: Spec, judged: Rung) -> Spec:
        """Return the spec under which a part of the rows is fitted as those of a judged rung."""
        ...

    def loss(self, spec: Spec, classes: int | None) -> str:
        """Return the name of the loss that a rung learns by; ``classes`` is None for numbers."""
        ...

    def holds(self, rung: Rung) -> bool:
        """Whether a rung that a file gives this name is of this kind."""
        ...

    def seconds(self, spec: Spec, fit: Fit) -> float:
        """Return the seconds of a fit on the machine that was measured on."""
        ...
