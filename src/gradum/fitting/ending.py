"""What a generator of events ends in, for those who do not want the events."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

Value = TypeVar("Value")


def ended(events: Generator[Any, None, Value]) -> Value:
    """Go through the events, and return what they end in."""
    while True:
        try:
            next(events)
        except StopIteration as finished:
            return finished.value
