"""The protocol of a kind of rung: what the ladder, the estimates and the files ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gradum.rungs.context import Context
from gradum.rungs.cost import Fit, Taken
from gradum.rungs.learning import InMemory, Learner
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec, S


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


class RungKind(Learner[S], Protocol[S]):
    """A kind of rung, whose settings are an S; None where nothing can be set.

    Attributes
    ----------
    name : str
        As users and files write it.
    in_words : str
        As a sentence has it: "the linear rung".
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
    """

    name: str
    in_words: str
    quicker_in_blocks: bool
    kept: bool
    course: tuple[str, ...]
    curve: Curve | None
    compiling: float

    def taken(self, settings: S) -> Taken:
        """Return the bytes that it takes at its worst moment."""
        ...

    def refit(self, rows: InMemory, spec: RungSpec[S], judged: Rung, context: Context) -> Rung:
        """Fit it to all rows, with what the validation rows chose for the rung that was judged."""
        ...

    def smaller(self, settings: S, judged: Rung) -> S:
        """Return the settings under which fewer rows are fitted as a judged rung was."""
        ...

    def loss(self, spec: RungSpec[S], classes: int | None) -> str:
        """Return the name of the loss that a rung learns by; ``classes`` is None for numbers."""
        ...

    def holds(self, rung: Rung) -> bool:
        """Whether a rung that a file gives this name is of this kind."""
        ...

    def seconds(self, spec: RungSpec[S], fit: Fit) -> float:
        """Return the seconds of a fit on the machine that was measured on."""
        ...
