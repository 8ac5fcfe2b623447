"""What an attack may do to a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradum.errors import SpecError
from gradum.messages import say
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.stress.budget import Budget


@dataclass(frozen=True)
class Threat:
    """What an attack may do.

    Parameters
    ----------
    budget : Budget
        How far columns may move.
    limits : Limits
        Columns that stay, or go one way only.
    together : sequence of sequences of str
        Columns that shift by the same amount.
    levels : int
        How many levels of categories, yes and no, may change besides.
    share : float
        Of the range of the training target, by which a number has to move.
    """

    budget: Budget
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    together: Sequence[Sequence[str]] = ()
    levels: int = 0
    share: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a number of levels or a share that makes no sense."""
        if self.levels < 0:
            raise SpecError(
                say("{levels!r} levels are to change.", levels=self.levels), say("Give 0 or more.")
            )
        if not 0 < self.share <= 1:
            raise SpecError(
                say("Numbers are to move by {share} of the target's range.", share=self.share),
                say("Give a share above 0, up to 1, such as 0.1."),
            )
