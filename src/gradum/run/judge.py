"""Fits that predicted rows which they had not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradum.rungs.rung import Rung
from gradum.tables.encode import Encoder
from gradum.tables.split import Part


@dataclass(frozen=True)
class Judge:
    """Rungs that predicted rows which they had not learned from: the hold-out's, or one fold's.

    ``parts`` (n,) is the `Part` of each row in that fit; rows of the part TEST were judged.
    """

    encoder: Encoder
    rungs: dict[str, Rung]
    parts: np.ndarray


def first_repeat(judges: Sequence[Judge]) -> tuple[Judge, ...]:
    """Return the judges before the first one that judges a row again.

    For a hold-out, this is the only judge; for a repeated cross-validation, the folds of the first
    repeat.
    """
    chosen: list[Judge] = []
    judged = np.zeros(1, bool)
    for judge in judges:
        tested = judge.parts == Part.TEST
        if (judged & tested).any():
            break
        judged = judged | tested
        chosen.append(judge)
    return tuple(chosen)
