"""Shares of rows in the words of a reader: so many out of a hundred, or a few times in a few."""

from __future__ import annotations

from typing import NamedTuple

from gradum.scores.interval import Interval

BASES = (100, 1_000, 10_000, 100_000, 1_000_000)
FEW = (2, 3, 4, 5, 10)
"""What people count in; "2 times in 3" is understood at once."""
NEAR = 0.025
"""How far a count in `FEW` may be from the share, which is written beside it."""


class OutOf(NamedTuple):
    """A share as a count out of a round number, and the ends of its interval in the same unit.

    ``range`` is ``" [75–80]"``, with the space before it, and empty if there is no interval.
    """

    count: str
    base: int
    range: str


def out_of(share: Interval) -> OutOf:
    """Write a share as 78 out of 100 [75–80], or out of more where its interval is that short.

    Only a share of 0 is none of them, and only a share of 1 all.
    """
    half = 50 * (share.high - share.low)
    if share.known:
        place = 0 if half >= 1 else 1 if half >= 0.1 else 2
    else:
        place = 0 if 0.05 <= share.value <= 0.95 else 1
    bases = BASES[place:]
    base = next((base for base in bases if _tells(share.value, base)), bases[-1])
    ends = [count_out_of(end, base) for end in (share.low, share.high)] if share.known else []
    written = f" [{ends[0]}–{ends[1]}]" if ends else ""
    return OutOf(count_out_of(share.value, base), base, written)


def count_out_of(share: float, base: int) -> str:
    """Return a share as a count out of a number."""
    return f"{round(share * base):,}"


def few_of(share: float) -> tuple[int, int]:
    """Return a share as a few of a few, such as (2, 3) for 0.67; of a hundred if none is near."""
    for base in FEW:
        count = round(share * base)
        if 0 < count < base and abs(count / base - share) <= NEAR:
            return count, base
    base = next((base for base in BASES if _tells(share, base)), BASES[-1])
    return round(share * base), base


def _tells(share: float, base: int) -> bool:
    """Whether a share that is neither 0 nor 1 does not look like it out of a number."""
    return share in (0.0, 1.0) or 0 < round(share * base) < base
