"""Bars of numbers in a terminal."""

from __future__ import annotations

from rich.text import Text

LONGEST = 20  # characters


def signed_bar(share: float) -> Text:
    """Draw a bar of a signed share, -1 to 1, of the longest one: green above 0, red below."""
    return Text("█" * round(LONGEST * abs(share)), style="green" if share > 0 else "red")


def bar(share: float) -> str:
    """Draw a bar of a share, 0 to 1, of the longest one."""
    return "█" * round(LONGEST * share)
