"""Raw values outside of Python: numbers, or texts, of which an encoder's numbers are computed.

The computation is written for NumPy's functions, which record it (`gradum.ship.recording`).
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

RawType = Literal["number", "text"]
"""Numbers are float64, NaN where a value is missing; texts are ``(missing)`` there."""


class Raw(Protocol):
    """Raw values [n, 1]: an array to NumPy's functions and operators, with those of texts here."""

    def looked_up(self, table: dict[str, int], default: int) -> Any:
        """Return the number of each text in a table, or the default for others."""
        ...

    def matches(self, pattern: str) -> Any:
        """Return which texts match a pattern (RE2) as a whole."""
        ...

    def followed_by(self, text: str) -> Any:
        """Return each text with another one behind it."""
        ...

    def split(self, separator: str, place: int) -> Any:
        """Return one part of each text; with an empty separator, the parts between blanks."""
        ...

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any: ...
