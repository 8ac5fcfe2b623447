"""Raw values outside of Python: numbers, or texts, of which an encoder's numbers are computed.

The computation is written for NumPy's functions, which record it (`gradum.ship.recording`).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

RawType = Literal["number", "text"]
"""Numbers are float64, NaN where a value is missing; texts are ``(missing)`` there."""


class Tokens(NamedTuple):
    """How texts are taken apart: what a pattern (RE2) finds in them once lower-cased and padded.

    ``padding`` stands before and behind a text; up to ``longest`` neighbours, with ``joint``
    between them, are an n-gram.
    """

    pattern: str
    joint: str = " "
    longest: int = 2
    padding: str = ""


class Raw(Protocol):
    """Raw values [n, 1]: an array to NumPy's functions and operators, with those of texts here."""

    def looked_up(self, table: dict[str, int], default: int) -> Any:
        """Return the number of each text in a table, or the default for others."""
        ...

    def looked_up_folded(self, table: dict[str, int]) -> Any:
        """Return the number of each text, in any case, in a table of folded texts; 0 for others.

        Numbers are above 0.
        """
        ...

    def matches(self, pattern: str) -> Any:
        """Return which texts match a pattern (RE2) as a whole."""
        ...

    def followed_by(self, text: Any) -> Any:
        """Return each text with another one behind it, the same for all or each its own."""
        ...

    def tokens(self, how: Tokens, ngrams: tuple[str, ...]) -> Any:
        """Return how many tokens each text [n, 1] has, then the count of each n-gram, [n, 1 + k].

        An n-gram is a token, or some neighbouring ones joined.
        """
        ...

    def split(self, separator: str, place: int) -> Any:
        """Return one part of each text; with an empty separator, the parts between blanks."""
        ...

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray: ...

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any: ...


CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
"""A time of day as ISO 8601 writes it, with up to six decimals of a second."""


def microseconds(clock: Any) -> tuple[Any, Any]:
    """Return the microseconds since midnight of texts such as `CLOCK`, and whether each is a time.

    They are whole numbers in float64.
    """
    parts = clock.followed_by(":00")
    hour, minute, second = (parts.split(":", place).astype(np.float64) for place in range(3))
    exists = (hour < 24) & (minute < 60) & (second < 60)
    return (hour * 60 + minute) * 60_000_000 + np.rint(second * 1_000_000), exists
