"""What every penalty knows."""

from __future__ import annotations

from typing import Any, Protocol


class Penalty(Protocol):
    """A price on the size of the weights, and never on a bias or an intercept."""

    @property
    def alpha(self) -> Any:
        """Strength, at least 0; 0 is no penalty."""
        ...

    def value(self, params: dict[str, Any]) -> Any:
        """Return the penalty of the parameters, a scalar."""
        ...

    def gradient(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return d value / d params in NumPy, shaped as the parameters."""
        ...
